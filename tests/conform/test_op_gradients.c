/* Every case of every op: gradients against central differences, adding, slicing, row gradients (graph/gradcheck.h).
 * Belongs into the tree with real = double; with float the differences are left out and the rest is checked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "graph/gradcheck.h"
#include "graph/op_util.h"

#include <stdio.h>

static const struct op_class *class_at(size_t i)
{
	return (const struct op_class *)op_registry.rows[i];
}

static void every_case_has_the_right_gradient(void **state)
{
	int bad = 0;
	for (size_t i = 0; i < op_registry.n; i++) {
		const struct op_class *class = class_at(i);
		for (const struct op_case *c = class->cases; c && c->name && class->backward; c++)
			for (uint64_t seed = 1; seed <= 3; seed++) {
				struct err e = {0};
				if (gradcheck_case(class, c, seed, &e) == OK)
					continue;
				printf("%s\n", e.text);
				bad++;
				break;
			}
	}
	assert_int_equal(bad, 0);
}

static void every_differentiable_op_has_a_case(void **state)
{
	int bad = 0;
	for (size_t i = 0; i < op_registry.n; i++) {
		const struct op_class *class = class_at(i);
		if ((class->flags & (OP_NOGRAD | OP_ALIAS)) ||
			(class->backward && class->cases && class->cases[0].name))
			continue;
		printf("%s has no case\n", class->desc.name);
		bad++;
	}
	assert_int_equal(bad, 0);
}

static void wrong_backward(struct op_io *io)
{
	op_find("tanh")->backward(io);
	for (int64_t i = 0; io->in[0].g && i < op_numbers(&io->in[0]); i++)
		io->in[0].g[i] *= (real)1.01;
}

static void an_undeclared_read_is_caught(void **state)
{
	struct op_class broken = *op_find("tanh");
	broken.need_out = false;
	struct err e = {0};
	assert_int_equal(gradcheck_case(&broken, &broken.cases[0], 1, &e), ERR_NUMERIC);
}

static void a_wrong_derivative_is_caught(void **state)
{
	struct op_class broken = *op_find("tanh");
	broken.backward = wrong_backward;
	struct err e = {0};
	assert_int_equal(gradcheck_case(&broken, &broken.cases[0], 1, &e), ERR_NUMERIC);
	if (sizeof(real) == sizeof(double))
		assert_non_null(strstr(e.text, "tanh/tokens: gradient: input 0"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_case_has_the_right_gradient),
		cmocka_unit_test(every_differentiable_op_has_a_case),
		cmocka_unit_test(a_wrong_derivative_is_caught),
		cmocka_unit_test(an_undeclared_read_is_caught),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
