/* Columns of a table: fixed widths, of which those marked `grow` share what is left; when the pane is narrow, columns fall away
 * from the one with the highest `rank` on. */
#ifndef GUSTO_TUI_TABLE_H
#define GUSTO_TUI_TABLE_H

#include "tui/canvas.h"

enum { TABLE_COLUMNS = 12 };
struct table_column {
	const char *title;
	int width, rank; /* rank 0 never falls away */
	bool right, grow;
};
struct table {
	const struct table_column *column;
	int n;
	int x[TABLE_COLUMNS], w[TABLE_COLUMNS]; /* w = 0: not shown */
};
struct table table_layout(const struct table_column *column, int n, int width);
void table_header(const struct table *t, struct pane p, int y, int sorted);
void table_cell(const struct table *t, struct pane p, int y, int column, struct style st, const char *text);

/* The first row to show so that `selected` is among `room` of n rows. */
int table_scroll(int n, int room, int selected);

#endif
