/* The flight recorder: a step whose loss or gradients are not finite is replayed op by op on one thread until the first bad
 * number is found.  Random streams are keyed by step, so the replay sees what the step saw. */
#include "graph/program_impl.h"

#include <math.h>
#include <stdio.h>

static int64_t first_bad(const real *x, int64_t n)
{
	for (int64_t i = 0; i < n; i++)
		if (!isfinite((double)x[i]))
			return i;
	return -1;
}

static int32_t first_bad_row(const struct rowgrad *r)
{
	for (int32_t s = 0; s < r->n; s++)
		if (r->row[s] >= 0 && first_bad(r->g + (int64_t)s * r->width, r->width) >= 0)
			return r->row[s];
	return -1;
}

static const char *word(real x)
{
	return isnan((double)x) ? "NaN" : "infinity";
}

/* The example of the batch that row `row` (of the slice) of an axis belongs to. */
static int32_t example_of(const struct op_io *io, enum axis a, int64_t row)
{
	if (a == AXIS_EXAMPLE)
		return io->first_example + (int32_t)row;
	int32_t x = 0;
	while (a != AXIS_FIXED && io->offsets[a] && x + 1 < io->examples && io->offsets[a][x + 1] <= row)
		x++;
	return io->first_example + x;
}

static enum err_code blame(const struct node *n, const struct op_io *io, const struct operand *o, int64_t at,
	const char *what, real x, const struct batch *b, struct err *e)
{
	char where[96] = "";
	int64_t width = shape_width(&o->shape);
	if (o->shape.axis != AXIS_FIXED)
		snprintf(where, sizeof where, " in row %lld (example %d of the batch)", (long long)(at / width),
			example_of(io, o->shape.axis, at / width));
	return err_set(e, ERR_NUMERIC, "step %llu: %s of op %s%s%s gave %s%s; the weights of the step before are kept",
		(unsigned long long)b->step, what, n->class->desc.name, n->scope[0] ? " in layer " : "", n->scope,
		word(x), where);
}

static enum err_code check_params(const struct program *p, const struct batch *b, struct err *e)
{
	for (int q = 0; q < p->n_params; q++) {
		int64_t at = first_bad(p->param[q]->value, p->param[q]->n);
		if (at >= 0)
			return err_set(e, ERR_NUMERIC,
				"step %llu: parameter %s holds %s in row %lld; lower the learning rate or clip the "
				"gradient",
				(unsigned long long)b->step, p->param[q]->name, word(p->param[q]->value[at]),
				(long long)(at / p->param[q]->width));
	}
	return OK;
}

static enum err_code check_inputs(const struct node *n, const struct op_io *io, const struct batch *b, struct err *e)
{
	for (int i = 0; i < io->n_in; i++) {
		const struct operand *o = &io->in[i];
		if (o->type != FIELD_REAL || !o->v || o->shape.axis == AXIS_FIXED)
			continue;
		int64_t at = first_bad(o->v, o->rows * shape_width(&o->shape));
		if (at >= 0)
			return blame(n, io, o, at, "an input", o->v[at], b, e);
	}
	return OK;
}

static enum err_code replay_slice(struct engine *g, struct program *p, const struct batch *b, int32_t s, struct err *e)
{
	struct slice_range range = {p->slice[s], p->slice[s + 1] - p->slice[s]};
	TRY(replica_bind(g, p, 0, b, range, true, e));
	for (int k = 0; k < p->n_nodes; k++) {
		const struct op_io *io = &p->replica[0].io[k];
		TRY(check_inputs(&p->node[k], io, b, e));
		replica_forward(p, 0, k);
		int64_t at = io->out.v ? first_bad(io->out.v, io->out.rows * shape_width(&io->out.shape)) : -1;
		if (at >= 0)
			return blame(&p->node[k], io, &io->out, at, "the output", io->out.v[at], b, e);
	}
	replica_backward_begin(p, 0);
	for (int k = p->n_nodes - 1; k >= 0; k--) {
		const struct op_io *io = &p->replica[0].io[k];
		replica_backward(p, 0, k);
		for (int i = 0; p->node[k].active && i < io->n_in; i++) {
			const struct operand *o = &io->in[i];
			int64_t at = o->g ? first_bad(o->g, o->rows * shape_width(&o->shape)) : -1;
			if (at >= 0)
				return blame(&p->node[k], io, o, at, "the gradient", o->g[at], b, e);
			int32_t row = o->sparse ? first_bad_row(o->sparse) : -1;
			if (row >= 0)
				return err_set(e, ERR_NUMERIC,
					"step %llu: the gradient of op %s%s%s is not finite in table row %d",
					(unsigned long long)b->step, p->node[k].class->desc.name,
					p->node[k].scope[0] ? " in layer " : "", p->node[k].scope, row);
		}
	}
	return OK;
}

enum err_code recorder_report(struct engine *g, struct program *p, const struct batch *b, struct err *e)
{
	TRY(check_params(p, b, e));
	replica_clear_grads(p, 0);
	for (int32_t s = 0; s < p->slices; s++)
		TRY(replay_slice(g, p, b, s, e));
	return err_set(e, ERR_NUMERIC,
		"step %llu: the sum of the gradients is not finite (each slice's is): lower the learning rate or clip",
		(unsigned long long)b->step);
}
