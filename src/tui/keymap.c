#include "tui/keymap.h"

#include "tui/text.h"

#include <stdio.h>

/* clang-format off */
static const struct key_row rows[] = {
	{SCOPE_GLOBAL, '1', ACT_VIEW_1, NULL, "runs: find, mark and open"},
	{SCOPE_GLOBAL, '2', ACT_VIEW_2, NULL, "curves of the open run and of the marked ones"},
	{SCOPE_GLOBAL, '3', ACT_VIEW_3, NULL, "tweak: turn knobs while it trains"},
	{SCOPE_GLOBAL, '4', ACT_VIEW_4, NULL, "attention of one user"},
	{SCOPE_GLOBAL, '5', ACT_VIEW_5, NULL, "explain: why this item for this user"},
	{SCOPE_GLOBAL, '6', ACT_VIEW_6, NULL, "log of the run"},
	{SCOPE_GLOBAL, 'L', ACT_VIEW_6, NULL, "log of the run"},
	{SCOPE_GLOBAL, '?', ACT_HELP, "help", "this help"},
	{SCOPE_GLOBAL, TKEY_F1, ACT_HELP, NULL, "this help"},
	{SCOPE_GLOBAL, 'k', ACT_UP, NULL, "up"},
	{SCOPE_GLOBAL, TKEY_UP, ACT_UP, NULL, "up"},
	{SCOPE_GLOBAL, 'j', ACT_DOWN, NULL, "down"},
	{SCOPE_GLOBAL, TKEY_DOWN, ACT_DOWN, NULL, "down"},
	{SCOPE_GLOBAL, 'h', ACT_LEFT, NULL, "left"},
	{SCOPE_GLOBAL, TKEY_LEFT, ACT_LEFT, NULL, "left"},
	{SCOPE_GLOBAL, 'l', ACT_RIGHT, NULL, "right"},
	{SCOPE_GLOBAL, TKEY_RIGHT, ACT_RIGHT, NULL, "right"},
	{SCOPE_GLOBAL, 'g', ACT_TOP, NULL, "first"},
	{SCOPE_GLOBAL, TKEY_HOME, ACT_TOP, NULL, "first"},
	{SCOPE_GLOBAL, 'G', ACT_BOTTOM, NULL, "last"},
	{SCOPE_GLOBAL, TKEY_END, ACT_BOTTOM, NULL, "last"},
	{SCOPE_GLOBAL, TKEY_PGUP, ACT_PAGE_UP, NULL, "a page up"},
	{SCOPE_GLOBAL, CTRL_KEY('u'), ACT_PAGE_UP, NULL, "a page up"},
	{SCOPE_GLOBAL, TKEY_PGDN, ACT_PAGE_DOWN, NULL, "a page down"},
	{SCOPE_GLOBAL, CTRL_KEY('d'), ACT_PAGE_DOWN, NULL, "a page down"},
	{SCOPE_GLOBAL, '\t', ACT_NEXT, NULL, "next chart, pane or view"},
	{SCOPE_GLOBAL, TKEY_BACKTAB, ACT_PREVIOUS, NULL, "previous chart, pane or view"},
	{SCOPE_GLOBAL, TKEY_ENTER, ACT_OPEN, NULL, "open what is selected"},
	{SCOPE_GLOBAL, TKEY_ESC, ACT_BACK, NULL, "drop what is staged, or go back one level"},
	{SCOPE_GLOBAL, 'q', ACT_QUIT, "quit", "leave the workbench; the run continues"},
	{SCOPE_GLOBAL, TKEY_F10, ACT_QUIT, NULL, "leave the workbench; the run continues"},
	{SCOPE_GLOBAL, '/', ACT_FILTER, NULL, "show only rows with these words"},
	{SCOPE_GLOBAL, '!', ACT_MENU, "run", "run menu: pause, step, checkpoint, evaluate, stop"},
	{SCOPE_GLOBAL, TKEY_F9, ACT_MENU, NULL, "run menu: pause, step, checkpoint, evaluate, stop"},
	{SCOPE_GLOBAL, '-', ACT_NUDGE_DOWN, NULL, "stage half of the selected knob (lr at first); sends nothing"},
	{SCOPE_GLOBAL, '+', ACT_NUDGE_UP, NULL, "stage twice the selected knob; sends nothing"},
	{SCOPE_GLOBAL, 'a', ACT_SEND, NULL, "send what is staged; the answer is a receipt with its step"},
	{SCOPE_GLOBAL, 'K', ACT_NEXT_KNOB, NULL, "select the next knob for - and +"},
	{SCOPE_GLOBAL, 'R', ACT_OTHER_RUN, NULL, "open the next run that is alive"},
	{SCOPE_GLOBAL, '~', ACT_GLYPHS, NULL, "draw with braille or with ASCII"},
	{SCOPE_GLOBAL, CTRL_KEY('l'), ACT_REDRAW, NULL, "draw the screen anew"},
	{SCOPE_GLOBAL, TKEY_F5, ACT_REDRAW, NULL, "draw the screen anew"},

	{SCOPE_RUNS, TKEY_ENTER, ACT_OPEN, "open", "open the run: curves, knobs and questions are about it"},
	{SCOPE_RUNS, ' ', ACT_MARK, "mark", "mark the run: it gets a letter, and its curves are drawn too"},
	{SCOPE_RUNS, 's', ACT_SORT, "sort", "sort by the next column"},
	{SCOPE_RUNS, 'r', ACT_REVERSE, NULL, "reverse the order"},
	{SCOPE_RUNS, '/', ACT_FILTER, "filter", "show only runs with these words"},

	{SCOPE_CURVES, 'i', ACT_ZOOM_IN, "in", "zoom in on the crosshair, or on the end"},
	{SCOPE_CURVES, 'o', ACT_ZOOM_OUT, "out", "zoom out"},
	{SCOPE_CURVES, '<', ACT_PAN_LEFT, NULL, "earlier steps"},
	{SCOPE_CURVES, '>', ACT_PAN_RIGHT, NULL, "later steps"},
	{SCOPE_CURVES, 'f', ACT_FIT, "fit", "all steps, following the end"},
	{SCOPE_CURVES, 'c', ACT_CROSSHAIR, "cursor", "crosshair on or off; left and right move it on all charts"},
	{SCOPE_CURVES, 's', ACT_SMOOTH_MORE, "smooth", "smooth more (exponential average over all samples)"},
	{SCOPE_CURVES, 'S', ACT_SMOOTH_LESS, NULL, "smooth less"},
	{SCOPE_CURVES, 'b', ACT_BAND, NULL, "band of the raw minimum and maximum behind a smoothed curve"},
	{SCOPE_CURVES, 'x', ACT_AXIS, NULL, "horizontal axis in steps or in epochs"},
	{SCOPE_CURVES, 'X', ACT_LOG_X, NULL, "logarithmic horizontal axis"},
	{SCOPE_CURVES, 'Y', ACT_LOG_Y, "log y", "logarithmic vertical axis of the selected chart"},
	{SCOPE_CURVES, '\t', ACT_NEXT, "chart", "next chart"},
	{SCOPE_CURVES, 'O', ACT_MAXIMISE, "large", "the selected chart alone, or all"},
	{SCOPE_CURVES, TKEY_ENTER, ACT_MAXIMISE, NULL, "the selected chart alone, or all"},
	{SCOPE_CURVES, '/', ACT_FILTER, "filter", "show only metrics with these words"},

	{SCOPE_TWEAK, TKEY_ENTER, ACT_EDIT, "edit", "edit the knob; arithmetic works: lr*0.5, *2, 1e-3/3"},
	{SCOPE_TWEAK, 'i', ACT_EDIT, NULL, "edit the knob"},
	{SCOPE_TWEAK, '-', ACT_NUDGE_DOWN, "half", "stage half of the value (a step down for whole numbers)"},
	{SCOPE_TWEAK, '+', ACT_NUDGE_UP, "double", "stage twice the value"},
	{SCOPE_TWEAK, 'a', ACT_SEND, "send", "send everything staged"},
	{SCOPE_TWEAK, 'u', ACT_UNSTAGE, "unstage", "drop what is staged for this knob"},

	{SCOPE_ATTENTION, 'u', ACT_USER, "user", "choose the user"},
	{SCOPE_ATTENTION, '(', ACT_USER_PREV, NULL, "previous user"},
	{SCOPE_ATTENTION, ')', ACT_USER_NEXT, "next", "next user"},
	{SCOPE_ATTENTION, '[', ACT_HEAD_PREV, NULL, "previous head"},
	{SCOPE_ATTENTION, ']', ACT_HEAD_NEXT, "head", "next head"},
	{SCOPE_ATTENTION, '{', ACT_LAYER_PREV, NULL, "previous layer"},
	{SCOPE_ATTENTION, '}', ACT_LAYER_NEXT, "layer", "next layer"},
	{SCOPE_ATTENTION, 'm', ACT_MEAN, "mean", "mean over the heads, or one head"},
	{SCOPE_ATTENTION, ',', ACT_STEP_PREV, NULL, "an earlier checkpoint"},
	{SCOPE_ATTENTION, '.', ACT_STEP_NEXT, "checkpoint", "a later checkpoint, then now"},
	{SCOPE_ATTENTION, 'r', ACT_ASK, "ask", "ask again, with the weights of now"},

	{SCOPE_EXPLAIN, TKEY_ENTER, ACT_OPEN, "why", "explain the selected item"},
	{SCOPE_EXPLAIN, 'u', ACT_USER, "user", "choose the user"},
	{SCOPE_EXPLAIN, '(', ACT_USER_PREV, NULL, "previous user"},
	{SCOPE_EXPLAIN, ')', ACT_USER_NEXT, "next", "next user"},
	{SCOPE_EXPLAIN, ',', ACT_STEP_PREV, NULL, "an earlier checkpoint"},
	{SCOPE_EXPLAIN, '.', ACT_STEP_NEXT, "checkpoint", "a later checkpoint, then now"},
	{SCOPE_EXPLAIN, 'r', ACT_ASK, "ask", "ask again, with the weights of now"},

	{SCOPE_LOG, 'w', ACT_WARNINGS, "warnings", "only warnings and errors"},
	{SCOPE_LOG, '/', ACT_FILTER, "filter", "show only lines with these words"},
	{SCOPE_LOG, 'G', ACT_BOTTOM, "latest", "the latest line, following the end"},

	{SCOPE_HELP, '/', ACT_FILTER, "filter", "show only keys with these words"},

	{SCOPE_MENU, 'p', ACT_RUN_PAUSE, "pause/resume", "pause the run, or resume it"},
	{SCOPE_MENU, 's', ACT_RUN_STEP, "step", "one step, then pause"},
	{SCOPE_MENU, 'k', ACT_RUN_CHECKPOINT, "checkpoint", "write a checkpoint"},
	{SCOPE_MENU, 'e', ACT_RUN_EVAL, "evaluate", "evaluate now"},
	{SCOPE_MENU, 'x', ACT_RUN_STOP, "stop", "stop the run, after a question"},
	{SCOPE_MENU, TKEY_ESC, ACT_CLOSE_MENU, "close", "close the menu"},
	{SCOPE_MENU, '!', ACT_CLOSE_MENU, NULL, "close the menu"},
};
/* clang-format on */

const struct key_row *keymap_rows(size_t *n)
{
	*n = sizeof rows / sizeof *rows;
	return rows;
}

static enum action find_in(enum scope scope, int key)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].scope == scope && rows[i].key == key)
			return rows[i].action;
	return ACT_NONE;
}

enum action keymap_find(enum scope scope, int key)
{
	enum action a = find_in(scope, key);
	return a != ACT_NONE || scope == SCOPE_MENU ? a : find_in(SCOPE_GLOBAL, key);
}

const char *keymap_name(int key, char buf[16])
{
	static const char *const special[] = {"Up", "Down", "Left", "Right", "Home", "End", "PgUp", "PgDn", "Backspace",
		"Delete", "S-Tab", "F1", "F5", "F9", "F10"};
	if (key >= TKEY_FIRST && key <= TKEY_F10)
		return special[key - TKEY_FIRST];
	if (key == TKEY_ENTER)
		return "Enter";
	if (key == TKEY_ESC)
		return "Esc";
	if (key == '\t')
		return "Tab";
	if (key == ' ')
		return "Space";
	if (key < ' ') {
		snprintf(buf, 16, "Ctrl-%c", key + 64);
		return buf;
	}
	buf[text_encode((uint32_t)key, buf)] = '\0';
	return buf;
}

const char *keymap_scope_name(enum scope scope)
{
	static const char *const name[SCOPE_N] = {
		"everywhere", "runs", "curves", "tweak", "attention", "explain", "log", "help", "run menu (!)"};
	return name[scope];
}
