/* Colour by role.  A cell names roles; this table says what a role is in 256 colours, 8 colours, without colour, and in
 * sRGB for pictures.  No meaning is carried by a role alone: a word, letter or shape always says the same. */
#ifndef GUSTO_TUI_THEME_H
#define GUSTO_TUI_THEME_H

#include <stdint.h>

enum role {
	ROLE_TEXT = 0,
	ROLE_DIM, /* frames, axes, hints */
	ROLE_TITLE,
	ROLE_ACCENT, /* keys, active tab */
	ROLE_GOOD,
	ROLE_WARN,
	ROLE_BAD,
	ROLE_MARK,   /* tweak marks */
	ROLE_CURSOR, /* crosshair */
	ROLE_SELECT, /* background of the selected row */
	ROLE_BAR,    /* background of the header and key bar */
	ROLE_POS,    /* bars that speak for, and against */
	ROLE_NEG,
	ROLE_SERIES,		     /* eight of them: Okabe-Ito */
	ROLE_HEAT = ROLE_SERIES + 8, /* THEME_HEAT levels, from nothing to full */
	ROLE_N = ROLE_HEAT + 16,
};
enum { THEME_HEAT = 16, THEME_SERIES = 8 };

enum colours { COLOURS_NONE = 0, COLOURS_8, COLOURS_256 };

enum cell_attr { ATTR_BOLD = 1, ATTR_REVERSE = 2, ATTR_UNDERLINE = 4, ATTR_DIM = 8 };

struct style {
	uint8_t fg, bg, attr; /* bg ROLE_TEXT: the terminal's own background */
};
#define STYLE(role) ((struct style){(uint8_t)(role), ROLE_TEXT, 0})
#define STYLE_BOLD(role) ((struct style){(uint8_t)(role), ROLE_TEXT, ATTR_BOLD})

/* What a terminal is told: colour indices (-1: default) and attributes. */
struct resolved {
	int fg, bg;
	uint8_t attr;
};
struct resolved theme_resolve(struct style s, enum colours colours);

/* 0xRRGGBB for pictures. */
uint32_t theme_rgb(uint8_t role, int background);

static inline uint8_t theme_series(int i)
{
	return (uint8_t)(ROLE_SERIES + (i < 0 ? 0 : i % THEME_SERIES));
}
/* The heat level of v in 0..1. */
static inline uint8_t theme_heat(double v)
{
	int i = !(v > 0) ? 0 : v >= 1 ? THEME_HEAT - 1 : (int)(v * THEME_HEAT);
	return (uint8_t)(ROLE_HEAT + i);
}

#endif
