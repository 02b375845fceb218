#include "base/mem.h"
#include "base/rng.h"
#include "data/alias.h"
#include "data/cache.h"
#include "data/planted.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static struct planted *world(const struct planted_options *o)
{
	struct err e = {0};
	struct planted *w = NULL;
	enum err_code code = planted_new(o, &w, &e);
	if (code != OK)
		print_message("%s\n", e.text);
	assert_int_equal(code, OK);
	return w;
}

/* A world held in memory: the events of user u are event[start[u]..start[u+1]). */
struct all {
	struct planted *w;
	int64_t *start;
	struct planted_event *event;
};

static struct all all_events(const struct planted_options *o)
{
	struct all a = {.w = world(o)};
	int32_t users = planted_users(a.w), max = planted_max_length(a.w);
	a.start = mem_calloc((size_t)users + 1, sizeof *a.start);
	a.event = mem_calloc((size_t)users * (size_t)max, sizeof *a.event);
	for (int32_t u = 0; u < users; u++)
		a.start[u + 1] = a.start[u] + planted_user(a.w, u, a.event + a.start[u], max);
	return a;
}

static void all_free(struct all *a)
{
	planted_free(a->w);
	mem_free(a->start);
	mem_free(a->event);
}

static void default_world_has_the_promised_size(void **state)
{
	struct planted_options o;
	planted_defaults(&o);
	struct all a = all_events(&o);
	assert_int_equal(planted_users(a.w), 1500);
	assert_int_equal(planted_items(a.w), 600);
	int64_t n = a.start[1500];
	assert_true(n > 57000 && n < 63000);
	all_free(&a);
}

static void histories_keep_the_rules(void **state)
{
	for (int32_t variant = 0; variant < 6; variant++) {
		struct planted_options o;
		planted_defaults(&o);
		o.seed = 10 + (uint64_t)variant;
		o.interactions = variant % 2 ? 1000 : 20000;
		o.lag = variant == 2 ? 5 : variant == 3 ? 1 : 0;
		o.rules = variant == 4 ? .5 : .4;
		o.genres = variant == 5 ? 1 : 12;
		o.early = variant == 1 ? 0 : .25;
		struct all a = all_events(&o);
		int32_t items = planted_items(a.w);
		int32_t *met = mem_calloc((size_t)items, sizeof *met);
		for (int32_t u = 0; u < planted_users(a.w); u++) {
			const struct planted_event *h = a.event + a.start[u];
			int32_t n = (int32_t)(a.start[u + 1] - a.start[u]), lag;
			assert_in_range(n, 1, planted_max_length(a.w));
			for (int32_t t = 0; t < n; t++) {
				assert_in_range(h[t].item, 0, items - 1);
				assert_int_not_equal(met[h[t].item], u + 1); /* nothing twice */
				met[h[t].item] = u + 1;
				assert_true(h[t].rating >= 1 && h[t].rating <= 5);
				assert_true(t == 0 || h[t].time > h[t - 1].time);
				if (h[t].cause < 0)
					continue;
				assert_in_range(h[t].cause, 0, t - 1);
				assert_int_equal(planted_follower(a.w, h[h[t].cause].item, &lag), h[t].item);
				assert_in_range(t - h[t].cause, o.early > 0 && lag > 1 ? lag - 1 : lag, lag);
			}
		}
		mem_free(met);
		all_free(&a);
	}
}

static void every_follower_has_one_cause(void **state)
{
	struct planted_options o;
	planted_defaults(&o);
	struct planted *w = world(&o);
	int32_t causes = 0, seen[4] = {0}, lag, of_cause[600];
	memset(of_cause, -1, sizeof of_cause);
	for (int32_t i = 0; i < 600; i++) {
		int32_t b = planted_follower(w, i, &lag);
		if (b < 0)
			continue;
		assert_int_equal(of_cause[b], -1);
		of_cause[b] = i;
		assert_int_equal(planted_follower(w, b, NULL), -1);
		assert_in_range(lag, 1, 3);
		seen[lag]++;
		causes++;
	}
	assert_int_equal(causes, 240);
	for (lag = 1; lag <= 3; lag++)
		assert_in_range(seen[lag], 50, 110);
	planted_free(w);
}

/* What makes the truth learnable: a due follower comes nearly always, and seldom without its cause. */
static void effects_are_strong(void **state)
{
	struct planted_options o;
	planted_defaults(&o);
	struct all a = all_events(&o);
	int64_t due = 0, hit = 0, followers = 0, uncaused = 0;
	bool is_follower[600] = {false};
	for (int32_t i = 0; i < 600; i++)
		if (planted_follower(a.w, i, NULL) >= 0)
			is_follower[planted_follower(a.w, i, NULL)] = true;
	for (int32_t u = 0; u < 1500; u++) {
		const struct planted_event *h = a.event + a.start[u];
		int32_t n = (int32_t)(a.start[u + 1] - a.start[u]), lag;
		for (int32_t t = 0; t < n; t++) {
			int32_t b = planted_follower(a.w, h[t].item, &lag);
			followers += is_follower[h[t].item];
			uncaused += is_follower[h[t].item] && h[t].cause < 0;
			if (b < 0 || t + lag >= n)
				continue;
			due++;
			hit += h[t + lag].item == b || (lag > 1 && h[t + lag - 1].item == b);
		}
	}
	int64_t n = a.start[1500];
	print_message("%.1f %% of events caused; a due follower comes in %.1f %%; %.1f %% of followers are uncaused\n",
		100. * (double)(followers - uncaused) / (double)n, 100. * (double)hit / (double)due,
		100. * (double)uncaused / (double)followers);
	assert_true((double)hit / (double)due > .75);
	assert_true((double)uncaused / (double)followers < .04);
	assert_true((double)(followers - uncaused) / (double)n > .25);
	all_free(&a);

	o.strength = 0;
	a = all_events(&o);
	for (int64_t i = 0; i < a.start[1500]; i++)
		assert_int_equal(a.event[i].cause, -1);
	all_free(&a);
}

/* The truth can be found from data alone: counts of (item, item `lag` events later) over half of the users name the
 * cause of the caused events of the others. */
static void causes_are_identifiable(void **state)
{
	enum { ITEMS = 600, LAGS = 8 };
	struct planted_options o;
	planted_defaults(&o);
	struct all a = all_events(&o);
	float *count = mem_calloc(LAGS * ITEMS * ITEMS, sizeof *count);
	for (int32_t u = 0; u < 750; u++)
		for (int64_t t = a.start[u]; t < a.start[u + 1]; t++)
			for (int64_t l = 1; l <= LAGS && t - l >= a.start[u]; l++)
				count[((l - 1) * ITEMS + a.event[t - l].item) * ITEMS + a.event[t].item]++;
	int64_t caused = 0, found = 0;
	for (int32_t u = 750; u < 1500; u++)
		for (int64_t t = a.start[u]; t < a.start[u + 1]; t++) {
			if (a.event[t].cause < 0)
				continue;
			int64_t best = 0;
			float best_count = -1;
			for (int64_t l = 1; l <= LAGS && t - l >= a.start[u]; l++) {
				float c = count[((l - 1) * ITEMS + a.event[t - l].item) * ITEMS + a.event[t].item];
				if (c > best_count) {
					best_count = c;
					best = t - l - a.start[u];
				}
			}
			caused++;
			found += best == a.event[t].cause;
		}
	print_message("counting finds %.2f %% of the causes\n", 100. * (double)found / (double)caused);
	assert_true(found > .99 * (double)caused);
	mem_free(count);
	all_free(&a);
}

/* A user's taste: the same genre again is likelier than for two random events; ratings follow taste. */
static void tastes_show(void **state)
{
	struct planted_options o;
	planted_defaults(&o);
	struct all a = all_events(&o);
	double same = 0, pairs = 0, rated_much = 0, much = 0, rated_little = 0, little = 0;
	for (int32_t u = 0; u < 1500; u++) {
		const struct planted_event *h = a.event + a.start[u];
		int32_t n = (int32_t)(a.start[u + 1] - a.start[u]), count[12] = {0};
		for (int32_t t = 0; t < n; t++)
			if (h[t].cause < 0)
				count[h[t].item % 12]++;
		int32_t total = 0;
		for (int32_t g = 0; g < 12; g++) {
			same += count[g] * (count[g] - 1);
			total += count[g];
		}
		pairs += total * (total - 1);
		for (int32_t t = 0; t < n; t++) {
			bool liked = count[h[t].item % 12] * 6 > total;
			*(liked ? &rated_much : &rated_little) += (double)h[t].rating;
			*(liked ? &much : &little) += 1;
		}
	}
	assert_true(same / pairs > 1.5 / 12);
	assert_true(rated_much / much > rated_little / little + .3);
	all_free(&a);
}

static void users_are_pure_functions(void **state)
{
	struct planted_options o;
	planted_defaults(&o);
	struct planted *w = world(&o), *again = world(&o);
	o.seed++;
	struct planted *other = world(&o);
	struct planted_event a[400] = {0}, b[400] = {0};
	int32_t differ = 0;
	for (int32_t u = 1499; u >= 0; u -= 7) {
		int32_t n = planted_user(w, u, a, 400);
		assert_int_equal(planted_user(again, u, b, 400), n);
		assert_memory_equal(a, b, (size_t)n * sizeof *a);
		assert_int_equal(planted_user(w, u, b, n / 2), n / 2); /* cut short: a prefix */
		assert_memory_equal(a, b, (size_t)(n / 2) * sizeof *a);
		differ += planted_user(other, u, b, 400) != n || a[0].item != b[0].item;
	}
	assert_true(differ > 100);
	planted_free(w);
	planted_free(again);
	planted_free(other);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void titles_are_unique(void **state)
{
	enum { N = 60000, SIZE = 64 };
	struct planted_options o;
	planted_defaults(&o);
	o.items = N;
	o.genres = 16;
	struct planted *w = world(&o);
	char *title = mem_calloc(N, SIZE);
	for (int32_t i = 0; i < N; i++) {
		planted_title(w, i, title + (size_t)i * SIZE, SIZE);
		assert_true(strlen(title + (size_t)i * SIZE) < SIZE - 1);
		assert_true(planted_genre(w, i)[0] >= 'A');
	}
	print_message("%s, %s, %s\n", title, title + 7 * SIZE, title + 1234 * SIZE);
	qsort(title, N, SIZE, by_text);
	for (size_t i = 1; i < N; i++)
		assert_true(strcmp(title + (i - 1) * SIZE, title + i * SIZE) != 0);
	mem_free(title);
	planted_free(w);
}

static void dataset_is_the_world(void **state)
{
	struct planted_options o;
	planted_defaults(&o);
	o.interactions = 4000;
	struct all a = all_events(&o);
	struct err e = {0};
	struct dataset *d = NULL;
	assert_int_equal(planted_dataset(&o, &d, &e), OK);
	assert_int_equal(d->n_users, planted_users(a.w));
	assert_int_equal(d->n_items, planted_items(a.w));
	assert_int_equal(d->n, a.start[d->n_users]);
	assert_memory_equal(d->start, a.start, ((size_t)d->n_users + 1) * sizeof *a.start);
	for (int64_t i = 0; i < d->n; i++) {
		assert_int_equal(d->item[i], a.event[i].item);
		assert_true(d->rating[i] == a.event[i].rating);
		assert_int_equal(d->time[i], a.event[i].time);
	}
	const struct column *genres = dataset_item_column(d, "genres");
	assert_non_null(genres);
	for (int32_t i = 0; i < d->n_items; i++) {
		char title[96], text[96];
		planted_title(a.w, i, title, sizeof title);
		assert_string_equal(dataset_item_label(d, i, text, sizeof text), title);
		assert_string_equal(strtab_copy(&genres->text, i, text, sizeof text), planted_genre(a.w, i));
	}
	assert_int_equal(dataset_find_user(d, "u3"), 2);
	assert_int_equal(dataset_find_item(d, "m5"), 4);
	dataset_unref(d);
	all_free(&a);
}

static void same_rows(const struct dataset *a, const struct dataset *b)
{
	size_t n = (size_t)a->n;
	assert_true(a->n == b->n && a->n_users == b->n_users && a->hash == b->hash);
	assert_memory_equal(a->start, b->start, ((size_t)a->n_users + 1) * sizeof *a->start);
	assert_memory_equal(a->item, b->item, n * sizeof *a->item);
	assert_memory_equal(a->rating, b->rating, n * sizeof *a->rating);
	assert_memory_equal(a->time, b->time, n * sizeof *a->time);
	assert_int_equal(dataset_find_user(b, "u2"), 1);
	assert_non_null(dataset_item_column(b, "genres"));
}

/* Many blocks of users on several threads, and columns that are longer than a window of the map. */
static void streams_into_a_cache_file(void **state)
{
	char folder[] = "/tmp/gusto-planted-XXXXXX", path[64];
	struct planted_options o;
	struct dataset *memory, *made, *loaded;
	struct err e = {0};
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/world.gusto", folder);
	planted_defaults(&o);
	o.interactions = 2200000;
	assert_int_equal(planted_dataset(&o, &memory, &e), OK);
	assert_true((size_t)memory->n * sizeof *memory->time > DATASET_WINDOW);
	assert_int_equal(planted_cached(&o, path, &made, &e), OK);
	same_rows(memory, made);
	assert_int_equal(cache_load(path, &loaded, &e), OK);
	same_rows(memory, loaded);
	dataset_unref(memory);
	dataset_unref(made);
	dataset_unref(loaded);
	unlink(path);
	assert_int_equal(rmdir(folder), 0); /* fails where a temporary file was left behind */
}

static void a_full_disk_leaves_no_file(void **state)
{
	char folder[] = "/tmp/gusto-planted-XXXXXX", path[64];
	struct planted_options o;
	struct dataset *d;
	struct err e = {0};
	struct rlimit before, small = {1 << 18, 1 << 18};
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/world.gusto", folder);
	planted_defaults(&o);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small.rlim_max = before.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &small);
	assert_int_equal(planted_cached(&o, path, &d, &e), ERR_IO);
	setrlimit(RLIMIT_FSIZE, &before);
	assert_null(d);
	assert_non_null(strstr(e.text, "world.gusto"));
	assert_int_equal(rmdir(folder), 0);
}

static void recipes_tell_worlds_apart(void **state)
{
	struct planted_options o;
	char a[512], b[512];
	planted_defaults(&o);
	planted_recipe(&o, a, sizeof a);
	o.drift *= 1 + 1e-9;
	planted_recipe(&o, b, sizeof b);
	assert_string_not_equal(a, b);
}

static void wrong_options_are_named(void **state)
{
	static const struct {
		struct planted_options o;
		const char *word;
	} cases[] = {
		{{.interactions = 0, .genres = 12}, "interactions"},
		{{.interactions = 1000, .genres = 17}, "genres"},
		{{.interactions = 1000, .genres = 12, .rules = .6}, "rules"},
		{{.interactions = 1000, .genres = 12, .rules = NAN}, "rules"},
		{{.interactions = 1000, .genres = 12, .strength = 2}, "strength"},
		{{.interactions = 1000, .genres = 12, .lag = 16}, "lag"},
		{{.interactions = 1000, .genres = 12, .early = -.1}, "early"},
		{{.interactions = 1000, .genres = 12, .drift = -1}, "drift"},
		{{.interactions = 1000, .genres = 12, .users = 1}, "each"},
		{{.interactions = 1000, .genres = 12, .items = 20}, "items"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct err e = {0};
		struct planted *w;
		assert_int_equal(planted_new(&cases[i].o, &w, &e), ERR_ARG);
		assert_null(w);
		assert_non_null(strstr(e.text, cases[i].word));
	}
}

/* Sizes far beyond memory: a user in the middle of 10^9 interactions costs what any user costs. */
static void huge_worlds_stream(void **state)
{
	struct planted_options o;
	planted_defaults(&o);
	o.interactions = 1000000000;
	struct planted *w = world(&o);
	assert_int_equal(planted_users(w), 25000000);
	struct planted_event event[1000];
	int64_t n = 0;
	struct timespec t0, t1;
	clock_gettime(CLOCK_MONOTONIC, &t0);
	for (int32_t u = 0; u < 20000; u++)
		n += planted_user(w, u * 1250, event, 1000);
	clock_gettime(CLOCK_MONOTONIC, &t1);
	double s = (double)(t1.tv_sec - t0.tv_sec) + 1e-9 * (double)(t1.tv_nsec - t0.tv_nsec);
	print_message("%.1f million events a second on one core\n", 1e-6 * (double)n / s);
	assert_true(n > 780000 && n < 820000);
	planted_free(w);
}

static void alias_tables_draw_their_weights(void **state)
{
	for (int32_t round = 0; round < 40; round++) {
		struct rng r = rng_stream(3, RNG_TEST, (uint64_t)round, 0);
		int32_t n = 1 + (int32_t)rng_below(&r, 30);
		double weight[30], sum = 0, chi = 0;
		int64_t count[30] = {0};
		enum { DRAWS = 60000 };
		for (int32_t i = 0; i < n; i++) {
			weight[i] = rng_unit(&r) < .2 ? 0 : pow(rng_unit(&r), 3) + .01;
			sum += weight[i];
		}
		if (sum == 0)
			sum = weight[0] = 1;
		struct alias a;
		assert_int_equal(alias_init(&a, weight, n, NULL), OK);
		for (int32_t k = 0; k < DRAWS; k++)
			count[alias_draw(&a, &r)]++;
		int32_t free = -1;
		for (int32_t i = 0; i < n; i++) {
			double expect = weight[i] / sum * DRAWS;
			if (weight[i] == 0) {
				assert_int_equal(count[i], 0);
				continue;
			}
			free++;
			chi += ((double)count[i] - expect) * ((double)count[i] - expect) / expect;
		}
		assert_true(chi < free + 5 * sqrt(2. * free) + 10);
		alias_fini(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(default_world_has_the_promised_size),
		cmocka_unit_test(histories_keep_the_rules),
		cmocka_unit_test(every_follower_has_one_cause),
		cmocka_unit_test(effects_are_strong),
		cmocka_unit_test(causes_are_identifiable),
		cmocka_unit_test(tastes_show),
		cmocka_unit_test(users_are_pure_functions),
		cmocka_unit_test(titles_are_unique),
		cmocka_unit_test(dataset_is_the_world),
		cmocka_unit_test(streams_into_a_cache_file),
		cmocka_unit_test(a_full_disk_leaves_no_file),
		cmocka_unit_test(recipes_tell_worlds_apart),
		cmocka_unit_test(wrong_options_are_named),
		cmocka_unit_test(huge_worlds_stream),
		cmocka_unit_test(alias_tables_draw_their_weights),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
