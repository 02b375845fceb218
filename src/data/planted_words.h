/* The words of the planted world: genres and film titles. */
#ifndef GUSTO_DATA_PLANTED_WORDS_H
#define GUSTO_DATA_PLANTED_WORDS_H

#include <stddef.h>
#include <stdint.h>

enum { PLANTED_GENRES_MAX = 16 };

const char *words_genre(int32_t genre); /* 0..PLANTED_GENRES_MAX-1 */

/* Title number `index` of a genre: different (genre, index) never give the same text. */
void words_title(int32_t genre, int32_t index, int year, char *buf, size_t size);

#endif
