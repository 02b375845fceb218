/* What trace.c, plan.c, program.c, slices.c, replica.c, replicas.c, recorder.c and reduce.c share: the recorded program and its replicas. */
#ifndef GUSTO_GRAPH_PROGRAM_IMPL_H
#define GUSTO_GRAPH_PROGRAM_IMPL_H

#include "base/team.h"
#include "graph/gathered.h"
#include "graph/program.h"
#include "graph/reduce.h"

#include <pthread.h>

enum { GATHERED_MAX = BATCH_FIELDS_MAX };

enum value_kind { VALUE_INPUT, VALUE_PARAM, VALUE_NUMBER, VALUE_OP };

struct value {
	enum value_kind kind;
	enum field_type type;
	struct shape shape;
	int64_t width;
	int ref;	 /* field, parameter or node */
	int root;	 /* the value whose storage it shares (itself, unless made by an OP_ALIAS op) */
	bool partial;	 /* a sum over the rows of the slice: the batch's value is the sum over slices */
	bool needs_grad; /* a trainable parameter lies below it */
	bool reached;	 /* the loss depends on it */
	double number;
	int buf, gbuf; /* places in the plan, -1: none */
};

struct node {
	const struct op_class *class;
	int n_in, in[OP_IN_MAX], out;
	double attr[OP_ATTR_MAX];
	char *scope;
	bool active;		  /* takes part in backward */
	unsigned add;		  /* bit k: input k's gradient is added to, else overwritten */
	unsigned zero;		  /* bit k: clear input k's gradient first (the same value stands in several places) */
	unsigned sparse;	  /* bit k: input k is a lazy parameter with row gradients */
	int aux_buf;		  /* -1: none */
	int gathered;		  /* column of ids that it wants by id, -1: none */
	double forward, backward; /* seconds, when profiled */
	struct op_work work;	  /* in these */
};

/* A place in a worker's arena: rows of an axis times a width, or the aux of a node. */
struct place {
	enum axis axis;
	int64_t width;
	int aux_of; /* node, or -1 */
};

/* The rows of a parameter that belong to a worker (rowgrad_part) and were touched by any, with their summed gradients. */
struct owned {
	struct grad_row *row;
	int64_t n;
};

/* One worker's replica: memory and the io of every node, bound anew for each slice. */
struct replica {
	real *arena;
	size_t arena_size; /* reals */
	struct op_io *io;  /* [nodes] */
	size_t *at;	   /* [places + 1] offsets into the arena */
	int32_t *offsets[AXIS_N];
	int32_t offsets_cap;
	real *dense;	      /* gradients of dense parameters, one after the other */
	struct rowgrad *rows; /* [params], width 0 where dense */
	int64_t *touched;     /* [params] how many rows there is room for */
	struct owned *owned;  /* [params] of this step */
	struct gathered gathered[GATHERED_MAX];
	int64_t n_rows[AXIS_N], first_row[AXIS_N], total_rows[AXIS_N]; /* of the slice that is bound */
	double losses[8];
	double squares;	   /* of the summed gradients, over this worker's share of them */
	int64_t bad_slice; /* first slice whose loss was not finite, -1: none */
};

struct program {
	enum program_mode mode;
	struct value *value;
	int n_values;
	struct node *node;
	int n_nodes;
	struct field_spec field[BATCH_FIELDS_MAX];
	int n_fields;
	struct param **param;
	int n_params;
	int64_t *dense_at; /* [n_params] offset in replica.dense, -1: row-sparse or no gradient */
	int64_t dense_size;
	struct place *place;
	int n_places;
	int output[8], n_outputs;
	int table, bias; /* PROGRAM_FACTORS: values, -1: none */
	bool coupled, stepwise, gathers;
	size_t row_bytes[AXIS_N]; /* of the arena, per row of an axis */
	int n_replicas;
	struct replica *replica;
	int32_t *slice; /* [slices + 1] first example of each */
	int32_t slices;
	int32_t *share;			  /* [workers + 1] first slice of each worker */
	uint64_t *key;			  /* [nodes] of this step */
	int gathered_value[GATHERED_MAX]; /* columns of ids that ops want by id */
	int32_t gathered_below[GATHERED_MAX];
	int n_gathered;
	int32_t max_examples;	  /* reserved */
	struct operand looked[8]; /* outputs of the last program_look */
};

struct engine {
	int threads;
	struct team *team;
	int64_t slice_rows;
	bool profile;
	real **scratch;
	size_t *scratch_size;
};

/* plan.c */
enum err_code plan_program(struct program *p, struct err *e);

/* replicas.c: memory of the workers, for batches of up to rows[axis] rows. */
enum err_code replicas_reserve(const struct engine *g, struct program *p, const int64_t rows[AXIS_N], struct err *e);
void replicas_free(struct program *p);

/* slices.c: fills p->slice and p->share. */
void slices_cut(const struct engine *g, struct program *p, const struct batch *b);

/* reduce.c: sums the gradients over the workers; all are summed before any is handed out. */
void reduce_sum(struct engine *g, struct program *p);

/* replica.c */
struct slice_range {
	int32_t first, n; /* examples */
};
void replica_bind_once(struct program *p, struct replica *r); /* what no slice changes */
enum err_code replica_bind(struct engine *g, struct program *p, int worker, const struct batch *b, struct slice_range s,
	bool train, struct err *e);
void replica_forward(struct program *p, int worker, int node);
void replica_backward_begin(struct program *p, int worker);
void replica_backward(struct program *p, int worker, int node);
/* Output k over the slice just replayed. */
void replica_output(struct program *p, int worker, int k, const struct batch *b, struct operand *out);
void replica_clear_grads(struct program *p, int worker);

/* recorder.c: fills *e with what was not finite first. */
enum err_code recorder_report(struct engine *g, struct program *p, const struct batch *b, struct err *e);

#endif
