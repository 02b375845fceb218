/* Words of a text.  The text is UTF-8.
 *
 *   - A word is a longest run of letters and digits.  One apostrophe (' or U+2019) between two letters belongs to the word
 *     and is written ': "don't".  Everything else separates words, so "e-mail" is two of them.
 *   - Letters are A-Z, a-z and every character from U+00AA on that is not punctuation, space, a symbol, an arrow, a private
 *     character or an emoji, by the blocks of Unicode; accents that stand alone (U+0300-036F) belong to their letter.
 *   - A Chinese character or a Japanese kana is a word of its own: such texts put no spaces between words.
 *   - Capitals become small in ASCII, Latin, Greek and Cyrillic; nothing else is normalised.
 *   - Bytes that are not UTF-8 separate words.
 *   - Words longer than WORD_MAX bytes are cut there, at a character; the rest of the run is dropped.
 * The result depends on the bytes alone, not on the locale. */
#ifndef GUSTO_DATA_WORDS_H
#define GUSTO_DATA_WORDS_H

#include <stddef.h>

enum { WORD_MAX = 64 };

struct words {
	const char *at, *end;
};

/* The next word of w into word[WORD_MAX] (not NUL-terminated); returns its length, 0 at the end of the text. */
size_t words_next(struct words *w, char *word);

#endif
