/* A canvas of cells, and panes: rectangles of it that nothing drawn through them can leave.
 *
 * Every picture of the workbench is a canvas; the terminal, plain text, SVG and the tests read the same cells.  Where
 * caps.vector is set, curves are kept as lines and areas in cell coordinates beside the cells, so that an SVG holds real
 * geometry. */
#ifndef GUSTO_TUI_CANVAS_H
#define GUSTO_TUI_CANVAS_H

#include "tui/theme.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum glyphs { GLYPHS_ASCII = 0, GLYPHS_BRAILLE };

struct caps {
	enum glyphs glyphs;
	enum colours colours;
	bool vector;
};

struct cell {
	uint32_t ch; /* 0: the right half of a wide character */
	struct style st;
};

struct shape {
	bool area; /* filled, else stroked */
	uint8_t role;
	size_t n, cap;
	float *xy; /* n pairs, in cells */
};

struct canvas {
	int w, h;
	struct cell *cell;
	size_t cap;
	struct caps caps;
	int cursor_x, cursor_y; /* the hardware cursor: the focused cell; -1: nowhere */
	struct shape *shape;
	size_t nshapes, shapes_cap;
};

/* Makes it w x h (each clipped to 0..CANVAS_MAX) and blank; false where memory is short (it is then 0 x 0). */
enum { CANVAS_MAX = 1000 };
bool canvas_resize(struct canvas *c, int w, int h);
void canvas_clear(struct canvas *c);
void canvas_free(struct canvas *c);

struct pane {
	struct canvas *c;
	int x, y, w, h;
};
struct pane canvas_pane(struct canvas *c);
/* A part of a pane, clipped to it. */
struct pane pane_sub(struct pane p, int x, int y, int w, int h);

struct cell *pane_cell(struct pane p, int x, int y); /* NULL outside */
void pane_put(struct pane p, int x, int y, uint32_t ch, struct style st);
/* UTF-8 text from column x, at most `max` columns (cut with an ellipsis); returns the columns used. */
int pane_text(struct pane p, int x, int y, int max, struct style st, const char *text);
int pane_printf(struct pane p, int x, int y, struct style st, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
int pane_right(struct pane p, int right, int y, struct style st, const char *text); /* ends before column `right` */
void pane_fill(struct pane p, uint32_t ch, struct style st);
void pane_background(struct pane p, int y, uint8_t role); /* a row's background; keeps the text */
void pane_cursor(struct pane p, int x, int y);

/* A frame with a title in its upper edge and a note at the right of it; returns the inside. */
struct pane pane_frame(struct pane p, const char *title, const char *note, bool focused);

/* A line of `key` (accent) and plain words: "*Enter* open": text between asterisks is drawn as a key. */
int pane_keys(struct pane p, int x, int y, const char *text);

/* Horizontal bar of v in -1..1 from a zero column: eighth blocks or '#'. */
void pane_bar(struct pane p, int x, int y, int w, double v, uint8_t role);
/* The n values as one row of eight heights; NaN leaves a gap. */
void pane_spark(struct pane p, int x, int y, int w, const double *v, size_t n, uint8_t role);

/* In vector mode: opens a shape and adds points to it, in cells of the canvas. */
struct shape *canvas_shape(struct canvas *c, bool area, uint8_t role);
void shape_add(struct shape *s, double x, double y);

#endif
