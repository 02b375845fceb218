/* A Feistel network over pairs (l, r), l < left and r < right, with left ~ right ~ sqrt(n) (Black and Rogaway 2002):
 *
 *   l = (l + F_0(r)) mod left,  r = (r + F_1(l)) mod right,  ...   F a keyed 32-bit mixer; six rounds, more
 * where n is small and a round therefore has few outcomes
 *
 * Every round can be undone, so the whole is a permutation of 0..left*right-1.  What leaves 0..n-1 is sent through
 * again until it is back (cycle walking): a share of at most about 2/sqrt(n).  Rounds run over blocks, so that the
 * compiler vectorises them. */
#include "data/shuffle.h"

#include "base/rng.h"

enum { BLOCK = 64 };

void shuffle_init(struct shuffle *s, int64_t n, uint64_t key)
{
	s->n = (uint64_t)n;
	s->left = (uint32_t)ceil(sqrt((double)n));
	s->right = (uint32_t)(((uint64_t)n + s->left - 1) / s->left);
	s->rounds = n < 4096 ? SHUFFLE_ROUNDS_MAX : 6;
	for (uint64_t i = 0; i < SHUFFLE_ROUNDS_MAX; i++)
		s->key[i] = (uint32_t)(rng_at(key, i) >> 32);
}

/* x + F(y) mod m.  The mixer is lowbias32 of Chris Wellons' hash prospector. */
static inline uint32_t turn(uint32_t x, uint32_t y, uint32_t key, uint32_t m)
{
	uint32_t h = y ^ key;
	h ^= h >> 16;
	h *= 0x7feb352d;
	h ^= h >> 15;
	h *= 0x846ca68b;
	h ^= h >> 16;
	uint32_t f = (uint32_t)((uint64_t)h * m >> 32), to_end = m - x;
	return f < to_end ? x + f : f - to_end;
}

static uint64_t permute_once(const struct shuffle *s, uint64_t v)
{
	uint32_t l = (uint32_t)(v / s->right), r = (uint32_t)(v % s->right);
	for (int k = 0; k < s->rounds; k += 2) {
		l = turn(l, r, s->key[k], s->left);
		r = turn(r, l, s->key[k + 1], s->right);
	}
	return (uint64_t)l * s->right + r;
}

static void permute_block(const struct shuffle *s, uint64_t first, int64_t *out)
{
	uint32_t l[BLOCK], r[BLOCK];
	uint32_t x = (uint32_t)(first / s->right), y = (uint32_t)(first % s->right);
	for (int i = 0; i < BLOCK; i++) {
		l[i] = x;
		r[i] = y;
		if (++y == s->right) {
			y = 0;
			x = x + 1 < s->left ? x + 1 : 0; /* beyond the end: not used */
		}
	}
	for (int k = 0; k < s->rounds; k += 2) {
		uint32_t key0 = s->key[k], key1 = s->key[k + 1], left = s->left, right = s->right;
		for (int i = 0; i < BLOCK; i++) {
			l[i] = turn(l[i], r[i], key0, left);
			r[i] = turn(r[i], l[i], key1, right);
		}
	}
	for (int i = 0; i < BLOCK; i++)
		out[i] = (int64_t)((uint64_t)l[i] * s->right + r[i]);
}

void shuffle_range(const struct shuffle *s, int64_t first, int32_t count, int64_t *out)
{
	for (int32_t from = 0; from < count; from += BLOCK) {
		int64_t block[BLOCK];
		permute_block(s, (uint64_t)(first + from), block);
		for (int32_t i = 0; i < BLOCK && from + i < count; i++) {
			uint64_t v = (uint64_t)block[i];
			while (v >= s->n)
				v = permute_once(s, v);
			out[from + i] = (int64_t)v;
		}
	}
}
