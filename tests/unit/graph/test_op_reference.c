/* Ops against the numbers of PyTorch (tests/reference/torch_ops.py, torch_levels.py). */
#include "unit/graph/op_run.h"

enum { MAX = 96, INPUTS = 5 };

static const struct reference {
	const char *op;
	double attr[8];
	int n_in;
	struct {
		enum field_type type;
		struct shape shape;
		double value[MAX], grad[MAX];
	} in[INPUTS];
	double out[MAX], r[MAX];
} references[] = {
#include "reference/torch_ops.inc"
#include "reference/torch_levels.inc"
};

static const int32_t offsets[] = {0, 3, 4, 9};

static void outputs_and_gradients_agree_with_torch(void **state)
{
	const double tolerance = sizeof(real) == sizeof(double) ? 1e-12 : 1e-5;
	for (size_t k = 0; k < sizeof references / sizeof references[0]; k++) {
		const struct reference *f = &references[k];
		struct op_run run;
		real v[INPUTS][MAX], r[MAX];
		int32_t id[INPUTS][MAX];
		op_run_init(&run, f->op, 3, offsets);
		memcpy(run.attr, f->attr, sizeof f->attr);
		for (int i = 0; i < f->n_in; i++) {
			for (int j = 0; j < MAX; j++)
				v[i][j] = (real)f->in[i].value[j];
			for (int j = 0; f->in[i].type == FIELD_INT && j < MAX; j++)
				id[i][j] = (int32_t)f->in[i].value[j];
			if (f->in[i].type == FIELD_INT)
				op_run_int(&run, f->in[i].shape, id[i]);
			else
				op_run_real(&run, f->in[i].shape, v[i]);
		}
		for (int j = 0; j < MAX; j++)
			r[j] = (real)f->r[j];
		op_run_forward(&run);
		for (int64_t j = 0; j < op_numbers(&run.io.out); j++)
			assert_close(run.io.out.v[j], f->out[j], tolerance);
		op_run_backward(&run, r);
		for (int i = 0; i < f->n_in; i++)
			for (int64_t j = 0; run.io.in[i].g && j < op_numbers(&run.io.in[i]); j++)
				assert_close(run.io.in[i].g[j], f->in[i].grad[j], tolerance);
		op_run_fini(&run);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(outputs_and_gradients_agree_with_torch)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
