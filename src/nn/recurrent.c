#include "nn/recurrent.h"

#include "nn/init.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { INPUT }; /* the layer within a single one */

/* PyTorch's rule: every number uniform in +-1 / sqrt(out). */
static double spread(const struct layer *l)
{
	double std = layer_number(l, "std");
	bool own_rule = std == 0 && strcmp(layer_text(l, "init"), "uniform") == 0;
	return own_rule ? 1 / sqrt(layer_number(l, "out")) : std;
}

static enum err_code init_stack(struct layer *l, struct paramset *s, struct err *e)
{
	for (int k = 0; k < layer_int(l, "layers"); k++) {
		char name[16];
		snprintf(name, sizeof name, "%d", k + 1);
		TRY(layer_sub(l, s, l->class->desc.name, name,
			(const struct sub_arg[]){{"in", layer_number(l, k ? "out" : "in")},
				{"out", layer_number(l, "out")}, {"bias", layer_number(l, "bias")},
				{"init", 0, layer_text(l, "init")}, {"std", layer_number(l, "std")}, {0}},
			e));
	}
	return OK;
}

enum err_code recurrent_init(struct layer *l, struct paramset *s, int gates, struct err *e)
{
	if (layer_int(l, "layers") > 1)
		return init_stack(l, s, e);
	int32_t out = layer_int(l, "out");
	struct init w = {.kind = layer_text(l, "init"), .scale = spread(l)};
	TRY(layer_sub(l, s, "linear", "input",
		(const struct sub_arg[]){{"in", layer_number(l, "in")}, {"out", gates * out},
			{"bias", layer_number(l, "bias")}, {"init", 0, w.kind}, {"std", w.scale}, {0}},
		e));
	TRY(layer_make(l, s, "weight", shape_fixed(2, gates * out, out, 0), &w, true, false, e));
	if (!layer_flag(l, "bias"))
		return OK;
	return layer_make(
		l, s, "bias", shape_fixed(1, gates * out, 0, 0), &(struct init){.kind = "zeros"}, true, false, e);
}

static int apply_stack(const struct layer *l, struct trace *t, int x, int n_in, struct err *e)
{
	if (n_in > 1) {
		err_set(e, ERR_ARG, "%s: initial states are taken by single layers, this one has %d", trace_scope(t),
			l->n_subs);
		return -1;
	}
	for (int k = 0; k < l->n_subs && x >= 0; k++) {
		if (k > 0)
			x = compose_dropout(t, x, layer_number(l, "dropout"), e);
		x = compose_sub(l, k, t, x, e);
	}
	return x;
}

int recurrent_apply(const struct layer *l, struct trace *t, const int *in, int n_in, struct err *e)
{
	if (layer_int(l, "layers") > 1)
		return apply_stack(l, t, in[0], n_in, e);
	int arg[LAYER_IN_MAX + 2] = {compose_sub(l, INPUT, t, in[0], e)}, n = 1;
	for (int i = 0; i < l->n_params; i++)
		arg[n++] = trace_param(t, l->param[i], e);
	for (int i = 1; i < n_in; i++)
		arg[n++] = in[i];
	return compose_op(t, l->class->desc.name, arg, n, NULL, e);
}
