/* The key table as a page, and a card that shows whether glyphs and colours arrive. */
#include "tui/text.h"
#include "tui/ui.h"

#include <stdio.h>
#include <string.h>

struct help {
	int first;
};

static const char *const about[] = {
	"Letters at line ends name runs. T1, T2 .. mark tweaks. x on a chart's floor marks NaN or infinity.",
	"Nothing is applied by moving: a knob is staged (- + or Enter), then sent (a); the answer names the step.",
	"Quitting, or killing this program, never touches a run.",
};

/* The keys of an action in a scope, as "j Down". */
static void keys_of(const struct key_row *rows, size_t n, size_t at, char *buf, size_t size)
{
	char name[16];
	size_t len = 0;
	buf[0] = '\0';
	for (size_t i = at; i < n; i++)
		if (rows[i].scope == rows[at].scope && rows[i].action == rows[at].action && len < size)
			len += (size_t)snprintf(
				buf + len, size - len, "%s%s", len ? " " : "", keymap_name(rows[i].key, name));
}

static bool first_of_action(const struct key_row *rows, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (rows[i].scope == rows[at].scope && rows[i].action == rows[at].action)
			return false;
	return true;
}

struct page {
	struct pane p;
	int y, first, lines; /* lines: in all */
};

static struct pane next_line(struct page *g)
{
	int y = g->lines++ - g->first;
	return pane_sub(g->p, 0, y < 0 ? g->p.h : y, g->p.w, 1);
}

static void card(const struct ui *ui, struct page *g)
{
	struct pane l = next_line(g);
	pane_text(l, 1, 0, 14, STYLE(ROLE_DIM), "glyphs");
	pane_text(l, 16, 0, l.w, STYLE(ROLE_TEXT),
		ui->caps.glyphs == GLYPHS_ASCII ? "ASCII .-':|   (~ switches to braille)"
						: "⠁⠃⠇⡇⣇⣧⣷⣿ ▁▂▃▄▅▆▇█ ╭─╮   (broken? ~ switches to ASCII)");
	l = next_line(g);
	pane_text(l, 1, 0, 14, STYLE(ROLE_DIM), "colours");
	for (int i = 0; i < THEME_SERIES; i++)
		pane_printf(l, 16 + 3 * i, 0, STYLE_BOLD(theme_series(i)), "%c", 'A' + i);
	for (int i = 0; i < THEME_HEAT; i++)
		pane_put(l, 42 + i, 0, ' ', (struct style){ROLE_TEXT, (uint8_t)(ROLE_HEAT + i), 0});
	next_line(g);
}

static int help_lines(const struct ui *ui, struct pane p, int first)
{
	struct page g = {p, 0, first, 0};
	size_t n;
	const struct key_row *rows = keymap_rows(&n);
	const char *filter = ui->filter[panel_index("help")];
	enum scope last = SCOPE_N;
	for (size_t i = 0; i < sizeof about / sizeof *about && !filter[0]; i++)
		pane_text(next_line(&g), 1, 0, p.w - 2, STYLE(ROLE_TEXT), about[i]);
	if (!filter[0]) {
		next_line(&g);
		card(ui, &g);
	}
	for (size_t i = 0; i < n; i++) {
		char keys[64];
		keys_of(rows, n, i, keys, sizeof keys);
		if (!first_of_action(rows, i) || (filter[0] && !text_contains(rows[i].help, filter)))
			continue;
		if (rows[i].scope != last) {
			if (last != SCOPE_N)
				next_line(&g);
			pane_text(next_line(&g), 1, 0, p.w, STYLE_BOLD(ROLE_TITLE), keymap_scope_name(rows[i].scope));
			last = rows[i].scope;
		}
		struct pane l = next_line(&g);
		pane_text(l, 2, 0, 13, STYLE_BOLD(ROLE_ACCENT), keys);
		pane_text(l, 16, 0, l.w - 17, STYLE(ROLE_TEXT), rows[i].help);
	}
	return g.lines;
}

static void help_draw(const void *self, const struct ui *ui, struct pane p)
{
	const struct help *s = self;
	struct pane in = pane_frame(p, "Help", "j k scroll, / filters", true);
	help_lines(ui, in, s->first);
	pane_cursor(in, 0, 0);
}

static bool help_act(void *self, struct ui *ui, enum action a)
{
	struct help *s = self;
	struct canvas none = {.caps = ui->caps};
	int n = help_lines(ui, canvas_pane(&none), 0);
	switch (a) {
	case ACT_UP:
	case ACT_PAGE_UP:
		s->first -= a == ACT_UP ? 1 : 12;
		break;
	case ACT_DOWN:
	case ACT_PAGE_DOWN:
		s->first += a == ACT_DOWN ? 1 : 12;
		break;
	case ACT_TOP:
		s->first = 0;
		break;
	case ACT_BOTTOM:
		s->first = n - 10;
		break;
	default:
		return false;
	}
	s->first = s->first > n - 5 ? n - 5 : s->first;
	s->first = s->first < 0 ? 0 : s->first;
	return true;
}

const struct panel_class panel_help = {
	.desc = {"help", "Help", "Every key of every view, from the table that dispatches them."},
	.tab = "?Help",
	.scope = SCOPE_HELP,
	.size = sizeof(struct help),
	.act = help_act,
	.draw = help_draw,
};
