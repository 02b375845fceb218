/* Replay buffers, policies and collectors: what is drawn is what happened. */
#include "rl_test.h"

#include "rl/collector.h"

static const struct env_options *chain_options(int32_t users)
{
	static struct env_options o;
	o = env_options_of("chain", users, 3, NULL);
	return &o;
}

static struct collector *collect(int32_t users, int32_t frames, bool values, int steps)
{
	struct collector_options o = {.env = *chain_options(users), .buffer = {.frames = frames, .values = values}};
	struct collector *c = NULL;
	must(collector_new(&o, &c, e));
	for (int t = 0; t < steps; t++)
		must(collector_interact(c, NULL, NULL, &(struct policy){.epsilon = 1}, 7, 0.9, e));
	return c;
}

static const void *column(const struct batch *b, const char *name)
{
	for (int i = 0; i < b->nfields; i++)
		if (strcmp(b->spec[i].name, name) == 0)
			return b->column[i];
	fail_msg("no column %s", name);
	return NULL;
}

static int state_of(const real *one_hot)
{
	for (int i = 0; i < 5; i++)
		if (one_hot[i] > 0)
			return i;
	return -1;
}

/* Every drawn transition obeys the chain; every (state, action) is drawn about as often as it is there. */
static void transitions(void **state)
{
	enum { N = 20000 };
	struct collector *c = collect(8, 50, false, 130);
	struct buffer_room *room;
	struct batch b;
	must(buffer_room_new(collector_buffer(c), N, &room, e));
	buffer_draw(collector_buffer(c), room, N, 1, 1, (struct reading){0.9, 1}, &b);
	const real *now = column(&b, "observation"), *next = column(&b, "next_observation"),
		   *reward = column(&b, "reward"), *discount = column(&b, "discount"),
		   *propensity = column(&b, "propensity");
	const int32_t *action = column(&b, "action"), *candidate = column(&b, "candidate");
	int seen[5][2] = {{0}};
	for (int i = 0; i < N; i++) {
		int s = state_of(now + i * 5), t = state_of(next + i * 5), a = action[i];
		bool end = a == 1 && s == 4;
		assert_true(fabs((double)reward[i] - (end ? 1 : a ? 0 : 0.02)) < 1e-6);
		assert_true(discount[i] == (end ? 0 : (real)0.9));
		assert_true(end || t == (a ? s + 1 : 0));
		assert_true(propensity[i] == (real)0.5);
		assert_true(candidate[2 * i] == 0 && candidate[2 * i + 1] == 1);
		seen[s][a]++;
	}
	for (int s = 0; s < 5; s++)
		assert_true(seen[s][0] > 300 && seen[s][1] > 300);
	struct batch again;
	struct buffer_room *other;
	must(buffer_room_new(collector_buffer(c), N, &other, e));
	buffer_draw(collector_buffer(c), other, N, 1, 1, (struct reading){0.9, 1}, &again);
	assert_memory_equal(again.column[0], b.column[0], N * 5 * sizeof(real));
	buffer_draw(collector_buffer(c), other, N, 1, 2, (struct reading){0.9, 1}, &again);
	assert_memory_not_equal(again.column[0], b.column[0], N * 5 * sizeof(real));
	/* scaled rewards, other discounts */
	buffer_draw(collector_buffer(c), other, N, 1, 1, (struct reading){0.5, 10}, &again);
	for (int i = 0; i < N; i++) {
		assert_true(((const real *)column(&again, "reward"))[i] == reward[i] * 10);
		assert_true(((const real *)column(&again, "discount"))[i] == (discount[i] > 0 ? (real)0.5 : 0));
	}
	buffer_room_free(room);
	buffer_room_free(other);
	collector_free(c);
}

/* Returns: walk each user's transitions in order and sum them up by hand. */
static void returns(void **state)
{
	enum { USERS = 4, STEPS = 60 };
	struct collector *c = collect(USERS, 1000, true, 0), *all = collect(USERS, 1000, true, STEPS);
	double reward[STEPS][USERS];
	bool done[STEPS][USERS];
	struct buffer_room *room;
	struct batch b;
	must(buffer_room_new(collector_buffer(c), USERS, &room, e));
	assert_false(buffer_ready(collector_buffer(c)));
	for (int t = 0; t < STEPS; t++) {
		must(collector_interact(c, NULL, NULL, &(struct policy){.epsilon = 1}, 7, 0.9, e));
		buffer_last(collector_buffer(c), room, (struct reading){0.9, 1}, &b);
		for (int u = 0; u < USERS; u++) {
			reward[t][u] = (double)((const real *)column(&b, "reward"))[u];
			done[t][u] = ((const real *)column(&b, "discount"))[u] == 0;
		}
	}
	double value[STEPS][USERS];
	for (int u = 0; u < USERS; u++) {
		double g = (double)NAN;
		for (int t = STEPS - 1; t >= 0; t--) {
			g = done[t][u] ? reward[t][u] : reward[t][u] + 0.9 * g;
			value[t][u] = g;
		}
	}
	buffer_room_free(room);
	must(buffer_room_new(collector_buffer(all), 5000, &room, e));
	buffer_draw(collector_buffer(all), room, 5000, 1, 1, (struct reading){0.9, 1}, &b);
	const real *v = column(&b, "value"), *o = column(&b, "observation");
	for (int i = 0; i < 5000; i++) {
		bool found = false;
		assert_false(isnan((double)v[i]));
		for (int t = 0; t < STEPS && !found; t++)
			for (int u = 0; u < USERS; u++)
				found |= fabs(value[t][u] - (double)v[i]) < 1e-5;
		assert_true(found && state_of(o + i * 5) >= 0);
	}
	struct episodes ended = collector_ended(all);
	int n = 0;
	for (int t = 0; t < STEPS; t++)
		for (int u = 0; u < USERS; u++)
			n += done[t][u];
	assert_int_equal((int)ended.n, n);
	assert_int_equal((int)collector_ended(all).n, 0);
	buffer_room_free(room);
	collector_free(c);
	collector_free(all);
}

/* The blocks are all there is: a fresh collector that is given them goes on the same way. */
static void blocks(void **state)
{
	struct collector *a = collect(6, 20, true, 45), *b = collect(6, 20, true, 0);
	struct env_block from[COLLECTOR_BLOCKS_MAX], to[COLLECTOR_BLOCKS_MAX];
	int n = collector_blocks(a, from);
	assert_int_equal(collector_blocks(b, to), n);
	for (int i = 0; i < n; i++) {
		assert_string_equal(from[i].name, to[i].name);
		assert_int_equal(from[i].bytes, to[i].bytes);
		memcpy(to[i].data, from[i].data, from[i].bytes);
	}
	for (int t = 0; t < 30; t++) {
		must(collector_interact(a, NULL, NULL, &(struct policy){.epsilon = 1}, 7, 0.9, e));
		must(collector_interact(b, NULL, NULL, &(struct policy){.epsilon = 1}, 7, 0.9, e));
	}
	for (int i = 0; i < n; i++)
		assert_memory_equal(to[i].data, from[i].data, from[i].bytes);
	collector_free(a);
	collector_free(b);
}

/* ---- policies ---- */

static void slates(void **state)
{
	enum { N = 60000 };
	struct env_spec s = {.users = 1, .candidates = 5, .slate = 2};
	const real scores[] = {0, (real)0.5, 3, 1, 2};
	const int32_t candidate[] = {7, 7, -1, 8, 9};
	double first[5] = {0}, share[5] = {0}, sum = 0;
	int32_t slate[2];
	real p[2];
	struct rng r = rng_stream(1, RNG_TEST, 0, 0);
	struct policy rank = {.kind = POLICY_RANK}, sample = {.kind = POLICY_SAMPLE, .temperature = 0.5};
	policy_slate(&rank, &s, scores, candidate, &r, slate, p);
	assert_true(slate[0] == 4 && slate[1] == 3 && p[0] == 1 && p[1] == 1);
	for (int i = 0; i < N; i++) {
		policy_slate(&sample, &s, scores, candidate, &r, slate, p);
		assert_true(slate[0] != 2 && slate[1] != 2 && slate[0] != slate[1]);
		first[slate[0]] += 1.0 / N;
		share[slate[0]] = (double)p[0];
		share[slate[1]] = (double)p[1];
	}
	for (int c = 0; c < 5; c++)
		sum += c == 2 ? 0 : exp((double)scores[c] / 0.5);
	for (int c = 0; c < 5; c++) {
		double want = c == 2 ? 0 : exp((double)scores[c] / 0.5) / sum;
		assert_true(fabs(first[c] - want) < 4 * sqrt(want * (1 - want) / N) + 1e-9);
		assert_true(fabs(share[c] - want) < 1e-5);
	}
	struct policy mixed = {.kind = POLICY_RANK, .epsilon = 0.4};
	s.slate = 1;
	memset(first, 0, sizeof first);
	for (int i = 0; i < N; i++) {
		policy_slate(&mixed, &s, scores, candidate, &r, slate, p);
		first[slate[0]] += 1.0 / N;
		assert_true(fabs((double)p[0] - (slate[0] == 4 ? 0.7 : 0.1)) < 1e-6);
	}
	assert_true(fabs(first[4] - 0.7) < 0.01 && fabs(first[0] - 0.1) < 0.01 && first[2] == 0);
}

static void vectors(void **state)
{
	struct env_spec s = {.users = 1, .vector = 3};
	const real mean[] = {0, (real)0.99, -1};
	double sum = 0, square = 0;
	struct rng r = rng_stream(1, RNG_TEST, 0, 0);
	for (int i = 0; i < 20000; i++) {
		real v[3];
		policy_vector(&(struct policy){.kind = POLICY_VECTOR, .noise = 0.1}, &s, mean, &r, v);
		sum += (double)v[0];
		square += (double)(v[0] * v[0]);
		assert_true(v[1] <= 1 && v[2] >= -1);
	}
	assert_true(fabs(sum / 20000) < 0.003 && fabs(sqrt(square / 20000) - 0.1) < 0.003);
}

/* The same users under the same policy come to the same sums, however often it is asked. */
static void rollouts(void **state)
{
	struct episodes a[40], b[40];
	struct rollout r = {
		.env = env_options_of("long_term_satisfaction", 40, 2, NULL), .episodes = 3, .policy = {.epsilon = 1}};
	must(rollout_run(&r, a, e));
	must(rollout_run(&r, b, e));
	assert_memory_equal(a, b, sizeof a);
	for (int u = 0; u < 40; u++)
		assert_true(a[u].n == 3 && a[u].steps == 180 && a[u].reward > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(transitions),
		cmocka_unit_test(returns),
		cmocka_unit_test(blocks),
		cmocka_unit_test(slates),
		cmocka_unit_test(vectors),
		cmocka_unit_test(rollouts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
