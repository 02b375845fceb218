/* What the layers gru and lstm share: a stack of recurrent layers, each the op of that name over a linear layer. */
#ifndef GUSTO_NN_RECURRENT_H
#define GUSTO_NN_RECURRENT_H

#include "nn/compose.h"

/* Weights of `gates` gates, [gates out, in] and [gates out, out].  With layers > 1 the layers within are called 1, 2, ... */
enum err_code recurrent_init(struct layer *l, struct paramset *s, int gates, struct err *e);
int recurrent_apply(const struct layer *l, struct trace *t, const int *in, int n_in, struct err *e);

#define RECURRENT_ARGS                                                                                                 \
	{"in", ARG_INT, 0, 1, 1 << 24, ARG_REQUIRED, "numbers per token that come in"},                                \
		{"out", ARG_INT, 0, 1, 1 << 20, ARG_REQUIRED, "numbers of the state"},                                 \
		{"layers", ARG_INT, 1, 1, 8, 0, "layers, each over the states of the one before"},                     \
		{"dropout", ARG_REAL, 0, 0, .99, ARG_LIVE, "share dropped between layers in training"},                \
		{"bias", ARG_BOOL, 1, 0, 1, 0, "biases of the input's and of the state's part of the gates"},          \
		LAYER_INIT("uniform")

#endif
