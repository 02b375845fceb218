#include "tui/canvas.h"

#include "base/mem.h"
#include "tui/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static int clip(int v, int lo, int hi)
{
	return v < lo ? lo : v > hi ? hi : v;
}

bool canvas_resize(struct canvas *c, int w, int h)
{
	w = clip(w, 0, CANVAS_MAX);
	h = clip(h, 0, CANVAS_MAX);
	bool fits = mem_grow(&c->cell, &c->cap, (size_t)w * (size_t)h, sizeof *c->cell);
	c->w = fits ? w : 0;
	c->h = fits ? h : 0;
	canvas_clear(c);
	return fits;
}

void canvas_clear(struct canvas *c)
{
	for (size_t i = 0; i < (size_t)c->w * (size_t)c->h; i++)
		c->cell[i] = (struct cell){' ', STYLE(ROLE_TEXT)};
	for (size_t i = 0; i < c->nshapes; i++)
		mem_free(c->shape[i].xy);
	c->nshapes = 0;
	c->cursor_x = c->cursor_y = -1;
}

void canvas_free(struct canvas *c)
{
	canvas_clear(c);
	mem_free(c->cell);
	mem_free(c->shape);
	*c = (struct canvas){0};
}

struct pane canvas_pane(struct canvas *c)
{
	return (struct pane){c, 0, 0, c->w, c->h};
}

struct pane pane_sub(struct pane p, int x, int y, int w, int h)
{
	int x0 = clip(x, 0, p.w), y0 = clip(y, 0, p.h);
	int x1 = clip(x + (w < 0 ? 0 : w), x0, p.w), y1 = clip(y + (h < 0 ? 0 : h), y0, p.h);
	return (struct pane){p.c, p.x + x0, p.y + y0, x1 - x0, y1 - y0};
}

struct cell *pane_cell(struct pane p, int x, int y)
{
	if (x < 0 || y < 0 || x >= p.w || y >= p.h)
		return NULL;
	return &p.c->cell[(size_t)(p.y + y) * (size_t)p.c->w + (size_t)(p.x + x)];
}

void pane_put(struct pane p, int x, int y, uint32_t ch, struct style st)
{
	struct cell *c = pane_cell(p, x, y);
	if (!c)
		return;
	if (ch >= 0x80 && p.c->caps.glyphs == GLYPHS_ASCII)
		ch = text_ascii(ch);
	int width = text_char_width(ch);
	if (width == 0)
		ch = ' ';
	if (width == 2 && !pane_cell(p, x + 1, y))
		ch = ' ', width = 1;
	if (st.bg == ROLE_TEXT)
		st.bg = c->st.bg; /* text keeps the background that is there */
	*c = (struct cell){ch, st};
	if (width == 2)
		c[1] = (struct cell){0, st};
}

int pane_text(struct pane p, int x, int y, int max, struct style st, const char *text)
{
	bool ascii = p.c->caps.glyphs == GLYPHS_ASCII;
	int room = p.w - x < max ? p.w - x : max, used = 0, total = 0;
	if (room <= 0 || !text)
		return 0;
	for (const char *s = text; *s && total <= room;) {
		uint32_t cp = text_next(&s);
		int width = text_char_width(cp);
		total += ascii && width ? 1 : width;
	}
	bool cut = total > room;
	for (const char *s = text; *s;) {
		uint32_t cp = text_next(&s);
		int width = text_char_width(cp);
		if (width == 0)
			continue;
		width = ascii ? 1 : width;
		if (used + width > room - (cut ? 1 : 0))
			break;
		pane_put(p, x + used, y, ascii ? text_ascii(cp) : cp, st);
		used += width;
	}
	if (cut)
		pane_put(p, x + used++, y, ascii ? '~' : 0x2026, st);
	return used;
}

int pane_printf(struct pane p, int x, int y, struct style st, const char *fmt, ...)
{
	char buf[1024];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(buf, sizeof buf, fmt, ap);
	va_end(ap);
	return pane_text(p, x, y, p.w, st, buf);
}

int pane_right(struct pane p, int right, int y, struct style st, const char *text)
{
	int w = text_width(text);
	return pane_text(p, right - w < 0 ? 0 : right - w, y, right, st, text);
}

void pane_fill(struct pane p, uint32_t ch, struct style st)
{
	for (int y = 0; y < p.h; y++)
		for (int x = 0; x < p.w; x++)
			*pane_cell(p, x, y) = (struct cell){ch, st};
}

void pane_background(struct pane p, int y, uint8_t role)
{
	for (int x = 0; x < p.w; x++) {
		struct cell *c = pane_cell(p, x, y);
		if (c)
			c->st.bg = role;
	}
}

void pane_cursor(struct pane p, int x, int y)
{
	if (pane_cell(p, x, y)) {
		p.c->cursor_x = p.x + x;
		p.c->cursor_y = p.y + y;
	}
}

/* The note of a frame, from column `at` on; it is made of parts parted by two spaces, of which the last ones fall away. */
static void frame_note(struct pane p, int at, const char *note, struct style edge)
{
	char buf[128];
	snprintf(buf, sizeof buf, "%s", note);
	while (at + text_width(buf) + 4 > p.w) {
		char *last = NULL;
		for (char *cut = strstr(buf, "  "); cut; cut = strstr(cut + 2, "  "))
			last = cut;
		if (!last)
			return;
		*last = '\0';
	}
	int w = text_width(buf);
	pane_put(p, p.w - w - 3, 0, ' ', edge);
	pane_text(p, p.w - w - 2, 0, w, STYLE(ROLE_DIM), buf);
	pane_put(p, p.w - 2, 0, ' ', edge);
}

struct pane pane_frame(struct pane p, const char *title, const char *note, bool focused)
{
	bool ascii = p.c->caps.glyphs == GLYPHS_ASCII;
	struct style edge = STYLE(focused ? ROLE_ACCENT : ROLE_DIM);
	uint32_t h = ascii ? '-' : 0x2500, v = ascii ? '|' : 0x2502;
	if (p.w < 2 || p.h < 2)
		return pane_sub(p, 0, 0, p.w, p.h);
	for (int x = 1; x < p.w - 1; x++) {
		pane_put(p, x, 0, h, edge);
		pane_put(p, x, p.h - 1, h, edge);
	}
	for (int y = 1; y < p.h - 1; y++) {
		pane_put(p, 0, y, v, edge);
		pane_put(p, p.w - 1, y, v, edge);
	}
	pane_put(p, 0, 0, ascii ? '+' : 0x256d, edge);
	pane_put(p, p.w - 1, 0, ascii ? '+' : 0x256e, edge);
	pane_put(p, 0, p.h - 1, ascii ? '+' : 0x2570, edge);
	pane_put(p, p.w - 1, p.h - 1, ascii ? '+' : 0x256f, edge);
	int at = 2;
	if (title && *title && p.w > 6) {
		pane_put(p, 1, 0, ' ', edge);
		at += pane_text(p, 2, 0, p.w - 5, focused ? STYLE_BOLD(ROLE_TITLE) : STYLE(ROLE_TITLE), title);
		pane_put(p, at++, 0, ' ', edge);
	}
	if (note && *note)
		frame_note(p, at, note, edge);
	return pane_sub(p, 1, 1, p.w - 2, p.h - 2);
}

int pane_keys(struct pane p, int x, int y, const char *text)
{
	int x0 = x;
	bool key = false;
	for (const char *s = text; *s && x < p.w;) {
		if (*s == '*' && s[1] == '*') {
			s++; /* "**" is an asterisk */
		} else if (*s == '*') {
			key = !key;
			s++;
			continue;
		}
		uint32_t cp = text_next(&s);
		pane_put(p, x, y, cp, key ? STYLE_BOLD(ROLE_ACCENT) : STYLE(ROLE_DIM));
		x += text_char_width(cp);
	}
	return x - x0;
}

void pane_bar(struct pane p, int x, int y, int w, double v, uint8_t role)
{
	v = !isfinite(v) ? 0 : fabs(v) > 1 ? 1 : fabs(v);
	if (p.c->caps.glyphs == GLYPHS_ASCII) {
		int n = (int)lround(v * w);
		for (int i = 0; i < n; i++)
			pane_put(p, x + i, y, '#', STYLE(role));
		return;
	}
	int eighths = (int)lround(v * w * 8);
	for (int i = 0; i < w && eighths > 0; i++, eighths -= 8)
		pane_put(p, x + i, y, eighths >= 8 ? 0x2588 : (uint32_t)(0x2590 - eighths), STYLE(role));
}

void pane_spark(struct pane p, int x, int y, int w, const double *v, size_t n, uint8_t role)
{
	static const char ramp[] = "_.-:=+*#";
	double lo = INFINITY, hi = -INFINITY;
	for (size_t i = 0; i < n; i++)
		if (isfinite(v[i])) {
			lo = fmin(lo, v[i]);
			hi = fmax(hi, v[i]);
		}
	for (int c = 0; c < w && n > 0; c++) {
		size_t i = w > 1 ? (size_t)((double)c * (double)(n - 1) / (w - 1) + 0.5) : n - 1;
		if (!isfinite(v[i]))
			continue;
		int level = hi > lo ? (int)((v[i] - lo) / (hi - lo) * 7.999) : 3;
		uint32_t ch = p.c->caps.glyphs == GLYPHS_ASCII ? (uint32_t)ramp[level] : (uint32_t)(0x2581 + level);
		pane_put(p, x + c, y, ch, STYLE(role));
	}
}

struct shape *canvas_shape(struct canvas *c, bool area, uint8_t role)
{
	if (!mem_grow(&c->shape, &c->shapes_cap, c->nshapes + 1, sizeof *c->shape))
		return NULL;
	struct shape *s = &c->shape[c->nshapes++];
	*s = (struct shape){.area = area, .role = role};
	return s;
}

void shape_add(struct shape *s, double x, double y)
{
	if (!s || !mem_grow(&s->xy, &s->cap, 2 * (s->n + 1), sizeof *s->xy))
		return;
	s->xy[2 * s->n] = (float)x;
	s->xy[2 * s->n + 1] = (float)y;
	s->n++;
}
