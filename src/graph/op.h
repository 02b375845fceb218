/* An op: a differentiable C function without parameters of its own.  One file op_<name>.c, one row in ops.def.
 *
 * Shapes are checked once, at tracing.  forward and backward see one slice of the batch: rows of every operand that lie
 * on a run-time axis are those of the slice; AXIS_FIXED operands (parameters) are whole.  Both run on many threads at
 * once, each with an io of its own; an op keeps no other state, and none but op_carry.c writes to an input. */
#ifndef GUSTO_GRAPH_OP_H
#define GUSTO_GRAPH_OP_H

#include "base/desc.h"
#include "base/mem.h"
#include "graph/rowgrad.h"
#include "tensor/shape.h"

enum { OP_IN_MAX = 8, OP_ATTR_MAX = ARGS_MAX };

enum op_flags {
	OP_COUPLED = 1,	  /* couples the examples of a batch: the program runs as one slice */
	OP_RANDOM = 2,	  /* reads io->key */
	OP_ALIAS = 4,	  /* the output is the first input under another shape (reshape): no forward, no backward */
	OP_NOGRAD = 8,	  /* passes no gradient */
	OP_REDUCES = 16,  /* the output is AXIS_FIXED and is a sum over the rows of the slice: summed over slices */
	OP_LINEAR = 32,	  /* linear in all its real inputs: may be applied to such sums */
	OP_STEPWISE = 64, /* walks the time steps of all examples of a slice at once: slices get many examples */
};

struct operand {
	enum field_type type;
	struct shape shape;
	int64_t rows;	    /* in this slice; 1 for AXIS_FIXED */
	int64_t first_row;  /* index of the first of them in the whole batch */
	int64_t total_rows; /* rows of the whole batch */
	const int32_t *i;   /* FIELD_INT: [rows, width] */
	real *v;	    /* FIELD_REAL: [rows, width]; read-only for inputs (but see op_class.writes) */
	real *g; /* gradient, NULL where none is wanted.  For inputs: where `add`, add into it; else overwrite ALL of it */
	bool add;
	struct rowgrad
		*sparse; /* instead of g: a lazy parameter's row gradients (only ops with takes_sparse bit see it) */
};

struct op_class;
struct gathered;

struct op_io {
	const struct op_class *class;
	const double *attr; /* parallel to class->desc.args */
	int n_in;
	struct operand in[OP_IN_MAX];
	struct operand out;
	real *aux;     /* kept from forward to backward (and readable by probes); size from class->aux */
	real *scratch; /* of this worker, contents undefined; size from class->scratch */
	int32_t examples, first_example, total_examples;
	/* offsets[a][e] - offsets[a][0] .. offsets[a][e+1] - offsets[a][0]: the rows of example e of the slice on axis a */
	const int32_t *offsets[AXIS_N];
	/* of the op's random stream at this step; draws are a function of it and of the place in the whole batch (tensor/mask.h) */
	uint64_t key;
	uint64_t step;		   /* of training: the batch's */
	struct gathered *gathered; /* graph/gathered.h, where the class gathers */
	bool train;		   /* dropout and the like are active */
};

struct op_work {
	double flops, bytes;
};

/* What is known at tracing. */
struct op_sig {
	int n_in;
	enum field_type type[OP_IN_MAX];
	struct shape shape[OP_IN_MAX];
	const double *attr;
};

/* A case for the gradient check (and shapes for benches).  Ints are drawn from lo..below-1 (lo = -1: absent ids occur),
 * reals from lo..hi. */
struct op_case {
	const char *name;
	int32_t examples;
	int32_t lengths[8]; /* tokens per example, for AXIS_TOKEN (examples <= 8) */
	int n_in;
	struct {
		enum field_type type;
		struct shape shape;
		int32_t below;
		double lo, hi;
		bool no_grad; /* not differentiable in this input: leave it out of the check */
	} in[OP_IN_MAX];
	double attr[OP_ATTR_MAX];
	double tolerance; /* 0: 1e-6 relative */
};

struct op_class {
	struct desc desc;
	int arity_min, arity_max;
	unsigned flags;
	unsigned need_in;      /* bit k: backward reads the value of input k */
	bool need_out;	       /* backward reads the output's value */
	unsigned takes_sparse; /* bit k: input k may be a lazy parameter with row gradients (lookups) */
	unsigned no_table;     /* bit k: input k is no table that the ids among the inputs look up */
	bool table_product;    /* y = x W^T + b of inputs x, W [n, d] and, where there is a third, b [n] */
	unsigned writes; /* bit k: forward writes rows of input k, a parameter that is not trainable, when io->train */
	/* Tokens of the ids in input `ids`, which look up input `table`, are wanted by id (graph/gathered.h). */
	struct {
		bool on;
		int ids, table;
	} gathers;
	/* Checks shapes and types, sets *out.  Sentences name the shapes: "linear: in=64 but x is [tokens, 48]". */
	enum err_code (*shape)(const struct op_sig *s, struct shape *out, struct err *e);
	size_t (*aux)(const struct op_io *io);	   /* NULL: none.  Rows and offsets are bound, pointers are not */
	size_t (*scratch)(const struct op_io *io); /* NULL: none.  Columns of the batch are bound too */
	void (*forward)(struct op_io *io);
	void (*backward)(struct op_io *io); /* NULL with OP_NOGRAD or OP_ALIAS.  out.g holds d loss / d out */
	/* OP_COUPLED: after a training step whose loss and gradients were finite, writes what it leaves behind into
	 * parameters that take no gradient (running statistics).  Sees the whole batch, as backward did. */
	void (*commit)(struct op_io *io);
	/* Of the slice, for profiles: floating-point operations, and bytes that must be read or written.  NULL: not told. */
	struct op_work (*work)(const struct op_io *io, bool backward);
	const char *probe;	     /* what aux holds, where it is worth seeing ("attention"), else NULL */
	const struct op_case *cases; /* ends with a row without name */
};

extern const struct registry op_registry;
const struct op_class *op_find(const char *name); /* NULL: none */

#endif
