/* What the ops of NADE share: the model of binary vectors v over D items, one conditional after the other in an order o
 * (Larochelle and Murray 2011, eq. 2 and 3),
 *   a_1 = c,  a_{i+1} = a_i + v_{o_i} W_{o_i},  h_i = sigmoid(a_i),  p(v_{o_i} = 1 | v_{o_<i}) = sigmoid(b_{o_i} + V_{o_i} . h_i)
 * with c [H], W [D, H], V [D, H], b [D].  Items that are 0 leave a as it is, so that h is computed once per item of the set. */
#ifndef GUSTO_GRAPH_NADE_H
#define GUSTO_GRAPH_NADE_H

#include "graph/op_util.h"

enum { NADE_C, NADE_W, NADE_V, NADE_B, NADE_OWN };
enum { NADE_ORDER };

#define NADE_ORDER_ARG                                                                                                 \
	{                                                                                                              \
		"order", ARG_CHOICE, 0, 0, 0, 0, "of the items: by id, or random per example and step", "given",       \
			"given|random"                                                                                 \
	}

enum err_code nade_need(const char *op, const struct op_sig *s, struct err *e);

/* The order of the items for one example: Fisher-Yates, or the identity. */
static inline void nade_order(const struct op_io *io, struct rng *r, int32_t *order)
{
	int32_t n = io->in[NADE_W].shape.dim[0];
	for (int32_t i = 0; i < n; i++) {
		int32_t j = io->attr[NADE_ORDER] != 0 ? (int32_t)rng_below(r, (uint64_t)i + 1) : i;
		order[i] = order[j];
		order[j] = i;
	}
}

static inline void nade_hidden(const real *a, real *h, int64_t n)
{
#pragma omp simd
	for (int64_t i = 0; i < n; i++)
		h[i] = vm_sigmoid(a[i]);
}

#endif
