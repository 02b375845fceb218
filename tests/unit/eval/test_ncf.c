/* ML-1M with the published test items and negatives of NCF (He et al. 2017): popularity must give the figures that were
 * computed independently, with ties against and for the target.  (156 of the published lists hold the test item itself.) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "data/format.h"
#include "eval/evaluate.h"
#include "support/close.h"

static bool find(const char *name, char *path)
{
	struct err e;
	if (format_find(name, "its provider", path, 4096, &e) == OK)
		return true;
	print_message("skipped: %s\n", e.text);
	return false;
}

static void read_file(struct builder *b, const char *path, const char *format, const struct format_options *o)
{
	struct err e;
	if (format_read(b, path, format, o, &e) != OK)
		fail_msg("%s", e.text);
}

static struct split *read_split(void)
{
	static char map[4096], test[4096], negatives[4096], ratings[4096];
	struct dataset *d = NULL;
	struct split *s = NULL;
	struct err e;
	if (!find("ml-1m/ncf/item_map.tsv", map) || !find("ml-1m/ncf/ml-1m.test.rating", test) ||
		!find("ml-1m/ncf/ml-1m.test.negative", negatives) || !find("ml-1m/ratings.tsv", ratings))
		return NULL;
	struct format_options ids = {.id_offset_user = 1, .item_map = map};
	struct builder *b = builder_new("ml-1m");
	read_file(b, test, "leave_one_out", &ids);
	read_file(b, negatives, "negatives", &ids);
	read_file(b, ratings, "tsv", &(struct format_options){.columns = "user,item,rating,time"});
	assert_int_equal(builder_finish(b, &d, &e), OK);
	builder_free(b);
	if (split_new(d, &(struct split_options){.kind = "given"}, &s, &e) != OK)
		fail_msg("%s", e.text);
	dataset_unref(d);
	return s;
}

static real *popularity(const struct split *s, const struct evaluation *v)
{
	const int32_t *users;
	int32_t n = evaluation_users(v, &users), width;
	const int32_t *list = evaluation_candidates(v, &width);
	real *count = mem_calloc((size_t)s->data->n_items, sizeof(real));
	real *scores = mem_calloc((size_t)n * (size_t)width, sizeof(real));
	for (int64_t i = 0; i < s->train_start[s->data->n_users]; i++)
		count[s->train_item[i]]++;
	for (int64_t i = 0; i < (int64_t)n * width; i++)
		scores[i] = list[i] < 0 ? 0 : count[list[i]];
	mem_free(count);
	return scores;
}

static void test_popularity(void **state)
{
	static const struct {
		enum tie_policy ties;
		double hr, ndcg;
	} rows[] = {{TIE_WORST, .4520, .2526}, {TIE_BEST, .4538, .2545}};
	struct split *s = read_split();
	if (!s)
		return;
	assert_int_equal(s->data->n_items, 3706);
	assert_int_equal(s->train_start[s->data->n_users], 994169);
	for (int k = 0; k < 2; k++) {
		struct protocol p = {.candidates = "given", .ties = rows[k].ties, .n_metrics = 2};
		struct evaluation *v = NULL;
		struct evaluation_result got;
		struct err e;
		const int32_t *users;
		int32_t width;
		assert_int_equal(metric_parse("hr@10", &p.metric[0], &e), OK);
		assert_int_equal(metric_parse("ndcg@10", &p.metric[1], &e), OK);
		if (evaluation_new(s, PART_TEST, &p, 1, &v, &e) != OK)
			fail_msg("%s", e.text);
		assert_int_equal(evaluation_users(v, &users), 6040);
		evaluation_candidates(v, &width);
		assert_int_equal(width, 100);
		real *scores = popularity(s, v);
		evaluation_feed(v, 0, 0, 6040, scores, width);
		assert_int_equal(evaluation_finish(v, &got, &e), OK);
		print_message("ties %d: hr@10 %.5f ndcg@10 %.5f\n", rows[k].ties, got.value[0], got.value[1]);
		assert_close(got.value[0], rows[k].hr, 5e-5);
		assert_close(got.value[1], rows[k].ndcg, 5e-5);
		mem_free(scores);
		evaluation_free(v);
	}
	split_unref(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_popularity)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
