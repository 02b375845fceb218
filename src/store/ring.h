/* A ring without locks for one producer and one consumer at a time.
 *
 * The producer publishes with a release store of head; the consumer gives room back with a release store of tail.  Each
 * side keeps a private copy of the other's index and looks at the real one only when the copy says full or empty, so
 * that a push is a handful of instructions and no shared cache line moves. */
#ifndef GUSTO_STORE_RING_H
#define GUSTO_STORE_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RING_SIZE = 1 << 15 }; /* samples; 768 KiB */

struct ring_sample {
	int64_t step;
	double value;
	int32_t series;
};

struct ring {
	_Alignas(64) _Atomic uint64_t head; /* written by the producer */
	uint64_t head_local, tail_seen;	    /* the producer's own */
	_Alignas(64) _Atomic uint64_t tail; /* written by the consumer */
	_Alignas(64) struct ring_sample slot[RING_SIZE];
};

/* False where the ring is full. */
static inline bool ring_push(struct ring *r, int32_t series, int64_t step, double value)
{
	uint64_t h = r->head_local;
	if (h - r->tail_seen == RING_SIZE) {
		r->tail_seen = atomic_load_explicit(&r->tail, memory_order_acquire);
		if (h - r->tail_seen == RING_SIZE)
			return false;
	}
	r->slot[h % RING_SIZE] = (struct ring_sample){step, value, series};
	r->head_local = h + 1;
	atomic_store_explicit(&r->head, h + 1, memory_order_release);
	return true;
}

/* What is there, as one contiguous piece: *n samples; ring_pop(n) gives them back.  The consumer's lock orders consumers. */
static inline const struct ring_sample *ring_peek(struct ring *r, size_t *n)
{
	uint64_t t = atomic_load_explicit(&r->tail, memory_order_relaxed);
	uint64_t have = atomic_load_explicit(&r->head, memory_order_acquire) - t, run = RING_SIZE - t % RING_SIZE;
	*n = (size_t)(have < run ? have : run);
	return &r->slot[t % RING_SIZE];
}

static inline void ring_pop(struct ring *r, size_t n)
{
	uint64_t t = atomic_load_explicit(&r->tail, memory_order_relaxed);
	atomic_store_explicit(&r->tail, t + n, memory_order_release);
}

#endif
