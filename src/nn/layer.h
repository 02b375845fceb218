/* A layer: parameters plus a way to apply them, as a composition of ops.  One file layer_<name>.c, one row in
 * layers.def. */
#ifndef GUSTO_NN_LAYER_H
#define GUSTO_NN_LAYER_H

#include "graph/trace.h"
#include "nn/paramset.h"

enum { LAYER_PARAMS_MAX = 4, LAYER_SUBS_MAX = 16, LAYER_IN_MAX = 4 };

struct layer;
struct layer_class {
	struct desc desc; /* args: sizes and options; ARG_LIVE where they are scalars of the program */
	int arity_min, arity_max;
	enum err_code (*init)(struct layer *l, struct paramset *s, struct err *e); /* makes parameters */
	/* Records the layer's ops; returns the output value or -1. */
	int (*apply)(const struct layer *l, struct trace *t, const int *in, int n_in, struct err *e);
};
struct layer {
	const struct layer_class *class;
	char name[64]; /* scope in traces and parameter names */
	struct args args;
	int n_params;
	struct param *param[LAYER_PARAMS_MAX];	  /* borrowed from the paramset; referenced by the layer */
	const char *param_name[LAYER_PARAMS_MAX]; /* "weight", "bias", ... as Lua sees them */
	int n_subs;
	struct layer *sub[LAYER_SUBS_MAX]; /* layers it is composed of, owned; their scopes lie within its own */
};
extern const struct registry layer_registry;

/* Checks args, makes the parameters under scope `name`.  Text arguments are copied. */
enum err_code layer_new(const char *class_name, const char *name, const struct args *a, struct paramset *s,
	struct layer **out, struct err *e);
void layer_free(struct layer *l);
/* Pushes the scope, applies, pops.  -1 on error (prefixed with the scope by the trace). */
int layer_apply(const struct layer *l, struct trace *t, const int *in, int n_in, struct err *e);
/* By name, or by path through the layers within: "weight", "attention/query/weight".  NULL: none. */
struct param *layer_param(const struct layer *l, const char *name);
/* Every parameter of the layer and of those within, in order of creation; returns how many (fills at most max). */
int layer_params(const struct layer *l, struct param **out, int max);

#endif
