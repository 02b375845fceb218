/* Counter-based random streams.
 *
 * Every number is a pure function of (seed, purpose, step, example, counter): nothing depends on the order in
 * which threads ask, so a run can be replayed, resumed and sliced without storing generator state.
 * The mixer is the finaliser of SplitMix64 (Steele, Lea, Flood 2014) over a Weyl sequence. */
#ifndef GUSTO_BASE_RNG_H
#define GUSTO_BASE_RNG_H

#include <math.h>
#include <stdint.h>

/* What a stream is for: two purposes never share numbers. */
enum rng_purpose {
	RNG_INIT = 1,  /* parameter initialisation; step = hash of the parameter's name */
	RNG_DROPOUT,   /* step = training step, example = op, counter = element */
	RNG_SHUFFLE,   /* order of examples; step = epoch */
	RNG_NEGATIVE,  /* training negatives; step = epoch or step, example = position in the epoch */
	RNG_CANDIDATE, /* evaluation candidates; example = user */
	RNG_SPLIT,     /* random splits; example = user */
	RNG_PLANTED,   /* the planted world */
	RNG_NOISE,     /* any other noise inside a program */
	RNG_BOOTSTRAP, /* statistics */
	RNG_TEST,
	RNG_ENV,     /* environments; step = tick and purpose, example = user */
	RNG_EXPLORE, /* what an agent does at random; step = interaction, example = user */
	RNG_REPLAY,  /* transitions drawn from a buffer; step = training step, example = its place in the batch */
};

struct rng {
	uint64_t key, counter;
};

static inline uint64_t rng_mix(uint64_t x)
{
	x ^= x >> 30;
	x *= UINT64_C(0xbf58476d1ce4e5b9);
	x ^= x >> 27;
	x *= UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

#define RNG_WEYL UINT64_C(0x9e3779b97f4a7c15)

static inline uint64_t rng_key(uint64_t seed, enum rng_purpose purpose, uint64_t step, uint64_t example)
{
	uint64_t k = rng_mix(seed + RNG_WEYL * ((uint64_t)purpose + 1));
	k = rng_mix(k ^ rng_mix(step + UINT64_C(0xd1b54a32d192ed03)));
	return rng_mix(k ^ rng_mix(example + UINT64_C(0x8cb92ba72f3d8dd7)));
}

static inline struct rng rng_stream(uint64_t seed, enum rng_purpose purpose, uint64_t step, uint64_t example)
{
	return (struct rng){rng_key(seed, purpose, step, example), 0};
}

/* The counter-th number of the stream `key`. */
static inline uint64_t rng_at(uint64_t key, uint64_t counter)
{
	return rng_mix(key + RNG_WEYL * (counter + 1));
}

static inline uint64_t rng_u64(struct rng *r)
{
	return rng_at(r->key, r->counter++);
}

/* Uniform in [0, 1). */
static inline double rng_unit(struct rng *r)
{
	return (double)(rng_u64(r) >> 11) * 0x1p-53;
}

/* Uniform in 0..n-1, n >= 1; the bias is below n / 2^64. */
static inline uint64_t rng_below(struct rng *r, uint64_t n)
{
	__extension__ typedef unsigned __int128 wide;
	return (uint64_t)(((wide)rng_u64(r) * n) >> 64);
}

/* Standard normal (Box-Muller; one of the pair is dropped, so that the stream stays one number a call of two). */
static inline double rng_normal(struct rng *r)
{
	double u = 1.0 - rng_unit(r), v = rng_unit(r);
	return sqrt(-2.0 * log(u)) * cos(6.283185307179586 * v);
}

/* FNV-1a of a string: turns a name into a stream's step. */
static inline uint64_t rng_hash_name(const char *s)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);
	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * UINT64_C(0x100000001b3);
	return h;
}

#endif
