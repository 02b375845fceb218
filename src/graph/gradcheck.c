#include "graph/gradcheck.h"

#include "base/rng.h"
#include "graph/op_util.h"

#include <stdio.h>

enum { MAX_EXAMPLES = 8, CHECKED_ELEMENTS = 300 };

/* The case as one batch: the buffers belong to the whole batch, a slice is a window on them. */
struct bench {
	const struct op_class *class;
	const struct op_case *c;
	struct shape out;
	int32_t offsets[MAX_EXAMPLES + 1]; /* of both token axes */
	real *v[OP_IN_MAX], *g[OP_IN_MAX];
	int32_t *id[OP_IN_MAX];
	real *out_v, *out_g; /* out_g = r */
	struct arena arena;
};

static int64_t axis_rows(const struct bench *b, enum axis a, int32_t examples)
{
	return a == AXIS_FIXED ? 1 : a == AXIS_EXAMPLE ? examples : b->offsets[examples];
}

static int64_t numbers(const struct bench *b, const struct shape *s)
{
	return axis_rows(b, s->axis, b->c->examples) * shape_width(s);
}

static real *reals(struct bench *b, int64_t n)
{
	return arena_alloc(&b->arena, (size_t)(n + 1) * sizeof(real));
}

static void fill(struct rng *r, real *x, int64_t n, double lo, double hi)
{
	for (int64_t i = 0; i < n; i++)
		x[i] = (real)(lo + (hi - lo) * rng_unit(r));
}

static enum err_code bench_init(
	struct bench *b, const struct op_class *class, const struct op_case *c, uint64_t seed, struct err *e)
{
	*b = (struct bench){.class = class, .c = c};
	struct rng r = rng_stream(seed, RNG_TEST, rng_hash_name(class->desc.name), rng_hash_name(c->name));
	CHECK(c->examples <= MAX_EXAMPLES, "%s/%s: %d examples", class->desc.name, c->name, c->examples);
	for (int32_t i = 0; i < c->examples; i++)
		b->offsets[i + 1] = b->offsets[i] + c->lengths[i];
	struct op_sig sig = {.n_in = c->n_in, .attr = c->attr};
	for (int k = 0; k < c->n_in; k++) {
		int64_t n = numbers(b, &c->in[k].shape);
		sig.type[k] = c->in[k].type;
		sig.shape[k] = c->in[k].shape;
		b->v[k] = reals(b, n);
		b->g[k] = reals(b, n);
		b->id[k] = arena_alloc(&b->arena, (size_t)(n + 1) * sizeof(int32_t));
		if (!b->v[k] || !b->g[k] || !b->id[k])
			return err_set(e, ERR_NOMEM, "no memory for a gradient check");
		fill(&r, b->v[k], n, c->in[k].lo, c->in[k].hi);
		for (int64_t i = 0; i < n && c->in[k].type == FIELD_INT; i++)
			b->id[k][i] =
				(int32_t)c->in[k].lo + (int32_t)rng_below(&r, (uint64_t)(c->in[k].below - c->in[k].lo));
	}
	TRY(class->shape(&sig, &b->out, e));
	int64_t n = numbers(b, &b->out);
	b->out_v = reals(b, n);
	b->out_g = reals(b, n);
	if (!b->out_v || !b->out_g)
		return err_set(e, ERR_NOMEM, "no memory for a gradient check");
	fill(&r, b->out_g, n, -1, 1);
	return OK;
}

static void bind_rows(const struct bench *b, struct operand *x, int32_t first, int32_t n)
{
	int64_t begin = x->shape.axis == AXIS_FIXED ? 0 : axis_rows(b, x->shape.axis, first);
	x->first_row = begin;
	x->rows = x->shape.axis == AXIS_FIXED ? 1 : axis_rows(b, x->shape.axis, first + n) - begin;
	x->total_rows = axis_rows(b, x->shape.axis, b->c->examples);
	int64_t at = begin * shape_width(&x->shape);
	if (x->i)
		x->i += at;
	if (x->v)
		x->v += at;
	if (x->g)
		x->g += at;
}

/* One slice on the bench: examples first..first+n-1. */
struct slice {
	struct op_io io;
	int32_t offsets[MAX_EXAMPLES + 1];
	struct arena arena;
};

static enum err_code slice_init(
	struct slice *s, const struct bench *b, int32_t first, int32_t n, bool add, real *out_v, struct err *e)
{
	*s = (struct slice){
		.io = {.class = b->class, .attr = b->c->attr, .n_in = b->c->n_in, .key = 42, .train = true}};
	struct op_io *io = &s->io;
	for (int32_t i = 0; i <= n; i++)
		s->offsets[i] = b->offsets[first + i] - b->offsets[first];
	io->offsets[AXIS_TOKEN] = io->offsets[AXIS_TOKEN2] = s->offsets;
	io->examples = n;
	io->first_example = first;
	io->total_examples = b->c->examples;
	for (int k = 0; k < io->n_in; k++) {
		bool ids = b->c->in[k].type == FIELD_INT,
		     grad = !ids && !b->c->in[k].no_grad && !(b->class->flags & OP_NOGRAD);
		io->in[k] = (struct operand){.type = b->c->in[k].type,
			.shape = b->c->in[k].shape,
			.add = add,
			.i = ids ? b->id[k] : NULL,
			.v = ids ? NULL : b->v[k],
			.g = grad ? b->g[k] : NULL};
		bind_rows(b, &io->in[k], first, n);
	}
	io->out = (struct operand){.type = FIELD_REAL, .shape = b->out, .v = out_v, .g = b->out_g};
	bind_rows(b, &io->out, first, n);
	size_t aux = b->class->aux ? b->class->aux(io) : 0, scratch = b->class->scratch ? b->class->scratch(io) : 0;
	io->aux = arena_alloc(&s->arena, (aux + 1) * sizeof(real));
	io->scratch = arena_alloc(&s->arena, (scratch + 1) * sizeof(real));
	if (!io->aux || !io->scratch)
		return err_set(e, ERR_NOMEM, "no memory for a gradient check");
	/* undefined contents are garbage, not zeros */
	memset(io->aux, 0x7b, aux * sizeof(real));
	memset(io->scratch, 0x7b, scratch * sizeof(real));
	return OK;
}

static void slice_fini(struct slice *s)
{
	arena_free(&s->arena);
}

/* Backward may read only the values that the class declares: the others become NaN. */
static enum err_code poison(struct slice *s, const struct bench *b, struct err *e)
{
	struct operand *x[OP_IN_MAX + 1];
	int n = 0;
	for (int k = 0; k < s->io.n_in; k++)
		if (s->io.in[k].v && !((b->class->need_in >> k) & 1))
			x[n++] = &s->io.in[k];
	if (!b->class->need_out)
		x[n++] = &s->io.out;
	for (int k = 0; k < n; k++) {
		int64_t count = op_numbers(x[k]);
		x[k]->v = arena_alloc(&s->arena, (size_t)(count + 1) * sizeof(real));
		if (!x[k]->v)
			return err_set(e, ERR_NOMEM, "no memory for a gradient check");
		for (int64_t i = 0; i < count; i++)
			x[k]->v[i] = (real)NAN;
	}
	return OK;
}

static enum err_code run(
	const struct bench *b, int32_t first, int32_t n, bool add, bool back, real *out_v, struct err *e)
{
	struct slice s;
	enum err_code code = slice_init(&s, b, first, n, add, out_v, e);
	if (code == OK) {
		b->class->forward(&s.io);
		if (back && (code = poison(&s, b, e)) == OK)
			b->class->backward(&s.io);
	}
	slice_fini(&s);
	return code;
}

/* sum(r * out) of the whole batch. */
static enum err_code loss(const struct bench *b, double *sum, struct err *e)
{
	TRY(run(b, 0, b->c->examples, false, false, b->out_v, e));
	int64_t n = numbers(b, &b->out);
	*sum = 0;
	for (int64_t i = 0; i < n; i++)
		*sum += (double)b->out_g[i] * (double)b->out_v[i];
	return OK;
}

static bool differs(double a, double b, double tolerance)
{
	return !(fabs(a - b) <= tolerance * fmax(1, fmax(fabs(a), fabs(b))));
}

static double exactness(void)
{
	return sizeof(real) == sizeof(double) ? 1e-11 : 2e-4;
}

static enum err_code mismatch(
	const struct bench *b, const char *what, int k, int64_t i, double got, double want, struct err *e)
{
	return err_set(e, ERR_NUMERIC, "%s/%s: %s: input %d, element %lld: %.12g, expected %.12g", b->class->desc.name,
		b->c->name, what, k, (long long)i, got, want);
}

static bool has_grad(const struct bench *b, int k)
{
	return b->c->in[k].type == FIELD_REAL && !b->c->in[k].no_grad;
}

static enum err_code check_differences(const struct bench *b, struct err *e)
{
	const double h = 1e-6, tolerance = b->c->tolerance > 0 ? b->c->tolerance : 1e-6;
	for (int k = 0; k < b->c->n_in; k++) {
		int64_t n = numbers(b, &b->c->in[k].shape), step = n / CHECKED_ELEMENTS + 1;
		for (int64_t i = 0; has_grad(b, k) && i < n; i += step) {
			real keep = b->v[k][i];
			double up, down;
			b->v[k][i] = (real)(keep + h);
			TRY(loss(b, &up, e));
			b->v[k][i] = (real)(keep - h);
			TRY(loss(b, &down, e));
			b->v[k][i] = keep;
			double want = (up - down) / (2 * h);
			if (differs(b->g[k][i], want, tolerance))
				return mismatch(b, "gradient", k, i, b->g[k][i], want, e);
		}
	}
	return OK;
}

static enum err_code compare(const struct bench *b, const char *what, int k, const real *got, const real *want,
	double plus, int64_t n, struct err *e)
{
	CHECK(n == 0 || (got && want), "nothing to compare");
	for (int64_t i = 0; i < n; i++)
		if (differs(got[i], want[i] + plus, exactness()))
			return mismatch(b, what, k, i, got[i], want[i] + plus, e);
	return OK;
}

static void set_all(const struct bench *b, real value, bool only_running)
{
	for (int k = 0; k < b->c->n_in; k++) {
		int64_t n = numbers(b, &b->c->in[k].shape);
		if (only_running && b->c->in[k].shape.axis == AXIS_FIXED)
			continue;
		for (int64_t i = 0; i < n; i++)
			b->g[k][i] = value;
	}
}

static enum err_code check_add(struct bench *b, real *const want[], struct err *e)
{
	set_all(b, 3, false);
	TRY(run(b, 0, b->c->examples, true, true, b->out_v, e));
	for (int k = 0; k < b->c->n_in; k++)
		if (has_grad(b, k))
			TRY(compare(b, "added gradient", k, b->g[k], want[k], 3, numbers(b, &b->c->in[k].shape), e));
	return OK;
}

/* Two slices: those after the first add into what is on AXIS_FIXED. */
static enum err_code check_slices(struct bench *b, real *const want[], const real *want_out, struct err *e)
{
	int32_t half = b->c->examples / 2, n_out = (int32_t)numbers(b, &b->out);
	if (half < 1 || (b->class->flags & OP_COUPLED))
		return OK;
	bool reduces = (b->class->flags & OP_REDUCES) != 0, running = false;
	for (int k = 0; k < b->c->n_in; k++)
		running |= b->c->in[k].shape.axis != AXIS_FIXED;
	if (!running)
		return OK;
	real *first = reals(b, n_out), *second = reals(b, n_out);
	if (!first || !second)
		return err_set(e, ERR_NOMEM, "no memory for a gradient check");
	set_all(b, 0, false);
	TRY(run(b, 0, half, true, true, first, e));
	TRY(run(b, half, b->c->examples - half, true, true, second, e));
	for (int32_t i = 0; i < n_out; i++)
		if (b->out.axis != AXIS_FIXED || reduces)
			first[i] += second[i];
	TRY(compare(b, "output of two slices", -1, first, want_out, 0, n_out, e));
	for (int k = 0; k < b->c->n_in; k++)
		if (has_grad(b, k))
			TRY(compare(b, "gradient of two slices", k, b->g[k], want[k], 0, numbers(b, &b->c->in[k].shape),
				e));
	return OK;
}

static enum err_code check_sparse_input(struct bench *b, int k, const real *want, struct err *e)
{
	const struct shape *shape = &b->c->in[k].shape;
	int32_t rows = shape->ndim > 1 ? shape->dim[0] : 1;
	int64_t n = numbers(b, shape);
	struct slice s;
	struct rowgrad sparse;
	real *got = reals(b, n);
	if (!rowgrad_init(&sparse, rows, (int32_t)(n / rows), rows, 3) || !got) {
		rowgrad_fini(&sparse);
		return err_set(e, ERR_NOMEM, "no memory for a gradient check");
	}
	enum err_code code = slice_init(&s, b, 0, b->c->examples, true, b->out_v, e);
	if (code == OK) {
		s.io.in[k].g = NULL;
		s.io.in[k].sparse = &sparse;
		b->class->forward(&s.io);
		b->class->backward(&s.io);
	}
	slice_fini(&s);
	for (int32_t r = 0; r < rows && code == OK; r++) {
		const real *g = rowgrad_look(&sparse, r);
		if (g)
			memcpy(got + (int64_t)r * sparse.width, g, (size_t)sparse.width * sizeof *got);
	}
	rowgrad_fini(&sparse);
	TRY(code);
	return compare(b, "row gradient", k, got, want, 0, n, e);
}

static enum err_code check_all(struct bench *b, struct err *e)
{
	real *want[OP_IN_MAX] = {0}, *want_out = reals(b, numbers(b, &b->out));
	set_all(b, (real)1e3, false); /* writing must leave nothing of this */
	TRY(run(b, 0, b->c->examples, false, true, want_out, e));
	if (sizeof(real) == sizeof(double))
		TRY(check_differences(b, e));
	for (int k = 0; k < b->c->n_in; k++) {
		int64_t n = numbers(b, &b->c->in[k].shape);
		want[k] = reals(b, n);
		if (!want[k])
			return err_set(e, ERR_NOMEM, "no memory for a gradient check");
		memcpy(want[k], b->g[k], (size_t)n * sizeof(real));
	}
	TRY(check_add(b, want, e));
	TRY(check_slices(b, want, want_out, e));
	for (int k = 0; k < b->c->n_in; k++)
		if ((b->class->takes_sparse >> k) & 1)
			TRY(check_sparse_input(b, k, want[k], e));
	return OK;
}

enum err_code gradcheck_case(const struct op_class *class, const struct op_case *c, uint64_t seed, struct err *e)
{
	struct bench b;
	enum err_code code = bench_init(&b, class, c, seed, e);
	if (code == OK)
		code = check_all(&b, e);
	arena_free(&b.arena);
	return code;
}
