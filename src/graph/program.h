/* Programs and the engine that replays them.
 *
 * A batch is cut into slices of whole examples, small enough that a slice's activations stay in a core's cache.  Worker w
 * of W replays forward and backward on a fixed, contiguous share of the slices and adds into gradients of its own; these
 * are summed in the order of the workers (graph/reduce.h).  So a step's result depends on (batch, W, slice size) only, never on
 * timing.  Nothing is allocated inside a step once the program was reserved for the largest batch and met its
 * largest slice. */
#ifndef GUSTO_GRAPH_PROGRAM_H
#define GUSTO_GRAPH_PROGRAM_H

#include "graph/trace.h"

struct engine;

struct engine_options {
	int threads;	    /* workers; 0: all cores of the machine */
	int64_t slice_rows; /* about how many rows (of the longest axis) a slice gets; 0: chosen by the program's widths */
};
enum err_code engine_new(const struct engine_options *o, struct engine **out, struct err *e);
void engine_free(struct engine *g);
int engine_threads(const struct engine *g);
struct team *engine_team(const struct engine *g); /* its workers, for other work between steps */

void program_free(struct program *p);
/* Programs hold references to their parameters. */
int program_params(const struct program *p, struct param *const **params);
int program_ops(const struct program *p);

/* Whether two programs differ in live numbers at most: attributes that are ARG_LIVE and numbers of the script.  They work on
 * the same parameters then (or on constants of the same numbers) and on batches of the same columns. */
bool program_same(const struct program *a, const struct program *b);
/* Takes over the live numbers of a program that is the same, from the next replay on; returns how many changed. */
int program_take_live(struct program *p, const struct program *from);

/* Reserves memory for batches of up to rows[axis] rows (row gradients, offsets; arenas grow to the largest slice).
 * Gradients of a step before are forgotten where memory grows. */
enum err_code program_reserve(struct engine *g, struct program *p, const int64_t rows[AXIS_N], struct err *e);

/* Forward and backward over the batch; the gradients stay in the engine until the next step (see graph/reduce.h).
 * losses[k] = output k, summed over slices.  ERR_NUMERIC with op, layer, row and step where the loss or a gradient is not
 * finite (the flight recorder replays the slice op by op to find it); nothing was updated then. */
enum err_code program_step(struct engine *g, struct program *p, const struct batch *b, double *losses, struct err *e);

/* Forward only.  sink is called once per slice, from the worker that ran it, with the outputs of that slice
 * (valid during the call); slices arrive in no particular order, each exactly once. */
typedef void (*program_sink)(
	void *ctx, int worker, int32_t first_example, int32_t examples, const struct operand *outputs);
enum err_code program_infer(
	struct engine *g, struct program *p, const struct batch *b, program_sink sink, void *ctx, struct err *e);

/* PROGRAM_FACTORS: the product x W^T + b that was left out: table [n, d] and bias [n] (may be NULL), of parameters as they stand;
 * false: there was none. */
struct program_product {
	int32_t n, d;
	const real *table, *bias;
};
bool program_product(const struct program *p, struct program_product *out);

/* PROGRAM_KEEP only: replays the whole batch as one slice on the calling thread and leaves every value readable. */
enum err_code program_look(struct engine *g, struct program *p, const struct batch *b, struct err *e);
struct program_probe {
	const char *scope;	/* "block 1/attention" */
	const char *what;	/* op_class.probe */
	const struct op_io *io; /* aux, offsets, attr of the op after program_look */
};
int program_probe_count(const struct program *p);
void program_probe_get(const struct program *p, int k, struct program_probe *out);
void program_output(const struct program *p, int k, struct operand *out);

/* Seconds that the first worker spent per op since the program was made, for profiles: off unless engine_profile(g, true). */
void engine_profile(struct engine *g, bool on);
struct op_time {
	const char *op, *scope;
	double forward, backward; /* seconds */
	struct op_work work;	  /* in these; zeros where the op does not tell */
};
int program_times(const struct program *p, struct op_time *out, int max);

#endif
