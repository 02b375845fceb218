/* Layout, axes and marks are here; the dots of a line are in chart_line.c. */
#include "tui/chart_line.h"
#include "tui/text.h"

#include <math.h>
#include <stdlib.h>

enum { LABEL_W = 6 };

double chart_grow(double x)
{
	static const double jump[] = {1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10};
	if (!(x > 0))
		return 1;
	double unit = pow(10, floor(log10(x)));
	for (size_t i = 0; i < sizeof jump / sizeof *jump; i++)
		if (x <= jump[i] * unit * (1 + 1e-9))
			return jump[i] * unit;
	return 10 * unit;
}

static bool log_y_possible(const struct chart *ch, const struct bucket *all)
{
	return ch->log_y && all->min > 0;
}

static void widen(const struct chart *ch, struct bucket *all, bool smooth)
{
	for (int i = 0; i < ch->nlines; i++) {
		const struct curve *c = ch->line[i].curve;
		struct bucket b = curve_span(c, smooth, curve_index(c, ch->x0), curve_index(c, ch->x1 + 0.5));
		all->min = fmin(all->min, b.min);
		all->max = fmax(all->max, b.max);
	}
}

void chart_layout(const struct chart *ch, struct pane p, struct chart_frame *f)
{
	bool ascii = p.c->caps.glyphs == GLYPHS_ASCII;
	int frame = p.w >= 12 && p.h >= 4 ? 1 : 0;
	int labels = p.w >= 24 ? LABEL_W : 0, axis = p.h >= 6 ? 2 : 0;
	*f = (struct chart_frame){.x = frame + labels, .y = frame, .sx = ascii ? 1 : 2, .sy = ascii ? 3 : 4};
	f->w = p.w - 2 * frame - labels - (labels ? 1 : 0);
	f->h = p.h - 2 * frame - axis;
	if (f->w < 2 || f->h < 1)
		f->w = f->h = 0;
	f->x0 = ch->x0;
	f->x1 = ch->x1 > ch->x0 ? ch->x1 : ch->x0 + 1;
	f->log_x = ch->log_x;
	if (f->log_x)
		f->x0 = fmax(f->x0, 1), f->x1 = fmax(f->x1, f->x0 * 2);
	struct bucket all = {INFINITY, -INFINITY, 0, 0};
	if (!ch->smooth || ch->band)
		widen(ch, &all, false);
	if (ch->smooth)
		widen(ch, &all, true);
	if (!(all.min <= all.max))
		all.min = 0, all.max = 1;
	f->log_y = log_y_possible(ch, &all);
	double lo = f->log_y ? log10(all.min) : all.min, hi = f->log_y ? log10(all.max) : all.max;
	/* what differs by rounding alone (a mean of a constant) is a constant */
	bool flat = hi - lo <= 1e-9 * fmax(fabs(lo), fabs(hi));
	double pad = flat ? fmax(fabs(hi) * 0.05, 1e-3) : (hi - lo) * 0.04;
	f->y0 = lo - pad;
	f->y1 = hi + pad;
	if (!f->log_y && all.min >= 0 && f->y0 < 0)
		f->y0 = 0;
}

double chart_dot_x(const struct chart_frame *f, double step)
{
	double span = f->w * f->sx - 1;
	if (f->log_x)
		return (log(fmax(step, 0.5)) - log(f->x0)) / (log(f->x1) - log(f->x0)) * span;
	return (step - f->x0) / (f->x1 - f->x0) * span;
}

double chart_step_at(const struct chart_frame *f, double dot)
{
	double t = dot / fmax(1, f->w * f->sx - 1);
	return f->log_x ? f->x0 * pow(f->x1 / f->x0, t) : f->x0 + t * (f->x1 - f->x0);
}

double chart_dot_y(const struct chart_frame *f, double value)
{
	double v = f->log_y ? log10(fmax(value, 1e-300)) : value;
	return (f->y1 - v) / (f->y1 - f->y0) * (f->h * f->sy - 1);
}

/* A round distance between ticks: at most `n` of them over the span. */
static double tick_distance(double span, int n)
{
	double raw = span / (n < 1 ? 1 : n), unit = pow(10, floor(log10(raw)));
	double m = raw / unit;
	return unit * (m <= 1 ? 1 : m <= 2 ? 2 : m <= 5 ? 5 : 10);
}

static void y_label(const struct chart_frame *f, struct pane p, double v, int row)
{
	char buf[32];
	uint32_t tick = p.c->caps.glyphs == GLYPHS_ASCII ? '|' : 0x2524;
	pane_right(p, f->x - 1, f->y + row, STYLE(ROLE_DIM), num_short(buf, sizeof buf, v));
	pane_put(p, f->x - 1, f->y + row, tick, STYLE(ROLE_DIM));
}

static int value_row(const struct chart_frame *f, double v)
{
	double d = chart_dot_y(f, v);
	return d < -0.5 || d > f->h * f->sy - 0.5 ? -1 : (int)(lround(d) / f->sy);
}

/* A tick where its row is free: two rows from the one below. */
static void y_tick(const struct chart_frame *f, struct pane p, double v, int *last)
{
	int row = value_row(f, v);
	if (row < 0 || row >= f->h || (*last >= 0 && abs(row - *last) < 2))
		return;
	*last = row;
	y_label(f, p, v, row);
}

/* Decades; 1, 2, 5 where there are few of them; round values, at unequal distances, within one. */
static void y_ticks_log(const struct chart_frame *f, struct pane p, int room)
{
	static const double few[] = {1, 2, 5};
	double span = f->y1 - f->y0, d = fmax(1, ceil(span / room));
	int last = -1;
	if (span >= 2) {
		for (double k = ceil(f->y0 / d) * d; k <= f->y1; k += d)
			y_tick(f, p, pow(10, k), &last);
	} else if (span >= 0.8) {
		for (double k = floor(f->y0); k <= f->y1; k++)
			for (int i = 0; i < 3; i++)
				y_tick(f, p, few[i] * pow(10, k), &last);
	} else {
		double lo = pow(10, f->y0), hi = pow(10, f->y1), step = tick_distance(hi - lo, room);
		for (double v = ceil(lo / step) * step; v <= hi; v += step)
			y_tick(f, p, v, &last);
	}
}

static void y_ticks(const struct chart_frame *f, struct pane p)
{
	int last = -1, room = f->h / 2 < 2 ? 2 : f->h / 2;
	if (f->log_y) {
		y_ticks_log(f, p, room);
		return;
	}
	double d = tick_distance(f->y1 - f->y0, room), first = ceil(f->y0 / d);
	for (int k = 0; k < 50 && (first + k) * d <= f->y1 + 1e-9 * d; k++)
		y_tick(f, p, fabs(first + k) < 1e-9 ? 0 : (first + k) * d, &last);
}

static int x_label(const struct chart *ch, const struct chart_frame *f, struct pane p, double v, int free_from)
{
	char buf[32];
	int at = f->x + (int)lround(chart_dot_x(f, v * ch->x_unit)) / f->sx, y = f->y + f->h;
	num_short(buf, sizeof buf, v);
	int w = text_width(buf), x = at - w / 2;
	x = x + w > p.w - 1 ? p.w - 1 - w : x;
	if (at < f->x || at >= f->x + f->w || x < free_from)
		return free_from;
	pane_put(p, at, y, p.c->caps.glyphs == GLYPHS_ASCII ? '+' : 0x252c, STYLE(ROLE_DIM));
	pane_text(p, x, y + 1, w, STYLE(ROLE_DIM), buf);
	return x + w + 2;
}

static void axes(const struct chart *ch, const struct chart_frame *f, struct pane p)
{
	bool ascii = p.c->caps.glyphs == GLYPHS_ASCII;
	if (f->x >= LABEL_W) {
		for (int y = 0; y < f->h; y++)
			pane_put(p, f->x - 1, f->y + y, ascii ? '|' : 0x2502, STYLE(ROLE_DIM));
		y_ticks(f, p);
	}
	if (f->y + f->h + 2 > p.h - (f->y ? 1 : 0))
		return;
	if (f->x >= 1)
		pane_put(p, f->x - 1, f->y + f->h, ascii ? '+' : 0x2570, STYLE(ROLE_DIM));
	for (int x = 0; x < f->w; x++)
		pane_put(p, f->x + x, f->y + f->h, ascii ? '-' : 0x2500, STYLE(ROLE_DIM));
	double a = f->x0 / ch->x_unit, b = f->x1 / ch->x_unit;
	int name_w = ch->x_name ? text_width(ch->x_name) + 1 : 0, free_from = f->x - 3;
	struct pane room = pane_sub(p, 0, 0, p.w - name_w, p.h);
	if (f->log_x)
		for (double v = pow(10, ceil(log10(a))); v <= b; v *= 10)
			free_from = x_label(ch, f, room, v, free_from);
	else {
		double d = tick_distance(b - a, f->w / 9);
		for (double v = ceil(a / d) * d; v <= b * (1 + 1e-9) + 1e-12; v += d)
			free_from = x_label(ch, f, room, v, free_from);
	}
	if (ch->x_name)
		pane_right(p, p.w - (f->y ? 1 : 0), f->y + f->h + 1, STYLE(ROLE_DIM), ch->x_name);
}

static void vertical(
	const struct chart_frame *f, struct pane p, double step, uint8_t role, uint32_t ch, const char *label)
{
	double d = chart_dot_x(f, step);
	if (d < 0 || d > f->w * f->sx - 1)
		return;
	int x = f->x + (int)lround(d) / f->sx;
	for (int y = 0; y < f->h; y++) {
		struct cell *c = pane_cell(p, x, f->y + y);
		if (c && c->ch == ' ')
			pane_put(p, x, f->y + y, ch, STYLE(role));
	}
	if (label) {
		int w = text_width(label), at = x + 1 + w > f->x + f->w ? x - w : x + 1;
		pane_text(p, at, f->y, w, STYLE_BOLD(role), label);
	}
}

static void marks(const struct chart *ch, const struct chart_frame *f, struct pane p)
{
	bool ascii = p.c->caps.glyphs == GLYPHS_ASCII;
	for (size_t i = 0; i < ch->nmarks; i++)
		vertical(f, p, ch->mark[i].x, ROLE_MARK, ascii ? ':' : 0x250a, ch->mark[i].label);
	if (isfinite(ch->cursor))
		vertical(f, p, ch->cursor, ROLE_CURSOR, ascii ? '|' : 0x2502, NULL);
}

void chart_draw(const struct chart *ch, struct pane p)
{
	struct chart_frame f;
	chart_layout(ch, p, &f);
	if (f.y)
		pane_frame(p, ch->title, ch->note, ch->focused);
	if (f.w == 0) {
		pane_text(p, f.y, f.y, p.w, STYLE(ROLE_TEXT), ch->title);
		return;
	}
	axes(ch, &f, p);
	for (int i = 0; i < ch->nlines; i++)
		if (ch->smooth && ch->band)
			chart_band(&f, &ch->line[i], p);
	for (int i = 0; i < ch->nlines; i++)
		chart_line(&f, &ch->line[i], ch->smooth, p);
	marks(ch, &f, p);
	for (int i = 0; i < ch->nlines; i++)
		chart_ends(&f, &ch->line[i], ch->smooth, p);
}
