/* The dots of one line of a chart.  Private to chart.c. */
#ifndef GUSTO_TUI_CHART_LINE_H
#define GUSTO_TUI_CHART_LINE_H

#include "tui/chart.h"

double chart_step_at(const struct chart_frame *f, double dot); /* inverse of chart_dot_x */
void chart_band(
	const struct chart_frame *f, const struct chart_line *l, struct pane p); /* min..max of the raw samples */
void chart_line(const struct chart_frame *f, const struct chart_line *l, bool smooth, struct pane p);
void chart_ends(
	const struct chart_frame *f, const struct chart_line *l, bool smooth, struct pane p); /* letter, NaN marks */

#endif
