/* Where a model looked: one user's sequence on both axes, one layer and head (or their mean) as a heat map, the row under the
 * cursor as bars. */
#include "tui/heatmap.h"
#include "tui/text.h"
#include "tui/ui.h"

#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct attend {
	int layer, head, row, col; /* head -1: mean */
	bool placed;
};

static void attend_open(void *self)
{
	struct attend *s = self;
	s->head = -1;
}

static void attend_enter(void *self, struct ui *ui)
{
	ask_attention(ui, false);
}

static int clip(int v, int lo, int hi)
{
	return v > hi ? hi : v < lo ? lo : v;
}

/* The selected map, with indices that fit it. */
static const struct attention_map *selected(const struct attend *s, const struct ui *ui, struct attend *fit)
{
	const struct attention *a = &ui->ask.attention;
	*fit = *s;
	if (!ui->ask.has_attention || a->nmaps == 0)
		return NULL;
	fit->layer = clip(s->layer, 0, a->nmaps - 1);
	const struct attention_map *m = &a->map[fit->layer];
	if (m->n == 0 || m->heads == 0)
		return NULL;
	fit->head = m->heads == 1 ? 0 : clip(s->head, -1, m->heads - 1);
	fit->row = s->placed ? clip(s->row, 0, m->n - 1) : m->n - 1;
	fit->col = s->placed ? clip(s->col, 0, m->n - 1) : m->n - 1;
	return m;
}

static double weight(const struct attention_map *m, int head, int row, int col)
{
	size_t n = (size_t)m->n, at = (size_t)row * n + (size_t)col;
	if (head >= 0)
		return m->weights[(size_t)head * n * n + at];
	double sum = 0;
	for (int h = 0; h < m->heads; h++)
		sum += m->weights[(size_t)h * n * n + at];
	return sum / m->heads;
}

/* The mask is causal where nothing above the diagonal has weight. */
static bool is_causal(const struct attention_map *m)
{
	for (int r = 0; r < m->n; r++)
		for (int c = r + 1; c < m->n; c++)
			if (fabs(weight(m, -1, r, c)) > 1e-6)
				return false;
	return true;
}

static void row_stats(const struct attention_map *m, const struct attend *f, double *sum, double *entropy)
{
	*sum = *entropy = 0;
	for (int c = 0; c < m->n; c++) {
		double w = weight(m, f->head, f->row, c);
		*sum += w;
		if (w > 0)
			*entropy -= w * log2(w);
	}
}

/* The row under the cursor, largest weights first. */
static void bars(const struct ui *ui, const struct attention_map *m, const struct attend *f, struct pane p)
{
	char title[160], buf[32];
	snprintf(title, sizeof title, "%s looks at", ui->ask.attention.item[f->row]);
	struct pane in = pane_frame(p, title, NULL, false);
	bool *used = mem_calloc((size_t)m->n, sizeof *used);
	double top = 0; /* the largest weight fills the bar */
	int name_w = in.w * 3 / 5 > 30 ? 30 : in.w * 3 / 5;
	for (int y = 0; used && y < in.h && y <= f->row; y++) {
		int best = -1;
		for (int c = 0; c < m->n; c++)
			if (!used[c] && (best < 0 || weight(m, f->head, f->row, c) > weight(m, f->head, f->row, best)))
				best = c;
		if (best < 0 || weight(m, f->head, f->row, best) < 5e-4)
			break;
		used[best] = true;
		double w = weight(m, f->head, f->row, best);
		top = y == 0 ? w : top;
		snprintf(buf, sizeof buf, "%.3f", w);
		pane_text(in, 1, y, name_w - 1, best == f->col ? STYLE_BOLD(ROLE_TITLE) : STYLE(ROLE_TEXT),
			ui->ask.attention.item[best]);
		pane_text(in, name_w + 1, y, 6, STYLE(ROLE_TEXT), buf + (buf[0] == '0'));
		pane_bar(in, name_w + 6, y, in.w - name_w - 7, top > 0 ? w / top : 0, ROLE_POS);
	}
	mem_free(used);
}

static void title_of(const struct ui *ui, const struct attention_map *m, const struct attend *f, char *buf, size_t size)
{
	char at[48], head[24];
	ask_title(ui, ui->ask.attention.step, at, sizeof at);
	if (f->head < 0)
		snprintf(head, sizeof head, "mean of %d heads", m->heads);
	else
		snprintf(head, sizeof head, "head %d/%d", f->head + 1, m->heads);
	snprintf(buf, size, "user %.40s  %s  %.60s  %s", ui->ask.attention.user, at, m->layer, head);
}

static void status_line(
	const struct ui *ui, const struct attention_map *m, const struct attend *f, double scale, struct pane p)
{
	char buf[160];
	double sum, entropy;
	row_stats(m, f, &sum, &entropy);
	int x = heatmap_legend(p, 1, 0, scale) + 3;
	bool good = fabs(sum - 1) < 1e-3;
	snprintf(buf, sizeof buf, "cell %.3f", weight(m, f->head, f->row, f->col));
	x += pane_text(p, x, 0, p.w - x, STYLE_BOLD(ROLE_TEXT), buf) + 2;
	snprintf(buf, sizeof buf, "row entropy %.2f bit", entropy);
	x += pane_text(p, x, 0, p.w - x, STYLE(ROLE_DIM), buf) + 2;
	snprintf(buf, sizeof buf, good ? "row sums to 1" : "[!] row sums to %.3f", sum);
	x += pane_text(p, x, 0, p.w - x, STYLE(good ? ROLE_DIM : ROLE_BAD), buf) + 2;
	pane_text(p, x, 0, p.w - x, STYLE(ROLE_DIM), is_causal(m) ? "causal" : "not causal");
}

static void nothing(const struct ui *ui, struct pane p)
{
	struct pane in = pane_frame(p, "Attention", NULL, true);
	const struct question *q = &ui->ask;
	if (!ui->model.open)
		pane_text(in, 1, 1, in.w - 2, STYLE(ROLE_TEXT), "no run is open");
	else if (q->waiting_attention)
		pane_printf(in, 1, 1, STYLE(ROLE_TEXT), "asking for the attention of user %s ...", q->user);
	else if (q->error_attention[0])
		pane_text(in, 1, 1, in.w - 2, STYLE(ROLE_BAD), q->error_attention);
	else
		pane_text(in, 1, 1, in.w - 2, STYLE(ROLE_TEXT), "nothing was asked yet");
	pane_keys(in, 1, 3, "*u* chooses a user   *r* asks   *,* *.* go through the checkpoints");
}

static void attend_draw(const void *self, const struct ui *ui, struct pane p)
{
	const struct question *q = &ui->ask;
	struct attend f;
	const struct attention_map *m = selected(self, ui, &f);
	if (!m) {
		nothing(ui, p);
		return;
	}
	char title[256];
	title_of(ui, m, &f, title, sizeof title);
	int side = p.w >= 110 ? p.w / 3 : 0;
	struct pane map = pane_sub(p, 0, 0, p.w - side, p.h);
	const char *note = q->waiting_attention ? "asking ..." : q->error_attention[0] ? "old" : "rows look at columns";
	struct pane in = pane_frame(map, title, note, true);
	size_t n = (size_t)m->n;
	double *v = mem_alloc(n * n * sizeof *v), scale = 0;
	if (!v)
		return;
	for (int r = 0; r < m->n; r++)
		for (int c = 0; c < m->n; c++) {
			double w = v[(size_t)r * n + (size_t)c] = weight(m, f.head, r, c);
			/* the first row has nothing but itself to look at: it would set the scale for all */
			scale = r > 0 && w > scale ? w : scale;
		}
	scale = scale > 0 ? scale : 1;
	struct heatmap h = {v, m->n, m->n, q->attention.item, q->attention.item, scale, is_causal(m), f.row, f.col};
	int foot = in.h >= 4 ? 1 : 0, below = !side && in.h - foot - m->n - 6 >= 4 ? in.h - foot - m->n - 6 : 0;
	heatmap_draw(&h, pane_sub(in, 1, 0, in.w - 2, in.h - foot - below));
	if (below)
		bars(ui, m, &f, pane_sub(in, 0, in.h - foot - below, in.w, below));
	if (foot && q->error_attention[0])
		pane_text(in, 1, in.h - 1, in.w - 2, STYLE(ROLE_BAD), q->error_attention);
	else if (foot)
		status_line(ui, m, &f, scale, pane_sub(in, 0, in.h - 1, in.w, 1));
	mem_free(v);
	if (side)
		bars(ui, m, &f, pane_sub(p, p.w - side, 0, side, p.h));
}

static bool attend_act(void *self, struct ui *ui, enum action a)
{
	struct attend *s = self, f;
	const struct attention_map *m = selected(s, ui, &f);
	int n = m ? m->n : 1;
	if (ask_act(ui, a))
		return true;
	switch (a) {
	case ACT_UP:
	case ACT_PAGE_UP:
		f.row -= a == ACT_UP ? 1 : 10;
		break;
	case ACT_DOWN:
	case ACT_PAGE_DOWN:
		f.row += a == ACT_DOWN ? 1 : 10;
		break;
	case ACT_LEFT:
		f.col--;
		break;
	case ACT_RIGHT:
		f.col++;
		break;
	case ACT_TOP:
		f.row = f.col = 0;
		break;
	case ACT_BOTTOM:
		f.row = f.col = n - 1;
		break;
	case ACT_HEAD_PREV:
	case ACT_HEAD_NEXT:
		s->head = m ? (f.head + (a == ACT_HEAD_NEXT ? 2 : m->heads + 1)) % (m->heads + 1) - 1 : -1;
		return true;
	case ACT_LAYER_PREV:
	case ACT_LAYER_NEXT:
		if (m)
			s->layer = (f.layer + (a == ACT_LAYER_NEXT ? 1 : ui->ask.attention.nmaps - 1)) %
				   ui->ask.attention.nmaps;
		return true;
	case ACT_MEAN:
		s->head = f.head < 0 ? 0 : -1;
		return true;
	default:
		return false;
	}
	s->row = clip(f.row, 0, n - 1);
	s->col = clip(f.col, 0, n - 1);
	s->placed = m != NULL;
	return true;
}

const struct panel_class panel_attention = {
	.desc = {"attention", "Attention",
		"The attention weights of one user's sequence, by layer and head, with item titles on both axes."},
	.tab = "4Attention",
	.scope = SCOPE_ATTENTION,
	.size = sizeof(struct attend),
	.open = attend_open,
	.enter = attend_enter,
	.act = attend_act,
	.draw = attend_draw,
};
