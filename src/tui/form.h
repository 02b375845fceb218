/* A one-line editor with emacs keys, and arithmetic in what was typed. */
#ifndef GUSTO_TUI_FORM_H
#define GUSTO_TUI_FORM_H

#include "base/err.h"
#include "tui/canvas.h"

struct edit {
	char text[256];
	size_t at; /* byte offset of the cursor */
};
void edit_set(struct edit *e, const char *text);
bool edit_key(struct edit *e, int key); /* false: not a key of the editor */
/* "label: text" with the hardware cursor on it. */
void edit_draw(const struct edit *e, struct pane p, int y, const char *label);

/* Evaluates + - * / ^ ( ) over numbers and names: "lr*0.5".  A leading operator applies to `current`: "*0.5", "/2".
 * lookup gives the value of a name, or false. */
enum err_code form_eval(const char *text, double current, bool (*lookup)(void *ctx, const char *name, double *v),
	void *ctx, double *out, struct err *e);

#endif
