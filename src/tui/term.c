/* Terminal descriptions: `foot`, `xterm-kitty` and the like are often not installed on a server, and initscr() would exit;
 * so the name is probed first and xterm-256color tried in its place.  Locale: without UTF-8, ncurses drops every character that it
 * cannot write, so charts are drawn in ASCII then. */
#include "tui/term.h"

#include "base/mem.h"
#include "tui/keymap.h"
#include "tui/text.h"
#include "tui/tui.h"

#include <curses.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <unistd.h>

struct terminal {
	SCREEN *screen;
	struct caps caps;
	short pair[ROLE_N][ROLE_N]; /* 0: not made yet */
	char restore[256];
	char *old_locale;
};

bool tui_possible(void)
{
	const char *name = getenv("TERM");
	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && name && *name && strcmp(name, "dumb") != 0 &&
	       strcmp(name, "unknown") != 0;
}

static bool utf8_now(void)
{
	return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

static bool is_set(const char *name)
{
	const char *v = getenv(name);
	return v && *v;
}

/* The locale of the environment; C.UTF-8 where it is not installed, or where nothing is said. */
static bool choose_locale(void)
{
	bool said = is_set("LC_ALL") || is_set("LC_CTYPE") || is_set("LANG");
	const char *name = getenv("TERM");
	bool old = name && (strncmp(name, "vt", 2) == 0 || strcmp(name, "linux") == 0);
	if (!setlocale(LC_CTYPE, "") || (!said && !old))
		setlocale(LC_CTYPE, "C.UTF-8");
	return utf8_now();
}

/* Whether this machine describes the terminal; what was read is given back, newterm reads it for itself. */
static bool described(const char *name)
{
	int rc;
	if (setupterm(name, STDOUT_FILENO, &rc) != OK)
		return false;
	del_curterm(cur_term);
	return true;
}

static const char *choose_name(struct term_facts *facts)
{
	static const char *const others[] = {"xterm-256color", "xterm", "vt100"};
	const char *name = getenv("TERM");
	if (described(name))
		return name;
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (described(others[i])) {
			snprintf(facts->notice, sizeof facts->notice,
				"the terminal \"%.40s\" is not described on this machine: taken for %s", name,
				others[i]);
			return others[i];
		}
	return NULL;
}

static enum colours choose_colours(bool no_color)
{
	if (no_color || is_set("NO_COLOR") || !has_colors())
		return COLOURS_NONE;
	start_color();
	use_default_colors();
	return COLORS >= 256 ? COLOURS_256 : COLORS >= 8 ? COLOURS_8 : COLOURS_NONE;
}

/* What leaves the alternate screen, shows the cursor and ends colours. */
static void restore_text(char *buf, size_t size)
{
	const char *parts[] = {exit_attribute_mode, cursor_normal, keypad_local, exit_ca_mode};
	size_t n = 0;
	buf[0] = '\0';
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		for (const char *s = parts[i]; s && *s && n + 1 < size; s++) {
			if (s[0] == '$' && s[1] == '<') /* padding */
				while (*s && *s != '>')
					s++;
			else
				buf[n++] = *s;
		}
	buf[n] = '\0';
}

enum err_code term_open(bool ascii, bool no_color, struct terminal **out, struct term_facts *facts, struct err *e)
{
	*facts = (struct term_facts){0};
	*out = NULL;
	if (!tui_possible())
		return err_set(e, ERR_STATE,
			"standard input and output are not a terminal that can show a screen (TERM=%s)",
			getenv("TERM") ? getenv("TERM") : "");
	struct terminal *t = mem_calloc(1, sizeof *t);
	if (!t)
		return err_set(e, ERR_NOMEM, "no memory for the terminal");
	t->old_locale = mem_strdup(setlocale(LC_CTYPE, NULL));
	facts->utf8 = choose_locale();
	term_crash_prepare();
	const char *name = choose_name(facts);
	t->screen = name ? newterm(name, stdout, stdin) : NULL;
	if (!t->screen) {
		mem_free(t->old_locale);
		mem_free(t);
		return err_set(e, ERR_STATE, "the terminal \"%s\" is not known here; set TERM, for example to xterm",
			getenv("TERM"));
	}
	set_term(t->screen);
	cbreak();
	noecho();
	nonl();
	nodelay(stdscr, TRUE);
	keypad(stdscr, TRUE);
	set_escdelay(25);
	curs_set(0);
	t->caps = (struct caps){facts->utf8 && !ascii ? GLYPHS_BRAILLE : GLYPHS_ASCII, choose_colours(no_color), false};
	facts->caps = t->caps;
	restore_text(t->restore, sizeof t->restore);
	term_crash_install(t->restore);
	*out = t;
	return OK;
}

void term_close(struct terminal *t)
{
	if (!t)
		return;
	term_crash_remove();
	curs_set(1);
	endwin();
	delscreen(t->screen);
	if (t->old_locale)
		setlocale(LC_CTYPE, t->old_locale);
	mem_free(t->old_locale);
	mem_free(t);
}

void term_size(struct terminal *t, int *w, int *h)
{
	struct winsize ws;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) == 0 && ws.ws_col > 0 && ws.ws_row > 0 &&
		(ws.ws_row != LINES || ws.ws_col != COLS))
		resizeterm(ws.ws_row, ws.ws_col);
	*w = COLS;
	*h = LINES;
}

static attr_t attributes(uint8_t a)
{
	return (a & ATTR_BOLD ? A_BOLD : 0) | (a & ATTR_REVERSE ? A_REVERSE : 0) |
	       (a & ATTR_UNDERLINE ? A_UNDERLINE : 0) | (a & ATTR_DIM ? A_DIM : 0);
}

static short pair_of(struct terminal *t, struct style st, struct resolved r)
{
	if (r.fg < 0 && r.bg < 0)
		return 0;
	short *slot = &t->pair[st.fg][st.bg];
	if (*slot == 0) {
		int p = alloc_pair(r.fg, r.bg);
		*slot = p > 0 && p < 32767 ? (short)p : 0;
	}
	return *slot;
}

static void put(struct terminal *t, int y, int x, const struct cell *c)
{
	struct resolved r = theme_resolve(c->st, t->caps.colours);
	wchar_t text[2] = {c->ch ? (wchar_t)c->ch : L' ', 0};
	cchar_t cc;
	short pair = t->caps.colours == COLOURS_NONE ? 0 : pair_of(t, c->st, r);
	if (setcchar(&cc, text, attributes(r.attr), pair, NULL) == OK)
		mvadd_wch(y, x, &cc);
}

void term_draw(struct terminal *t, const struct canvas *c, bool anew, bool typing)
{
	if (anew)
		clearok(curscr, TRUE);
	erase();
	for (int y = 0; y < c->h; y++) {
		const struct cell *row = &c->cell[(size_t)y * (size_t)c->w];
		for (int x = 0; x < c->w; x++)
			if (row[x].ch != 0 || x == 0 || text_char_width(row[x - 1].ch) != 2)
				put(t, y, x, &row[x]);
	}
	curs_set(typing ? 1 : 0);
	if (c->cursor_x >= 0)
		move(c->cursor_y, c->cursor_x);
	refresh();
}

static int special(wint_t k)
{
	static const struct {
		int curses, key;
	} keys[] = {{KEY_UP, TKEY_UP}, {KEY_DOWN, TKEY_DOWN}, {KEY_LEFT, TKEY_LEFT}, {KEY_RIGHT, TKEY_RIGHT},
		{KEY_HOME, TKEY_HOME}, {KEY_END, TKEY_END}, {KEY_PPAGE, TKEY_PGUP}, {KEY_NPAGE, TKEY_PGDN},
		{KEY_BACKSPACE, TKEY_BACKSPACE}, {KEY_DC, TKEY_DELETE}, {KEY_BTAB, TKEY_BACKTAB},
		{KEY_ENTER, TKEY_ENTER}, {KEY_F(1), TKEY_F1}, {KEY_F(5), TKEY_F5}, {KEY_F(9), TKEY_F9},
		{KEY_F(10), TKEY_F10}};
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if ((int)k == keys[i].curses)
			return keys[i].key;
	return -1;
}

int term_key(struct terminal *t)
{
	for (;;) {
		wint_t k;
		int rc = get_wch(&k);
		if (rc == ERR)
			return 0;
		int key = rc == KEY_CODE_YES   ? special(k)
			  : k == '\n'	       ? TKEY_ENTER
			  : k == 127 || k == 8 ? TKEY_BACKSPACE
					       : (int)k;
		if (key > 0 && key < TKEY_F10 + 1)
			return key;
	}
}

void term_suspend(struct terminal *t)
{
	struct sigaction sa = {.sa_handler = SIG_DFL}, before;
	sigset_t stop, mask;
	term_crash_remove();
	endwin();
	sigemptyset(&stop);
	sigaddset(&stop, SIGTSTP);
	sigaction(SIGTSTP, &sa, &before);
	sigprocmask(SIG_UNBLOCK, &stop, &mask);
	raise(SIGTSTP); /* continues here after SIGCONT */
	sigprocmask(SIG_SETMASK, &mask, NULL);
	sigaction(SIGTSTP, &before, NULL);
	term_crash_install(t->restore);
	refresh();
}
