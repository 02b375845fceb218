#include "tui/heatmap.h"

#include "tui/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char ramp[] = " .:-=+*#%@";

struct grid {
	int label_w, cell_w, head_h;
	int row0, col0, rows, cols; /* the part that is shown */
};

static int limit(int v, int lo, int hi)
{
	return v < lo ? lo : v > hi ? hi : v;
}

/* The window of `shown` out of n that has the cursor in it, else ends with the last. */
static int window_start(int n, int shown, int cursor)
{
	int start = n - shown;
	if (cursor >= 0 && cursor < start)
		start = cursor;
	return start < 0 ? 0 : start;
}

static struct grid layout(const struct heatmap *m, struct pane p)
{
	struct grid g = {0};
	if (m->row_label && p.w >= 24)
		for (int i = 0; i < m->rows; i++)
			g.label_w = limit(text_width(m->row_label[i]) + 1, g.label_w, p.w / 3 > 28 ? 28 : p.w / 3);
	int room = p.w - g.label_w;
	g.cell_w = limit(m->cols > 0 ? room / m->cols : 1, room / 2 >= 16 ? 2 : 1, 7);
	g.cols = limit(room / g.cell_w, 0, m->cols);
	int spare = p.h - m->rows;
	if (m->col_label && p.h >= 8)
		g.head_h = g.cell_w >= 7 ? 1 : limit(spare > p.h / 4 ? spare : p.h / 4, 3, 10);
	g.rows = limit(p.h - g.head_h, 0, m->rows);
	g.row0 = window_start(m->rows, g.rows, m->cur_row);
	g.col0 = window_start(m->cols, g.cols, m->cur_col);
	return g;
}

static void column_label(struct pane p, int x, const struct grid *g, const char *text, struct style st)
{
	if (g->head_h == 1) {
		pane_text(p, x, 0, g->cell_w - 1, st, text);
		return;
	}
	/* written downwards; a parenthesis that would be cut is left out */
	const char *stop = text_width(text) > g->head_h ? strstr(text, " (") : NULL;
	int y = 0;
	for (const char *s = text; *s && s != stop && y < g->head_h;) {
		uint32_t cp = text_next(&s);
		if (text_char_width(cp) == 1 && (cp != ' ' || y > 0))
			pane_put(p, x + (g->cell_w - 1) / 2, y++, cp, st);
	}
}

static void cell(const struct heatmap *m, const struct grid *g, struct pane p, int r, int c, int x, int y)
{
	double v = m->v[(size_t)r * (size_t)m->cols + (size_t)c];
	double t = m->scale > 0 ? v / m->scale : 0;
	bool here = r == m->cur_row && c == m->cur_col, masked = (m->lower && c > r) || !isfinite(v);
	bool colour = p.c->caps.colours == COLOURS_256 || p.c->caps.vector;
	char number[16] = "";
	if (!masked && g->cell_w >= 5)
		snprintf(number, sizeof number, "%.*f", g->cell_w >= 6 ? 3 : 2, v);
	for (int i = 0; i < g->cell_w; i++) {
		struct style st = STYLE(ROLE_TEXT);
		uint32_t ch = ' ';
		bool gap = i == g->cell_w - 1 && g->cell_w > 2; /* between characters; colours touch */
		if (masked)
			ch = i == (g->cell_w - 1) / 2 ? (p.c->caps.glyphs == GLYPHS_ASCII ? ' ' : 0xb7) : ' ',
			st.fg = ROLE_DIM;
		else if (colour)
			st.bg = theme_heat(t);
		else if (!gap || here)
			ch = (uint32_t)ramp[!(t > 0) ? 0 : t >= 1 ? 9 : (int)(t * 10)];
		if (here)
			st.attr = ATTR_BOLD | (colour ? ATTR_UNDERLINE : ATTR_REVERSE);
		pane_put(p, x + i, y, ch, st);
	}
	if (number[0])
		pane_text(p, x + 1, y, g->cell_w - 1, colour ? STYLE(ROLE_TEXT) : STYLE_BOLD(ROLE_TEXT),
			number[0] == '0' ? number + 1 : number);
	if (here) {
		bool ascii = p.c->caps.glyphs == GLYPHS_ASCII;
		if (g->cell_w >= 2) {
			pane_put(p, x, y, ascii ? '[' : 0x2590, STYLE_BOLD(ROLE_TITLE));
			pane_put(p, x + g->cell_w - 1, y, ascii ? ']' : 0x258c, STYLE_BOLD(ROLE_TITLE));
		}
		pane_cursor(p, x, y);
	}
}

void heatmap_draw(const struct heatmap *m, struct pane p)
{
	struct grid g = layout(m, p);
	for (int c = 0; c < g.cols && g.head_h; c++) {
		int at = g.col0 + c;
		column_label(p, g.label_w + c * g.cell_w, &g, m->col_label[at],
			at == m->cur_col ? STYLE_BOLD(ROLE_TITLE) : STYLE(ROLE_DIM));
	}
	for (int r = 0; r < g.rows; r++) {
		int at = g.row0 + r, y = g.head_h + r;
		if (g.label_w)
			pane_text(p, 0, y, g.label_w - 1, at == m->cur_row ? STYLE_BOLD(ROLE_TITLE) : STYLE(ROLE_TEXT),
				m->row_label[at]);
		for (int c = 0; c < g.cols; c++)
			cell(m, &g, p, at, g.col0 + c, g.label_w + c * g.cell_w, y);
	}
}

int heatmap_legend(struct pane p, int x, int y, double scale)
{
	char buf[32];
	int at = x;
	at += pane_text(p, at, y, 3, STYLE(ROLE_DIM), "0 ");
	bool colour = p.c->caps.colours == COLOURS_256 || p.c->caps.vector;
	for (int i = 0; i < (colour ? THEME_HEAT : 10); i++) {
		struct style st = STYLE(ROLE_TEXT);
		if (colour)
			st.bg = (uint8_t)(ROLE_HEAT + i);
		pane_put(p, at++, y, colour ? ' ' : (uint32_t)ramp[i], st);
	}
	at += 1;
	at += pane_text(p, at, y, 8, STYLE(ROLE_DIM), num_short(buf, sizeof buf, scale));
	return at - x;
}
