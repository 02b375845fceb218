/* Tracing: a function that builds a loss or a score runs once, its ops are recorded, a program comes out.
 *
 * Values are small integers valid within their trace.  A trace holds references to the parameters it reads. */
#ifndef GUSTO_GRAPH_TRACE_H
#define GUSTO_GRAPH_TRACE_H

#include "base/batch.h"
#include "graph/op.h"
#include "graph/param.h"

struct trace;
struct program;

/* `signature`: fields (columns ignored) that batches of this program carry. */
enum err_code trace_new(const struct batch *signature, struct trace **out, struct err *e);
void trace_free(struct trace *t);

int trace_input(
	struct trace *t, const char *field, struct err *e); /* -1: there is no such field (says which there are) */
int trace_param(struct trace *t, struct param *p, struct err *e);
int trace_number(struct trace *t, double v, struct err *e); /* a constant scalar */
/* Records an op; attr are in the order of class->desc.args (NULL: all defaults).  -1 on an error, which is prefixed with
 * the current scope: "block 2/attention: heads=3 does not divide dim=50". */
int trace_op(struct trace *t, const struct op_class *class, const int *in, int n_in, const double *attr, struct err *e);
/* By name; attr as above. */
int trace_apply(struct trace *t, const char *op, const int *in, int n_in, const double *attr, struct err *e);

const struct shape *trace_shape(const struct trace *t, int value);
enum field_type trace_type(const struct trace *t, int value);
int32_t trace_below(const struct trace *t, int value); /* of an input of ids: they are less than this; 0: not known */

/* Scopes name layers: ops recorded between carry "block 2/attention". */
void trace_push(struct trace *t, const char *name);
void trace_pop(struct trace *t);
const char *trace_scope(const struct trace *t); /* "" at the top */

enum program_mode {
	PROGRAM_TRAIN, /* outputs[0] is the loss (a scalar that is a sum over rows); backward is planned */
	PROGRAM_INFER, /* forward only, memory reused */
	/* As INFER.  Where output 0 is x W^T (+ b) of parameters, the product is left to the caller: the output is x instead
	 * (program_product). */
	PROGRAM_FACTORS,
	PROGRAM_KEEP, /* forward only, every value and aux is kept: for probes */
};
/* Plans memory.  The trace is spent and still to be freed. */
enum err_code trace_finish(struct trace *t, enum program_mode mode, const int *outputs, int n_outputs,
	struct program **out, struct err *e);

#endif
