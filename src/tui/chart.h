/* A line chart that knows no domain: curves over steps, in braille dots, ASCII thirds, or real lines (vector mode).
 *
 * Each dot column shows the exact min..max of the samples that fall into it, joined to its neighbours; with smoothing the
 * smoothed curve is drawn over the dim band of the raw one.  Columns with NaN or infinite samples carry an `x` on the floor of
 * the plot.  Every line ends in its letter, so that lines are told apart without colour. */
#ifndef GUSTO_TUI_CHART_H
#define GUSTO_TUI_CHART_H

#include "tui/canvas.h"
#include "tui/curve.h"

enum { CHART_LINES = 8 };

struct chart_line {
	const struct curve *curve;
	uint8_t role;
	char letter;
};

struct chart_mark {
	double x;
	char label[8];
};

struct chart {
	const char *title, *note;
	struct chart_line line[CHART_LINES];
	int nlines;
	double x0, x1; /* the window, in steps */
	double x_unit; /* steps per unit of the axis: 1, or steps per epoch */
	const char *x_name;
	bool log_x, log_y, smooth, band, focused;
	const struct chart_mark *mark;
	size_t nmarks;
	double cursor; /* a step, or NaN */
};

/* Where things are: the plot rectangle in cells of the pane, and the domain. */
struct chart_frame {
	int x, y, w, h; /* plot; w = 0: too small to plot */
	int sx, sy;	/* dots per cell */
	double x0, x1, y0, y1;
	bool log_x, log_y;
};
void chart_layout(const struct chart *ch, struct pane p, struct chart_frame *f);
/* Dot coordinates (not rounded) of a sample, from the plot's upper left. */
double chart_dot_x(const struct chart_frame *f, double step);
double chart_dot_y(const struct chart_frame *f, double value);

void chart_draw(const struct chart *ch, struct pane p);

/* The next bound of a growing axis: jumps of a third at most, so that a live chart is seldom laid out anew. */
double chart_grow(double x);

#endif
