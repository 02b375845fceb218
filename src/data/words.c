#include "data/words.h"

#include "data/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum class { OTHER, LETTER, DIGIT, ALONE, APOSTROPHE };

static bool between(uint32_t c, uint32_t low, uint32_t high)
{
	return c >= low && c <= high;
}

/* Blocks above U+00A9 that hold no letters. */
static bool separates(uint32_t c)
{
	static const struct {
		uint32_t low, high;
	} block[] = {
		{0xab, 0xb4}, {0xb6, 0xb9}, {0xbb, 0xbf}, {0xd7, 0xd7}, {0xf7, 0xf7}, /* Latin-1 signs */
		{0x2000, 0x206f}, {0x20a0, 0x2bff},				      /* punctuation to arrows */
		{0x2e00, 0x2e7f}, {0x3000, 0x3004}, {0x3008, 0x3020},		      /* more punctuation */
		{0x30fb, 0x30fb}, {0xd800, 0xf8ff}, {0xfe00, 0xfe6f},		      /* private, variants */
		{0xff00, 0xff0f}, {0xff1a, 0xff20}, {0xff3b, 0xff40}, {0xff5b, 0xff65}, {0xffe0, 0xffff},
		{0x1f000, 0x1faff}, {0xe0000, 0x10ffff}, /* emoji, tags, private */
	};
	for (size_t i = 0; i < sizeof block / sizeof *block; i++)
		if (between(c, block[i].low, block[i].high))
			return true;
	return false;
}

static enum class class_of(uint32_t c) {
	if (between(c, '0', '9') || between(c, 0xff10, 0xff19)) return DIGIT;
	if (between(c, 'a', 'z') || between(c, 'A', 'Z')) return LETTER;
	if (c == '\'' || c == 0x2019) return APOSTROPHE;
	if (c < 0xaa || separates(c)) return OTHER;
	/* kana, ideographs */
	if (between(c, 0x3040, 0x30ff) || between(c, 0x3400, 0x9fff) || between(c, 0xf900, 0xfaff) ||
		between(c, 0x20000, 0x3ffff)) return ALONE;
	return LETTER;
}

/* Simple case mapping of the scripts named in the header; pairs of neighbours by parity, blocks by distance. */
static uint32_t lower(uint32_t c)
{
	if (between(c, 'A', 'Z'))
		return c + 32;
	if (c < 0xc0)
		return c;
	if (between(c, 0xc0, 0xde) && c != 0xd7)
		return c + 32;
	if (c == 0x130)
		return 'i';
	if (c == 0x178)
		return 0xff;
	if (between(c, 0x100, 0x137) || between(c, 0x14a, 0x177) || between(c, 0x1e00, 0x1e95) ||
		between(c, 0x1ea0, 0x1eff) || between(c, 0x460, 0x481) || between(c, 0x48a, 0x4bf) ||
		between(c, 0x4d0, 0x52f))
		return c | 1;
	if (between(c, 0x139, 0x148) || between(c, 0x179, 0x17e) || between(c, 0x4c1, 0x4ce))
		return c & 1 ? c + 1 : c;
	if (between(c, 0x391, 0x3ab) && c != 0x3a2)
		return c + 32;
	if (c == 0x386)
		return 0x3ac;
	if (between(c, 0x388, 0x38a))
		return c + 37;
	if (c == 0x38c)
		return 0x3cc;
	if (c == 0x38e || c == 0x38f)
		return c + 63;
	if (between(c, 0x410, 0x42f))
		return c + 32;
	return between(c, 0x400, 0x40f) ? c + 80 : c;
}

/* The character at `at` and its length; a byte that begins none is a separator. */
static uint32_t decode(const char *at, const char *end, size_t *len)
{
	static const unsigned char mask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	const unsigned char *s = (const unsigned char *)at;
	size_t n = text_utf8_length(at, (size_t)(end - at));
	*len = n ? n : 1;
	if (n == 0)
		return ' ';
	uint32_t c = s[0] & mask[n];
	for (size_t i = 1; i < n; i++)
		c = c << 6 | (s[i] & 0x3fu);
	return c;
}

static size_t encode(uint32_t c, char *out)
{
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
	for (size_t i = n; i-- > 1; c >>= 6)
		out[i] = (char)(0x80 | (c & 0x3f));
	out[0] = (char)(lead[n] | c);
	return n;
}

struct word {
	char *bytes;
	size_t n;
	bool full;
};

static void put(struct word *w, uint32_t c)
{
	char bytes[4];
	size_t n = encode(c, bytes);
	w->full |= w->n + n > WORD_MAX;
	if (w->full)
		return;
	memcpy(w->bytes + w->n, bytes, n);
	w->n += n;
}

/* Is the character at `at` a letter? */
static bool letter_at(const char *at, const char *end)
{
	size_t len;
	return at < end && class_of(decode(at, end, &len)) == LETTER;
}

size_t words_next(struct words *w, char *word)
{
	struct word out = {word, 0, false};
	enum class before = OTHER;
	while (w->at < w->end) {
		size_t len;
		uint32_t c = decode(w->at, w->end, &len);
		enum class class = class_of(c);
		bool inside = class == LETTER || class == DIGIT ||
			      (class == APOSTROPHE && before == LETTER && letter_at(w->at + len, w->end));
		if (out.n && !inside)
			break;
		w->at += len;
		if (class == ALONE) {
			put(&out, c);
			break;
		}
		if (inside)
			put(&out, class == APOSTROPHE ? '\'' : lower(c));
		before = inside ? class : OTHER;
	}
	return out.n;
}
