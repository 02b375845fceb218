/* The eight series colours are Okabe and Ito's, at the nearest entries of the 256-colour cube; the heat ramp is the dark to
 * light part of "inferno", monotone in lightness (tested), again at cube entries. */
#include "tui/theme.h"

#include "base/err.h"

struct row {
	int16_t c256, c8;
	uint8_t mono; /* attributes in place of a colour */
	uint32_t rgb;
};

/* clang-format off */
static const struct row rows[ROLE_N] = {
	[ROLE_TEXT]   = {-1, -1, 0,            0xd5d8de},
	[ROLE_DIM]    = {243, -1, 0,           0x767b85},
	[ROLE_TITLE]  = {253, -1, ATTR_BOLD,   0xeceef2},
	[ROLE_ACCENT] = {74, 6, ATTR_BOLD,     0x56b4e9},
	[ROLE_GOOD]   = {36, 2, 0,             0x009e73},
	[ROLE_WARN]   = {214, 3, ATTR_BOLD,    0xe69f00},
	[ROLE_BAD]    = {203, 1, ATTR_BOLD,    0xff5f5f},
	[ROLE_MARK]   = {175, 5, 0,            0xcc79a7},
	[ROLE_CURSOR] = {250, 7, 0,            0xbcbcbc},
	[ROLE_SELECT] = {237, -2, 0,           0x2f3640},
	[ROLE_BAR]    = {235, -1, 0,           0x20242b},
	[ROLE_POS]    = {74, 6, 0,             0x56b4e9},
	[ROLE_NEG]    = {166, 1, 0,            0xd55e00},
	[ROLE_SERIES + 0] = {74, 6, 0,  0x56b4e9},
	[ROLE_SERIES + 1] = {214, 3, 0, 0xe69f00},
	[ROLE_SERIES + 2] = {36, 2, 0,  0x009e73},
	[ROLE_SERIES + 3] = {175, 5, 0, 0xcc79a7},
	[ROLE_SERIES + 4] = {227, 3, 0, 0xf0e442},
	[ROLE_SERIES + 5] = {166, 1, 0, 0xd55e00},
	[ROLE_SERIES + 6] = {32, 4, 0,  0x0072b2},
	[ROLE_SERIES + 7] = {247, 7, 0, 0x9e9e9e},
	[ROLE_HEAT + 0]  = {233, -1, 0, 0x0d0b14}, [ROLE_HEAT + 1]  = {234, -1, 0, 0x1a1027},
	[ROLE_HEAT + 2]  = {17, 4, 0,   0x2a1240}, [ROLE_HEAT + 3]  = {53, 4, 0,   0x3d1253},
	[ROLE_HEAT + 4]  = {54, 4, 0,   0x4f145f}, [ROLE_HEAT + 5]  = {89, 5, 0,   0x651a63},
	[ROLE_HEAT + 6]  = {90, 5, 0,   0x7c2160}, [ROLE_HEAT + 7]  = {125, 5, 0,  0x932a58},
	[ROLE_HEAT + 8]  = {131, 1, 0,  0xaa344c}, [ROLE_HEAT + 9]  = {167, 1, 0,  0xc0403d},
	[ROLE_HEAT + 10] = {173, 1, 0,  0xd4512b}, [ROLE_HEAT + 11] = {208, 3, 0,  0xe46618},
	[ROLE_HEAT + 12] = {215, 3, 0,  0xf08010}, [ROLE_HEAT + 13] = {221, 3, 0,  0xf69f1c},
	[ROLE_HEAT + 14] = {228, 7, 0,  0xf7c444}, [ROLE_HEAT + 15] = {230, 7, 0,  0xf8ec9c},
};
/* clang-format on */

enum { BACKGROUND = 0x14171c };

static int index_of(uint8_t role, enum colours colours)
{
	CHECK(role < ROLE_N, "role %d", role);
	return colours == COLOURS_256 ? rows[role].c256 : colours == COLOURS_8 ? rows[role].c8 : -1;
}

struct resolved theme_resolve(struct style s, enum colours colours)
{
	struct resolved r = {index_of(s.fg, colours), -1, s.attr};
	if (s.bg != ROLE_TEXT) {
		r.bg = index_of(s.bg, colours);
		if (s.bg == ROLE_SELECT && colours != COLOURS_256) {
			r.bg = -1;
			r.attr |= ATTR_REVERSE;
		}
		/* a heat cell is legible on its own colour: dark text on the light half */
		if (s.bg >= ROLE_HEAT && colours == COLOURS_256 && s.fg == ROLE_TEXT)
			r.fg = s.bg >= ROLE_HEAT + 10 ? 16 : 252;
	}
	if (colours == COLOURS_NONE)
		r.attr |= rows[s.fg].mono;
	if (r.fg == -2)
		r.fg = -1;
	return r;
}

uint32_t theme_rgb(uint8_t role, int background)
{
	CHECK(role < ROLE_N, "role %d", role);
	return background && role == ROLE_TEXT ? BACKGROUND : rows[role].rgb;
}
