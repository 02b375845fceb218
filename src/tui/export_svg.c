/* Cells become rectangles, text runs and strokes; curves are polylines and polygons in real coordinates.  Frames, blocks and
 * braille are drawn, not typeset, so that the picture does not depend on a font's glyphs. */
#include "tui/export.h"
#include "tui/text.h"

static const double cell_w = 8.43, cell_h = 17, font = 14, margin = 10;

static void rgb(struct str *out, const char *attr, uint32_t c)
{
	str_printf(out, " %s=\"#%06x\"", attr, (unsigned)c);
}

static uint32_t background_of(struct style st)
{
	return st.attr & ATTR_REVERSE ? theme_rgb(st.fg, 0) : theme_rgb(st.bg, 1);
}

static uint32_t ink_of(struct style st)
{
	if (st.attr & ATTR_REVERSE)
		return theme_rgb(ROLE_TEXT, 1);
	if (st.bg >= ROLE_HEAT + 10 && st.fg == ROLE_TEXT)
		return 0x101010;
	return theme_rgb(st.fg, 0);
}

static void backgrounds(const struct canvas *c, struct str *out)
{
	for (int y = 0; y < c->h; y++)
		for (int x = 0, end; x < c->w; x = end) {
			const struct cell *row = &c->cell[(size_t)y * (size_t)c->w];
			uint32_t bg = background_of(row[x].st);
			for (end = x + 1; end < c->w && background_of(row[end].st) == bg; end++)
				;
			if (bg == theme_rgb(ROLE_TEXT, 1))
				continue;
			str_printf(out, "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\"",
				margin + x * cell_w, margin + y * cell_h, (end - x) * cell_w + 0.2, cell_h + 0.2);
			rgb(out, "fill", bg);
			str_puts(out, "/>\n");
		}
}

static void shapes(const struct canvas *c, struct str *out)
{
	for (size_t i = 0; i < c->nshapes; i++) {
		const struct shape *s = &c->shape[i];
		if (s->n == 0)
			continue;
		str_puts(out, s->area ? "<polygon" : "<polyline");
		rgb(out, s->area ? "fill" : "stroke", theme_rgb(s->role, 0));
		str_puts(out, s->area ? " fill-opacity=\"0.18\""
				      : " fill=\"none\" stroke-width=\"1.6\" stroke-linejoin=\"round\"");
		str_puts(out, " points=\"");
		for (size_t k = 0; k < s->n; k++)
			str_printf(
				out, "%.1f,%.1f ", margin + s->xy[2 * k] * cell_w, margin + s->xy[2 * k + 1] * cell_h);
		str_puts(out, "\"/>\n");
		if (s->n == 1 && !s->area)
			str_printf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"2.5\" fill=\"#%06x\"/>\n",
				margin + s->xy[0] * cell_w, margin + s->xy[1] * cell_h,
				(unsigned)theme_rgb(s->role, 0));
	}
}

/* Arms of a box-drawing character: 1 left, 2 right, 4 up, 8 down; 0: not one. */
static int box_arms(uint32_t ch)
{
	switch (ch) {
	case 0x2500:
		return 1 | 2;
	case 0x2502:
	case 0x250a:
		return 4 | 8;
	case 0x256d:
		return 2 | 8;
	case 0x256e:
		return 1 | 8;
	case 0x256f:
		return 1 | 4;
	case 0x2570:
		return 2 | 4;
	case 0x2524:
		return 1 | 4 | 8;
	case 0x252c:
		return 1 | 2 | 8;
	default:
		return 0;
	}
}

static void box(struct str *out, double x, double y, uint32_t ch, uint32_t ink)
{
	int arms = box_arms(ch);
	double cx = x + cell_w / 2, cy = y + cell_h / 2;
	str_puts(out, "<path fill=\"none\" d=\"");
	if (ch >= 0x256d && ch <= 0x2570) /* a rounded corner: from one arm's end to the other's */
		str_printf(out, "M%.2f %.2fQ%.2f %.2f %.2f %.2f", arms & 1 ? x : x + cell_w, cy, cx, cy, cx,
			arms & 4 ? y : y + cell_h);
	else {
		if (arms & 3)
			str_printf(out, "M%.2f %.2fH%.2f", arms & 1 ? x : cx, cy, arms & 2 ? x + cell_w : cx);
		if (arms & 12)
			str_printf(out, "M%.2f %.2fV%.2f", cx, arms & 4 ? y : cy, arms & 8 ? y + cell_h : cy);
	}
	str_printf(out, "\"%s", ch == 0x250a ? " stroke-dasharray=\"3 3\"" : "");
	rgb(out, "stroke", ink);
	str_puts(out, "/>\n");
}

static void rect(struct str *out, double x, double y, double w, double h, uint32_t ink)
{
	str_printf(out, "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\"", x, y, w, h);
	rgb(out, "fill", ink);
	str_puts(out, "/>\n");
}

/* Block elements and braille; false for any other character. */
static bool drawn(struct str *out, double x, double y, uint32_t ch, uint32_t ink)
{
	if (ch >= 0x2581 && ch <= 0x2588) {
		double h = cell_h * (ch - 0x2580) / 8;
		rect(out, x, y + cell_h - h, cell_w, h, ink);
	} else if (ch >= 0x2589 && ch <= 0x258f) {
		rect(out, x, y + 3, cell_w * (0x2590 - ch) / 8, cell_h - 6, ink);
	} else if (ch == 0x2590) {
		rect(out, x + cell_w - 2, y, 2, cell_h, ink);
	} else if (ch >= 0x2800 && ch < 0x2900) {
		static const uint8_t bit[8][2] = {{0, 0}, {0, 1}, {0, 2}, {1, 0}, {1, 1}, {1, 2}, {0, 3}, {1, 3}};
		for (int i = 0; i < 8; i++)
			if (ch >> i & 1)
				str_printf(out, "<circle cx=\"%.2f\" cy=\"%.2f\" r=\"1.2\" fill=\"#%06x\"/>\n",
					x + (bit[i][0] + 0.5) * cell_w / 2, y + (bit[i][1] + 0.5) * cell_h / 4,
					(unsigned)ink);
	} else if (box_arms(ch)) {
		box(out, x, y, ch, ink);
	} else {
		return false;
	}
	return true;
}

static void escaped(struct str *out, uint32_t ch)
{
	char bytes[4];
	if (ch == '<')
		str_puts(out, "&lt;");
	else if (ch == '>')
		str_puts(out, "&gt;");
	else if (ch == '&')
		str_puts(out, "&amp;");
	else
		str_add(out, bytes, text_encode(ch, bytes));
}

static bool is_drawn(uint32_t ch)
{
	return (ch >= 0x2581 && ch <= 0x2590) || (ch >= 0x2800 && ch < 0x2900) || box_arms(ch);
}

/* A run of cells of one style as one text element, stretched to its columns. */
static int text_run(const struct cell *row, int x, int w, double y, struct str *out)
{
	int end = x, last = x;
	while (end < w && row[end].ch != 0 && !is_drawn(row[end].ch) && text_char_width(row[end].ch) == 1 &&
		ink_of(row[end].st) == ink_of(row[x].st) && row[end].st.attr == row[x].st.attr && end - last < 2) {
		if (row[end].ch != ' ')
			last = end + 1;
		end++;
	}
	if (last == x) { /* a wide character, alone */
		if (row[x].ch == 0 || row[x].ch == ' ' || is_drawn(row[x].ch))
			return x + 1;
		last = x + 1;
	}
	str_printf(out, "<text x=\"%.2f\" y=\"%.2f\" textLength=\"%.2f\"", margin + x * cell_w, y + cell_h - 4.5,
		(last - x) * cell_w * (text_char_width(row[x].ch) == 2 ? 2 : 1));
	rgb(out, "fill", ink_of(row[x].st));
	if (row[x].st.attr & ATTR_BOLD)
		str_puts(out, " font-weight=\"bold\"");
	str_putc(out, '>');
	for (int i = x; i < last; i++)
		escaped(out, row[i].ch);
	str_puts(out, "</text>\n");
	return last;
}

static void characters(const struct canvas *c, struct str *out)
{
	for (int y = 0; y < c->h; y++) {
		const struct cell *row = &c->cell[(size_t)y * (size_t)c->w];
		double top = margin + y * cell_h;
		for (int x = 0; x < c->w;) {
			if (row[x].ch == ' ' || row[x].ch == 0)
				x++;
			else if (drawn(out, margin + x * cell_w, top, row[x].ch, ink_of(row[x].st)))
				x++;
			else
				x = text_run(row, x, c->w, top, out);
		}
	}
}

void export_svg(const struct canvas *c, struct str *out)
{
	double w = c->w * cell_w + 2 * margin, h = c->h * cell_h + 2 * margin;
	str_printf(out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" viewBox=\"0 0 %.1f %.1f\">\n",
		w, h, w, h);
	str_printf(out, "<rect width=\"100%%\" height=\"100%%\" rx=\"8\" fill=\"#%06x\"/>\n",
		(unsigned)theme_rgb(ROLE_TEXT, 1));
	str_printf(out,
		"<g font-family=\"DejaVu Sans Mono, Menlo, Consolas, monospace\" font-size=\"%.0f\" "
		"xml:space=\"preserve\">\n",
		font);
	backgrounds(c, out);
	shapes(c, out);
	characters(c, out);
	str_puts(out, "</g>\n</svg>\n");
}
