/* Running means of the weights against their closed form. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "nn/average.h"
#include "support/close.h"

static struct param *make(struct paramset *s, const char *name, int32_t rows, double value, bool trainable)
{
	struct shape shape = shape_fixed(2, rows, 3, 0);
	struct param *p = NULL;
	struct err e;
	if (paramset_make(s, name, &shape, &(struct init){.kind = "constant", .scale = value}, trainable, false, &p,
		    &e) != OK)
		fail_msg("%s", e.text);
	return p;
}

static struct average *average_of(const struct paramset *s, const struct average *old)
{
	struct average *a = NULL;
	struct err e;
	if (average_new(s, old, &a, &e) != OK)
		fail_msg("%s", e.text);
	return a;
}

static void fill(struct param *p, double v)
{
	for (int64_t i = 0; i < p->n; i++)
		p->value[i] = (real)v;
}

/* mean_t = a^t w_0 + (1 - a) sum_s a^(t-s) w_s, here with w_s = s */
static void the_mean_is_exponential(void **state)
{
	enum { STEPS = 40 };
	const double decay = 0.9;
	struct paramset *s = paramset_new(1);
	struct param *w = make(s, "w", 2, 0.5, true), *fixed = make(s, "fixed", 1, 7, false);
	struct average *a = average_of(s, NULL);
	struct team *team;
	double want = 0.5;
	assert_int_equal(team_new(3, &team, NULL), OK);
	for (int step = 1; step <= STEPS; step++) {
		fill(w, step);
		average_step(a, decay, step % 2 ? team : NULL);
		want = decay * want + (1 - decay) * step;
	}
	average_swap(a);
	for (int64_t i = 0; i < w->n; i++)
		assert_close((double)w->value[i], want, 1e-4);
	assert_true((double)fixed->value[0] == 7);
	assert_int_equal(average_count(a), 1);
	team_free(team);
	average_swap(a);
	for (int64_t i = 0; i < w->n; i++)
		assert_true((double)w->value[i] == STEPS);
	average_free(a);
	paramset_free(s);
}

/* A changed model: means of parameters that are the same go on, those of others begin at the weights. */
static void means_go_on_by_name_and_shape(void **state)
{
	struct paramset *s = paramset_new(1), *fresh = paramset_new(1);
	struct param *same = make(s, "same", 2, 1, true);
	make(s, "grown", 2, 1, true);
	struct average *a = average_of(s, NULL);
	fill(same, 3);
	average_step(a, 0.5, NULL); /* the mean of `same` is 2 */
	struct param *same2 = make(fresh, "same", 2, 9, true), *grown2 = make(fresh, "grown", 3, 5, true);
	struct average *b = average_of(fresh, a);
	average_swap(b);
	assert_close((double)same2->value[0], 2, 1e-6);
	assert_close((double)grown2->value[0], 5, 1e-6);
	struct checkpoint_block block[2];
	assert_int_equal(average_count(b), 2);
	average_blocks(b, block);
	assert_string_equal(block[0].name, "average/same");
	assert_close((double)((const real *)block[0].data)[0], 9, 1e-6);
	average_free(a);
	average_free(b);
	paramset_free(s);
	paramset_free(fresh);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_mean_is_exponential),
		cmocka_unit_test(means_go_on_by_name_and_shape),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
