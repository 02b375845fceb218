/* Off-policy estimators: what each promises, on synthetic contexts of which the truth is known, and on a real log. */
#include "rl_test.h"

#include "rl/ope.h"

/* Contexts x in {0..2}, 4 actions, q(x, a) known; the logging policy is soft in q, the evaluated one soft against it. */
enum { X = 3, A = 4, N = 4000 };
struct world {
	double q[X][A], behaviour[X][A], target[X][A], truth;
	double reward[N], pb[N], pe[N], qa[N], qp[N];
	int x[N], a[N];
	struct ope_log log;
};

static void soft(double out[A], const double *score, double beta)
{
	double sum = 0;
	for (int a = 0; a < A; a++)
		sum += out[a] = exp(beta * score[a]);
	for (int a = 0; a < A; a++)
		out[a] /= sum;
}

/* error: what the model's rewards are wrong by, action by action. */
static void world_model(struct world *w, double error)
{
	for (int i = 0; i < N; i++) {
		w->qp[i] = 0;
		for (int a = 0; a < A; a++)
			w->qp[i] += w->target[w->x[i]][a] * (w->q[w->x[i]][a] + error * (a - 1));
		w->qa[i] = w->q[w->x[i]][w->a[i]] + error * (w->a[i] - 1);
	}
}

static void world_draw(struct world *w, uint64_t seed)
{
	struct rng r = rng_stream(3, RNG_TEST, 0, 0);
	w->truth = 0;
	for (int x = 0; x < X; x++) {
		for (int a = 0; a < A; a++)
			w->q[x][a] = 0.1 + 0.8 * rng_unit(&r);
		soft(w->behaviour[x], w->q[x], 2);
		soft(w->target[x], w->q[x], -2);
		for (int a = 0; a < A; a++)
			w->truth += w->target[x][a] * w->q[x][a] / X;
	}
	r = rng_stream(seed, RNG_TEST, 1, 0);
	for (int i = 0; i < N; i++) {
		int x = w->x[i] = (int)rng_below(&r, X),
		    a = w->a[i] = env_choose(&r, w->behaviour[x], A - 1, w->behaviour[x][A - 1]);
		w->reward[i] = rng_unit(&r) < w->q[x][a];
		w->pb[i] = w->behaviour[x][a];
		w->pe[i] = w->target[x][a];
	}
	w->log = (struct ope_log){N, w->reward, w->pb, w->pe, w->qa, w->qp};
	world_model(w, 0);
}

static struct ope_result estimate(const char *name, const struct ope_log *l, int samples)
{
	struct ope_options o;
	struct ope_result r;
	must(ope_options_default(name, &o, e));
	o.bootstrap = samples;
	must(ope_estimate(l, &o, &r, e));
	return r;
}

static struct world w;

/* (a) IPS and DR are within 3 standard errors of the truth, and the interval covers it in most of 40 logs. */
static void unbiased(void **state)
{
	static const char *const names[] = {"ips", "snips", "dr", "sndr"};
	for (int k = 0; k < 4; k++) {
		int covered = 0;
		double mean = 0, square = 0;
		for (uint64_t s = 0; s < 40; s++) {
			world_draw(&w, s);
			struct ope_result r = estimate(names[k], &w.log, 200);
			covered += r.low <= w.truth && w.truth <= r.high;
			mean += r.value / 40;
			square += r.value * r.value / 40;
			assert_true(fabs(r.value - w.truth) < 4 * r.se);
			assert_true(r.ess > 0.2 * N && r.ess < N);
			assert_true(fabs(r.mean_weight - 1) < 0.1);
		}
		double se = sqrt((square - mean * mean) / 40);
		print_message(
			"%-6s %.4f +- %.4f, truth %.4f, covered %d of 40\n", names[k], mean, se, w.truth, covered);
		assert_true(fabs(mean - w.truth) < 3 * se + 1e-9);
		assert_in_range(covered, 33, 40);
	}
}

/* (b) A constant added to all rewards: SNIPS follows exactly, IPS does not. */
static void translation(void **state)
{
	world_draw(&w, 1);
	double snips = estimate("snips", &w.log, 0).value, ips = estimate("ips", &w.log, 0).value;
	for (int i = 0; i < N; i++)
		w.reward[i] += 5;
	assert_true(fabs(estimate("snips", &w.log, 0).value - snips - 5) < 1e-9);
	assert_true(fabs(estimate("ips", &w.log, 0).value - ips - 5) > 1e-3);
}

/* (c) With the exact model DR varies least; with a wrong one it stays unbiased while DM does not. */
static void doubly_robust(void **state)
{
	double mean[4] = {0}, square[4] = {0};
	static const char *const names[] = {"ips", "snips", "dr", "dr"};
	enum { LOGS = 60 };
	for (uint64_t s = 0; s < LOGS; s++) {
		world_draw(&w, 100 + s);
		for (int k = 0; k < 4; k++) {
			world_model(&w, k == 3 ? 0.7 : 0);
			double v = estimate(names[k], &w.log, 0).value;
			mean[k] += v / LOGS;
			square[k] += v * v / LOGS;
		}
	}
	double sd[4];
	for (int k = 0; k < 4; k++)
		sd[k] = sqrt(square[k] - mean[k] * mean[k]);
	print_message(
		"deviation: ips %.4f, snips %.4f, dr %.4f, dr with a wrong model %.4f\n", sd[0], sd[1], sd[2], sd[3]);
	assert_true(sd[2] < sd[0] && sd[2] < sd[1] && sd[2] < sd[3]);
	assert_true(fabs(mean[3] - w.truth) < 3 * sd[3] / sqrt(LOGS));
	world_model(&w, 0.7);
	assert_true(fabs(estimate("dm", &w.log, 0).value - w.truth) > 0.05);
	world_model(&w, 0);
	assert_true(fabs(estimate("dm", &w.log, 0).value - w.truth) < 0.02);
}

/* (d) Deterministic policies; the estimators that are others under special circumstances. */
static void edges(void **state)
{
	double reward[] = {1, 0, 1, 1}, sure[] = {1, 1, 1, 1}, other[] = {0, 0, 0, 0}, half[] = {0.5, 0.5, 0.5, 0.5},
	       hit[] = {1, 0, 1, 0};
	struct ope_log l = {4, reward, sure, sure, NULL, NULL};
	assert_true(estimate("ips", &l, 0).value == 0.75 && estimate("snips", &l, 0).value == 0.75);
	assert_true(estimate("ips", &l, 0).ess == 4);
	l.target = other; /* never does what was logged */
	assert_true(estimate("ips", &l, 0).value == 0 && estimate("snips", &l, 0).value == 0);
	assert_true(estimate("ips", &l, 0).ess == 0 && estimate("ips", &l, 0).mean_weight == 0);
	l.target = hit; /* uniform over two actions, the evaluated one sure of the first */
	l.behaviour = half;
	assert_true(estimate("ips", &l, 0).value == 1 && estimate("snips", &l, 0).value == 1);
	assert_true(estimate("ips", &l, 0).max_weight == 2);
	world_draw(&w, 7);
	struct ope_options o;
	struct ope_result r;
	must(ope_options_default("clipped", &o, e));
	must(args_set_number(registry_find(&ope_registry, "clipped"), &o.args, "clip", 1e6, e));
	must(ope_estimate(&w.log, &o, &r, e));
	assert_true(fabs(r.value - estimate("ips", &w.log, 0).value) < 1e-12);
	must(args_set_number(registry_find(&ope_registry, "clipped"), &o.args, "clip", 0.5, e));
	must(ope_estimate(&w.log, &o, &r, e));
	assert_true(r.value < estimate("ips", &w.log, 0).value);
	must(ope_options_default("switch", &o, e));
	must(args_set_number(registry_find(&ope_registry, "switch"), &o.args, "threshold", 0, e));
	must(ope_estimate(&w.log, &o, &r, e));
	assert_true(fabs(r.value - estimate("dm", &w.log, 0).value) < 1e-12);
	must(args_set_number(registry_find(&ope_registry, "switch"), &o.args, "threshold", 1e6, e));
	must(ope_estimate(&w.log, &o, &r, e));
	assert_true(fabs(r.value - estimate("dr", &w.log, 0).value) < 1e-12);
}

static void refused(const char *name, const struct ope_log *l, const char *part)
{
	struct ope_options o;
	struct ope_result r;
	struct err why = {0};
	must(ope_options_default(name, &o, e));
	assert_int_not_equal(ope_estimate(l, &o, &r, &why), OK);
	if (!strstr(why.text, part))
		fail_msg("expected \"%s\" in: %s", part, why.text);
}

static void refusals(void **state)
{
	double one[] = {1, 1}, bad[] = {0.5, 0}, q[] = {0, 0};
	refused("ips", &(struct ope_log){2, one, NULL, one, NULL, NULL}, "the log has no propensities");
	refused("dr", &(struct ope_log){2, one, NULL, one, q, q}, "the log has no propensities");
	refused("ips", &(struct ope_log){2, one, bad, one, NULL, NULL},
		"row 1 of the log: the propensity must be in (0, 1], got 0");
	refused("dr", &(struct ope_log){2, one, one, one, NULL, NULL}, "needs a model of the rewards");
	refused("ips", &(struct ope_log){0, one, one, one, NULL, NULL}, "the log is empty");
	assert_true(estimate("dm", &(struct ope_log){2, one, NULL, NULL, NULL, q}, 0).value == 0);
}

/* (e) Open Bandit: the value of the Thompson policy from the uniform policy's log, against what it earned itself. */
enum { ITEMS = 64, ROWS = 10000 };
struct obd {
	int n, item[ROWS], place[ROWS];
	double click[ROWS], propensity[ROWS];
};

static bool obd_read(const char *which, struct obd *d)
{
	char command[4300], line[4096];
	const char *folder = getenv("GUSTO_DATA");
	snprintf(command, sizeof command, "xz -dc '%s/open-bandit-sample/%s.csv.xz' 2>/dev/null", folder ? folder : ".",
		which);
	FILE *f = popen(command, "r");
	d->n = 0;
	assert_non_null(f);
	while (d->n < ROWS && fgets(line, sizeof line, f)) {
		char *at = strchr(line, ',');
		if (at && sscanf(strchr(at + 1, ','), ",%d,%d,%lf,%lf", &d->item[d->n], &d->place[d->n],
				  &d->click[d->n], &d->propensity[d->n]) == 4)
			d->n++;
	}
	pclose(f);
	return d->n == ROWS;
}

static void open_bandit(void **state)
{
	static struct obd random, thompson;
	static const char *const campaign[] = {"men/men", "women/women"};
	for (int c = 0; c < 2; c++) {
		char from[64], to[64];
		static double pe[ROWS], count[4][ITEMS];
		snprintf(from, sizeof from, "random/%s", campaign[c]);
		snprintf(to, sizeof to, "bts/%s", campaign[c]);
		if (!obd_read(from, &random) || !obd_read(to, &thompson)) {
			print_message("skipped: open-bandit-sample is not under GUSTO_DATA\n");
			return;
		}
		double total[4] = {0}, earned = 0;
		memset(count, 0, sizeof count);
		for (int i = 0; i < ROWS; i++) {
			count[thompson.place[i]][thompson.item[i]] += 1;
			total[thompson.place[i]] += 1;
			earned += thompson.click[i] / ROWS;
		}
		for (int i = 0; i < ROWS; i++)
			pe[i] = count[random.place[i]][random.item[i]] / total[random.place[i]];
		struct ope_log l = {ROWS, random.click, random.propensity, pe, NULL, NULL};
		struct ope_result ips = estimate("ips", &l, 1000), snips = estimate("snips", &l, 1000);
		double se = sqrt(earned * (1 - earned) / ROWS + ips.se * ips.se);
		print_message("%s: ips %.4f [%.4f, %.4f], snips %.4f, earned %.4f; effective rows %.0f, largest weight "
			      "%.1f\n",
			campaign[c], ips.value, ips.low, ips.high, snips.value, earned, ips.ess, ips.max_weight);
		assert_true(fabs(ips.value - earned) < 3 * se);
		assert_true(ips.low <= ips.value && ips.value <= ips.high);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unbiased),
		cmocka_unit_test(translation),
		cmocka_unit_test(doubly_robust),
		cmocka_unit_test(edges),
		cmocka_unit_test(refusals),
		cmocka_unit_test(open_bandit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
