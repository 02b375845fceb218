/* A line is walked by dot column.  The samples of a column are [index(column's left edge), index(right edge)): every sample of
 * the window is in exactly one column, and the column's dots reach from the exact minimum to the exact maximum. */
#include "tui/chart_line.h"

#include <math.h>
#include <stdlib.h>

/* Bit of a dot inside its cell: Unicode braille order, or one of three rows. */
static uint8_t dot_bit(const struct chart_frame *f, int dx, int dy)
{
	static const uint8_t braille[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
	return (uint8_t)(f->sy == 3 ? 1 << dy : braille[dy][dx]);
}

static const char thirds[8] = {' ', '\'', '-', '\'', '.', ':', '.', ':'};
static const char thirds_full[8] = {' ', '\'', '-', '!', '.', ':', ',', '|'};

static uint8_t thirds_mask(uint32_t ch)
{
	for (uint8_t i = 1; i < 8; i++)
		if (ch == (uint32_t)thirds_full[i] || ch == (uint32_t)thirds[i])
			return i;
	return 0;
}

/* Adds a dot; dots of several lines in one cell are joined, in the colour of the last one. */
static void put_dot(const struct chart_frame *f, struct pane p, int x, int y, struct style st)
{
	if (x < 0 || y < 0 || x >= f->w * f->sx || y >= f->h * f->sy)
		return;
	int cx = f->x + x / f->sx, cy = f->y + y / f->sy;
	struct cell *c = pane_cell(p, cx, cy);
	if (!c)
		return;
	uint8_t bit = dot_bit(f, x % f->sx, y % f->sy);
	if (f->sy == 3) {
		uint8_t mask = (uint8_t)((c->st.fg == st.fg ? thirds_mask(c->ch) : 0) | bit);
		pane_put(p, cx, cy, (uint32_t)thirds_full[mask], st);
		return;
	}
	bool over_band = c->st.fg == ROLE_DIM && st.fg != ROLE_DIM; /* a line stands clear of its band */
	uint32_t old = c->ch >= 0x2800 && c->ch < 0x2900 && !over_band ? c->ch : 0x2800;
	pane_put(p, cx, cy, old | bit, st);
}

static void put_vertical(const struct chart_frame *f, struct pane p, int x, int y0, int y1, struct style st)
{
	for (int y = y0 < y1 ? y0 : y1; y <= (y0 < y1 ? y1 : y0); y++)
		put_dot(f, p, x, y, st);
}

/* Bresenham without its end points' neighbours mattering: dots between (x0, y0) and (x1, y1). */
static void put_segment(const struct chart_frame *f, struct pane p, int x0, int y0, int x1, int y1, struct style st)
{
	int dx = x1 - x0, dy = abs(y1 - y0), sy = y0 < y1 ? 1 : -1, e = dx - dy;
	while (x0 != x1 || y0 != y1) {
		put_dot(f, p, x0, y0, st);
		int e2 = 2 * e;
		if (e2 > -dy) {
			e -= dy;
			x0++;
		}
		if (e2 < dx) {
			e += dx;
			y0 += sy;
		}
	}
}

static int dot_row(const struct chart_frame *f, double v)
{
	double d = chart_dot_y(f, v), top = f->h * f->sy - 1;
	return (int)lround(d < 0 ? 0 : d > top ? top : d);
}

struct walk {
	const struct chart_frame *f;
	const struct curve *c;
	bool smooth;
	int column, columns;
	double scale; /* columns per dot */
	size_t next, end;
};

static struct walk walk_start(const struct chart_frame *f, const struct curve *c, bool smooth, double scale)
{
	struct walk w = {f, c, smooth, -1, (int)(f->w * f->sx * scale), scale, 0, 0};
	w.next = curve_index(c, f->x0);
	w.end = curve_index(c, f->x1 + 0.5);
	return w;
}

/* The next column that has samples; *b sums them up, [*from, *to) are their indices. */
static bool walk_next(struct walk *w, struct bucket *b, size_t *from, size_t *to)
{
	while (w->next < w->end && w->column + 1 < w->columns) {
		w->column++;
		double here = chart_dot_x(w->f, (double)w->c->step[w->next]) * w->scale;
		if (here > w->column + 0.5) /* skip what is empty */
			w->column = (int)lround(here) < w->columns ? (int)lround(here) : w->columns - 1;
		double edge = chart_step_at(w->f, (w->column + 0.5) / w->scale);
		size_t stop = w->column == w->columns - 1 ? w->end : curve_index(w->c, edge);
		stop = stop > w->end ? w->end : stop;
		if (stop <= w->next)
			continue;
		*from = w->next;
		*to = stop;
		w->next = stop;
		*b = curve_span(w->c, w->smooth, *from, *to);
		return true;
	}
	return false;
}

static const double *values(const struct walk *w)
{
	return w->smooth ? w->c->smooth : w->c->value;
}

static double first_finite(const double *v, size_t from, size_t to)
{
	while (from < to && !isfinite(v[from]))
		from++;
	return from < to ? v[from] : NAN;
}

static double last_finite(const double *v, size_t from, size_t to)
{
	while (to > from && !isfinite(v[to - 1]))
		to--;
	return to > from ? v[to - 1] : NAN;
}

static double cell_x(const struct chart_frame *f, struct pane p, const struct walk *w)
{
	return p.x + f->x + (w->column / w->scale + 0.5) / f->sx;
}

static double cell_y(const struct chart_frame *f, struct pane p, double v)
{
	return p.y + f->y + (chart_dot_y(f, v) + 0.5) / f->sy;
}

static void line_vector(const struct chart_frame *f, const struct chart_line *l, bool smooth, struct pane p)
{
	struct walk w = walk_start(f, l->curve, smooth, 4);
	struct shape *s = NULL;
	struct bucket b;
	for (size_t from, to; walk_next(&w, &b, &from, &to);) {
		if (!(b.min <= b.max)) {
			s = NULL; /* a gap */
			continue;
		}
		if (!s)
			s = canvas_shape(p.c, false, l->role);
		double x = cell_x(f, p, &w);
		shape_add(s, x, cell_y(f, p, first_finite(values(&w), from, to)));
		if (to - from > 2) {
			shape_add(s, x, cell_y(f, p, b.min));
			shape_add(s, x, cell_y(f, p, b.max));
		}
		if (to - from > 1)
			shape_add(s, x, cell_y(f, p, last_finite(values(&w), from, to)));
	}
}

/* The area between maxima (there) and minima (and back). */
static void band_vector(const struct chart_frame *f, const struct chart_line *l, struct pane p)
{
	struct shape *s = canvas_shape(p.c, true, l->role);
	struct walk w = walk_start(f, l->curve, false, 1);
	struct bucket b;
	for (size_t from, to; walk_next(&w, &b, &from, &to);)
		if (b.min <= b.max)
			shape_add(s, cell_x(f, p, &w), cell_y(f, p, b.max));
	size_t n = s ? s->n : 0;
	w = walk_start(f, l->curve, false, 1);
	for (size_t from, to; walk_next(&w, &b, &from, &to);)
		if (b.min <= b.max)
			shape_add(s, cell_x(f, p, &w), cell_y(f, p, b.min));
	for (size_t i = n, j = s ? s->n : 0; i + 1 < j; i++, j--) { /* turn the way back round */
		float x = s->xy[2 * i], y = s->xy[2 * i + 1];
		s->xy[2 * i] = s->xy[2 * j - 2];
		s->xy[2 * i + 1] = s->xy[2 * j - 1];
		s->xy[2 * j - 2] = x;
		s->xy[2 * j - 1] = y;
	}
}

void chart_band(const struct chart_frame *f, const struct chart_line *l, struct pane p)
{
	if (p.c->caps.vector) {
		band_vector(f, l, p);
		return;
	}
	struct walk w = walk_start(f, l->curve, false, 1);
	struct bucket b;
	for (size_t from, to; walk_next(&w, &b, &from, &to);)
		if (b.min <= b.max)
			put_vertical(f, p, w.column, dot_row(f, b.min), dot_row(f, b.max),
				(struct style){ROLE_DIM, ROLE_TEXT, ATTR_DIM});
}

void chart_line(const struct chart_frame *f, const struct chart_line *l, bool smooth, struct pane p)
{
	if (p.c->caps.vector) {
		line_vector(f, l, smooth, p);
		return;
	}
	struct walk w = walk_start(f, l->curve, smooth, 1);
	struct bucket b;
	struct style st = STYLE(l->role);
	int px = -1, py = 0;
	for (size_t from, to; walk_next(&w, &b, &from, &to);) {
		if (!(b.min <= b.max)) {
			px = -1;
			continue;
		}
		int y = dot_row(f, first_finite(values(&w), from, to));
		if (px >= 0)
			put_segment(f, p, px, py, w.column, y, st);
		put_vertical(f, p, w.column, dot_row(f, b.min), dot_row(f, b.max), st);
		px = w.column;
		py = dot_row(f, last_finite(values(&w), from, to));
	}
}

void chart_ends(const struct chart_frame *f, const struct chart_line *l, bool smooth, struct pane p)
{
	struct walk w = walk_start(f, l->curve, false, 1);
	struct bucket b;
	int x = -1, y = 0;
	for (size_t from, to; walk_next(&w, &b, &from, &to);) {
		if (b.bad > 0)
			pane_put(p, f->x + w.column / f->sx, f->y + f->h - 1, 'x', STYLE_BOLD(ROLE_BAD));
		double v = last_finite(smooth ? l->curve->smooth : l->curve->value, from, to);
		if (isfinite(v)) {
			x = f->x + w.column / f->sx;
			y = f->y + dot_row(f, v) / f->sy;
		}
	}
	if (x >= 0 && l->letter)
		pane_put(p, x + 1 < f->x + f->w ? x + 1 : x, y, (uint32_t)l->letter, STYLE_BOLD(l->role));
}
