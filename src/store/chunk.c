#include "store/chunk.h"

#include <math.h>
#include <string.h>

_Static_assert(
	__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "run.db holds little-endian numbers; convert here for others");

void chunk_sum_add(struct chunk_sum *s, const int64_t *step, const double *value, size_t n)
{
	if (!n)
		return;
	if (!s->n)
		s->first_step = step[0];
	for (size_t i = 0; i < n; i++) {
		double v = value[i];
		if (!isfinite(v))
			continue;
		if (!s->good || v < s->min) {
			s->min = v;
			s->min_step = step[i];
		}
		if (!s->good || v > s->max) {
			s->max = v;
			s->max_step = step[i];
		}
		s->good++;
	}
	s->n += (int64_t)n;
	s->last_step = step[n - 1];
	s->last = value[n - 1];
}

/* Steps that wrap around are legal input: the arithmetic is done on unsigned numbers. */
static bool steps_regular(const int64_t *step, size_t n, int64_t *stride)
{
	*stride = n > 1 ? (int64_t)((uint64_t)step[1] - (uint64_t)step[0]) : 1;
	for (size_t i = 2; i < n; i++)
		if ((uint64_t)step[i] - (uint64_t)step[i - 1] != (uint64_t)*stride)
			return false;
	return true;
}

static bool values_float(const double *value, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((double)(float)value[i] != value[i] && !isnan(value[i]))
			return false;
	return true;
}

size_t chunk_encode(
	const int64_t *step, const double *value, size_t n, unsigned char *buf, int *coding, int64_t *stride)
{
	unsigned char *p = buf;
	*coding = 0;
	if (!steps_regular(step, n, stride)) {
		*coding |= CHUNK_STEPS;
		memcpy(p, step, n * sizeof *step);
		p += n * sizeof *step;
	}
	if (values_float(value, n)) {
		for (size_t i = 0; i < n; i++, p += sizeof(float))
			memcpy(p, &(float){(float)value[i]}, sizeof(float));
	} else {
		*coding |= CHUNK_DOUBLE;
		memcpy(p, value, n * sizeof *value);
		p += n * sizeof *value;
	}
	return (size_t)(p - buf);
}

bool chunk_decode(const void *buf, size_t bytes, int coding, int64_t first, int64_t stride, size_t n, int64_t *step,
	double *value)
{
	const unsigned char *p = buf;
	size_t width = (coding & CHUNK_STEPS ? 8 : 0) + (coding & CHUNK_DOUBLE ? 8 : 4);
	if (coding & ~(CHUNK_STEPS | CHUNK_DOUBLE) || n < 1 || n > CHUNK_SAMPLES || bytes != n * width)
		return false;
	if (coding & CHUNK_STEPS) {
		memcpy(step, p, n * sizeof *step);
		p += n * sizeof *step;
	} else {
		for (size_t i = 0; i < n; i++)
			step[i] = (int64_t)((uint64_t)first + i * (uint64_t)stride);
	}
	if (coding & CHUNK_DOUBLE) {
		memcpy(value, p, n * sizeof *value);
		return true;
	}
	for (size_t i = 0; i < n; i++) {
		float f;
		memcpy(&f, p + i * sizeof f, sizeof f);
		value[i] = f;
	}
	return true;
}

bool chunk_column(sqlite3_stmt *st, int64_t *step, double *value)
{
	int64_t n = sqlite3_column_int64(st, 1);
	const void *data = sqlite3_column_blob(st, 5);
	return data && n >= 1 && n <= CHUNK_SAMPLES &&
	       chunk_decode(data, (size_t)sqlite3_column_bytes(st, 5), sqlite3_column_int(st, 3),
		       sqlite3_column_int64(st, 2), sqlite3_column_int64(st, 4), (size_t)n, step, value);
}
