/* A canvas as text and as SVG. */
#ifndef GUSTO_TUI_EXPORT_H
#define GUSTO_TUI_EXPORT_H

#include "base/str.h"
#include "tui/canvas.h"

void export_text(const struct canvas *c, enum colours colours, struct str *out); /* ANSI colours unless COLOURS_NONE */
void export_svg(const struct canvas *c, struct str *out);

#endif
