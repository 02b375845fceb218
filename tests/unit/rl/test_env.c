/* Environments: their definitions, their streams, what they refuse. */
#include "rl_test.h"

#include "data/planted.h"
#include "rl/virtual_taobao.h"

static struct dataset *log_data(void)
{
	struct planted_options o;
	struct dataset *d = NULL;
	planted_defaults(&o);
	o.interactions = 4000;
	must(planted_dataset(&o, &d, e));
	return d;
}

static bool have_taobao(void)
{
	struct vtb *v;
	struct err e;
	if (vtb_load(&v, &e) != OK) {
		print_message("skipped: %s\n", e.text);
		return false;
	}
	vtb_free(v);
	return true;
}

static struct env *any_env(const char *name, int32_t users, int threads, struct dataset *d)
{
	struct env_options o = env_options_of(name, users, 5, NULL);
	struct env *env = NULL;
	o.threads = threads;
	o.history = 4;
	o.data = ((const struct env_class *)registry_find(&env_registry, name))->takes_data ? d : NULL;
	must(env_new(&o, &env, e));
	return env;
}

static void assert_same_state(const struct env *a, const struct env *b)
{
	for (int i = 0; i < a->n_blocks; i++)
		if (memcmp(a->block[i].data, b->block[i].data, a->block[i].bytes) != 0)
			fail_msg("%s: %s differs", a->class->desc.name, a->block[i].name);
}

/* Neither threads nor other users matter; the saved blocks are all there is. */
static void streams_and_state(void **state)
{
	struct dataset *d = log_data();
	bool taobao = have_taobao();
	for (size_t i = 0; i < env_registry.n; i++) {
		const char *name = env_registry.rows[i]->name;
		if (strcmp(name, "virtual_taobao") == 0 && !taobao)
			continue;
		struct env *one = any_env(name, 7, 1, d), *two = any_env(name, 7, 2, d), *few = any_env(name, 3, 1, d);
		struct actor a = actor_new(one);
		for (int t = 0; t < 120; t++) {
			actor_random(&a, one);
			actor_step(&a, one);
			actor_step(&a, two);
			actor_step(&a, few);
			assert_true(one->outcome[2].reward == few->outcome[2].reward);
		}
		assert_same_state(one, two);
		struct env *later = any_env(name, 7, 1, d);
		for (int b = 0; b < one->n_blocks; b++)
			memcpy(later->block[b].data, one->block[b].data, one->block[b].bytes);
		double sum = 0, again = 0;
		for (int t = 0; t < 50; t++) {
			actor_random(&a, one);
			actor_step(&a, one);
			actor_step(&a, later);
			for (int u = 0; u < 7; u++) {
				sum += one->outcome[u].reward;
				again += later->outcome[u].reward;
			}
		}
		assert_true(sum == again);
		assert_same_state(one, later);
		actor_free(&a);
		env_free(one);
		env_free(two);
		env_free(few);
		env_free(later);
	}
	dataset_unref(d);
}

/* ---- interest evolution ---- */

/* Shares of clicks against (u_c + 1) / (sum + 2), people drawn anew with every user; and the budget: an episode takes 50 steps
 * if everything is clicked and quality is 0. */
static void interest_evolution(void **state)
{
	enum { USERS = 4000 };
	struct env *env = env_make("interest_evolution", USERS, 3, (const struct given[]){{"slate", 3}, {0}});
	int32_t *slate = mem_calloc(USERS * 3, sizeof *slate);
	double expected = 0, clicks = 0, variance = 0;
	for (int u = 0; u < USERS; u++) {
		const real *interest = env->observation + (int64_t)u * 20;
		double mass = 0;
		for (int k = 0; k < 3; k++) {
			slate[u * 3 + k] = k * 2;
			mass += (double)interest[env->candidate[u * 10 + k * 2]] + 1;
		}
		double p = mass / (mass + 2);
		expected += p;
		variance += p * (1 - p);
	}
	real *before = mem_alloc(USERS * 20 * sizeof *before);
	memcpy(before, env->observation, USERS * 20 * sizeof *before);
	must(env_step(env, slate, NULL, e));
	for (int u = 0; u < USERS; u++) {
		const struct outcome *o = &env->outcome[u];
		clicks += o->clicks;
		assert_true(o->reward == (o->chosen >= 0 ? 4 : 0));
		for (int c = 0; c < 20; c++) {
			double was = (double)before[u * 20 + c], is = (double)env->observation[u * 20 + c];
			double step = 0.3 * (1 - fabs(was)) * (1 - was);
			if (c != o->taken)
				assert_true(was == is);
			else if (fabs(is - (was + step)) > 1e-6)
				assert_true(fabs(is - fmax(was - step, -1)) < 1e-6);
		}
	}
	assert_true(fabs(clicks - expected) < 4 * sqrt(variance));
	mem_free(slate);
	mem_free(before);
	env_free(env);
}

/* Good documents lengthen an episode: always the topic of the highest, or of the lowest mean quality. */
static double watched_per_episode(int sign)
{
	enum { USERS = 300 };
	struct env *env =
		env_make("interest_evolution", USERS, 3, (const struct given[]){{"slate", 1}, {"candidates", 20}, {0}});
	int32_t slate[USERS];
	double sum = 0;
	int episodes = 0;
	for (int t = 0; t < 1500; t++) {
		for (int u = 0; u < USERS; u++) {
			const int32_t *c = env->candidate + u * 20;
			slate[u] = 0;
			for (int k = 1; k < 20; k++)
				if (sign * c[k] > sign * c[slate[u]])
					slate[u] = k;
		}
		must(env_step(env, slate, NULL, e));
		for (int u = 0; u < USERS; u++) {
			sum += env->outcome[u].reward;
			episodes += env->outcome[u].done;
		}
	}
	env_free(env);
	return sum / episodes;
}

static void quality_stretches_time(void **state)
{
	double good = watched_per_episode(1), bad = watched_per_episode(-1);
	print_message("minutes an episode: nourishing %.1f, trash %.1f\n", good, bad);
	assert_true(good > 2 * bad);
}

/* ---- long-term satisfaction ---- */

static double engagement(double sensitivity, int level)
{
	enum { USERS = 3000 };
	struct env *env = env_make("long_term_satisfaction", USERS, 11,
		(const struct given[]){{"sensitivity", sensitivity}, {"candidates", 3}, {"even", 1}, {0}});
	int32_t slate[USERS];
	double sum = 0;
	for (int u = 0; u < USERS; u++)
		slate[u] = level;
	for (int t = 0; t < 60; t++) {
		must(env_step(env, slate, NULL, e));
		for (int u = 0; u < USERS; u++) {
			sum += env->outcome[u].reward;
			assert_true(env->outcome[u].done == (t == 59));
		}
	}
	env_free(env);
	return sum / USERS / 60;
}

/* Reward per step of always c = 0, .5, 1: simulated independently with 3000 users. */
static void constant_policies(void **state)
{
	static const double sensitivity[] = {0.01, 0.1, 0.2};
	static const double expected[3][3] = {{12.6, 15.7, 19.4}, {16.8, 15.7, 13.7}, {22.6, 15.7, 9.6}};
	for (int s = 0; s < 3; s++)
		for (int c = 0; c < 3; c++) {
			double v = engagement(sensitivity[s], c);
			print_message("sensitivity %.2f, c = %.1f: %.2f\n", sensitivity[s], c / 2.0, v);
			assert_true(fabs(v - expected[s][c]) < 0.3);
		}
}

/* ---- Virtual Taobao ---- */

static void read_numbers(const char *text, const char *head, double *out, int n)
{
	const char *p = strstr(text, head);
	assert_non_null(p);
	p += strlen(head);
	for (int i = 0; i < n; i++) {
		char *end;
		out[i] = strtod(p, &end);
		assert_true(end != p);
		p = end;
	}
}

static void assert_all_close(const real *got, const double *want, int n)
{
	for (int i = 0; i < n; i++)
		if (fabs((double)got[i] - want[i]) > 2e-5)
			fail_msg("number %d is %.7f, expected %.7f", i, (double)got[i], want[i]);
}

static void taobao_vectors(void **state)
{
	char path[4096], text[8192] = "";
	double want[VTB_LEAVE];
	real in[VTB_NOISE], logits[VTB_USER], user[VTB_USER] = {0}, leave[VTB_LEAVE], part[128], weight[VTB_ACTION],
					      clicks[VTB_CLICKS], second[VTB_SECOND];
	struct vtb *v;
	if (!have_taobao())
		return;
	snprintf(path, sizeof path, "%s/sim-virtualtaobao/test_vectors.txt", getenv("GUSTO_DATA"));
	FILE *f = fopen(path, "r");
	if (!f) {
		print_message("skipped: %s is not there\n", path);
		return;
	}
	assert_true(fread(text, 1, sizeof text - 1, f) > 0);
	fclose(f);
	must(vtb_load(&v, e));
	for (int i = 0; i < VTB_NOISE; i++)
		in[i] = (real)0.5;
	vtb_generator(v, in, logits);
	read_numbers(text, "for z = 0.5 everywhere:", want, VTB_USER);
	assert_all_close(logits, want, VTB_USER);
	double place[VTB_BLOCKS];
	read_numbers(text, "one-hot positions):", place, VTB_BLOCKS);
	for (int b = 0; b < VTB_BLOCKS; b++) {
		int best = vtb_block[b];
		for (int i = vtb_block[b]; i < vtb_block[b + 1]; i++)
			best = logits[i] > logits[best] ? i : best;
		assert_int_equal(best, (int)place[b]);
		user[best] = 1;
	}
	vtb_leave(v, user, leave);
	read_numbers(text, "leave probabilities of that user (101):", want, VTB_LEAVE);
	assert_all_close(leave, want, VTB_LEAVE);
	for (int i = 0; i < VTB_ACTION; i++)
		weight[i] = (real)(-1 + 2.0 * i / (VTB_ACTION - 1));
	vtb_user_part(v, user, part);
	vtb_action(v, part, 3, weight, clicks, second);
	read_numbers(text, "click probabilities (11):", want, VTB_CLICKS);
	assert_all_close(clicks, want, VTB_CLICKS);
	read_numbers(text, "second head probabilities (10):", want, VTB_SECOND);
	assert_all_close(second, want, VTB_SECOND);
	vtb_free(v);
}

struct ctr {
	double ctr, sd, length; /* sd: of the ctr, from 20 groups of users */
};

static struct ctr taobao_ctr(bool random, double constant, int32_t episodes)
{
	enum { USERS = 500, GROUPS = 20 };
	struct env *env = env_make("virtual_taobao", USERS, 1, NULL);
	struct actor a = actor_new(env);
	double clicks[GROUPS] = {0}, pages[GROUPS] = {0}, all = 0, shown = 0, square = 0;
	int32_t left[USERS], open = USERS;
	for (int i = 0; i < USERS; i++)
		left[i] = episodes;
	for (int i = 0; i < USERS * VTB_ACTION; i++)
		a.vector[i] = (real)constant;
	while (open > 0) {
		if (random)
			actor_random(&a, env);
		actor_step(&a, env);
		for (int u = 0; u < USERS; u++) {
			if (!left[u])
				continue;
			clicks[u % GROUPS] += env->outcome[u].clicks;
			pages[u % GROUPS] += env->outcome[u].shown / 10;
			left[u] -= env->outcome[u].done;
			open -= !left[u];
		}
	}
	for (int g = 0; g < GROUPS; g++) {
		all += clicks[g];
		shown += pages[g];
	}
	for (int g = 0; g < GROUPS; g++)
		square += pow(clicks[g] / pages[g] / 10 - all / shown / 10, 2);
	actor_free(&a);
	env_free(env);
	return (struct ctr){all / shown / 10, sqrt(square / GROUPS / (GROUPS - 1)), shown / USERS / episodes};
}

/* Against 20,000 episodes of an independent implementation, whose error is as large as half of ours. */
static void taobao_reference(void **state)
{
	static const double constant[] = {0, 0, -1, 1}, want[] = {0.0188, 0.0562, 0.0609, 0.0000};
	if (!have_taobao())
		return;
	for (int i = 0; i < 4; i++) {
		struct ctr r = taobao_ctr(i == 0, constant[i], 10);
		print_message("ctr %.4f +- %.4f (reference %.4f), %.3f pages (reference 7.756)\n", r.ctr, r.sd, want[i],
			r.length);
		assert_true(fabs(r.ctr - want[i]) < 4 * 1.5 * r.sd + 1e-4);
		assert_true(fabs(r.length - 7.756) < 0.5);
	}
}

/* ---- replay ---- */

static void replay_walks_the_log(void **state)
{
	struct dataset *d = log_data();
	struct env_options o =
		env_options_of("replay", 5, 2, (const struct given[]){{"candidates", 20}, {"start", 2}, {0}});
	struct env *env;
	o.data = d;
	o.history = 3;
	must(env_new(&o, &env, e));
	int32_t slate[5] = {0}, hits = 0;
	for (int t = 0; t < 400; t++) {
		int32_t last[5];
		for (int u = 0; u < 5; u++)
			last[u] = env->history[u * 3 + 2];
		must(env_step(env, slate, NULL, e));
		for (int u = 0; u < 5; u++) {
			const struct outcome *out = &env->outcome[u];
			bool follows = false; /* somebody took these two one after the other */
			for (int32_t who = 0; who < d->n_users && !follows; who++)
				for (int64_t i = d->start[who]; i + 1 < d->start[who + 1]; i++)
					follows |= d->item[i] == last[u] && d->item[i + 1] == out->taken;
			assert_true(follows);
			hits += out->chosen == 0;
			assert_true(out->reward == (out->chosen == 0 ? 1 : 0));
			if (!out->done)
				assert_int_equal(env->history[u * 3 + 2], out->taken);
		}
	}
	assert_in_range(hits, 60, 140); /* 2000 steps, one candidate in 20 */
	env_free(env);
	dataset_unref(d);
}

/* ---- what is refused ---- */

static void refused(const struct env_options *o, const char *part)
{
	struct env *env = NULL;
	struct err e = {0};
	assert_int_not_equal(env_new(o, &env, &e), OK);
	assert_null(env);
	if (!strstr(e.text, part))
		fail_msg("expected \"%s\" in: %s", part, e.text);
}

static void refusals(void **state)
{
	struct env_options o = env_options_of(
		"interest_evolution", 4, 1, (const struct given[]){{"candidates", 2}, {"slate", 3}, {0}});
	refused(&o, "a slate of 3 cannot be chosen from 2 candidates");
	o = env_options_of("chain", 0, 1, NULL);
	refused(&o, "users must be at least 1, got 0");
	o = env_options_of("replay", 2, 1, NULL);
	refused(&o, "needs data");
	o = env_options_of("chain", 1, 1, NULL);
	o.name = "chian";
	refused(&o, "chain");
	char *data = getenv("GUSTO_DATA") ? mem_strdup(getenv("GUSTO_DATA")) : NULL;
	unsetenv("GUSTO_DATA");
	o = env_options_of("virtual_taobao", 2, 1, NULL);
	refused(&o, "there is no sim-virtualtaobao/generator_model.f32");
	if (data)
		setenv("GUSTO_DATA", data, 1);
	mem_free(data);
	struct env *env = env_make("interest_evolution", 2, 1, NULL);
	struct err e;
	assert_int_equal(env_step(env, (const int32_t[]){0, 1, 2, 3, 4, 3}, NULL, &e), ERR_ARG);
	assert_non_null(strstr(e.text, "user 1: candidate 3 is twice"));
	assert_int_equal(env_step(env, (const int32_t[]){0, 1, 10, 3, 4, 5}, NULL, &e), ERR_ARG);
	assert_non_null(strstr(e.text, "candidates are 0..9"));
	env_free(env);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(streams_and_state),
		cmocka_unit_test(interest_evolution),
		cmocka_unit_test(quality_stretches_time),
		cmocka_unit_test(constant_policies),
		cmocka_unit_test(taobao_vectors),
		cmocka_unit_test(taobao_reference),
		cmocka_unit_test(replay_walks_the_log),
		cmocka_unit_test(refusals),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
