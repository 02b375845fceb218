/* A heat map with titles on both axes: rows of values in 0..scale, one cell of one to six columns each.  A cell's
 * level is a background colour and, where it is wide enough, the number itself; without colour it is a character of a ramp. */
#ifndef GUSTO_TUI_HEATMAP_H
#define GUSTO_TUI_HEATMAP_H

#include "tui/canvas.h"

struct heatmap {
	const double *v; /* [rows, cols], row-major; NaN: nothing there */
	int rows, cols;
	const char *const *row_label, *const *col_label; /* NULL: none */
	double scale;					 /* the value of the hottest level */
	bool lower;					 /* only columns <= row mean anything (causal) */
	int cur_row, cur_col;				 /* -1: no cursor */
};
void heatmap_draw(const struct heatmap *m, struct pane p);
/* One line: what the levels mean. */
int heatmap_legend(struct pane p, int x, int y, double scale);

#endif
