/* The knobs of the open run with what is staged and what became of it, and the journal of every tweak beside them. */
#include "tui/table.h"
#include "tui/text.h"
#include "tui/ui.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { COL_NAME, COL_NOW, COL_STAGED, COL_RANGE, COL_STATE, COL_N };
static const struct table_column columns[COL_N] = {
	[COL_NAME] = {"knob", 12, 0},
	[COL_NOW] = {"now", 9, 0, .right = true},
	[COL_STAGED] = {"staged", 9, 0, .right = true},
	[COL_RANGE] = {"range", 16, 1},
	[COL_STATE] = {"state", 18, 0, .grow = true},
};

static void range_text(const struct knob_row *k, char *buf, size_t size)
{
	char lo[32], hi[32];
	if (k->choices && k->choices[0])
		snprintf(buf, size, "%s", k->choices);
	else if (strcmp(k->type, "bool") == 0)
		snprintf(buf, size, "true|false");
	else if (k->max > k->min)
		snprintf(buf, size, "%s..%s%s", num_short(lo, sizeof lo, k->min), num_short(hi, sizeof hi, k->max),
			strcmp(k->type, "log") == 0 ? " log" : "");
	else
		snprintf(buf, size, "%s", k->type);
}

static void knob_line(
	const struct ui *ui, const struct knob_row *k, const struct table *t, struct pane p, int y, bool here)
{
	char buf[128];
	const struct staged *s = ui_staged(ui, k->name);
	bool ascii = ui->caps.glyphs == GLYPHS_ASCII;
	snprintf(buf, sizeof buf, "%s%s", here ? ascii ? ">" : "▸" : " ", k->name);
	table_cell(t, p, y, COL_NAME, here ? STYLE_BOLD(ROLE_TITLE) : STYLE(ROLE_TEXT), buf);
	table_cell(t, p, y, COL_NOW, STYLE_BOLD(ROLE_TEXT), k->value);
	range_text(k, buf, sizeof buf);
	table_cell(t, p, y, COL_RANGE, STYLE(here ? ROLE_TEXT : ROLE_DIM), buf);
	if (!s) {
		if (k->structural)
			table_cell(t, p, y, COL_STATE, STYLE(here ? ROLE_TEXT : ROLE_DIM), "rebuilds the model");
		return;
	}
	if (s->state != STAGED_ACK)
		table_cell(t, p, y, COL_STAGED, STYLE_BOLD(ROLE_WARN), s->value);
	uint8_t role = s->state == STAGED_ACK				    ? ROLE_GOOD
		       : s->state == STAGED_NACK || s->state == STAGED_LOST ? ROLE_BAD
									    : ROLE_WARN;
	table_cell(t, p, y, COL_STATE, STYLE(role), s->state == STAGED_NEW ? "staged" : s->note);
}

static void knobs(const struct ui *ui, struct pane p)
{
	const struct run_view *r = ui->model.open;
	char note[48];
	int waiting = ui_waiting(ui), selected = 0, help = p.h >= 10 ? 2 : 0;
	snprintf(note, sizeof note, waiting ? "%d staged" : "%d knobs", waiting ? waiting : (int)r->nknobs);
	struct pane in = pane_frame(p, "Knobs", note, true);
	struct pane list = pane_sub(in, 0, 1, in.w, in.h - 1 - help);
	struct table t = table_layout(columns, COL_N, in.w);
	table_header(&t, in, 0, -1);
	for (int i = 0; i < (int)r->nknobs; i++)
		selected = strcmp(r->knob[i].name, ui->knob) == 0 ? i : selected;
	int first = table_scroll((int)r->nknobs, list.h, selected);
	for (int y = 0; y < list.h && first + y < (int)r->nknobs; y++) {
		if (first + y == selected) {
			pane_background(list, y, ROLE_SELECT);
			pane_cursor(list, 0, y);
		}
		knob_line(ui, &r->knob[first + y], &t, list, y, first + y == selected);
	}
	if (help && r->nknobs > 0)
		pane_printf(in, 1, in.h - 1, STYLE(ROLE_DIM), "%s: %s", r->knob[selected].name, r->knob[selected].help);
}

/* Change of the smoothed loss per 1000 steps around a tweak: over the `n` samples before it and those after. */
static double slope(const struct curve *c, size_t from, size_t to)
{
	double sx = 0, sy = 0, sxx = 0, sxy = 0, n = 0;
	for (size_t i = from; i < to && i < c->n; i++) {
		double x = (double)(c->step[i] - c->step[from]) / 1000, y = c->value[i];
		if (!isfinite(y))
			continue;
		n++;
		sx += x;
		sy += y;
		sxx += x * x;
		sxy += x * y;
	}
	double d = n * sxx - sx * sx;
	return n >= 8 && d > 0 ? (n * sxy - sx * sy) / d : NAN;
}

static int effect(const struct run_view *r, size_t i, struct pane p, int y)
{
	const struct series *loss = run_series(r, "train/loss");
	char a[32], b[32];
	if (!loss || y >= p.h)
		return y;
	const struct curve *c = &loss->curve;
	size_t at = curve_index(c, (double)r->tweak[i].step), end = c->n;
	if (i + 1 < r->ntweaks)
		end = curve_index(c, (double)r->tweak[i + 1].step);
	size_t start = i > 0 ? curve_index(c, (double)r->tweak[i - 1].step) : 0;
	if (at > 200 + start)
		start = at - 200;
	if (end > at + 200)
		end = at + 200;
	double before = slope(c, start, at), after = slope(c, at, end);
	if (!isfinite(before) || !isfinite(after))
		return y;
	pane_printf(p, 4, y, STYLE(ROLE_DIM), "loss/1k steps %s, then %s", num_short(a, sizeof a, before),
		num_short(b, sizeof b, after));
	return y + 1;
}

static void journal(const struct ui *ui, struct pane p)
{
	const struct run_view *r = ui->model.open;
	char note[32], at[32];
	snprintf(note, sizeof note, "%zu", r->ntweaks);
	struct pane in = pane_frame(p, "Journal", note, false);
	int y = 0;
	for (size_t i = r->ntweaks; i-- > 0 && y < in.h;) {
		const struct tweak_row *t = &r->tweak[i];
		int x = pane_printf(in, 1, y, STYLE_BOLD(ROLE_MARK), "T%zu", i + 1) + 2;
		x += pane_printf(in, x, y, STYLE(ROLE_DIM), "@%s ", num_count(at, sizeof at, (double)t->step));
		if (strcmp(t->kind, "set") == 0)
			x += pane_printf(in, x, y, STYLE(ROLE_TEXT), "%s %s > %s", t->name, t->old_value, t->new_value);
		else
			x += pane_printf(in, x, y, STYLE(ROLE_TEXT), "%s %.60s", t->kind, t->new_value);
		if (t->by && t->by[0] && x + 3 + text_width(t->by) < in.w)
			pane_right(in, in.w - 1, y, STYLE(ROLE_DIM), t->by);
		y = effect(r, i, in, y + 1);
		if (t->answer && t->answer[0] && strcmp(t->answer, "ok") != 0 && y < in.h)
			pane_text(in, 4, y++, in.w - 5, STYLE(ROLE_DIM), t->answer);
	}
	if (r->ntweaks == 0 && in.h > 1)
		pane_text(in, 1, 0, in.w - 2, STYLE(ROLE_DIM),
			"no tweak yet: what you send is written down here, with its step");
}

static void tweak_draw(const void *self, const struct ui *ui, struct pane p)
{
	const struct run_view *r = ui->model.open;
	if (!r || r->nknobs == 0) {
		struct pane in = pane_frame(p, "Tweak", NULL, true);
		pane_text(in, 1, 1, in.w - 2, STYLE(ROLE_TEXT), r ? "this run declared no knobs" : "no run is open");
		pane_keys(in, 1, 3, "*1* lists the runs");
		return;
	}
	if (p.w >= 110) {
		int left = p.w * 3 / 5;
		knobs(ui, pane_sub(p, 0, 0, left, p.h));
		journal(ui, pane_sub(p, left, 0, p.w - left, p.h));
		return;
	}
	int below = p.h >= 12 ? p.h / 3 : 0;
	knobs(ui, pane_sub(p, 0, 0, p.w, p.h - below));
	if (below)
		journal(ui, pane_sub(p, 0, p.h - below, p.w, below));
}

static bool tweak_act(void *self, struct ui *ui, enum action a)
{
	switch (a) {
	case ACT_UP:
		ui_select_knob(ui, -1);
		return true;
	case ACT_DOWN: {
		const struct run_view *r = ui->model.open;
		if (r && r->nknobs && strcmp(r->knob[r->nknobs - 1].name, ui->knob) != 0)
			ui_select_knob(ui, 1);
		return true;
	}
	case ACT_TOP:
	case ACT_BOTTOM:
		ui_select_knob(ui, a == ACT_TOP ? -1000 : 1000);
		return true;
	case ACT_LEFT:
	case ACT_RIGHT:
		return true;
	case ACT_UNSTAGE:
		ui_unstage(ui, ui->knob);
		return true;
	default:
		return false;
	}
}

const struct panel_class panel_tweak = {
	.desc = {"tweak", "Tweak",
		"Knobs of the open run: stage a value, send it, read the receipt; and the journal of all tweaks."},
	.tab = "3Tweak",
	.scope = SCOPE_TWEAK,
	.act = tweak_act,
	.draw = tweak_draw,
};
