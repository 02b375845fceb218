#include "tui/panel.h"

#include <string.h>

static const struct panel_class *const panels[] = {
#define PANEL(name) &panel_##name,
#include "tui/panels.def"
#undef PANEL
};
enum { PANELS = sizeof panels / sizeof *panels };

static const struct desc *const descs[] = {
#define PANEL(name) &panel_##name.desc,
#include "tui/panels.def"
#undef PANEL
};
const struct registry panel_registry = {"view", descs, PANELS};

int panel_count(void)
{
	return PANELS;
}

const struct panel_class *panel_at(int i)
{
	return panels[i];
}

int panel_index(const char *name)
{
	for (int i = 0; i < PANELS; i++)
		if (strcmp(panels[i]->desc.name, name) == 0)
			return i;
	return -1;
}
