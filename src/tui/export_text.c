#include "tui/export.h"
#include "tui/text.h"

#include <string.h>

static void sgr(struct str *out, struct resolved r, enum colours colours)
{
	str_puts(out, "\x1b[0");
	static const struct {
		uint8_t attr;
		const char *code;
	} attrs[] = {{ATTR_BOLD, ";1"}, {ATTR_DIM, ";2"}, {ATTR_UNDERLINE, ";4"}, {ATTR_REVERSE, ";7"}};
	for (size_t i = 0; i < sizeof attrs / sizeof *attrs; i++)
		if (r.attr & attrs[i].attr)
			str_puts(out, attrs[i].code);
	if (r.fg >= 0)
		str_printf(out, colours == COLOURS_256 ? ";38;5;%d" : ";3%d", r.fg);
	if (r.bg >= 0)
		str_printf(out, colours == COLOURS_256 ? ";48;5;%d" : ";4%d", r.bg);
	str_putc(out, 'm');
}

static bool same(struct resolved a, struct resolved b)
{
	return a.fg == b.fg && a.bg == b.bg && a.attr == b.attr;
}

static bool blank(const struct cell *c, enum colours colours)
{
	return c->ch == ' ' && (colours == COLOURS_NONE || (c->st.bg == ROLE_TEXT && !(c->st.attr & ATTR_REVERSE)));
}

void export_text(const struct canvas *c, enum colours colours, struct str *out)
{
	const struct resolved plain = {-1, -1, 0};
	for (int y = 0; y < c->h; y++) {
		const struct cell *row = &c->cell[(size_t)y * (size_t)c->w];
		struct resolved now = plain;
		int end = c->w;
		while (end > 0 && blank(&row[end - 1], colours))
			end--;
		for (int x = 0; x < end; x++) {
			char bytes[4];
			if (row[x].ch == 0 && x > 0 && text_char_width(row[x - 1].ch) == 2)
				continue;
			struct resolved r = colours == COLOURS_NONE ? plain : theme_resolve(row[x].st, colours);
			if (!same(r, now))
				sgr(out, now = r, colours);
			str_add(out, bytes, text_encode(row[x].ch ? row[x].ch : ' ', bytes));
		}
		if (!same(now, plain))
			str_puts(out, "\x1b[0m");
		str_putc(out, '\n');
	}
}
