/* What every row of ops.def promises. */
#include "unit/graph/op_run.h"

#include <string.h>

static const struct op_class *class_at(size_t i)
{
	return (const struct op_class *)op_registry.rows[i];
}

static void every_op_is_complete_and_unique(void **state)
{
	for (size_t i = 0; i < op_registry.n; i++) {
		const struct op_class *c = class_at(i);
		assert_ptr_equal(op_find(c->desc.name), c);
		assert_true(c->desc.usage && strncmp(c->desc.usage, c->desc.name, strlen(c->desc.name)) == 0);
		assert_true(c->desc.help && strlen(c->desc.help) > 3);
		assert_in_range(c->arity_min, 1, c->arity_max);
		assert_in_range(c->arity_max, c->arity_min, OP_IN_MAX);
		assert_non_null(c->shape);
		assert_int_equal(c->forward == NULL, (c->flags & OP_ALIAS) != 0);
		assert_int_equal(c->backward == NULL, (c->flags & (OP_ALIAS | OP_NOGRAD)) != 0);
		for (size_t k = 0; k < arg_count(&c->desc); k++)
			assert_true(c->desc.args[k].help && c->desc.args[k].help[0]);
		for (const struct op_case *s = c->cases; s && s->name; s++)
			assert_in_range(s->n_in, c->arity_min, c->arity_max);
	}
}

/* A NaN in a value reaches the output of everything that maps numbers to numbers. */
static void no_op_hides_a_nan(void **state)
{
	static const int32_t offsets[] = {0, 3};
	for (size_t i = 0; i < op_registry.n; i++) {
		const struct op_class *c = class_at(i);
		if (c->arity_min != 1 || !c->forward || !c->cases)
			continue;
		for (const struct op_case *s = c->cases; s->name; s++) {
			const struct shape *shape = &s->in[0].shape;
			bool tokens = shape->axis == AXIS_TOKEN || shape->axis == AXIS_TOKEN2;
			int64_t width = shape_width(shape);
			real *x = op_run_block(3 * width);
			/* the last row: `last` reads no other; all of it: `slice` reads a part */
			for (int64_t k = 0; k < 3 * width; k++)
				x[k] = tokens && k < 2 * width ? (real)0.5 : (real)NAN;
			struct op_run run;
			op_run_init(&run, c->desc.name, 1, offsets);
			memcpy(run.attr, s->attr, sizeof run.attr);
			run.io.train = false;
			op_run_real(&run, *shape, x);
			op_run_forward(&run);
			bool seen = false;
			for (int64_t k = 0; k < op_numbers(&run.io.out); k++)
				seen |= isnan(run.io.out.v[k]);
			if (!seen)
				fail_msg("%s/%s hides a NaN", c->desc.name, s->name);
			op_run_fini(&run);
			mem_free(x);
		}
	}
}

static enum err_code try_shape(const char *op, int n_in, const enum field_type *type, const struct shape *shape,
	const double *attr, struct shape *out, struct err *e)
{
	struct op_sig sig = {.n_in = n_in, .attr = attr};
	memcpy(sig.type, type, (size_t)n_in * sizeof *type);
	memcpy(sig.shape, shape, (size_t)n_in * sizeof *shape);
	return op_find(op)->shape(&sig, out, e);
}

static void wrong_shapes_are_refused_with_both_shapes(void **state)
{
	static const enum field_type real_real[] = {FIELD_REAL, FIELD_REAL, FIELD_REAL},
				     int_real[] = {FIELD_INT, FIELD_REAL};
	struct shape out;
	struct err e;
	struct shape linear[] = {shape_rows(AXIS_TOKEN, 1, 48, 0), shape_fixed(2, 32, 64, 0)};
	assert_int_equal(try_shape("linear", 2, real_real, linear, NULL, &out, &e), ERR_SHAPE);
	assert_string_equal(e.text, "linear: in=64 but x is [tokens, 48]");
	struct shape qkv[] = {
		shape_rows(AXIS_TOKEN, 1, 50, 0), shape_rows(AXIS_TOKEN, 1, 50, 0), shape_rows(AXIS_TOKEN, 1, 50, 0)};
	assert_int_equal(try_shape("attention", 3, real_real, qkv, (double[]){3, 1, 0}, &out, &e), ERR_SHAPE);
	assert_string_equal(e.text, "attention: heads=3 does not divide dim=50");
	struct shape sum[] = {shape_rows(AXIS_TOKEN, 1, 5, 0), shape_rows(AXIS_EXAMPLE, 1, 5, 0)};
	assert_int_equal(try_shape("add", 2, real_real, sum, NULL, &out, &e), ERR_SHAPE);
	assert_non_null(strstr(e.text, "[tokens, 5] and [examples, 5]"));
	assert_int_equal(try_shape("tanh", 1, int_real, sum, NULL, &out, &e), ERR_SHAPE);
	assert_non_null(strstr(e.text, "column of ids"));
}

static void reshape_infers_one_dimension(void **state)
{
	static const enum field_type type[] = {FIELD_REAL};
	struct shape in = shape_rows(AXIS_EXAMPLE, 1, 12, 0), out;
	struct err e;
	assert_int_equal(try_shape("reshape", 1, type, &in, (double[]){3, -1, 0}, &out, &e), OK);
	assert_int_equal(out.ndim, 2);
	assert_int_equal(out.dim[1], 4);
	assert_int_equal(try_shape("reshape", 1, type, &in, (double[]){5, -1, 0}, &out, &e), ERR_SHAPE);
	assert_int_equal(try_shape("reshape", 1, type, &in, (double[]){-1, -1, 0}, &out, &e), ERR_SHAPE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_op_is_complete_and_unique),
		cmocka_unit_test(no_op_hides_a_nan),
		cmocka_unit_test(wrong_shapes_are_refused_with_both_shapes),
		cmocka_unit_test(reshape_infers_one_dimension),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
