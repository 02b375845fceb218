/* What layers say to the trace: ops by name, attributes by name. */
#ifndef GUSTO_NN_COMPOSE_H
#define GUSTO_NN_COMPOSE_H

#include "nn/layer.h"

struct attr {
	const char *name; /* NULL ends a list */
	double value;
};

/* trace_apply with named attributes; the rest keep their defaults.  An input < 0 is an earlier failure: -1 is handed
 * on, so that calls can be nested without a check after each. */
int compose_op(struct trace *t, const char *op, const int *in, int n_in, const struct attr *attr, struct err *e);

int compose1(struct trace *t, const char *op, int x, struct err *e);
int compose2(struct trace *t, const char *op, int x, int y, struct err *e);
/* rate 0 records nothing. */
int compose_dropout(struct trace *t, int x, double rate, struct err *e);
/* The k-th layer within, applied to one value. */
int compose_sub(const struct layer *l, int k, struct trace *t, int x, struct err *e);
/* One of ACTIVATIONS. */
int compose_activation(struct trace *t, const char *name, int x, struct err *e);

#define ACTIVATIONS "none|relu|leaky_relu|elu|selu|gelu|swish|softplus|sigmoid|tanh|hard_sigmoid|hard_tanh|hard_swish"

/* Arguments of a layer by name; CHECKs that they exist. */
double layer_number(const struct layer *l, const char *arg);
int32_t layer_int(const struct layer *l, const char *arg);
bool layer_flag(const struct layer *l, const char *arg);
const char *layer_text(const struct layer *l, const char *arg);

/* Makes a parameter of the layer under the name Lua sees. */
enum err_code layer_make(struct layer *l, struct paramset *s, const char *name, struct shape shape,
	const struct init *init, bool trainable, bool lazy, struct err *e);
/* A layer within: arguments by name (text NULL: the number), the rest default. */
struct sub_arg {
	const char *name; /* NULL ends the list */
	double number;
	const char *text;
};
enum err_code layer_sub(struct layer *l, struct paramset *s, const char *class_name, const char *name,
	const struct sub_arg *args, struct err *e);

/* The rows that layers with drawn weights share. */
#define LAYER_INIT(kind_)                                                                                              \
	{"init", ARG_CHOICE, 0, 0, 0, 0, "how weights start", kind_, INIT_CHOICES},                                    \
	{                                                                                                              \
		"std", ARG_REAL, 0, 0, 1e6, 0,                                                                         \
			"deviation, bound or factor of the start; 0: the initialiser's own rule"                       \
	}

#endif
