/* Bytes from data files as text: UTF-8 checks, conversion from ISO-8859-1, numbers. */
#ifndef GUSTO_DATA_TEXT_H
#define GUSTO_DATA_TEXT_H

#include "base/str.h"

#include <stdint.h>

/* The length of the well-formed UTF-8 sequence at s[0..n), 0 where there is none (Unicode 15, table 3-7). */
size_t text_utf8_length(const char *s, size_t n);

/* The offset of the first byte of s[0..n) that is NUL or begins no well-formed UTF-8 sequence; n where all is well. */
size_t text_utf8_check(const char *s, size_t n);

/* Appends s[0..n), read as ISO-8859-1, to `out` as UTF-8. */
void text_from_latin1(struct str *out, const char *s, size_t n);

/* s[0..n) for a terminal: malformed bytes and control characters become '?'; cut to size at a character.  Returns buf. */
char *text_clean(const char *s, size_t n, char *buf, size_t size);

/* Decimal numbers over the whole of s[0..n), whatever the locale; false where it is none or does not fit.
 * text_real: 3, -0.5, 1e-3 (no NaN, no infinity). */
bool text_int(const char *s, size_t n, int64_t *out);
bool text_real(const char *s, size_t n, double *out);

#endif
