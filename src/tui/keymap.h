/* The one key table: it drives dispatch, the help panel and the key bar.  Tests fail on a duplicate and on a missing help text. */
#ifndef GUSTO_TUI_KEYMAP_H
#define GUSTO_TUI_KEYMAP_H

#include <stdbool.h>
#include <stddef.h>

#define CTRL_KEY(c) ((c)&0x1f)
enum {
	TKEY_ENTER = '\r',
	TKEY_ESC = 27,
	TKEY_FIRST = 0x200000, /* beyond Unicode */
	TKEY_UP = TKEY_FIRST,
	TKEY_DOWN,
	TKEY_LEFT,
	TKEY_RIGHT,
	TKEY_HOME,
	TKEY_END,
	TKEY_PGUP,
	TKEY_PGDN,
	TKEY_BACKSPACE,
	TKEY_DELETE,
	TKEY_BACKTAB,
	TKEY_F1,
	TKEY_F5,
	TKEY_F9,
	TKEY_F10,
};

enum scope {
	SCOPE_GLOBAL = 0,
	SCOPE_RUNS,
	SCOPE_CURVES,
	SCOPE_TWEAK,
	SCOPE_ATTENTION,
	SCOPE_EXPLAIN,
	SCOPE_LOG,
	SCOPE_HELP,
	SCOPE_MENU, /* the run menu, while it is open */
	SCOPE_N,
};

enum action {
	ACT_NONE = 0,
	ACT_VIEW_1,
	ACT_VIEW_2,
	ACT_VIEW_3,
	ACT_VIEW_4,
	ACT_VIEW_5,
	ACT_VIEW_6,
	ACT_HELP,
	ACT_UP,
	ACT_DOWN,
	ACT_LEFT,
	ACT_RIGHT,
	ACT_TOP,
	ACT_BOTTOM,
	ACT_PAGE_UP,
	ACT_PAGE_DOWN,
	ACT_NEXT,
	ACT_PREVIOUS,
	ACT_OPEN,
	ACT_BACK,
	ACT_QUIT,
	ACT_FILTER,
	ACT_MENU,
	ACT_GLYPHS,
	ACT_REDRAW,
	ACT_NUDGE_DOWN,
	ACT_NUDGE_UP,
	ACT_SEND,
	ACT_NEXT_KNOB,
	ACT_OTHER_RUN,
	/* runs */
	ACT_MARK,
	ACT_SORT,
	ACT_REVERSE,
	/* curves */
	ACT_ZOOM_IN,
	ACT_ZOOM_OUT,
	ACT_PAN_LEFT,
	ACT_PAN_RIGHT,
	ACT_FIT,
	ACT_CROSSHAIR,
	ACT_SMOOTH_MORE,
	ACT_SMOOTH_LESS,
	ACT_AXIS,
	ACT_LOG_X,
	ACT_LOG_Y,
	ACT_BAND,
	ACT_MAXIMISE,
	/* tweak */
	ACT_EDIT,
	ACT_UNSTAGE,
	/* attention, explain */
	ACT_HEAD_PREV,
	ACT_HEAD_NEXT,
	ACT_LAYER_PREV,
	ACT_LAYER_NEXT,
	ACT_MEAN,
	ACT_USER,
	ACT_USER_PREV,
	ACT_USER_NEXT,
	ACT_STEP_PREV,
	ACT_STEP_NEXT,
	ACT_ASK,
	/* log */
	ACT_WARNINGS,
	/* run menu */
	ACT_RUN_PAUSE,
	ACT_RUN_STEP,
	ACT_RUN_CHECKPOINT,
	ACT_RUN_EVAL,
	ACT_RUN_STOP,
	ACT_CLOSE_MENU,
	ACT_N,
};

struct key_row {
	enum scope scope;
	int key;
	enum action action;
	const char *bar;  /* a word for the key bar; NULL: only in the help */
	const char *help; /* what it does, as a sentence */
};
const struct key_row *keymap_rows(size_t *n);

/* The action of a key in a scope, else in the global one; ACT_NONE. */
enum action keymap_find(enum scope scope, int key);
/* "Enter", "Ctrl-L", "PgUp", "x". */
const char *keymap_name(int key, char buf[16]);
const char *keymap_scope_name(enum scope scope);

#endif
