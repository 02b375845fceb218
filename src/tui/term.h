/* The terminal: the only place that knows ncurses.  It shows a canvas and reads keys; it restores everything on close, on suspend
 * and in a crash.  One terminal at a time. */
#ifndef GUSTO_TUI_TERM_H
#define GUSTO_TUI_TERM_H

#include "base/err.h"
#include "tui/canvas.h"

struct terminal;
struct term_facts {
	struct caps caps; /* what to draw with */
	bool utf8;	  /* braille is possible at all */
	char notice[160]; /* something to tell the person; "" */
};
/* ERR_STATE, with the reason, where the terminal cannot be used. */
enum err_code term_open(bool ascii, bool no_color, struct terminal **out, struct term_facts *facts, struct err *e);
void term_close(struct terminal *t);

void term_size(struct terminal *t, int *w, int *h); /* asks the system, and adapts */
/* Sends what changed; anew: everything.  `typing` makes the cursor visible. */
void term_draw(struct terminal *t, const struct canvas *c, bool anew, bool typing);
int term_key(struct terminal *t); /* a key of keymap.h; 0: none is there */
/* Gives the terminal back, stops the process as Ctrl-Z does, and takes it again afterwards. */
void term_suspend(struct terminal *t);

/* term_crash.c: handlers that put the terminal in order before a crash kills the process. */
void term_crash_prepare(void); /* before anything is changed: remembers how the terminal was */
void term_crash_install(const char *restore);
void term_crash_remove(void);

#endif
