/* One head of one sequence, as op_attention.c hands it to the kernels for short and for long sequences. */
#ifndef GUSTO_GRAPH_ATTENTION_H
#define GUSTO_GRAPH_ATTENTION_H

#include "tensor/mask.h"

enum { ATTENTION_SHORT = 64, ATTENTION_WIDTH = 256 / sizeof(real) };

struct attention_head {
	int64_t len, d, stride; /* tokens, numbers per head, numbers per token */
	const real *q, *k, *v, *g;
	real *out, *dq, *dk, *dv; /* gradients are added to; NULL where not wanted */
	real *w;		  /* [len, len], before dropout, 0 where masked */
	real *scratch;
	bool causal, drop;
	struct mask mask;
	uint64_t first_query, query_step; /* token * heads + head of the first query */
	real scale;
};

/* Keys that a query sees. */
static inline int64_t attention_visible(const struct attention_head *h, int64_t query)
{
	return h->causal ? query + 1 : h->len;
}

/* The first element of a query's row of the dropout mask. */
static inline uint64_t attention_mask_row(const struct attention_head *h, int64_t query)
{
	return (h->first_query + (uint64_t)query * h->query_step) << 20;
}

/* For len <= ATTENTION_SHORT and d <= ATTENTION_WIDTH. */
void attention_short_forward(const struct attention_head *h);
void attention_short_backward(const struct attention_head *h);

#endif
