/* Series: whatever is logged comes back in order, however it was flushed, polled, reopened or rewound. */
#include "store_test.h"

#include "base/mem.h"
#include "base/rng.h"
#include "store/chunk.h"
#include "store/reader.h"
#include "store/ring.h"
#include "store/store.h"

#include <float.h>
#include <math.h>

enum { SERIES = 3, SAMPLES = 6000 };

/* The oracle: plain arrays. */
struct oracle {
	int64_t step[SAMPLES];
	double value[SAMPLES];
	size_t n;
};

static bool same(double a, double b)
{
	return isnan(a) ? isnan(b) : a == b && signbit(a) == signbit(b);
}

static double odd_value(struct rng *g)
{
	switch (rng_below(g, 12)) {
	case 0:
		return NAN;
	case 1:
		return INFINITY;
	case 2:
		return -INFINITY;
	case 3:
		return DBL_MAX;
	case 4:
		return -0.0;
	case 5:
		return 5e-324;
	case 6:
		return rng_normal(g);
	default:
		return (double)(float)rng_normal(g);
	}
}

static int64_t odd_step(struct rng *g, int64_t last)
{
	switch (rng_below(g, 40)) {
	case 0:
		return (int64_t)rng_u64(g);
	case 1:
		return INT64_MAX;
	case 2:
		return INT64_MIN;
	case 3:
		return last;
	default:
		return (int64_t)((uint64_t)last + 1);
	}
}

static void test_chunk_round_trip(void **state)
{
	(void)state;
	struct rng g = rng_stream(1, 0, 0, 0);
	for (int round = 0; round < 400; round++) {
		int64_t step[CHUNK_SAMPLES], back[CHUNK_SAMPLES], stride;
		double value[CHUNK_SAMPLES], vback[CHUNK_SAMPLES];
		unsigned char buf[CHUNK_BYTES_MAX];
		size_t n = 1 + (size_t)rng_below(&g, CHUNK_SAMPLES);
		int coding;
		for (size_t i = 0; i < n; i++) {
			step[i] = odd_step(&g, i ? step[i - 1] : 0);
			value[i] = round % 2 ? odd_value(&g) : (double)(float)rng_normal(&g);
		}
		size_t bytes = chunk_encode(step, value, n, buf, &coding, &stride);
		assert_true(bytes <= CHUNK_BYTES_MAX);
		assert_true(chunk_decode(buf, bytes, coding, step[0], stride, n, back, vback));
		for (size_t i = 0; i < n; i++)
			assert_true(step[i] == back[i] && same(value[i], vback[i]));
		assert_false(chunk_decode(buf, bytes - 1, coding, step[0], stride, n, back, vback));
		assert_false(chunk_decode(buf, bytes, coding, step[0], stride, n + 1, back, vback));
	}
}

static void check_samples(const struct samples *s, const struct oracle *o)
{
	assert_int_equal(s->n, o->n);
	for (size_t i = 0; i < o->n; i++)
		if (s->step[i] != o->step[i] || !same(s->value[i], o->value[i]))
			fail_msg("sample %zu is (%lld, %g), expected (%lld, %g)", i, (long long)s->step[i], s->value[i],
				(long long)o->step[i], o->value[i]);
}

static void check_summary(const struct series_info *info, const struct oracle *o)
{
	double best = NAN;
	int64_t bad = 0, at = 0;
	for (size_t i = 0; i < o->n; i++) {
		if (!isfinite(o->value[i]))
			bad++;
		else if (isnan(best) || (info->larger_is_better ? o->value[i] > best : o->value[i] < best))
			best = o->value[i], at = o->step[i];
	}
	assert_int_equal(info->n, o->n);
	assert_int_equal(info->bad, bad);
	if (!o->n)
		return;
	assert_int_equal(info->first_step, o->step[0]);
	assert_int_equal(info->last_step, o->step[o->n - 1]);
	double last = o->value[o->n - 1]; /* a column of SQLite does not keep the sign of zero */
	assert_true(isnan(last) ? isnan(info->last) : info->last == last);
	assert_true(isnan(best) ? isnan(info->best) : info->best == best && info->best_step == at);
}

static void oracle_add(struct oracle *o, int64_t step, double value)
{
	o->step[o->n] = step;
	o->value[o->n++] = value;
}

static void oracle_rewind(struct oracle *o, int64_t step)
{
	size_t keep = 0;
	for (size_t i = 0; i < o->n; i++) {
		if (o->step[i] >= step)
			continue;
		o->step[keep] = o->step[i];
		o->value[keep++] = o->value[i];
	}
	o->n = keep;
}

static void check_all(struct reader_db *r, struct samples *live, const struct oracle *o)
{
	struct err err = {0};
	struct series_info *info;
	size_t n;
	must(reader_series(r, &info, &n, &err));
	assert_int_equal(n, SERIES);
	for (int k = 0; k < SERIES; k++) {
		struct samples whole = {0};
		must(reader_samples(r, info[k].id, &live[k], &err));
		must(reader_samples(r, info[k].id, &whole, &err));
		check_samples(&live[k], &o[k]);
		check_samples(&whole, &o[k]);
		check_summary(&info[k], &o[k]);
		samples_free(&whole);
	}
	mem_free(info);
}

/* Random logging, flushing, reopening and rewinding against the oracle, with one reader polling all along. */
static void property_round(uint64_t seed)
{
	struct rng g = rng_stream(seed, 0, 0, 0);
	struct err err = {0};
	char dir[256], name[16];
	struct store *s;
	struct reader_db *r;
	struct samples live[SERIES] = {0};
	struct oracle *o = calloc(SERIES, sizeof *o);
	int id[SERIES];
	temp_dir(dir, sizeof dir);
	must(store_open(dir, &s, &err));
	for (int k = 0; k < SERIES; k++) {
		snprintf(name, sizeof name, "s/%d", k);
		must(store_series(s, name, k % 2, &id[k], &err));
	}
	must(reader_open(dir, &r, &err));
	for (int round = 0; round < 30; round++) {
		uint64_t burst = rng_below(&g, round % 3 ? 60 : 1500);
		for (uint64_t i = 0; i < burst; i++) {
			int k = (int)rng_below(&g, SERIES);
			if (o[k].n == SAMPLES)
				continue;
			int64_t step = seed % 2 ? (int64_t)o[k].n : odd_step(&g, o[k].n ? o[k].step[o[k].n - 1] : 0);
			double value = odd_value(&g);
			oracle_add(&o[k], step, value);
			store_scalar(s, id[k], step, value);
		}
		if (rng_below(&g, 6) == 0) {
			int64_t to = (int64_t)rng_below(&g, 3000);
			must(store_rewind(s, to, &err));
			for (int k = 0; k < SERIES; k++)
				oracle_rewind(&o[k], to);
		}
		if (rng_below(&g, 6) == 0) {
			must(store_close(s, &err));
			must(store_open(dir, &s, &err));
			must(store_series(s, "s/1", true, &id[1], &err));
		}
		must(store_flush(s, &err));
		check_all(r, live, o);
	}
	reader_close(r);
	must(store_close(s, &err));
	must(reader_open(dir, &r, &err));
	check_all(r, live, o);
	reader_close(r);
	for (int k = 0; k < SERIES; k++)
		samples_free(&live[k]);
	temp_remove(dir);
	free(o);
}

static void test_round_trip(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 6; seed++)
		property_round(seed);
}

/* A full ring makes the producer wait and drops nothing. */
static void test_burst_beyond_the_ring(void **state)
{
	(void)state;
	struct err err = {0};
	char dir[256];
	struct store *s;
	struct reader_db *r;
	struct samples got = {0};
	int id;
	temp_dir(dir, sizeof dir);
	must(store_open(dir, &s, &err));
	must(store_series(s, "burst", false, &id, &err));
	for (int i = 0; i < 5 * RING_SIZE + 17; i++)
		store_scalar(s, id, i, (double)i * 0.1);
	must(store_flush(s, &err));
	must(reader_open(dir, &r, &err));
	must(reader_samples(r, 1, &got, &err));
	assert_int_equal(got.n, 5 * RING_SIZE + 17);
	for (size_t i = 0; i < got.n; i++)
		assert_true(got.step[i] == (int64_t)i && got.value[i] == (double)i * 0.1);
	samples_free(&got);
	reader_close(r);
	must(store_close(s, &err));
	temp_remove(dir);
}

/* Without a flush the writer thread shows samples by itself. */
static void test_writer_thread(void **state)
{
	(void)state;
	struct err err = {0};
	char dir[256];
	struct store *s;
	struct reader_db *r;
	struct samples got = {0};
	int id;
	temp_dir(dir, sizeof dir);
	must(store_open(dir, &s, &err));
	must(store_series(s, "loss", false, &id, &err));
	must(reader_open(dir, &r, &err));
	int64_t before = reader_version(r);
	store_scalar(s, id, 1, 0.5);
	for (int i = 0; i < 1000 && !got.n; i++) {
		usleep(10000);
		must(reader_samples(r, 1, &got, &err));
	}
	assert_int_equal(got.n, 1);
	assert_true(reader_version(r) != before);
	before = reader_version(r);
	assert_true(reader_version(r) == before);
	samples_free(&got);
	reader_close(r);
	must(store_close(s, &err));
	temp_remove(dir);
}

static void test_bad_names(void **state)
{
	(void)state;
	struct err err = {0};
	char dir[256], name[80];
	struct store *s;
	int id;
	temp_dir(dir, sizeof dir);
	must(store_open(dir, &s, &err));
	memset(name, 'x', sizeof name);
	name[64] = '\0';
	assert_int_equal(store_series(s, "", false, &id, &err), ERR_ARG);
	assert_int_equal(store_series(s, name, false, &id, &err), ERR_ARG);
	name[63] = '\0';
	must(store_series(s, name, false, &id, &err));
	must(store_close(s, &err));
	temp_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chunk_round_trip),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_burst_beyond_the_ring),
		cmocka_unit_test(test_writer_thread),
		cmocka_unit_test(test_bad_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
