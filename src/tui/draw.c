/* The whole screen at any size: 80x24 and more has everything; smaller ones lose lines from the outside in, down to one
 * line with loss and step. */
#include "tui/text.h"
#include "tui/ui.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { TINY_W = 30, TINY_H = 8 };

static void one_line(const struct ui *ui, struct pane p)
{
	const struct run_view *r = ui->model.open;
	char v[32], at[32], word[24];
	double loss = r ? run_last(r, "train/loss") : NAN;
	if (!r)
		pane_text(p, 0, 0, p.w, STYLE(ROLE_TEXT), "gusto: no run");
	else if (isfinite(loss))
		pane_printf(p, 0, 0, STYLE(ROLE_TEXT), "loss %s @%s", num_value(v, sizeof v, loss),
			num_short(at, sizeof at, r->step));
	else
		pane_printf(p, 0, 0, STYLE(ROLE_TEXT), "%s @%s", run_state(&ui->model, r, word),
			num_short(at, sizeof at, r->step));
}

static void tiny(const struct ui *ui, struct pane p)
{
	const struct run_view *r = ui->model.open;
	char v[32], word[24];
	double best;
	int64_t step;
	one_line(ui, p);
	if (!r || p.h < 2)
		return;
	if (run_best(r, &best, &step))
		pane_printf(p, 0, 1, STYLE(ROLE_TEXT), "%s best %s", run_state(&ui->model, r, word),
			num_value(v, sizeof v, best));
	else
		pane_printf(p, 0, 1, STYLE(ROLE_TEXT), "%s %s", run_state(&ui->model, r, word), r->id);
	if (p.h >= 4)
		pane_printf(p, 0, p.h - 1, STYLE(ROLE_DIM), "larger, please: %dx%d", 60, 16);
}

/* "key word" pairs of this view, then of everywhere, as many as fit. */
static void key_bar(const struct ui *ui, struct pane p, int y)
{
	size_t n;
	const struct key_row *rows = keymap_rows(&n);
	enum scope here = ui->menu ? SCOPE_MENU : panel_at(ui->view)->scope;
	char name[16];
	int x = 1;
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < n; i++) {
			const struct key_row *k = &rows[i];
			bool mine = pass == 0 ? k->scope == here : k->scope == SCOPE_GLOBAL && here != SCOPE_MENU;
			if (!mine || !k->bar)
				continue;
			const char *key = keymap_name(k->key, name);
			int w = text_width(key) + 1 + text_width(k->bar);
			if (x + w > p.w)
				continue;
			x += pane_text(p, x, y, p.w, STYLE_BOLD(ROLE_ACCENT), key) + 1;
			x += pane_text(p, x, y, p.w, STYLE(ROLE_DIM), k->bar) + 2;
		}
}

static void message_line(const struct ui *ui, struct pane p, int y)
{
	struct pane line = pane_sub(p, 1, y, p.w - 2, 1);
	const struct run_view *r = ui->model.open;
	char buf[256];
	switch (ui->prompt) {
	case PROMPT_FILTER:
		edit_draw(&ui->edit, line, 0, "/");
		return;
	case PROMPT_USER:
		edit_draw(&ui->edit, line, 0, "user: ");
		return;
	case PROMPT_KNOB:
		snprintf(buf, sizeof buf, "%s = ", ui->knob);
		edit_draw(&ui->edit, line, 0, buf);
		return;
	case PROMPT_STOP:
		snprintf(buf, sizeof buf, "stop run %.100s?  y/n", r ? r->id : "");
		pane_text(line, 0, 0, line.w, STYLE_BOLD(ROLE_WARN), buf);
		pane_cursor(line, text_width(buf), 0);
		return;
	default:
		break;
	}
	if (ui->menu)
		pane_printf(line, 0, 0, STYLE_BOLD(ROLE_WARN), "run %s:", r ? r->id : "(none)");
	else if (ui->message[0])
		pane_text(line, 0, 0, line.w, STYLE(ui->message_role), ui->message);
	else if (r && r->error[0])
		pane_text(line, 0, 0, line.w, STYLE(ROLE_BAD), r->error);
	else if (strcmp(ui->live, "lost") == 0)
		pane_text(line, 0, 0, line.w, STYLE(ROLE_WARN), "the runner does not answer; showing what is stored");
	else if (r && r->nevents > 0) {
		const struct event_row *e = &r->event[r->nevents - 1];
		bool calm = strcmp(e->level, "info") == 0;
		pane_text(line, 0, 0, line.w, STYLE(calm ? ROLE_DIM : ROLE_WARN), e->text);
	}
}

void ui_draw(const struct ui *ui, struct canvas *c)
{
	struct pane p = canvas_pane(c);
	canvas_clear(c);
	c->caps = ui->caps;
	if (p.w <= 0 || p.h <= 0)
		return;
	if (p.h < 2 || p.w < 20) {
		one_line(ui, p);
		if (p.h >= 2)
			tiny(ui, p);
		return;
	}
	if (p.w < TINY_W || p.h < TINY_H) {
		tiny(ui, p);
		return;
	}
	int top = header_draw(ui, p);
	struct pane body = pane_sub(p, 0, top, p.w, p.h - top - 2);
	panel_at(ui->view)->draw(ui->panel[ui->view], ui, body);
	message_line(ui, p, p.h - 2);
	key_bar(ui, p, p.h - 1);
}
