/* A parameter: a named tensor that outlives programs, shared by Lua, trainer and checkpoints (reference-counted).
 *
 * Row-sparse parameters (`lazy`, tables that are only looked up) get gradients and optimizer updates for the rows that
 * a step touched.  A lazy table that some op reads whole (full softmax over items) gets a dense gradient in that program. */
#ifndef GUSTO_GRAPH_PARAM_H
#define GUSTO_GRAPH_PARAM_H

#include "base/err.h"
#include "tensor/shape.h"

enum { PARAM_NAME_MAX = 128 };

struct param {
	int refs;
	char name[PARAM_NAME_MAX]; /* "item", "block 1/attention/query/weight" */
	struct shape shape;	   /* AXIS_FIXED */
	int32_t rows, width;	   /* dim[0] and the product of the rest; a vector is 1 x n */
	int64_t n;
	real *value;	/* [n], 64-byte aligned */
	bool trainable; /* false: a constant (popularity, log Q) */
	bool frozen;	/* live: gradients are not computed while true (takes effect at the next trace) */
	bool lazy;	/* row-sparse gradients allowed */
};

/* Zeroed values; ERR_NOMEM with the size in the sentence. */
enum err_code param_new(const char *name, const struct shape *shape, struct param **out, struct err *e);
struct param *param_ref(struct param *p);
void param_unref(struct param *p);

#endif
