/* Session-parallel batches: each transition once an epoch, sessions in order within a lane, any step at once. */
#include "data/batcher.h"
#include "data/planted.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { LANES = 7, LENGTH = 9 };

static struct split *small_split(void)
{
	struct planted_options p;
	struct dataset *d = NULL;
	struct split *s = NULL;
	planted_defaults(&p);
	p.interactions = 1500;
	assert_int_equal(planted_dataset(&p, &d, NULL), OK);
	assert_int_equal(split_new(d, &(struct split_options){.kind = "leave_one_out"}, &s, NULL), OK);
	dataset_unref(d);
	return s;
}

static struct batcher *batcher_of(struct split *s, const char *kind, int32_t batch)
{
	struct batcher *b = NULL;
	struct batch_options o = {
		.kind = kind, .batch = batch, .length = LENGTH, .negatives = 3, .sampler = "uniform", .seed = 5};
	assert_int_equal(batcher_new(s, &o, &b, NULL), OK);
	return b;
}

struct transition {
	int32_t user, item, target;
};

static int by_value(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct transition));
}

static const void *column(const struct batch *b, const char *name)
{
	for (int i = 0; i < b->nfields; i++)
		if (strcmp(b->spec[i].name, name) == 0)
			return b->column[i];
	fail_msg("no column %s", name);
	return NULL;
}

/* All transitions of an epoch, sorted; counts those that begin without a state. */
static size_t collect(struct batcher *b, int64_t epoch, struct transition *out, int64_t *fresh)
{
	size_t n = 0;
	struct batch got;
	for (int64_t i = 0; i < batcher_steps(b); i++) {
		batcher_get(b, epoch, i, &got);
		const int32_t *item = column(&got, "item"), *target = column(&got, "target"),
			      *user = column(&got, "user");
		for (int32_t e = 0; e < got.examples; e++)
			for (int32_t t = got.offsets[AXIS_TOKEN][e]; t < got.offsets[AXIS_TOKEN][e + 1]; t++)
				out[n++] = (struct transition){user[e], item[t], target[t]};
		for (int32_t e = 0; fresh && e < got.examples; e++)
			*fresh += ((const real *)column(&got, "carried"))[e] == 0;
	}
	qsort(out, n, sizeof *out, by_value);
	return n;
}

static void an_epoch_has_each_transition_once(void **state)
{
	struct split *s = small_split();
	struct batcher *parallel = batcher_of(s, "session_parallel", LANES), *packed = batcher_of(s, "sequence", 20);
	struct transition *a = calloc(2000, sizeof *a), *b = calloc(2000, sizeof *b);
	assert_true(a && b);
	int64_t fresh = 0;
	for (int64_t epoch = 0; epoch < 2; epoch++) {
		fresh = 0;
		size_t n = collect(parallel, epoch, a, &fresh), m = collect(packed, epoch, b, NULL);
		assert_int_equal(n, m);
		assert_memory_equal(a, b, n * sizeof *a);
		assert_int_equal(batcher_steps(parallel), (n + LANES - 1) / LANES);
	}
	/* one a session, and at most one more a lane that begins within one */
	int64_t sessions = 0;
	for (int32_t u = 0; u < s->data->n_users; u++)
		sessions += s->train_start[u + 1] - s->train_start[u] >= 2;
	assert_in_range(fresh, sessions, sessions + LANES - 1);
	free(a);
	free(b);
	batcher_free(parallel);
	batcher_free(packed);
	split_unref(s);
}

/* Where a state is carried, the item is the target of the step before in the same lane. */
static void lanes_go_on(void **state)
{
	struct split *s = small_split();
	struct batcher *b = batcher_of(s, "session_parallel", LANES);
	struct batch got;
	int32_t target[LANES] = {0}, user[LANES] = {0}, examples = LANES;
	int64_t carried = 0;
	for (int64_t i = 0; i < batcher_steps(b); i++) {
		batcher_get(b, 3, i, &got);
		assert_true(got.examples <= examples);
		examples = got.examples;
		for (int32_t e = 0; e < examples; e++) {
			assert_int_equal(((const int32_t *)column(&got, "lane"))[e], e);
			if (((const real *)column(&got, "carried"))[e] != 0) {
				assert_int_equal(((const int32_t *)column(&got, "item"))[e], target[e]);
				assert_int_equal(((const int32_t *)column(&got, "user"))[e], user[e]);
				carried++;
			}
			target[e] = ((const int32_t *)column(&got, "target"))[e];
			user[e] = ((const int32_t *)column(&got, "user"))[e];
		}
	}
	assert_true(carried > 200);
	batcher_free(b);
	split_unref(s);
}

/* Another batcher that goes there directly makes the same step. */
static void any_step_can_be_made_at_once(void **state)
{
	struct split *s = small_split();
	struct batcher *a = batcher_of(s, "session_parallel", LANES), *b = batcher_of(s, "session_parallel", LANES);
	struct batch x, y;
	for (int64_t i = 0; i < 20; i++)
		batcher_get(a, 0, i, &x);
	batcher_get(a, 1, 17, &x);
	batcher_get(b, 1, 17, &y);
	for (int i = 0; i < x.nfields; i++) {
		size_t size = x.spec[i].type == FIELD_INT ? sizeof(int32_t) : sizeof(real);
		assert_memory_equal(x.column[i], y.column[i],
			(size_t)batch_rows(&x, x.spec[i].axis) * (size_t)x.spec[i].width * size);
	}
	batcher_free(a);
	batcher_free(b);
	split_unref(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_epoch_has_each_transition_once),
		cmocka_unit_test(lanes_go_on),
		cmocka_unit_test(any_step_can_be_made_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
