/* A panel: one view of the workbench.  One file panel_<name>.c and one row in panels.def.
 *
 * A panel keeps its own state (self) and sees everything else through the ui.  draw changes nothing and works at any size;
 * act and enter may stage, ask or message through ui.h, and never touch a run themselves. */
#ifndef GUSTO_TUI_PANEL_H
#define GUSTO_TUI_PANEL_H

#include "base/desc.h"
#include "tui/canvas.h"
#include "tui/keymap.h"

struct ui;

struct panel_class {
	struct desc desc; /* name: as in `gusto show --view`; usage: the title */
	const char *tab;  /* its key and short title: "2Curves" */
	enum scope scope;
	size_t size;					       /* of self, zeroed */
	void (*open)(void *self);			       /* starting values; NULL: zeros do */
	void (*enter)(void *self, struct ui *ui);	       /* it becomes visible, or the open run changed */
	bool (*act)(void *self, struct ui *ui, enum action a); /* false: not an action of this panel */
	void (*update)(void *self, struct ui *ui);	       /* says which series it wants */
	void (*draw)(const void *self, const struct ui *ui, struct pane p);
};

#define PANEL(name) extern const struct panel_class panel_##name;
#include "tui/panels.def"
#undef PANEL

extern const struct registry panel_registry;
int panel_count(void);
const struct panel_class *panel_at(int i);
int panel_index(const char *name); /* -1: none */

#endif
