/* What the model recommends to a user, and why: the effect of leaving out each item of the history, beside the attention
 * that it got (which is not an explanation). */
#include "tui/text.h"
#include "tui/ui.h"

#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct why {
	int selected;
};

static void why_enter(void *self, struct ui *ui)
{
	ask_explain(ui, false);
}

static void item_line(const struct ui *ui, const struct item_row *r, struct pane p, int y, bool here, bool target)
{
	char buf[32];
	bool ascii = ui->caps.glyphs == GLYPHS_ASCII;
	int right = p.w >= 30 ? 8 : 0;
	pane_put(p, 0, y, here ? ascii ? '>' : 0x25b8 : ' ', STYLE_BOLD(ROLE_ACCENT));
	snprintf(buf, sizeof buf, "%3d", r->rank);
	pane_text(p, 1, y, 4, STYLE(here ? ROLE_TEXT : ROLE_DIM), buf);
	pane_text(p, 5, y, p.w - 6 - right,
		target ? STYLE_BOLD(ROLE_ACCENT)
		: here ? STYLE_BOLD(ROLE_TITLE)
		       : STYLE(ROLE_TEXT),
		r->title);
	if (right && isfinite(r->score))
		pane_right(p, p.w - 1, y, STYLE(here ? ROLE_TEXT : ROLE_DIM), num_value(buf, sizeof buf, r->score));
}

static void top_list(const struct why *s, const struct ui *ui, struct pane p)
{
	const struct explanation *x = &ui->ask.explanation;
	char title[128], at[48], buf[192], n[32];
	ask_title(ui, x->step, at, sizeof at);
	snprintf(title, sizeof title, "user %.40s  %s", x->user, at);
	struct pane in = pane_frame(p, title, NULL, true);
	int foot = x->has_held_out && in.h >= 5 ? 2 : 0, room = in.h - foot;
	int first = s->selected >= room && room > 0 ? s->selected - room + 1 : 0;
	for (int y = 0; y < room && first + y < x->nitems; y++) {
		const struct item_row *r = &x->item[first + y];
		bool here = first + y == s->selected;
		if (here) {
			pane_background(in, y, ROLE_SELECT);
			pane_cursor(in, 0, y);
		}
		item_line(ui, r, in, y, here, x->has_target && strcmp(r->id, x->target.id) == 0);
	}
	if (foot) {
		snprintf(buf, sizeof buf, "held out, rank %s:", num_count(n, sizeof n, x->held_out.rank));
		pane_text(in, 1, in.h - 2, in.w - 2, STYLE(ROLE_DIM), buf);
		pane_text(in, 1, in.h - 1, in.w - 2, STYLE(ROLE_TEXT), x->held_out.title);
	}
}

static int by_effect(const void *a, const void *b)
{
	double x = ((const struct effect_row *)a)->delta_score, y = ((const struct effect_row *)b)->delta_score;
	x = isfinite(x) ? fabs(x) : -1;
	y = isfinite(y) ? fabs(y) : -1;
	return x > y ? -1 : x < y;
}

/* A bar that grows to the right of its middle for positive effects, to the left for negative ones. */
static void effect_bar(struct pane p, int x, int y, int w, double t)
{
	int half = w / 2;
	pane_put(p, x + half, y, p.c->caps.glyphs == GLYPHS_ASCII ? '|' : 0x2502, STYLE(ROLE_DIM));
	if (t >= 0)
		pane_bar(p, x + half + 1, y, half, t, ROLE_POS);
	else
		for (int i = 0; i < (int)lround(-t * half); i++)
			pane_put(p, x + half - 1 - i, y, p.c->caps.glyphs == GLYPHS_ASCII ? '#' : 0x2588,
				STYLE(ROLE_NEG));
}

struct effect_columns {
	int title, delta, bar, bar_w, rank, attention;
};

static struct effect_columns effect_layout(int w)
{
	/* title | effect 7 | bar | rank 6 | attention 6 */
	struct effect_columns c = {.attention = w - 6, .rank = w - 12};
	int spare = w - 12 - 8;
	c.bar_w = spare / 4 < 5 ? 0 : spare / 4 > 25 ? 25 : spare / 8 * 2 + 1;
	c.delta = spare - c.bar_w - (c.bar_w ? 1 : 0);
	c.title = c.delta - 1;
	c.bar = c.delta + 8;
	return c;
}

static void effect_line(const struct effect_row *r, const struct effect_columns *c, double top, struct pane p, int y)
{
	char buf[32];
	pane_text(p, 1, y, c->title - 1, STYLE(ROLE_TEXT), r->title);
	snprintf(buf, sizeof buf, "%+.3f", r->delta_score);
	pane_right(p, c->delta + 7, y, STYLE(r->delta_score < 0 ? ROLE_NEG : ROLE_TEXT),
		isfinite(r->delta_score) ? buf : "-");
	if (c->bar_w && isfinite(r->delta_score))
		effect_bar(p, c->bar, y, c->bar_w, top > 0 ? r->delta_score / top : 0);
	snprintf(buf, sizeof buf, "%+.0f", r->delta_rank);
	pane_right(p, c->rank + 5, y, STYLE(ROLE_DIM), isfinite(r->delta_rank) ? buf : "-");
	snprintf(buf, sizeof buf, "%.2f", r->attention);
	pane_right(p, c->attention + 5, y, STYLE(ROLE_DIM), isfinite(r->attention) ? buf : "-");
}

/* Kendall's tau between leave-one-out effect and attention: do the two tell the same story? */
static double agreement(const struct explanation *x)
{
	double s = 0, n = 0;
	for (int i = 0; i < x->neffects; i++)
		for (int j = 0; j < i; j++) {
			double a = x->effect[i].delta_score - x->effect[j].delta_score,
			       b = x->effect[i].attention - x->effect[j].attention;
			if (!isfinite(a) || !isfinite(b))
				continue;
			s += (a * b > 0) - (a * b < 0);
			n++;
		}
	return n > 0 ? s / n : NAN;
}

static void evidence(const struct ui *ui, struct pane p)
{
	const struct explanation *x = &ui->ask.explanation;
	char title[192], note[48] = "";
	if (x->has_target)
		snprintf(title, sizeof title, "why %.100s  (rank %d)", x->target.title, x->target.rank);
	else
		snprintf(title, sizeof title, "why");
	if (isfinite(agreement(x)))
		snprintf(note, sizeof note, "effect ~ attention: tau %.2f", agreement(x));
	struct pane in = pane_frame(p, title, note, false);
	if (x->neffects == 0) {
		pane_text(in, 1, 0, in.w - 2, STYLE(ROLE_DIM),
			ui->ask.waiting_explanation ? "asking ..." : "Enter explains the selected item");
		return;
	}
	struct effect_columns c = effect_layout(in.w);
	pane_text(in, 1, 0, c.title - 1, STYLE(ROLE_DIM), "history without");
	pane_right(in, c.delta + 7, 0, STYLE(ROLE_DIM), "effect");
	pane_right(in, c.rank + 5, 0, STYLE(ROLE_DIM), "rank");
	pane_right(in, c.attention + 5, 0, STYLE(ROLE_DIM), "attn");
	struct effect_row *rows = mem_alloc((size_t)x->neffects * sizeof *rows);
	if (!rows)
		return;
	memcpy(rows, x->effect, (size_t)x->neffects * sizeof *rows);
	qsort(rows, (size_t)x->neffects, sizeof *rows, by_effect);
	double top = isfinite(rows[0].delta_score) ? fabs(rows[0].delta_score) : 0;
	for (int i = 0; i < x->neffects && i + 1 < in.h; i++)
		effect_line(&rows[i], &c, top, in, i + 1);
	mem_free(rows);
}

static void nothing(const struct ui *ui, struct pane p)
{
	struct pane in = pane_frame(p, "Explain", NULL, true);
	const struct question *q = &ui->ask;
	if (!ui->model.open)
		pane_text(in, 1, 1, in.w - 2, STYLE(ROLE_TEXT), "no run is open");
	else if (q->waiting_explanation)
		pane_printf(in, 1, 1, STYLE(ROLE_TEXT), "asking what user %s is recommended, and why ...", q->user);
	else if (q->error_explanation[0])
		pane_text(in, 1, 1, in.w - 2, STYLE(ROLE_BAD), q->error_explanation);
	else
		pane_text(in, 1, 1, in.w - 2, STYLE(ROLE_TEXT), "nothing was asked yet");
	pane_keys(in, 1, 3, "*u* chooses a user   *r* asks   *,* *.* go through the checkpoints");
}

static void why_draw(const void *self, const struct ui *ui, struct pane p)
{
	const struct question *q = &ui->ask;
	if (!q->has_explanation) {
		nothing(ui, p);
		return;
	}
	bool wrong = q->error_explanation[0] && p.h >= 6;
	struct pane body = pane_sub(p, 0, 0, p.w, p.h - (wrong ? 1 : 0));
	if (wrong)
		pane_text(p, 1, p.h - 1, p.w - 2, STYLE(ROLE_BAD), q->error_explanation);
	if (body.w >= 70) {
		int left = body.w * 3 / 8 > 48 ? 48 : body.w * 3 / 8;
		top_list(self, ui, pane_sub(body, 0, 0, left, body.h));
		evidence(ui, pane_sub(body, left, 0, body.w - left, body.h));
	} else {
		top_list(self, ui, pane_sub(body, 0, 0, body.w, body.h / 2));
		evidence(ui, pane_sub(body, 0, body.h / 2, body.w, body.h - body.h / 2));
	}
}

static bool why_act(void *self, struct ui *ui, enum action a)
{
	struct why *s = self;
	struct question *q = &ui->ask;
	int n = q->has_explanation ? q->explanation.nitems : 0;
	if (ask_act(ui, a))
		return true;
	switch (a) {
	case ACT_UP:
		s->selected--;
		break;
	case ACT_DOWN:
		s->selected++;
		break;
	case ACT_TOP:
		s->selected = 0;
		break;
	case ACT_BOTTOM:
		s->selected = n - 1;
		break;
	case ACT_OPEN:
		if (s->selected < n) {
			snprintf(q->item, sizeof q->item, "%.63s", q->explanation.item[s->selected].id);
			ask_explain(ui, true);
		}
		return true;
	default:
		return false;
	}
	s->selected = s->selected >= n ? n - 1 : s->selected;
	s->selected = s->selected < 0 ? 0 : s->selected;
	return true;
}

const struct panel_class panel_explain = {
	.desc = {"explain", "Explain",
		"Top items of a user, and the effect of leaving out each item of the history beside its attention."},
	.tab = "5Explain",
	.scope = SCOPE_EXPLAIN,
	.size = sizeof(struct why),
	.enter = why_enter,
	.act = why_act,
	.draw = why_draw,
};
