/* Bytes from data files as text: UTF-8 checks and the conversion from ISO-8859-1. */
#ifndef GUSTO_DATA_TEXT_H
#define GUSTO_DATA_TEXT_H

#include "base/str.h"

/* The length of the well-formed UTF-8 sequence at s[0..n), 0 where there is none (Unicode 15, table 3-7). */
size_t text_utf8_length(const char *s, size_t n);

/* Appends s[0..n), read as ISO-8859-1, to `out` as UTF-8. */
void text_from_latin1(struct str *out, const char *s, size_t n);

#endif
