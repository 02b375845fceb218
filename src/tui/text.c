#include "tui/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint32_t text_next(const char **s)
{
	const unsigned char *p = (const unsigned char *)*s;
	if (!*p)
		return 0;
	int extra = *p < 0x80		      ? 0
		    : *p >= 0xc2 && *p < 0xe0 ? 1
		    : *p >= 0xe0 && *p < 0xf0 ? 2
		    : *p >= 0xf0 && *p < 0xf5 ? 3
					      : -1;
	if (extra <= 0) {
		*s += 1;
		return extra == 0 ? *p : 0xfffd;
	}
	uint32_t cp = *p & (0x3fu >> extra);
	for (int i = 1; i <= extra; i++) {
		if ((p[i] & 0xc0) != 0x80) {
			*s += 1;
			return 0xfffd;
		}
		cp = cp << 6 | (p[i] & 0x3f);
	}
	static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
	bool bad = cp < least[extra] || cp > 0x10ffff || (cp >= 0xd800 && cp < 0xe000);
	*s += bad ? 1 : extra + 1;
	return bad ? 0xfffd : cp;
}

size_t text_encode(uint32_t cp, char out[4])
{
	if (cp < 0x80) {
		out[0] = (char)cp;
		return 1;
	}
	if (cp < 0x800) {
		out[0] = (char)(0xc0 | cp >> 6);
		out[1] = (char)(0x80 | (cp & 0x3f));
		return 2;
	}
	if (cp < 0x10000) {
		out[0] = (char)(0xe0 | cp >> 12);
		out[1] = (char)(0x80 | (cp >> 6 & 0x3f));
		out[2] = (char)(0x80 | (cp & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | cp >> 18);
	out[1] = (char)(0x80 | (cp >> 12 & 0x3f));
	out[2] = (char)(0x80 | (cp >> 6 & 0x3f));
	out[3] = (char)(0x80 | (cp & 0x3f));
	return 4;
}

struct range {
	uint32_t from, to;
};

static bool in_ranges(uint32_t cp, const struct range *r, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (cp >= r[i].from && cp <= r[i].to)
			return true;
	return false;
}

/* Combining marks and formatting characters: nothing is advanced.  The bidirectional controls are among them, so that
 * a title cannot reorder its surroundings. */
static const struct range zero_width[] = {{0x300, 0x36f}, {0x483, 0x489}, {0x591, 0x5bd}, {0x610, 0x61a},
	{0x64b, 0x65f}, {0x900, 0x902}, {0x93a, 0x93a}, {0x93c, 0x93c}, {0x941, 0x948}, {0x94d, 0x94d}, {0xe31, 0xe31},
	{0xe34, 0xe3a}, {0xe47, 0xe4e}, {0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x2064}, {0x2066, 0x206f},
	{0x20d0, 0x20f0}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}, {0xfeff, 0xfeff}, {0xe0001, 0xe01ef}};
static const struct range two_wide[] = {{0x1100, 0x115f}, {0x231a, 0x231b}, {0x23e9, 0x23ec}, {0x2614, 0x2615},
	{0x26a1, 0x26a1}, {0x2e80, 0x303e}, {0x3041, 0x33ff}, {0x3400, 0x4dbf}, {0x4e00, 0x9fff}, {0xa000, 0xa4cf},
	{0xa960, 0xa97f}, {0xac00, 0xd7a3}, {0xf900, 0xfaff}, {0xfe30, 0xfe6f}, {0xff00, 0xff60}, {0xffe0, 0xffe6},
	{0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd}};

int text_char_width(uint32_t cp)
{
	if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0))
		return 0;
	if (cp < 0x300)
		return cp == 0xad ? 0 : 1;
	if (in_ranges(cp, zero_width, sizeof zero_width / sizeof *zero_width))
		return 0;
	return in_ranges(cp, two_wide, sizeof two_wide / sizeof *two_wide) ? 2 : 1;
}

int text_width(const char *s)
{
	int w = 0;
	for (uint32_t cp; (cp = text_next(&s)) != 0;)
		w += text_char_width(cp);
	return w;
}

uint32_t text_ascii(uint32_t cp)
{
	/* Latin-1 and Latin Extended-A, in order of code point */
	static const char latin1[] = "AAAAAAACEEEEIIIIDNOOOOOxOUUUUYTsaaaaaaaceeeeiiiidnooooo/ouuuuyty";
	static const char latina[] =
		"AaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGgGgGgHhHhIiIiIiIiIiIiJjKkkLlLlLlLlLlNnNnNnnNnOoOoOoOoRrRrRrSsSsSsSs"
		"TtTtTtUuUuUuUuUuUuWwYyYZzZzZzs";
	if (cp < 0x80)
		return cp;
	if (cp >= 0xc0 && cp < 0xc0 + sizeof latin1 - 1)
		return (uint32_t)latin1[cp - 0xc0];
	if (cp >= 0x100 && cp < 0x100 + sizeof latina - 1)
		return (uint32_t)latina[cp - 0x100];
	switch (cp) {
	case 0xa0:
		return ' ';
	case 0xb7:
		return '.';
	case 0x2013:
	case 0x2014:
		return '-';
	case 0x2018:
	case 0x2019:
		return '\'';
	case 0x201c:
	case 0x201d:
		return '"';
	case 0x2026:
		return '~';
	default:
		return '?';
	}
}

size_t text_prev(const char *s, size_t at)
{
	while (at > 0 && ((unsigned char)s[--at] & 0xc0) == 0x80)
		;
	return at;
}

static int lower(int c)
{
	return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

bool text_contains(const char *s, const char *needle)
{
	for (; *s || !*needle; s++) {
		size_t i = 0;
		while (needle[i] && lower((unsigned char)s[i]) == lower((unsigned char)needle[i]))
			i++;
		if (!needle[i])
			return true;
		if (!*s)
			break;
	}
	return false;
}

/* 3e-04 -> 3e-4, 1.500e+06 -> 1.5e6 */
static char *tidy_exponent(char *buf)
{
	char *e = strchr(buf, 'e');
	if (!e)
		return buf;
	int exponent = atoi(e + 1);
	char *m = e;
	if (memchr(buf, '.', (size_t)(e - buf)))
		while (m > buf && (m[-1] == '0' || m[-1] == '.')) {
			bool dot = m[-1] == '.';
			m--;
			if (dot)
				break;
		}
	sprintf(m, "e%d", exponent); /* never longer than what it replaces */
	return buf;
}

static bool special(char *buf, size_t size, double v)
{
	if (isfinite(v))
		return false;
	snprintf(buf, size, "%s", isnan(v) ? "nan" : v > 0 ? "inf" : "-inf");
	return true;
}

char *num_value(char *buf, size_t size, double v)
{
	if (special(buf, size, v))
		return buf;
	double a = fabs(v);
	if (a == 0)
		snprintf(buf, size, "0");
	else if (a < 1e-3 || a >= 1e6) {
		snprintf(buf, size, "%.3e", v);
		tidy_exponent(buf);
	} else if (a >= 100 && a == floor(a))
		snprintf(buf, size, "%.0f", v);
	else
		snprintf(buf, size, "%.*f", a < 10 ? 4 : a < 100 ? 3 : a < 1000 ? 2 : a < 10000 ? 1 : 0, v);
	return buf;
}

static void drop_zeros(char *buf)
{
	if (!strchr(buf, '.'))
		return;
	size_t n = strlen(buf);
	while (buf[n - 1] == '0')
		buf[--n] = '\0';
	if (buf[n - 1] == '.')
		buf[n - 1] = '\0';
}

char *num_short(char *buf, size_t size, double v)
{
	if (special(buf, size, v))
		return buf;
	double a = fabs(v);
	if (a >= 1e3 && a < 1e12) {
		static const char unit[] = "kMG";
		int u = a < 1e6 ? 0 : a < 1e9 ? 1 : 2;
		double x = v / pow(10, 3 * (u + 1));
		snprintf(buf, size, "%.*f", fabs(x) < 9.95 ? 2 : fabs(x) < 99.5 ? 1 : 0, x);
		drop_zeros(buf);
		size_t n = strlen(buf);
		if (n + 1 < size) {
			buf[n] = unit[u];
			buf[n + 1] = '\0';
		}
	} else if (a != 0 && (a < 1e-2 || a >= 1e12)) {
		snprintf(buf, size, "%.1e", v);
		tidy_exponent(buf);
	} else {
		snprintf(buf, size, "%.*f", a < 1 ? 3 : a < 10 ? 2 : a < 100 ? 1 : 0, v);
		drop_zeros(buf);
	}
	return buf;
}

char *num_count(char *buf, size_t size, double n)
{
	char digits[32];
	if (!(fabs(n) < 1e15)) {
		snprintf(buf, size, "%g", n);
		return buf;
	}
	int len = snprintf(digits, sizeof digits, "%.0f", n);
	size_t at = 0;
	for (int i = 0; i < len && at + 2 < size; i++) {
		if (i > 0 && (len - i) % 3 == 0 && digits[i - 1] != '-' && len > 4)
			buf[at++] = ' ';
		buf[at++] = digits[i];
	}
	buf[at] = '\0';
	return buf;
}

char *num_duration(char *buf, size_t size, double s)
{
	if (!(s >= 0) || s > 1e9)
		snprintf(buf, size, "-");
	else if (s < 59.5)
		snprintf(buf, size, "%.0fs", s);
	else if (s < 3600)
		snprintf(buf, size, "%d:%02d", (int)s / 60, (int)s % 60);
	else if (s < 172800)
		snprintf(buf, size, "%dh%02d", (int)s / 3600, (int)s / 60 % 60);
	else
		snprintf(buf, size, "%dd", (int)(s / 86400));
	return buf;
}

char *num_age(char *buf, size_t size, double s)
{
	if (!(s >= 0))
		snprintf(buf, size, "-");
	else if (s < 90)
		snprintf(buf, size, "%.0fs", s);
	else if (s < 5400)
		snprintf(buf, size, "%.0fm", s / 60);
	else if (s < 129600)
		snprintf(buf, size, "%.0fh", s / 3600);
	else
		snprintf(buf, size, "%.0fd", s / 86400);
	return buf;
}
