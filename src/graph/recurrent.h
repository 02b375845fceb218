/* How recurrent ops (op_gru.c, op_lstm.c) walk the packed sequences of a slice: time step by time step over all sequences
 * at once, longest first, so that those still alive at time t are the first alive[t] rows of every matrix of the step.
 * No padding: a step costs what is alive.  Sequences are packed on a token axis, or windows of the same length, [examples, T, ..].
 *
 * Rows that belong to (time, sequence) stand "time-major" at begin[t] + k for the k-th longest sequence: the order in which
 * one product over all tokens sums the gradient of the hidden weights. */
#ifndef GUSTO_GRAPH_RECURRENT_H
#define GUSTO_GRAPH_RECURRENT_H

#include "graph/op_util.h"

struct recurrent {
	const int32_t *at; /* the offsets of the sequences */
	int32_t n, longest;
	int32_t *order; /* [n] example of the k-th longest sequence; ties in the order of the examples */
	int32_t *alive; /* [longest + 1] sequences with more than t tokens */
	int32_t *begin; /* [longest + 1] tokens at times before t */
};

/* Inputs behind x and weight: a bias [gates h] on AXIS_FIXED, then initial states [examples, h].  -1: not given. */
struct recurrent_inputs {
	int bias, state[2];
};
struct recurrent_inputs recurrent_inputs_of(const struct op_io *io);

/* x [tokens, gates h] or [examples, T, gates h], weight [gates h, h], bias?, up to `states` initial states; *out = [.., h]. */
enum err_code recurrent_shape(
	const char *op, int gates, int states, const struct op_sig *s, struct shape *out, struct err *e);

static inline int64_t recurrent_width(const struct op_io *io)
{
	return shape_last(&io->out.shape);
}

static inline int64_t recurrent_tokens(const struct op_io *io)
{
	return op_vectors(&io->out);
}

/* Reals at the start of the scratch that the walk takes; recurrent_walk fills them and returns what stands behind. */
size_t recurrent_walk_size(const struct op_io *io);
real *recurrent_walk(const struct op_io *io, real *scratch, struct recurrent *r);

/* The token of the k-th longest sequence at time t. */
static inline int64_t recurrent_token(const struct recurrent *r, int32_t k, int32_t t)
{
	return r->at[r->order[k]] + t;
}

/* rows[k] = the state of the k-th longest sequence that has tokens before the first; zeros where none was given. */
void recurrent_start(const struct op_io *io, const struct recurrent *r, int input, real *rows);

/* g[m, gates h] = bias + state[m, h] weight^T */
void recurrent_project(const struct op_io *io, int bias, int64_t m, const real *state, bool zero, real *g);

/* From dg [all tokens, gates h], time-major:  dweight += dg^T h_before, dbias += column sums.  before [all tokens, h] is
 * room for the states before each token: those of the output, or the initial ones. */
void recurrent_weight_grads(struct op_io *io, const struct recurrent *r, const real *dg, real *before);

/* The gradient of an initial state, from rows in the walk's order. */
void recurrent_start_grad(struct op_io *io, const struct recurrent *r, int input, const real *rows);

#endif
