/* Every way of evaluating against brute force: scores from the parameters, ranks by counting. */
#include "toy.h"

#include "base/rng.h"
#include "run/evaluator.h"

#include <math.h>

struct fixture {
	struct experiment *x;
	struct engine *engine;
	struct rig *rig;
};

static void open_toy(struct fixture *f, const char *candidates, bool candidates_only)
{
	f->x = toy_experiment();
	((struct toy *)f->x->self)->candidates_only = candidates_only;
	snprintf(f->x->protocol.candidates, sizeof f->x->protocol.candidates, "%s", candidates);
	f->x->protocol.n_candidates = 20;
	f->x->protocol.seed = 11;
	must(engine_new(&(struct engine_options){.threads = 2, .slice_rows = 7}, &f->engine, e));
	must(rig_build(f->x, f->engine, &f->x->knobs, NULL, true, &f->rig, e));
	f->x->vtbl->settle(f->x->self, true);
}

static void close_toy(struct fixture *f)
{
	rig_free(f->rig);
	engine_free(f->engine);
	experiment_free(f->x);
}

static double score(const struct fixture *f, int32_t user, int32_t item)
{
	const struct param *u = paramset_find(f->rig->params, "user"), *i = paramset_find(f->rig->params, "item");
	double s = 0;
	for (int32_t k = 0; k < u->width; k++)
		s += (double)u->value[(int64_t)user * u->width + k] * (double)i->value[(int64_t)item * u->width + k];
	return s;
}

static bool in_train(const struct split *s, int32_t user, int32_t item)
{
	for (int64_t i = s->train_start[user]; i < s->train_start[user + 1]; i++)
		if (s->train_item[i] == item)
			return true;
	return false;
}

/* Rank of the user's one test target among all items that are not in its history. */
static int32_t full_rank(const struct fixture *f, int32_t user)
{
	const struct split *s = f->x->split;
	int32_t target = s->test_item[s->test_start[user]], above = 0;
	for (int32_t i = 0; i < s->data->n_items; i++) {
		bool valid =
			s->valid_start[user + 1] > s->valid_start[user] && s->valid_item[s->valid_start[user]] == i;
		above += i != target && !in_train(s, user, i) && !valid && score(f, user, i) > score(f, user, target);
	}
	return above + 1;
}

static void brute_force_full(const struct fixture *f, double *ndcg, double *hr)
{
	const struct split *s = f->x->split;
	int32_t users = 0;
	*ndcg = *hr = 0;
	for (int32_t u = 0; u < s->data->n_users; u++) {
		if (s->test_start[u + 1] == s->test_start[u])
			continue;
		int32_t rank = full_rank(f, u);
		users++;
		*hr += rank <= 10;
		*ndcg += rank <= 10 ? 1 / log2(rank + 1) : 0;
	}
	*hr /= users;
	*ndcg /= users;
}

static void full_by(bool candidates_only)
{
	struct fixture f;
	struct evaluator *v;
	struct evaluation_result r;
	double ndcg, hr;
	open_toy(&f, "full", candidates_only);
	brute_force_full(&f, &ndcg, &hr);
	must(evaluator_new(f.x, PART_TEST, true, 2, &v, e));
	must(evaluator_prepare(v, f.rig, e));
	for (int again = 0; again < 2; again++) {
		must(evaluator_run(v, f.rig, NULL, NULL, &r, e));
		assert_true(fabs(r.value[0] - ndcg) < 1e-6);
		assert_true(fabs(r.value[1] - hr) < 1e-9);
	}
	assert_true(hr > 0);
	evaluator_free(v);
	close_toy(&f);
}

static void full_by_scores(void **state)
{
	full_by(false);
}

static void full_by_chunks_of_items(void **state)
{
	full_by(true);
}

static struct evaluation_result sampled(bool candidates_only, double *per_user, int32_t n)
{
	struct fixture f;
	struct evaluator *v;
	struct evaluation_result r;
	open_toy(&f, "uniform", candidates_only);
	must(evaluator_new(f.x, PART_TEST, true, 2, &v, e));
	must(evaluator_run(v, f.rig, NULL, NULL, &r, e));
	for (int32_t u = 0; u < n && u < f.x->split->data->n_users; u++)
		per_user[u] = (double)r.per_user[0][u];
	evaluator_free(v);
	close_toy(&f);
	return r;
}

/* Scoring only the candidates and gathering them from all scores are the same. */
static void candidates_both_ways(void **state)
{
	double a[4096], b[4096];
	memset(a, 0, sizeof a);
	memset(b, 0, sizeof b);
	struct evaluation_result x = sampled(true, a, 4096), y = sampled(false, b, 4096);
	assert_true(x.users == y.users && x.users > 100);
	assert_true(fabs(x.value[0] - y.value[0]) < 1e-6 && fabs(x.value[1] - y.value[1]) < 1e-6);
	assert_true(x.value[1] > 10. / 21 * 0.6 && x.value[1] < 10. / 21 * 1.4); /* the toy is untrained */
}

static bool third_time(void *ctx)
{
	return ++*(int *)ctx < 2;
}

static void cancelled_between_batches(void **state)
{
	struct fixture f;
	struct evaluator *v;
	struct evaluation_result r;
	struct err why;
	int asked = 0;
	open_toy(&f, "full", false);
	must(evaluator_new(f.x, PART_VALID, true, 2, &v, e));
	while (evaluator_run(v, f.rig, third_time, &asked, &r, &why) == OK && asked < 10)
		;
	assert_int_equal(why.code, ERR_CANCELLED);
	must(evaluator_run(v, f.rig, NULL, NULL, &r, e));
	evaluator_free(v);
	close_toy(&f);
}

int main(int argc, char **argv)
{
	toy_calm(argv);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(full_by_scores),
		cmocka_unit_test(full_by_chunks_of_items),
		cmocka_unit_test(candidates_both_ways),
		cmocka_unit_test(cancelled_between_batches),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
