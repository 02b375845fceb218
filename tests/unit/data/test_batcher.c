#include "base/mem.h"
#include "data/batcher.h"
#include "data/planted.h"
#include "data/shuffle.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static struct split *planted_split(int64_t interactions, const struct split_options *o)
{
	struct planted_options p;
	planted_defaults(&p);
	p.interactions = interactions;
	struct dataset *d = NULL;
	struct split *s = NULL;
	assert_int_equal(planted_dataset(&p, &d, NULL), OK);
	assert_int_equal(split_new(d, o, &s, NULL), OK);
	dataset_unref(d);
	return s;
}

static struct split *small_split(void)
{
	return planted_split(2000, &(struct split_options){.kind = "leave_one_out"});
}

/* Users with 0, 1, 2 and 9 training rows. */
static struct split *uneven_split(void)
{
	static const int32_t rows[] = {0, 1, 2, 9};
	struct builder *b = builder_new("uneven");
	for (int32_t u = 0; u < 4; u++) {
		char id[8];
		size_t len = (size_t)snprintf(id, sizeof id, "u%d", u);
		assert_int_equal(builder_user(b, id, len), u);
		for (int32_t t = 0; t < rows[u]; t++) {
			char item[8];
			size_t n = (size_t)snprintf(item, sizeof item, "i%d", u + t);
			struct builder_row row = {id, item, len, n, NAN, t};
			assert_int_equal(builder_add(b, &row, NULL), OK);
		}
	}
	for (int32_t i = 0; i < 20; i++) {
		char item[8];
		size_t n = (size_t)snprintf(item, sizeof item, "i%d", i);
		assert_true(builder_item(b, item, n) >= 0);
	}
	struct dataset *d = NULL;
	struct split *s = NULL;
	assert_int_equal(builder_finish(b, &d, NULL), OK);
	builder_free(b);
	assert_int_equal(split_new(d, &(struct split_options){.kind = "ratio"}, &s, NULL), OK);
	dataset_unref(d);
	return s;
}

static struct batcher *batcher_of(struct split *s, struct batch_options o)
{
	struct batcher *b = NULL;
	struct err e = {0};
	if (batcher_new(s, &o, &b, &e) != OK)
		fail_msg("%s", e.text);
	return b;
}

static int find(const struct batch *b, const char *name)
{
	for (int i = 0; i < b->nfields; i++)
		if (strcmp(b->spec[i].name, name) == 0)
			return i;
	fail_msg("no column %s", name);
	return -1;
}

static const int32_t *ints(const struct batch *b, const char *name)
{
	int i = find(b, name);
	assert_int_equal(b->spec[i].type, FIELD_INT);
	return b->column[i];
}

static const real *reals(const struct batch *b, const char *name)
{
	int i = find(b, name);
	assert_int_equal(b->spec[i].type, FIELD_REAL);
	return b->column[i];
}

static double seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* FNV-1a of everything in a batch. */
static uint64_t hash_bytes(uint64_t h, const void *p, size_t n)
{
	const unsigned char *c = p;
	for (size_t i = 0; i < n; i++)
		h = (h ^ c[i]) * UINT64_C(0x100000001b3);
	return h;
}

static uint64_t hash_batch(const struct batch *b)
{
	uint64_t h = hash_bytes(1, &b->examples, sizeof b->examples);
	for (int i = 0; i < b->nfields; i++) {
		size_t size = b->spec[i].type == FIELD_INT ? sizeof(int32_t) : sizeof(real);
		h = hash_bytes(h, b->column[i], (size_t)(batch_rows(b, b->spec[i].axis) * b->spec[i].width) * size);
	}
	if (b->offsets[AXIS_TOKEN])
		h = hash_bytes(h, b->offsets[AXIS_TOKEN], ((size_t)b->examples + 1) * sizeof(int32_t));
	return hash_bytes(hash_bytes(h, &b->seed, sizeof b->seed), &b->step, sizeof b->step);
}

/* ---- the permutation ---- */

static void shuffle_is_a_permutation(void **state)
{
	enum { MAX = 100003 };
	int64_t *out = mem_calloc(MAX, sizeof *out);
	char *hit = mem_calloc(MAX, 1);
	for (int64_t n = 1; n <= MAX; n = n < 200 ? n + 1 : n * 3 / 2 > MAX && n < MAX ? MAX : n * 3 / 2) {
		struct shuffle s;
		shuffle_init(&s, n, (uint64_t)n * 77);
		memset(hit, 0, (size_t)n);
		/* in pieces of odd sizes: the place alone decides */
		for (int64_t at = 0, k = 1; at < n; at += k, k = k % 97 + 13) {
			int32_t count = (int32_t)(n - at < k ? n - at : k);
			shuffle_range(&s, at, count, out + at);
		}
		for (int64_t i = 0; i < n; i++) {
			assert_in_range(out[i], 0, n - 1);
			assert_int_equal(hit[out[i]]++, 0);
			int64_t again;
			if (i % 37 == 0) {
				shuffle_range(&s, i, 1, &again);
				assert_int_equal(again, out[i]);
			}
		}
	}
	mem_free(out);
	mem_free(hit);
}

/* Over keys, every ordered pair of elements stands at two places equally often. */
static void shuffle_is_fair(void **state)
{
	enum { ROUNDS = 40000 };
	static const int32_t sizes[] = {2, 3, 5, 7, 12};
	static const int32_t places[][2] = {{0, 1}, {0, -1}, {1, -2}};
	for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++)
		for (int p = 0; p < 3; p++) {
			int32_t n = sizes[k], a = places[p][0], b = places[p][1] < 0 ? n + places[p][1] : places[p][1];
			if (a == b)
				continue;
			double count[12][12] = {{0}}, expect = (double)ROUNDS / (n * (n - 1)), chi = 0;
			for (uint64_t key = 0; key < ROUNDS; key++) {
				struct shuffle s;
				int64_t out[12];
				shuffle_init(&s, n, rng_at(5, key));
				shuffle_range(&s, 0, n, out);
				count[out[a]][out[b]]++;
			}
			for (int32_t i = 0; i < n; i++)
				for (int32_t j = 0; j < n; j++)
					chi += i == j ? 0 : (count[i][j] - expect) * (count[i][j] - expect) / expect;
			double free = n * (n - 1) - 1;
			assert_true(chi < free + 6 * sqrt(2 * free) + 5);
		}
}

/* Large sizes: places and elements are uncorrelated, and neighbours do not stay neighbours. */
static void shuffle_mixes(void **state)
{
	enum { N = 1 << 20 };
	int64_t *out = mem_calloc(N, sizeof *out);
	for (int64_t n = N - 5; n <= N; n++) {
		struct shuffle s;
		shuffle_init(&s, n, (uint64_t)n);
		shuffle_range(&s, 0, (int32_t)n, out);
		double xy = 0, next = 0, mean = (double)(n - 1) / 2, var = ((double)n * (double)n - 1) / 12;
		for (int64_t i = 0; i < n; i++)
			xy += ((double)i - mean) * ((double)out[i] - mean);
		for (int64_t i = 1; i < n; i++)
			next += ((double)out[i - 1] - mean) * ((double)out[i] - mean);
		assert_true(fabs(xy / var / (double)n) < 5 / sqrt((double)n));
		assert_true(fabs(next / var / (double)n) < 5 / sqrt((double)n));
	}
	struct shuffle s;
	shuffle_init(&s, INT64_C(5000000000), 3);
	shuffle_range(&s, INT64_C(4999999000), 1000, out);
	int64_t high = 0;
	for (int i = 0; i < 1000; i++) {
		assert_true(out[i] >= 0 && out[i] < INT64_C(5000000000));
		high += out[i] >= INT64_C(2500000000);
	}
	assert_in_range(high, 400, 600);
	mem_free(out);
}

/* ---- training batches ---- */

static const struct batch_options all_options[] = {
	{.kind = "points", .batch = 64, .negatives = 4, .seed = 3},
	{.kind = "points", .batch = 50, .negatives = 0, .seed = 3},
	{.kind = "points", .batch = 64, .negatives = 3, .seed = 3, .drop_last = true, .sampler = "uniform"},
	{.kind = "pairs", .batch = 64, .negatives = 1, .seed = 3},
	{.kind = "pairs", .batch = 100000, .negatives = 7, .seed = 3, .sampler = "popularity", .alpha = .5},
	{.kind = "pairs", .batch = 1, .negatives = 0, .seed = 3},
	{.kind = "ratings", .batch = 64, .seed = 3},
	{.kind = "sequence", .batch = 16, .length = 20, .negatives = 1, .seed = 3},
	{.kind = "sequence", .batch = 7, .length = 200, .negatives = 3, .seed = 3},
	{.kind = "sequence", .batch = 7, .length = 5, .negatives = 0, .seed = 3, .drop_last = true},
};
enum { OPTIONS = sizeof all_options / sizeof *all_options };

/* Sizes, signature and determinism of every kind. */
static void batches_are_pure_functions(void **state)
{
	struct split *s = small_split();
	for (int k = 0; k < OPTIONS; k++) {
		struct batcher *b = batcher_of(s, all_options[k]), *again = batcher_of(s, all_options[k]);
		struct batch_options other_seed = all_options[k];
		other_seed.seed++;
		struct batcher *other = batcher_of(s, other_seed);
		struct batch sig, x, y;
		batcher_signature(b, &sig);
		int64_t steps = batcher_steps(b), differ = 0, epochs_differ = 0, examples = 0;
		uint64_t *hash = mem_calloc((size_t)steps, sizeof *hash);
		for (int64_t i = 0; i < steps; i++) {
			batcher_get(b, 1, i, &x);
			hash[i] = hash_batch(&x);
			assert_int_equal(x.nfields, sig.nfields);
			assert_memory_equal(x.spec, sig.spec, sizeof x.spec);
			assert_true(x.examples >= 1 && x.examples <= batcher_max_rows(b, AXIS_EXAMPLE));
			assert_true(batch_rows(&x, AXIS_TOKEN) <= batcher_max_rows(b, AXIS_TOKEN));
			assert_true(i == steps - 1 || x.examples == all_options[k].batch);
			assert_int_equal(x.step, steps + i);
			examples += x.examples;
		}
		if (all_options[k].drop_last)
			assert_int_equal(examples, steps * all_options[k].batch);
		for (int64_t i = steps - 1; i >= 0; i--) {
			batcher_get(again, i % 3, i, &y); /* something else in between */
			epochs_differ += i % 3 != 1 && hash_batch(&y) != hash[i];
			batcher_get(again, 1, i, &y);
			assert_int_equal(hash_batch(&y), hash[i]);
			batcher_get(other, 1, i, &y);
			y.seed--;
			differ += hash_batch(&y) != hash[i];
		}
		assert_true((double)differ > .9 * (double)steps); /* batches of one example may agree by chance */
		assert_true(epochs_differ > 0);
		mem_free(hash);
		batcher_free(b);
		batcher_free(again);
		batcher_free(other);
	}
	split_unref(s);
}

/* Threads that fill a batch together make the same batch. */
static void threads_change_nothing(void **state)
{
	(void)state;
	static const char *const kinds[] = {"pairs", "points", "window"};
	struct split *s = planted_split(20000, &(struct split_options){.kind = "leave_one_out"});
	struct team *team;
	assert_int_equal(team_new(3, &team, NULL), OK);
	for (int k = 0; k < 3; k++) {
		struct batch_options o = {.kind = kinds[k], .batch = 2500, .negatives = 2, .length = 3, .seed = 4},
				     many = o;
		many.team = team;
		struct batcher *one = batcher_of(s, o), *three = batcher_of(s, many);
		struct batch x, y;
		for (int64_t i = 0; i < batcher_steps(one); i++) {
			batcher_get(one, 1, i, &x);
			batcher_get(three, 1, i, &y);
			assert_int_equal(x.examples, y.examples);
			assert_true(hash_batch(&x) == hash_batch(&y));
		}
		batcher_free(one);
		batcher_free(three);
	}
	team_free(team);
	split_unref(s);
}

/* How often (user, item) is a training row. */
static int32_t *train_matrix(const struct split *s)
{
	int32_t *m = mem_calloc((size_t)s->data->n_users * (size_t)s->data->n_items, sizeof *m);
	for (int32_t u = 0; u < s->data->n_users; u++)
		for (int64_t i = s->train_start[u]; i < s->train_start[u + 1]; i++)
			m[u * s->data->n_items + s->train_item[i]]++;
	return m;
}

static void assert_all_zero(const int32_t *m, const struct split *s)
{
	for (int64_t i = 0; i < (int64_t)s->data->n_users * s->data->n_items; i++)
		assert_int_equal(m[i], 0);
}

/* An epoch of points has every training row once, and `negatives` unseen items for each. */
static void points_cover_the_rows(void **state)
{
	struct split *s = small_split();
	struct batcher *b = batcher_of(s, all_options[0]);
	int32_t *left = train_matrix(s), *negatives = mem_calloc((size_t)s->data->n_users, sizeof *negatives);
	assert_int_equal(batcher_steps(b), (s->count[PART_TRAIN] * 5 + 63) / 64);
	double spread = 0;
	for (int64_t i = 0; i < batcher_steps(b); i++) {
		struct batch x;
		batcher_get(b, 0, i, &x);
		const int32_t *user = ints(&x, "user"), *item = ints(&x, "item");
		const real *label = reals(&x, "label");
		double ones = 0;
		for (int32_t j = 0; j < x.examples; j++) {
			assert_true(label[j] == 0 || label[j] == 1);
			ones += (double)label[j];
			if (label[j] == 1) {
				left[user[j] * s->data->n_items + item[j]]--;
			} else {
				negatives[user[j]]++;
				assert_false(split_seen(s, user[j], item[j]));
			}
		}
		spread += (ones - x.examples * .2) * (ones - x.examples * .2) / (x.examples * .16);
	}
	/* shuffled together: positives per batch vary as in random draws */
	spread /= (double)batcher_steps(b);
	assert_true(spread > .6 && spread < 1.4);
	assert_all_zero(left, s);
	for (int32_t u = 0; u < s->data->n_users; u++)
		assert_int_equal(negatives[u], 4 * (s->train_start[u + 1] - s->train_start[u]));
	mem_free(left);
	mem_free(negatives);
	batcher_free(b);
	split_unref(s);
}

/* Negatives are drawn anew in each epoch and are not shared between the rows of a user. */
static void negatives_change_by_epoch(void **state)
{
	struct split *s = small_split();
	struct batcher *b = batcher_of(s, (struct batch_options){.kind = "pairs", .batch = 1 << 20, .negatives = 2});
	struct batch x;
	int64_t rows = s->count[PART_TRAIN], same = 0, equal_pair = 0;
	int32_t *first = mem_calloc((size_t)s->data->n_users * (size_t)s->data->n_items, sizeof *first);
	for (int64_t epoch = 0; epoch < 2; epoch++) {
		batcher_get(b, epoch, 0, &x);
		const int32_t *user = ints(&x, "user"), *item = ints(&x, "item"), *negative = ints(&x, "negative");
		for (int64_t i = 0; i < rows; i++) {
			int32_t *seen = &first[user[i] * s->data->n_items + item[i]];
			same += epoch == 1 && *seen == negative[2 * i] + 1;
			*seen = negative[2 * i] + 1;
			equal_pair += negative[2 * i] == negative[2 * i + 1];
		}
	}
	double expect = (double)rows / s->data->n_items;
	assert_true((double)same < 3 * expect + 20 && (double)equal_pair < 6 * expect + 20);
	mem_free(first);
	batcher_free(b);
	split_unref(s);
}

static void pairs_and_ratings_cover_the_rows(void **state)
{
	struct split *s = small_split();
	for (int k = 3; k <= 6; k++) {
		struct batcher *b = batcher_of(s, all_options[k]);
		int32_t *left = train_matrix(s), width = all_options[k].negatives;
		for (int64_t i = 0; i < batcher_steps(b); i++) {
			struct batch x;
			batcher_get(b, 2, i, &x);
			const int32_t *user = ints(&x, "user"), *item = ints(&x, "item");
			for (int32_t j = 0; j < x.examples; j++) {
				left[user[j] * s->data->n_items + item[j]]--;
				for (int32_t n = 0; k == 3 && n < width; n++)
					assert_false(split_seen(s, user[j], ints(&x, "negative")[j * width + n]));
				if (k != 6)
					continue;
				int64_t row = s->train_start[user[j]];
				while (s->train_item[row] != item[j])
					row++;
				assert_true(reals(&x, "label")[j] == (real)s->train_rating[row]);
			}
		}
		assert_all_zero(left, s);
		mem_free(left);
		batcher_free(b);
	}
	split_unref(s);
}

/* positions = "start" of sequence batches. */
static struct args from_start(void)
{
	struct args a = {0};
	a.num[1] = 1;
	a.given[1] = true;
	return a;
}

static void check_sequences(struct split *s, struct batch_options o)
{
	struct batcher *b = batcher_of(s, o);
	int32_t *visits = mem_calloc((size_t)s->data->n_users, sizeof *visits);
	for (int64_t i = 0; i < batcher_steps(b); i++) {
		struct batch x;
		batcher_get(b, 0, i, &x);
		const int32_t *user = ints(&x, "user"), *item = ints(&x, "item"), *target = ints(&x, "target");
		const int32_t *position = ints(&x, "position"), *offsets = x.offsets[AXIS_TOKEN];
		assert_int_equal(offsets[0], 0);
		for (int32_t j = 0; j < x.examples; j++) {
			int64_t n = s->train_start[user[j] + 1] - s->train_start[user[j]],
				tokens = offsets[j + 1] - offsets[j];
			const int32_t *h = s->train_item + s->train_start[user[j] + 1] - tokens - 1;
			visits[user[j]]++;
			assert_int_equal(tokens, n - 1 < o.length ? n - 1 : o.length);
			for (int32_t t = 0; t < tokens; t++) {
				int32_t at = offsets[j] + t;
				assert_int_equal(item[at], h[t]);
				assert_int_equal(target[at], h[t + 1]);
				assert_int_equal(position[at], o.args.num[1] != 0 ? t : o.length - tokens + t);
				for (int32_t k = 0; k < o.negatives; k++)
					assert_false(
						split_seen(s, user[j], ints(&x, "negative")[at * o.negatives + k]));
			}
		}
	}
	for (int32_t u = 0; u < s->data->n_users; u++)
		assert_int_equal(visits[u], s->train_start[u + 1] - s->train_start[u] >= 2);
	mem_free(visits);
	batcher_free(b);
}

static void sequences_are_the_last_windows(void **state)
{
	struct split *s = small_split(), *uneven = uneven_split();
	for (int32_t length = 1; length < 60; length += 7) {
		check_sequences(
			s, (struct batch_options){.kind = "sequence", .batch = 16, .length = length, .negatives = 2});
		check_sequences(uneven, (struct batch_options){.kind = "sequence", .batch = 2, .length = length});
		check_sequences(s, (struct batch_options){
					   .kind = "sequence", .batch = 16, .length = length, .args = from_start()});
	}
	/* the bound on tokens is reached by a batch of all users */
	struct batcher *b = batcher_of(s, (struct batch_options){.kind = "sequence", .batch = 5000, .length = 30});
	struct batch x;
	batcher_get(b, 0, 0, &x);
	assert_int_equal(batch_rows(&x, AXIS_TOKEN), batcher_max_rows(b, AXIS_TOKEN));
	batcher_free(b);
	split_unref(s);
	split_unref(uneven);
}

static void wrong_options_are_named(void **state)
{
	static const struct {
		struct batch_options o;
		const char *word;
	} cases[] = {
		{{.kind = "point", .batch = 1}, "points"},
		{{.kind = NULL, .batch = 1}, "points"},
		{{.kind = "points"}, "batch"},
		{{.kind = "points", .batch = 1, .negatives = -1}, "negatives"},
		{{.kind = "sequence", .batch = 1}, "length"},
		{{.kind = "ratings", .batch = 1}, "ratings"},
		{{.kind = "pairs", .batch = 1, .sampler = "nosuch"}, "nosuch"},
		{{.kind = "pairs", .batch = 1, .sampler = "popularity", .alpha = 9}, "alpha"},
		{{.kind = "sequence", .batch = 99, .length = 4, .drop_last = true}, "drop_last"},
	};
	struct split *s = uneven_split();
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct err e = {0};
		struct batcher *b;
		assert_int_not_equal(batcher_new(s, &cases[i].o, &b, &e), OK);
		assert_null(b);
		assert_non_null(strstr(e.text, cases[i].word));
	}
	split_unref(s);
	batcher_free(NULL);
}

/* ---- evaluation batches ---- */

static int32_t plain_history(const struct eval_source *src, int32_t user, int32_t *out)
{
	const struct split *s = src->split;
	int32_t n = 0;
	for (int64_t i = s->data->start[user]; i < s->data->start[user + 1]; i++)
		if (s->part[i] == PART_TRAIN ||
			(s->part[i] == PART_VALID && src->part == PART_TEST && src->with_validation))
			out[n++] = s->data->item[i];
	return n;
}

static void histories_end_before_the_target(void **state)
{
	static const struct split_options splits[] = {{.kind = "leave_one_out"},
		{.kind = "ratio", .valid = .2, .test = .2, .per_user = true},
		{.kind = "time", .valid = .3, .test = .3}};
	struct eval_scratch *scratch = NULL;
	for (int k = 0; k < 3; k++) {
		struct split *s = planted_split(2000, &splits[k]);
		int32_t users[64], candidates[64 * 3], n = s->data->n_users, tokens_without_history = 0;
		assert_true(n <= 64);
		for (int32_t i = 0; i < n; i++)
			users[i] = (i * 7 + 3) % n;
		for (int32_t i = 0; i < n * 3; i++)
			candidates[i] = i % 5 ? i : -1;
		for (int variant = 0; variant < 16; variant++) {
			struct eval_source src = {.split = s,
				.part = variant & 1 ? PART_TEST : PART_VALID,
				.kind = variant & 8 ? "points" : "sequence",
				.length = variant & 4 ? 6 : 1000,
				.with_validation = variant & 2};
			struct batch x, sig;
			bool with_candidates = variant % 3 == 0;
			assert_int_equal(
				eval_batch(&src, users, n, with_candidates ? candidates : NULL, 3, &scratch, &x, NULL),
				OK);
			eval_signature(&src, with_candidates ? 3 : 0, &sig);
			assert_int_equal(sig.nfields, x.nfields);
			assert_memory_equal(sig.spec, x.spec, sizeof x.spec);
			assert_int_equal(x.examples, n);
			assert_memory_equal(ints(&x, "user"), users, (size_t)n * sizeof *users);
			if (with_candidates)
				assert_memory_equal(
					ints(&x, "candidate"), candidates, (size_t)n * 3 * sizeof *candidates);
			if (variant & 8) {
				assert_null(x.offsets[AXIS_TOKEN]);
				continue;
			}
			const int32_t *offsets = x.offsets[AXIS_TOKEN], *item = ints(&x, "item"),
				      *position = ints(&x, "position");
			for (int32_t i = 0; i < n; i++) {
				int32_t want[400], got[400], all = plain_history(&src, users[i], want);
				int32_t m = all < src.length ? all : src.length;
				assert_int_equal(offsets[i + 1] - offsets[i], m);
				assert_memory_equal(item + offsets[i], want + all - m, (size_t)m * sizeof *want);
				for (int32_t t = 0; t < m; t++)
					assert_int_equal(position[offsets[i] + t], src.length - m + t);
				assert_int_equal(eval_history(&src, users[i], got, 5), all < 5 ? all : 5);
				assert_memory_equal(
					got, want + (all < 5 ? 0 : all - 5), (size_t)(all < 5 ? all : 5) * sizeof *got);
				tokens_without_history += m == 0;
			}
		}
		assert_true(k < 2 ? tokens_without_history == 0 : tokens_without_history > 0);
		split_unref(s);
	}
	eval_scratch_free(scratch);
}

/* Training and evaluation agree on positions: the last training input stands where the last history item stands. */
static void windows_share_the_right_end(void **state)
{
	struct split *s = small_split();
	struct batcher *b = batcher_of(s, (struct batch_options){.kind = "sequence", .batch = 1, .length = 50});
	struct eval_source src = {.split = s, .part = PART_VALID, .kind = "sequence", .length = 50};
	struct eval_scratch *scratch = NULL;
	struct batch x, y;
	batcher_get(b, 0, 0, &x);
	assert_int_equal(eval_batch(&src, ints(&x, "user"), 1, NULL, 0, &scratch, &y, NULL), OK);
	int64_t n = batch_rows(&x, AXIS_TOKEN), m = batch_rows(&y, AXIS_TOKEN);
	assert_int_equal(ints(&x, "position")[n - 1], 49);
	assert_int_equal(ints(&y, "position")[m - 1], 49);
	assert_int_equal(ints(&y, "item")[m - 1], ints(&x, "target")[n - 1]);
	eval_scratch_free(scratch);
	batcher_free(b);
	split_unref(s);
}

/* Counted from the start, a history of m items has the positions 0 to m - 1, whoever gives it. */
static void positions_may_count_from_the_start(void **state)
{
	static const int32_t items[] = {4, 5, 6, 7, 8, 1}, offsets[] = {0, 5, 5, 6}, place[] = {0, 1, 2, 0};
	struct args a = from_start();
	struct split *s = small_split();
	struct eval_scratch *scratch = NULL;
	struct batch x;
	struct eval_histories h = {
		.kind = "sequence", .args = &a, .length = 3, .n = 3, .items = items, .offsets = offsets};
	assert_int_equal(eval_batch_histories(&h, &scratch, &x, NULL), OK);
	assert_memory_equal(ints(&x, "position"), place, sizeof place);
	struct eval_source src = {.split = s, .part = PART_VALID, .kind = "sequence", .args = &a, .length = 50};
	for (int32_t user = 0; user < s->data->n_users; user++) {
		assert_int_equal(eval_batch(&src, &user, 1, NULL, 0, &scratch, &x, NULL), OK);
		for (int32_t t = 0; t < batch_rows(&x, AXIS_TOKEN); t++)
			assert_int_equal(ints(&x, "position")[t], t);
	}
	eval_scratch_free(scratch);
	split_unref(s);
}

static void given_histories_are_cut_on_the_left(void **state)
{
	static const int32_t items[] = {4, 5, 6, 7, 8, 1}, offsets[] = {0, 5, 5, 6}, users[] = {9, 8, 7};
	static const int32_t want[] = {6, 7, 8, 1}, place[] = {0, 1, 2, 2}, starts[] = {0, 3, 3, 4};
	struct eval_scratch *scratch = NULL;
	struct batch x;
	struct err e = {0};
	struct eval_histories h = {
		.kind = "sequence", .length = 3, .n = 3, .items = items, .offsets = offsets, .users = users};
	assert_int_equal(eval_batch_histories(&h, &scratch, &x, &e), OK);
	assert_int_equal(x.examples, 3);
	assert_memory_equal(ints(&x, "item"), want, sizeof want);
	assert_memory_equal(ints(&x, "position"), place, sizeof place);
	assert_memory_equal(x.offsets[AXIS_TOKEN], starts, sizeof starts);
	assert_memory_equal(ints(&x, "user"), users, sizeof users);
	h.users = NULL;
	assert_int_equal(eval_batch_histories(&h, &scratch, &x, &e), OK);
	assert_int_equal(ints(&x, "user")[2], 0);
	h.length = 0;
	assert_int_equal(eval_batch_histories(&h, &scratch, &x, &e), ERR_ARG);
	assert_non_null(strstr(e.text, "length"));
	h.length = 3;
	h.kind = "what";
	assert_int_equal(eval_batch_histories(&h, &scratch, &x, &e), ERR_ARG);
	h.kind = "sequence";
	h.offsets = (int32_t[]){5, 2};
	h.n = 1;
	assert_int_equal(eval_batch_histories(&h, &scratch, &x, &e), ERR_ARG);
	eval_scratch_free(scratch);
}

static void unknown_users_are_refused(void **state)
{
	struct split *s = small_split();
	struct eval_source src = {.split = s, .part = PART_TEST, .kind = "sequence", .length = 5};
	struct eval_scratch *scratch = NULL;
	struct batch x;
	struct err e = {0};
	assert_int_equal(eval_batch(&src, (int32_t[]){s->data->n_users}, 1, NULL, 0, &scratch, &x, &e), ERR_ARG);
	assert_non_null(strstr(e.text, "user"));
	assert_int_equal(eval_batch(&src, (int32_t[]){-1}, 1, NULL, 0, &scratch, &x, &e), ERR_ARG);
	eval_scratch_free(scratch);
	split_unref(s);
}

static void speed(void **state)
{
	struct split *s = planted_split(400000, &(struct split_options){.kind = "leave_one_out"});
	static const struct batch_options o[] = {
		{.kind = "points", .batch = 1024, .negatives = 4},
		{.kind = "pairs", .batch = 1024, .negatives = 1},
		{.kind = "sequence", .batch = 128, .length = 50, .negatives = 1},
	};
	for (int k = 0; k < 3; k++) {
		struct batcher *b = batcher_of(s, o[k]);
		struct batch x;
		double t0 = seconds();
		batcher_get(b, 0, 0, &x);
		double begin = seconds() - t0;
		int64_t steps = batcher_steps(b) < 1000 ? batcher_steps(b) : 1000;
		t0 = seconds();
		for (int64_t i = 0; i < steps; i++)
			batcher_get(b, 1, i, &x);
		print_message("%s: %.1f us a batch of %d; first batch %.0f us\n", o[k].kind,
			1e6 * (seconds() - t0) / (double)steps, o[k].batch, 1e6 * begin);
		batcher_free(b);
	}
	split_unref(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shuffle_is_a_permutation),
		cmocka_unit_test(shuffle_is_fair),
		cmocka_unit_test(shuffle_mixes),
		cmocka_unit_test(batches_are_pure_functions),
		cmocka_unit_test(threads_change_nothing),
		cmocka_unit_test(points_cover_the_rows),
		cmocka_unit_test(negatives_change_by_epoch),
		cmocka_unit_test(pairs_and_ratings_cover_the_rows),
		cmocka_unit_test(sequences_are_the_last_windows),
		cmocka_unit_test(wrong_options_are_named),
		cmocka_unit_test(histories_end_before_the_target),
		cmocka_unit_test(windows_share_the_right_end),
		cmocka_unit_test(positions_may_count_from_the_start),
		cmocka_unit_test(given_histories_are_cut_on_the_left),
		cmocka_unit_test(unknown_users_are_refused),
		cmocka_unit_test(speed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
