#include "data/text.h"

#include <math.h>
#include <string.h>

size_t text_utf8_length(const char *s, size_t n)
{
	if (n == 0)
		return 0;
	unsigned char c = (unsigned char)s[0];
	if (c < 0x80)
		return 1;
	size_t len = c >= 0xc2 && c <= 0xdf ? 2 : c >= 0xe0 && c <= 0xef ? 3 : c >= 0xf0 && c <= 0xf4 ? 4 : 0;
	if (len == 0 || len > n)
		return 0;
	for (size_t i = 1; i < len; i++)
		if (((unsigned char)s[i] & 0xc0) != 0x80)
			return 0;
	unsigned char d = (unsigned char)s[1];
	/* Overlong forms, surrogates, and what lies above U+10FFFF. */
	if ((c == 0xe0 && d < 0xa0) || (c == 0xed && d > 0x9f) || (c == 0xf0 && d < 0x90) || (c == 0xf4 && d > 0x8f))
		return 0;
	return len;
}

size_t text_utf8_check(const char *s, size_t n)
{
	size_t i = 0;
	while (i < n) {
		if ((unsigned char)(s[i] - 1) < 0x7f) { /* 1..0x7f */
			i++;
			continue;
		}
		size_t len = s[i] ? text_utf8_length(s + i, n - i) : 0;
		if (len == 0)
			return i;
		i += len;
	}
	return n;
}

void text_from_latin1(struct str *out, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];
		if (c < 0x80) {
			str_putc(out, (char)c);
		} else {
			str_putc(out, (char)(0xc0 | c >> 6));
			str_putc(out, (char)(0x80 | (c & 0x3f)));
		}
	}
}

/* C0, DEL and C1 (U+0080..U+009F) can move a terminal's cursor. */
static bool is_control(const char *s, size_t len)
{
	unsigned char c = (unsigned char)s[0];
	return len == 1 ? c < 0x20 || c == 0x7f : len == 2 && c == 0xc2 && (unsigned char)s[1] < 0xa0;
}

char *text_clean(const char *s, size_t n, char *buf, size_t size)
{
	size_t used = 0;
	for (size_t i = 0; i < n;) {
		size_t len = text_utf8_length(s + i, n - i);
		bool bad = len == 0 || is_control(s + i, len);
		size_t width = bad ? 1 : len;
		if (used + width >= size)
			break;
		if (bad)
			buf[used] = '?';
		else
			memcpy(buf + used, s + i, len);
		used += width;
		i += len ? len : 1;
	}
	buf[used] = '\0';
	return buf;
}

bool text_int(const char *s, size_t n, int64_t *out)
{
	bool negative = n > 0 && s[0] == '-';
	size_t i = n > 0 && (s[0] == '-' || s[0] == '+');
	if (i == n)
		return false;
	int64_t v = 0;
	for (; i < n; i++) {
		unsigned digit = (unsigned char)s[i] - (unsigned)'0';
		if (digit > 9 || __builtin_mul_overflow(v, 10, &v) || __builtin_sub_overflow(v, (int64_t)digit, &v))
			return false;
	}
	/* Counted downwards, because INT64_MIN has no positive twin. */
	return negative ? (*out = v, true) : !__builtin_sub_overflow((int64_t)0, v, out);
}

/* Up to 18 significant digits go into an integer; the rest only moves the point. */
bool text_real(const char *s, size_t n, double *out)
{
	bool negative = n > 0 && s[0] == '-', point = false;
	size_t i = n > 0 && (s[0] == '-' || s[0] == '+'), digits = 0;
	uint64_t mantissa = 0;
	int64_t exponent = 0, given = 0;
	for (; i < n && (((unsigned char)s[i] - (unsigned)'0') <= 9 || (s[i] == '.' && !point)); i++) {
		if (s[i] == '.') {
			point = true;
			continue;
		}
		digits++;
		if (mantissa < UINT64_C(100000000000000000)) {
			mantissa = mantissa * 10 + (uint64_t)(s[i] - '0');
			exponent -= point;
		} else {
			exponent += !point;
		}
	}
	if (digits == 0)
		return false;
	if (i < n && (s[i] == 'e' || s[i] == 'E')) {
		if (!text_int(s + i + 1, n - i - 1, &given) || given > 9999 || given < -9999)
			return false;
		i = n;
	}
	exponent += given;
	if (i != n || exponent > 400)
		return false;
	double v = (double)mantissa;
	/* 10^22 is the last exact power of ten. */
	if (exponent < 0)
		v = exponent >= -22 ? v / pow(10, (double)-exponent) : v * pow(10, (double)exponent);
	else if (exponent > 0)
		v *= pow(10, (double)exponent);
	if (!isfinite(v))
		return false;
	*out = negative ? -v : v;
	return true;
}
