/* A run of consecutive samples of one series as one blob, and its summary.  Private to this folder.
 *
 * coding  CHUNK_STEPS   the blob starts with n steps (int64); without it sample i has step first + i * stride
 *         CHUNK_DOUBLE  values are doubles; without it they are floats, because each of them is one exactly
 * Numbers are little-endian.  Infinities are kept; every NaN comes back as a NaN. */
#ifndef GUSTO_STORE_CHUNK_H
#define GUSTO_STORE_CHUNK_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The most samples of a chunk, and how many a merged one gets: two of those, as floats, or one, as doubles, fill a page
 * of 4096 bytes.  The samples of a flush are a smaller chunk until then. */
enum { CHUNK_SAMPLES = 512, CHUNK_FULL = 480 };
enum { CHUNK_STEPS = 1, CHUNK_DOUBLE = 2 };
enum { CHUNK_BYTES_MAX = CHUNK_SAMPLES * 16 };

/* Position keys: see schema.c. */
enum { CHUNK_POS_BITS = 40 };
static inline int64_t chunk_key(int series, int64_t pos)
{
	return ((int64_t)series << CHUNK_POS_BITS) | pos;
}
static inline int64_t chunk_pos(int64_t key)
{
	return key & (((int64_t)1 << CHUNK_POS_BITS) - 1);
}

/* A summary of samples, added up over time.  Zero-initialise to start; min and max are over finite values and
 * mean nothing while good == 0. */
struct chunk_sum {
	int64_t n, good;	       /* samples; finite ones */
	int64_t first_step, last_step; /* as logged, in order of time */
	double last, min, max;
	int64_t min_step, max_step; /* the first step that had them */
};
void chunk_sum_add(struct chunk_sum *s, const int64_t *step, const double *value, size_t n);

/* Encodes n <= CHUNK_SAMPLES samples into buf [CHUNK_BYTES_MAX]; returns the bytes used. */
size_t chunk_encode(
	const int64_t *step, const double *value, size_t n, unsigned char *buf, int *coding, int64_t *stride);

/* Decodes; false where the bytes do not fit n and the coding. */
bool chunk_decode(const void *buf, size_t bytes, int coding, int64_t first, int64_t stride, size_t n, int64_t *step,
	double *value);

/* Decodes a row of "id, n, first_step, coding, stride, data" into arrays of CHUNK_SAMPLES; false where it is damaged. */
bool chunk_column(sqlite3_stmt *st, int64_t *step, double *value);

#endif
