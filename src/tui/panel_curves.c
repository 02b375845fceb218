/* The metrics of the open run, and of the marked ones, as a grid of charts that share one window of steps and one crosshair. */
#include "tui/chart.h"
#include "tui/text.h"
#include "tui/ui.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { CURVES_MAX = 64, MARKS_MAX = 64 };
static const double strengths[] = {0, 0.6, 0.9, 0.97, 0.99, 0.997};
enum { STRENGTHS = sizeof strengths / sizeof *strengths };

struct curves {
	char name[CURVES_MAX][64];
	int n, selected;
	bool log_y[CURVES_MAX];
	bool fixed, large, log_x, band, epochs, cross;
	double x0, x1, cursor;
	int strength;
};

static void curves_open(void *self)
{
	struct curves *s = self;
	s->strength = 2;
	s->band = true;
	s->cursor = NAN;
}

/* The order on screen: the loss, the monitored metric, then others of the evaluation, of training, of performance. */
static int importance(const struct run_view *r, const char *name)
{
	const struct series *m = run_monitor(r);
	if (strcmp(name, "train/loss") == 0)
		return 0;
	if (m && strcmp(name, m->info.name) == 0)
		return 1;
	if (strcmp(name, "train/grad_norm") == 0)
		return 3;
	if (strncmp(name, "valid/", 6) == 0)
		return 2;
	if (strcmp(name, "perf/examples_per_s") == 0)
		return 4;
	return strncmp(name, "test/", 5) == 0	 ? 5
	       : strncmp(name, "train/", 6) == 0 ? 6
	       : strncmp(name, "perf/", 5) == 0	 ? 8
						 : 7;
}

static void curves_update(void *self, struct ui *ui)
{
	struct curves *s = self;
	const struct run_view *r = ui->model.open;
	const char *filter = ui->filter[panel_index("curves")];
	char chosen[64];
	snprintf(chosen, sizeof chosen, "%s", s->n ? s->name[s->selected] : "");
	bool was_log[CURVES_MAX];
	char old[CURVES_MAX][64];
	int old_n = s->n;
	memcpy(was_log, s->log_y, sizeof was_log);
	memcpy(old, s->name, sizeof old);
	s->n = 0;
	for (int rank = 0; r && rank < 9; rank++)
		for (size_t i = 0; i < r->nseries && s->n < CURVES_MAX; i++) {
			const char *name = r->series[i]->info.name;
			if (importance(r, name) == rank && r->series[i]->info.n > 0 &&
				(!filter[0] || text_contains(name, filter)))
				snprintf(s->name[s->n++], sizeof s->name[0], "%s", name);
		}
	s->selected = 0;
	for (int i = 0; i < s->n; i++) {
		s->log_y[i] = false;
		for (int k = 0; k < old_n; k++)
			if (strcmp(old[k], s->name[i]) == 0)
				s->log_y[i] = was_log[k];
		if (strcmp(s->name[i], chosen) == 0)
			s->selected = i;
	}
	for (int i = 0; i < s->n; i++)
		model_want(&ui->model, s->name[i]);
	for (size_t k = 0; k < ui->model.nruns; k++) {
		const struct run_view *v = ui->model.run[k];
		for (size_t i = 0; i < v->nseries; i++)
			if ((v == r || v->marked) && strncmp(v->series[i]->info.name, "perf/", 5) != 0)
				curve_smooth(&v->series[i]->curve, strengths[s->strength]);
	}
}

static double last_step(const struct ui *ui)
{
	double last = 0;
	for (size_t i = 0; i < ui->model.nruns; i++) {
		const struct run_view *r = ui->model.run[i];
		if (r == ui->model.open || r->marked)
			last = fmax(last, r->step);
	}
	return last;
}

static void window(const struct curves *s, const struct ui *ui, double *x0, double *x1)
{
	double last = last_step(ui);
	*x0 = s->fixed ? s->x0 : 0;
	*x1 = s->fixed ? s->x1 : ui->model.open && ui->model.open->alive ? chart_grow(last) : last;
}

/* A series with few samples (an evaluation each epoch) is shown as it is. */
static bool smoothed(const struct curves *s, const struct series *v)
{
	return strengths[s->strength] > 0 && v->curve.n > 100;
}

static int open_marks(const struct run_view *r, struct chart_mark *mark)
{
	int n = 0;
	for (size_t i = 0; r && i < r->ntweaks && n < MARKS_MAX; i++) {
		mark[n].x = (double)r->tweak[i].step;
		snprintf(mark[n].label, sizeof mark[n].label, "T%zu", (i + 1) % 1000);
		n++;
	}
	return n;
}

static void add_line(struct chart *ch, const struct run_view *r, const char *name, bool letter)
{
	const struct series *v = run_series(r, name);
	if (v && v->curve.n > 0 && ch->nlines < CHART_LINES)
		ch->line[ch->nlines++] =
			(struct chart_line){&v->curve, theme_series(r->colour), letter ? r->letter : 0};
}

static void note_of(const struct curves *s, const struct series *v, bool log_y, char *buf, size_t size)
{
	char value[32];
	int n = snprintf(buf, size, "%s", num_value(value, sizeof value, v->info.last));
	if (v->info.bad)
		n += snprintf(buf + n, size - (size_t)n, "  nan %lld", (long long)v->info.bad);
	if (log_y)
		n += snprintf(buf + n, size - (size_t)n, "  log y");
	if (smoothed(s, v))
		snprintf(buf + n, size - (size_t)n, "  ema %g", strengths[s->strength]);
}

static void one_chart(const struct curves *s, const struct ui *ui, int i, struct pane p)
{
	const struct run_view *r = ui->model.open;
	const struct series *v = run_series(r, s->name[i]);
	struct chart_mark mark[MARKS_MAX];
	char note[96] = "";
	if (!v)
		return;
	bool epochs = s->epochs && r->steps_per_epoch > 0;
	struct chart ch = {.title = s->name[i],
		.note = note,
		.x_unit = epochs ? r->steps_per_epoch : 1,
		.x_name = epochs ? "epoch" : "step",
		.log_x = s->log_x,
		.log_y = s->log_y[i],
		.smooth = smoothed(s, v),
		.band = s->band,
		.focused = i == s->selected,
		.mark = mark,
		.cursor = s->cross ? s->cursor : NAN};
	ch.nmarks = (size_t)open_marks(r, mark);
	window(s, ui, &ch.x0, &ch.x1);
	bool several = false;
	for (size_t k = 0; k < ui->model.nruns; k++)
		several |= ui->model.run[k]->marked && ui->model.run[k] != r;
	for (size_t k = 0; k < ui->model.nruns; k++)
		if (ui->model.run[k]->marked && ui->model.run[k] != r)
			add_line(&ch, ui->model.run[k], s->name[i], several);
	add_line(&ch, r, s->name[i], several); /* the open run is drawn on top */
	note_of(s, v, s->log_y[i], note, sizeof note);
	chart_draw(&ch, p);
	if (i == s->selected)
		pane_cursor(p, 0, 0);
}

/* The values of all runs at the crosshair, or what the marks mean. */
static void read_out(const struct curves *s, const struct ui *ui, struct pane p)
{
	char v[32], at[32];
	int x = 1;
	const char *name = s->name[s->selected];
	if (s->cross) {
		x += pane_printf(p, x, 0, STYLE(ROLE_DIM), "%s @%s  ", name, num_count(at, sizeof at, s->cursor));
		for (size_t k = 0; k < ui->model.nruns; k++) {
			const struct run_view *r = ui->model.run[k];
			const struct series *c = r == ui->model.open || r->marked ? run_series(r, name) : NULL;
			if (!c)
				continue;
			pane_put(p, x, 0, (uint32_t)(r->letter ? r->letter : ' '), STYLE_BOLD(theme_series(r->colour)));
			x += 2 + pane_text(p, x + 2, 0, p.w, STYLE(ROLE_TEXT),
					 num_value(v, sizeof v, curve_at(&c->curve, false, s->cursor)));
			x += 2;
		}
		return;
	}
	for (size_t k = 0; k < ui->model.nruns; k++) {
		const struct run_view *r = ui->model.run[k];
		if (r != ui->model.open && !r->marked)
			continue;
		pane_put(p, x, 0, (uint32_t)(r->letter ? r->letter : 'A'), STYLE_BOLD(theme_series(r->colour)));
		x += 2 + pane_text(p, x + 2, 0, 24, STYLE(ROLE_DIM), r->id) + 2;
	}
	const struct run_view *r = ui->model.open;
	size_t from = r->ntweaks > 3 ? r->ntweaks - 3 : 0;
	for (size_t i = from; i < r->ntweaks && x < p.w - 12; i++) {
		const struct tweak_row *t = &r->tweak[i];
		x += pane_printf(p, x, 0, STYLE_BOLD(ROLE_MARK), "T%zu ", i + 1);
		x += pane_printf(p, x, 0, STYLE(ROLE_DIM), "%s %s>%s @%s", t->name, t->old_value, t->new_value,
			     num_short(at, sizeof at, (double)t->step)) +
		     2;
	}
}

static void curves_draw(const void *self, const struct ui *ui, struct pane p)
{
	const struct curves *s = self;
	if (!ui->model.open || s->n == 0) {
		struct pane in = pane_frame(p, "Curves", NULL, true);
		pane_text(in, 1, 1, in.w - 2, STYLE(ROLE_TEXT),
			!ui->model.open ? "no run is open"
			: ui->filter[panel_index("curves")][0]
				? "no metric matches the filter"
				: "nothing was logged yet: the first step brings the first point");
		pane_keys(in, 1, 3,
			ui->filter[panel_index("curves")][0] ? "*Esc* clears the filter" : "*1* lists the runs");
		return;
	}
	struct pane grid = pane_sub(p, 0, 0, p.w, p.h >= 10 ? p.h - 1 : p.h);
	int columns = grid.w / 38, rows = grid.h / 9;
	columns = columns < 1 ? 1 : columns > 3 ? 3 : columns;
	rows = rows < 1 ? 1 : rows > 4 ? 4 : rows;
	if (s->n <= columns * (rows - 1))
		rows = (s->n + columns - 1) / columns;
	if (s->n < columns)
		columns = s->n;
	if (s->large)
		columns = rows = 1;
	int first = s->selected / (columns * rows) * columns * rows;
	for (int k = 0; k < columns * rows && first + k < s->n; k++) {
		int c = k % columns, r = k / columns;
		bool last_alone =
			first + k == s->n - 1 && c < columns - 1 && r > 0; /* the last one takes what is left */
		int x0 = grid.w * c / columns, x1 = last_alone ? grid.w : grid.w * (c + 1) / columns;
		int y0 = grid.h * r / rows, y1 = grid.h * (r + 1) / rows;
		one_chart(s, ui, first + k, pane_sub(grid, x0, y0, x1 - x0, y1 - y0));
	}
	if (grid.h < p.h)
		read_out(s, ui, pane_sub(p, 0, p.h - 1, p.w, 1));
}

static void move_window(struct curves *s, const struct ui *ui, double zoom, double pan)
{
	double x0, x1, last = fmax(last_step(ui), 1);
	window(s, ui, &x0, &x1);
	double span = (x1 - x0) * zoom, centre = s->cross ? s->cursor : x1;
	double t = x1 > x0 ? (centre - x0) / (x1 - x0) : 1;
	span = fmin(fmax(span, 8), last * 1.25);
	x0 = centre - t * span + pan * span;
	x0 = fmin(fmax(x0, 0), fmax(0, last * 1.25 - span));
	s->x0 = x0;
	s->x1 = x0 + span;
	s->fixed = span < last * 1.2;
}

static void move_cursor(struct curves *s, const struct ui *ui, double by)
{
	double x0, x1;
	window(s, ui, &x0, &x1);
	if (!s->cross || !isfinite(s->cursor))
		s->cursor = fmin(last_step(ui), x1);
	s->cross = true;
	s->cursor = round(fmin(fmax(s->cursor + by * (x1 - x0), x0), x1));
}

static bool curves_act(void *self, struct ui *ui, enum action a)
{
	struct curves *s = self;
	if (s->n == 0)
		return false;
	switch (a) {
	case ACT_ZOOM_IN:
	case ACT_ZOOM_OUT:
		move_window(s, ui, a == ACT_ZOOM_IN ? 0.5 : 2, 0);
		return true;
	case ACT_PAN_LEFT:
	case ACT_PAN_RIGHT:
		move_window(s, ui, 1, a == ACT_PAN_LEFT ? -0.25 : 0.25);
		return true;
	case ACT_FIT:
		s->fixed = false;
		return true;
	case ACT_CROSSHAIR:
		if (s->cross)
			s->cross = false;
		else
			move_cursor(s, ui, 0);
		return true;
	case ACT_LEFT:
	case ACT_RIGHT:
		move_cursor(s, ui, a == ACT_LEFT ? -0.02 : 0.02);
		return true;
	case ACT_SMOOTH_MORE:
	case ACT_SMOOTH_LESS:
		s->strength += a == ACT_SMOOTH_MORE ? 1 : -1;
		s->strength = s->strength < 0 ? 0 : s->strength >= STRENGTHS ? STRENGTHS - 1 : s->strength;
		return true;
	case ACT_BAND:
		s->band = !s->band;
		return true;
	case ACT_AXIS:
		s->epochs = !s->epochs;
		return true;
	case ACT_LOG_X:
		s->log_x = !s->log_x;
		return true;
	case ACT_LOG_Y:
		s->log_y[s->selected] = !s->log_y[s->selected];
		return true;
	case ACT_MAXIMISE:
		s->large = !s->large;
		return true;
	case ACT_NEXT:
	case ACT_DOWN:
		s->selected = (s->selected + 1) % s->n;
		return true;
	case ACT_PREVIOUS:
	case ACT_UP:
		s->selected = (s->selected + s->n - 1) % s->n;
		return true;
	case ACT_TOP:
	case ACT_BOTTOM:
		s->selected = a == ACT_TOP ? 0 : s->n - 1;
		return true;
	case ACT_BACK:
		if (!s->large && !s->cross && !s->fixed)
			return false;
		if (s->large)
			s->large = false;
		else if (s->cross)
			s->cross = false;
		else
			s->fixed = false;
		return true;
	default:
		return false;
	}
}

const struct panel_class panel_curves = {
	.desc = {"curves", "Curves", "The metrics of the open run and of the marked ones over steps or epochs."},
	.tab = "2Curves",
	.scope = SCOPE_CURVES,
	.size = sizeof(struct curves),
	.open = curves_open,
	.act = curves_act,
	.update = curves_update,
	.draw = curves_draw,
};
