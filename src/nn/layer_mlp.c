/* A tower of linear layers: sizes "64,32,16,8" takes 64 numbers in and gives 8 out, with the activation (and dropout)
 * after every layer, or after all but the last. */
#include "nn/compose.h"
#include "nn/init.h"

#include <stdio.h>
#include <stdlib.h>

static enum err_code parse(const struct layer *l, int32_t *size, int max, int *n, struct err *e)
{
	const char *text = layer_text(l, "sizes"), *p = text ? text : "";
	*n = 0;
	for (;;) {
		char *end;
		long v = strtol(p, &end, 10);
		if (end == p || v < 1 || v > 1 << 24 || (*end != ',' && *end != '\0'))
			return err_set(e, ERR_ARG,
				"%s: sizes must be numbers of at least 1 like \"64,32,8\", got \"%s\"", l->name,
				text ? text : "");
		if (*n == max)
			return err_set(e, ERR_ARG, "%s: sizes may name at most %d numbers", l->name, max);
		size[(*n)++] = (int32_t)v;
		if (*end == '\0')
			break;
		p = end + 1;
	}
	if (*n < 2)
		return err_set(
			e, ERR_ARG, "%s: sizes must name the input and at least one output, got \"%s\"", l->name, text);
	return OK;
}

static enum err_code init(struct layer *l, struct paramset *s, struct err *e)
{
	int32_t size[LAYER_SUBS_MAX + 1];
	int n;
	TRY(parse(l, size, LAYER_SUBS_MAX + 1, &n, e));
	for (int i = 1; i < n; i++) {
		char name[16];
		bool bare = i == n - 1 && !layer_flag(l, "last");
		snprintf(name, sizeof name, "%d", i);
		TRY(layer_sub(l, s, "linear", name,
			(const struct sub_arg[]){{"in", size[i - 1]}, {"out", size[i]},
				{"act", 0, bare ? "none" : layer_text(l, "act")}, {"bias", layer_number(l, "bias")},
				{"init", 0, layer_text(l, "init")}, {"std", layer_number(l, "std")}, {0}},
			e));
	}
	return OK;
}

static int apply(const struct layer *l, struct trace *t, const int *in, int n_in, struct err *e)
{
	int x = in[0];
	for (int i = 0; i < l->n_subs; i++) {
		x = compose_sub(l, i, t, x, e);
		if (i < l->n_subs - 1 || layer_flag(l, "last"))
			x = compose_dropout(t, x, layer_number(l, "dropout"), e);
	}
	return x;
}

const struct layer_class layer_mlp = {
	.desc = {"mlp", "mlp { sizes = \"64,32,8\", act = \"relu\", last = true, dropout = 0, bias = true } (x)",
		"A tower of linear layers with an activation after each.",
		(const struct arg_spec[]){
			{"sizes", ARG_STRING, 0, 0, 0, ARG_REQUIRED, "numbers in, inside and out, separated by commas"},
			{"act", ARG_CHOICE, 0, 0, 0, 0, "activation", "relu", ACTIVATIONS},
			{"last", ARG_BOOL, 1, 0, 1, 0, "activation and dropout also after the last layer"},
			{"dropout", ARG_REAL, 0, 0, .99, ARG_LIVE, "share dropped after each activation"},
			{"bias", ARG_BOOL, 1, 0, 1, 0, "trained biases"}, LAYER_INIT("xavier_uniform"), {0}}},
	.arity_min = 1,
	.arity_max = 1,
	.init = init,
	.apply = apply,
};
