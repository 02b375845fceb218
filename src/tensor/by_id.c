#include "tensor/by_id.h"

#include <string.h>

/* A counting sort where the counts of all ids fit the room, else a radix sort, least digit first, by as few passes of at most 11 bits
 * as the ids need. */
enum { DIGIT_MAX = 11 };

static int bits_of(int32_t n)
{
	int bits = 1;
	while (bits < 31 && (n - 1) >> bits)
		bits++;
	return bits;
}

static int64_t groups_max(int64_t tokens, int32_t n)
{
	return tokens < n ? tokens : n;
}

size_t by_id_size(int64_t tokens, int32_t n)
{
	return 4 * (size_t)tokens + 2 * (size_t)groups_max(tokens, n) + 1 + ((size_t)1 << DIGIT_MAX);
}

struct entries {
	int32_t *token, *example;
};

/* Present tokens as they stand; returns how many. */
static int64_t list(const int32_t *id, const int32_t *offsets, int32_t examples, struct entries to)
{
	int64_t n = 0;
	for (int32_t e = 0; e < examples; e++)
		for (int32_t t = offsets[e]; t < offsets[e + 1]; t++) {
			to.token[n] = t;
			to.example[n] = e;
			n += id[t] >= 0;
		}
	return n;
}

static void sort_pass(
	const int32_t *id, struct entries from, struct entries to, int64_t n, int shift, int bits, int32_t *place)
{
	const int32_t mask = (1 << bits) - 1;
	memset(place, 0, sizeof *place << bits);
	for (int64_t k = 0; k < n; k++)
		place[id[from.token[k]] >> shift & mask]++;
	for (int32_t digit = 0, at = 0; digit <= mask; digit++) {
		int32_t count = place[digit];
		place[digit] = at;
		at += count;
	}
	for (int64_t k = 0; k < n; k++) {
		int32_t p = place[id[from.token[k]] >> shift & mask]++;
		to.token[p] = from.token[k];
		to.example[p] = from.example[k];
	}
}

/* Absent tokens count as an id before all others, and end up behind the present ones: nothing branches on what is random. */
static struct by_id sort_by_counts(
	const int32_t *id, const int32_t *offsets, int32_t examples, int32_t n, int32_t *room)
{
	const int64_t tokens = offsets[examples], most = groups_max(tokens, n);
	int32_t *token = room, *example = token + tokens, *group = example + tokens, *first = group + most;
	int32_t *place = first + most + 2, groups = 0, at = 0;
	memset(place - 1, 0, (size_t)(n + 1) * sizeof *place);
	for (int64_t t = 0; t < tokens; t++)
		place[id[t]]++;
	for (int32_t i = 0; i < n; i++) {
		const int32_t count = place[i];
		place[i] = at;
		if (count) {
			group[groups] = i;
			first[groups++] = at;
		}
		at += count;
	}
	first[groups] = place[-1] = at;
	for (int32_t e = 0; e < examples; e++)
		for (int32_t t = offsets[e]; t < offsets[e + 1]; t++) {
			const int32_t p = place[id[t]]++;
			token[p] = t;
			example[p] = e;
		}
	return (struct by_id){groups, group, first, token, example};
}

struct by_id by_id_make(const int32_t *id, const int32_t *offsets, int32_t examples, int32_t n, int32_t *room)
{
	int64_t tokens = offsets[examples], most = groups_max(tokens, n);
	if (n < 2 * tokens + (1 << DIGIT_MAX))
		return sort_by_counts(id, offsets, examples, n, room);
	struct entries a = {room, room + tokens}, b = {room + 2 * tokens, room + 3 * tokens};
	int32_t *group = room + 4 * tokens, *first = group + most, *place = first + most + 1;
	int bits = bits_of(n), passes = (bits + DIGIT_MAX - 1) / DIGIT_MAX, digit = (bits + passes - 1) / passes;
	int64_t present = list(id, offsets, examples, a);
	for (int p = 0; p < passes; p++) {
		sort_pass(id, a, b, present, p * digit, digit, place);
		struct entries t = a;
		a = b;
		b = t;
	}
	int32_t groups = 0;
	for (int64_t k = 0; k < present; k++)
		if (k == 0 || id[a.token[k]] != id[a.token[k - 1]]) {
			group[groups] = id[a.token[k]];
			first[groups++] = (int32_t)k;
		}
	first[groups] = (int32_t)present;
	return (struct by_id){groups, group, first, a.token, a.example};
}

struct by_id by_id_keep(const struct by_id *b, const real *keep, int32_t *room)
{
	const int32_t present = b->first[b->n];
	int32_t *token = room, *example = token + present, *id = example + present, *first = id + b->n;
	int32_t groups = 0, n = 0;
	for (int32_t g = 0; g < b->n; g++) {
		const int32_t from = n;
		for (int32_t k = b->first[g]; k < b->first[g + 1]; k++) {
			token[n] = b->token[k];
			example[n] = b->example[k];
			n += keep[b->token[k]] != 0;
		}
		id[groups] = b->id[g];
		first[groups] = from;
		groups += n > from;
	}
	first[groups] = n;
	return (struct by_id){groups, id, first, token, example};
}
