/* Runs one op on plain arrays: op_run_init, set what is special, forward, backward, op_run_fini. */
#ifndef GUSTO_TESTS_OP_RUN_H
#define GUSTO_TESTS_OP_RUN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "graph/op_util.h"

#include <math.h>
#include <stdlib.h>

struct op_run {
	struct op_io io;
	struct op_sig sig;
	double attr[OP_ATTR_MAX];
	real *grads[OP_IN_MAX];
};

static inline int64_t op_run_rows(const struct op_run *r, enum axis a)
{
	return a == AXIS_FIXED ? 1 : a == AXIS_EXAMPLE ? r->io.examples : r->io.offsets[a][r->io.examples];
}

static inline void *op_run_block(int64_t n)
{
	void *p = mem_calloc((size_t)n + 1, sizeof(real));
	assert_non_null(p);
	return p;
}

/* offsets [examples + 1] serve both token axes. */
static inline void op_run_init(struct op_run *r, const char *op, int32_t examples, const int32_t *offsets)
{
	*r = (struct op_run){0};
	r->io = (struct op_io){.class = op_find(op),
		.attr = r->attr,
		.examples = examples,
		.total_examples = examples,
		.key = 99,
		.train = true};
	assert_non_null(r->io.class);
	struct args a;
	args_default(&r->io.class->desc, &a);
	memcpy(r->attr, a.num, sizeof r->attr);
	r->io.offsets[AXIS_TOKEN] = r->io.offsets[AXIS_TOKEN2] = offsets;
	r->sig.attr = r->attr;
}

static inline struct operand *op_run_input(struct op_run *r, enum field_type type, struct shape shape)
{
	int k = r->io.n_in++;
	r->sig.n_in = r->io.n_in;
	r->sig.type[k] = type;
	r->sig.shape[k] = shape;
	struct operand *x = &r->io.in[k];
	*x = (struct operand){.type = type, .shape = shape, .rows = op_run_rows(r, shape.axis)};
	x->total_rows = x->rows;
	return x;
}

/* Borrows `values`; the gradient is zeroed and overwritten by backward. */
static inline void op_run_real(struct op_run *r, struct shape shape, const real *values)
{
	struct operand *x = op_run_input(r, FIELD_REAL, shape);
	x->v = (real *)(uintptr_t)values;
	x->g = r->grads[r->io.n_in - 1] = op_run_block(op_numbers(x));
}

static inline void op_run_int(struct op_run *r, struct shape shape, const int32_t *ids)
{
	op_run_input(r, FIELD_INT, shape)->i = ids;
}

static inline void op_run_forget(struct op_run *r)
{
	mem_free(r->io.out.v);
	mem_free(r->io.out.g);
	mem_free(r->io.aux);
	mem_free(r->io.scratch);
}

/* Allocates output, aux and scratch; may be called again. */
static inline void op_run_forward(struct op_run *r)
{
	op_run_forget(r);
	struct err e = {0};
	struct op_io *io = &r->io;
	if (io->class->shape(&r->sig, &io->out.shape, &e) != OK)
		fail_msg("%s", e.text);
	io->out.rows = op_run_rows(r, io->out.shape.axis);
	io->out.total_rows = io->out.rows;
	io->out.v = op_run_block(op_numbers(&io->out));
	io->out.g = op_run_block(op_numbers(&io->out));
	io->aux = op_run_block(io->class->aux ? (int64_t)io->class->aux(io) : 0);
	io->scratch = op_run_block(io->class->scratch ? (int64_t)io->class->scratch(io) : 0);
	io->class->forward(io);
}

static inline void op_run_backward(struct op_run *r, const real *out_g)
{
	memcpy(r->io.out.g, out_g, (size_t)op_numbers(&r->io.out) * sizeof *out_g);
	r->io.class->backward(&r->io);
}

static inline void op_run_fini(struct op_run *r)
{
	for (int k = 0; k < OP_IN_MAX; k++)
		mem_free(r->grads[k]);
	op_run_forget(r);
}

static inline void assert_close(double got, double want, double tolerance)
{
	if (!(fabs(got - want) <= tolerance * fmax(1, fabs(want))))
		fail_msg("got %.9g, expected %.9g", got, want);
}

#endif
