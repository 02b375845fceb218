/* Caser, NextItNet, DeepCoNN and NARRE: loss and gradients of one batch against PyTorch's, learning on data made for it, equal
 * weights for equal seeds, scores of all items equal to those of single items. */
#include "model_reference.h"

#include "nn/optim.h"
#include "run/probe.h"
#include "run/rig.h"
/* ---- against PyTorch ---- */

static const struct reference references[] = {
#include "reference/conv_models.inc"
};

/* Every user rates every item with 4, so that the mean is 4. */
static void write_reviews(void)
{
	char text[8192];
	int n = 0;
	for (int u = 0; u < 7; u++)
		for (int i = 0; i < 7; i++)
			n += snprintf(text + n, sizeof text - (size_t)n,
				"{\"u\":\"u%d\",\"i\":\"i%d\",\"r\":4,\"t\":%d,\"s\":\"word%d again\"}\n", u, i,
				7 * u + i, i);
	write_file("reviews.jsonl", text);
}

static struct experiment *small(const char *model, const char *knobs)
{
	char text[2048], name[64];
	write_reviews();
	snprintf(text, sizeof text,
		"local g = require 'gusto'\n"
		"return g.experiment {\n"
		"  data = g.data { file = 'reviews.jsonl', format = 'jsonl', map = "
		"'u=user,i=item,r=rating,t=time,s=review:text' },\n"
		"  protocol = g.protocol { split = 'ratio', valid = 0, test = 0.1, metrics = { 'rmse' } },\n"
		"  model = require 'gusto.models.%s', knobs = { %s }, train = { batch = 8, epochs = 1 },\n"
		"}\n",
		model, knobs);
	snprintf(name, sizeof name, "%s.lua", model);
	return load(write_file(name, text), NULL);
}

static void agrees(const char *model, const char *knobs, const struct batch *b)
{
	model_agrees(references, model, small(model, knobs), b);
}

static void caser_agrees_with_torch(void **state)
{
	static const int32_t user[] = {0, 2, 3}, item[] = {-1, -1, 5, 1, 0, 2, 6, 4, 3}, target[] = {3, -1, 6, 1, 0, 2},
			     negative[] = {4, 0, 5, 5, 1, 6};
	struct batch b = {.examples = 3};
	add(&b, "user", AXIS_EXAMPLE, 1, user);
	add(&b, "item", AXIS_EXAMPLE, 3, item);
	add(&b, "target", AXIS_EXAMPLE, 2, target);
	add(&b, "negative", AXIS_EXAMPLE, 2, negative);
	agrees("caser", "dim = 4, length = 3, targets = 2, vertical = 2, horizontal = 3, dropout = 0", &b);
}

static void nextitnet_agrees_with_torch(void **state)
{
	static const int32_t item[] = {0, 3, 6, 1, 2, 5, 4, 0, 6}, target[] = {3, 5, 2, 2, 5, 4, 0, 6, 1},
			     offsets[] = {0, 2, 3, 9};
	struct batch b = {.examples = 3};
	b.offsets[AXIS_TOKEN] = offsets;
	add(&b, "item", AXIS_TOKEN, 1, item);
	add(&b, "target", AXIS_TOKEN, 1, target);
	agrees("nextitnet", "dim = 4, width = 3, repeats = 1, dilations = '1,4', dropout = 0", &b);
}

static struct batch reviews(void)
{
	static const int32_t user[] = {0, 1, 3}, item[] = {2, 6, 0}, of_user[] = {0, 2, 3, 3}, of_item[] = {0, 1, 4, 5},
			     user_review[] = {0, 1, 2}, reviewed[] = {1, 4, 3}, item_review[] = {3, 4, 0, 1, 2},
			     reviewer[] = {2, 3, 0, 2, 1}, word[] = {0, 1, 2, -1, 4, 3, 4, 4, 0, 1, 2, 0},
			     start[] = {0, 5, 6, 6, 10, 12};
	static const real label[] = {4, 1, 5};
	struct batch b = {.examples = 3};
	b.offsets[AXIS_TOKEN] = of_user;
	b.offsets[AXIS_TOKEN2] = of_item;
	add(&b, "user", AXIS_EXAMPLE, 1, user);
	add(&b, "item", AXIS_EXAMPLE, 1, item);
	add(&b, "label", AXIS_EXAMPLE, 1, label);
	add(&b, "user_review", AXIS_TOKEN, 1, user_review);
	add(&b, "reviewed", AXIS_TOKEN, 1, reviewed);
	add(&b, "item_review", AXIS_TOKEN2, 1, item_review);
	add(&b, "reviewer", AXIS_TOKEN2, 1, reviewer);
	add(&b, "word", AXIS_FIXED, 12, word);
	add(&b, "start", AXIS_FIXED, 6, start);
	/* user 0 wrote texts 0 and 1, user 1 text 2, user 3 nothing */
	return b;
}

static void deepconn_agrees_with_torch(void **state)
{
	struct batch b = reviews();
	agrees("deepconn", "vocabulary = 7, word_dim = 3, filters = 4, dim = 2, factors = 3, dropout = 0", &b);
}

static void narre_agrees_with_torch(void **state)
{
	struct batch b = reviews();
	agrees("narre", "vocabulary = 7, word_dim = 3, filters = 4, dim = 2, attention = 3, dropout = 0", &b);
}

/* ---- learning ---- */

/* Ratings that the words of the item's other reviews foretell: good items are called good. */
static void write_opinions(void)
{
	static char text[1 << 17];
	int n = 0;
	for (int u = 0; u < 30; u++)
		for (int k = 0; k < 12; k++) {
			int i = (u * 5 + k * 3) % 20;
			bool good = i % 2;
			n += snprintf(text + n, sizeof text - (size_t)n,
				"{\"u\":\"u%d\",\"i\":\"i%d\",\"r\":%d,\"s\":\"the strings are %s number %d\"}\n", u, i,
				good ? 5 : 2, good ? "great" : "awful", u % 7);
		}
	write_file("opinions.jsonl", text);
}

static struct experiment *learner(const char *model, const char *knobs)
{
	char text[2048], name[64];
	bool ratings = strcmp(model, "narre") == 0 || strcmp(model, "deepconn") == 0;
	write_opinions();
	snprintf(text, sizeof text,
		"local g = require 'gusto'\n"
		"return g.experiment {\n"
		"  data = %s,\n"
		"  protocol = g.protocol { split = '%s', metrics = { '%s' } },\n"
		"  model = require 'gusto.models.%s', knobs = { lr = 0.01, %s }, train = { batch = 64, epochs = 5, "
		"negatives = 2 },\n"
		"}\n",
		ratings ? "g.data { file = 'opinions.jsonl', format = 'jsonl', "
			  "map = 'u=user,i=item,r=rating,s=review:text' }"
			: "g.data 'planted'",
		ratings ? "ratio" : "leave_one_out", ratings ? "rmse" : "ndcg@10", model, knobs);
	snprintf(name, sizeof name, "learn-%s.lua", model);
	return load(write_file(name, text), NULL);
}

/* The mean loss of the first and of the last 5 of `steps` steps; the hash of the weights. */
static struct rig *train(struct experiment *x, struct engine *g, int steps, double *first, double *last, char hex[65])
{
	struct rig *r = NULL;
	struct optim *o = NULL;
	struct err e;
	if (rig_build(x, g, &x->knobs, NULL, true, &r, &e) != OK)
		fail_msg("%s", e.text);
	x->vtbl->settle(x->self, true);
	assert_int_equal(optim_new("adam", &o, &e), OK);
	assert_int_equal(optim_bind(o, r->params, &e), OK);
	*first = *last = 0;
	for (int i = 0; i < steps; i++) {
		struct batch b;
		double loss[MODEL_OUTPUTS_MAX];
		int64_t per_epoch = batcher_steps(r->batcher);
		batcher_get(r->batcher, i / per_epoch, i % per_epoch, &b);
		if (program_step(g, r->loss.program, &b, loss, &e) != OK ||
			optim_step(o, g, r->loss.program, .01, 0, NULL, &e) != OK)
			fail_msg("%s", e.text);
		*first += i < 5 ? loss[0] / 5 : 0;
		*last += i >= steps - 5 ? loss[0] / 5 : 0;
	}
	paramset_sha256(r->params, hex);
	optim_free(o);
	return r;
}

static const struct {
	const char *model, *knobs;
} learners[] = {
	{"caser", "dim = 16, length = 4, dropout = 0.2"},
	{"nextitnet", "dim = 16, length = 20, repeats = 1, dropout = 0.1"},
	{"deepconn", "vocabulary = 50, word_dim = 16, filters = 16, dim = 8, dropout = 0.2"},
	{"narre", "vocabulary = 50, word_dim = 16, filters = 16, dim = 8, attention = 8, dropout = 0.2"},
};

static void thirty_steps_lower_the_loss_and_repeat(void **state)
{
	for (size_t k = 0; k < sizeof learners / sizeof *learners; k++) {
		char hex[2][65];
		for (int again = 0; again < 2; again++) {
			struct engine *g = NULL;
			struct err e;
			double first, last;
			struct experiment *x = learner(learners[k].model, learners[k].knobs);
			assert_int_equal(engine_new(&(struct engine_options){.threads = 2}, &g, &e), OK);
			struct rig *r = train(x, g, 30, &first, &last, hex[again]);
			print_message("%s: loss %.4f -> %.4f\n", learners[k].model, first, last);
			assert_true(last < .98 * first);
			rig_free(r);
			engine_free(g);
			experiment_free(x);
		}
		assert_string_equal(hex[0], hex[1]);
	}
}

/* ---- scores of all items and of single ones ---- */

struct scores {
	real *v;
	int64_t width;
};

static void collect(void *ctx, int worker, int32_t first, int32_t n, const struct operand *o)
{
	struct scores *s = ctx;
	s->width = shape_width(&o->shape);
	memcpy(s->v + first * s->width, o->v, (size_t)(n * s->width) * sizeof(real));
}

static void all_scores_are_those_of_single_items(void **state)
{
	enum { USERS = 9, MANY = 40 };
	for (size_t k = 0; k < 2; k++) {
		struct engine *g = NULL;
		struct err e;
		char hex[65];
		double first, last;
		struct experiment *x = learner(learners[k].model, learners[k].knobs);
		assert_int_equal(engine_new(&(struct engine_options){.threads = 2, .slice_rows = 7}, &g, &e), OK);
		struct rig *r = train(x, g, 10, &first, &last, hex);
		int32_t users[USERS], candidates[USERS * MANY], items = x->split->data->n_items;
		struct eval_source src = rig_source(r, PART_TEST);
		struct eval_scratch *scratch = NULL;
		const struct rig_program *score, *some;
		struct batch b;
		real *all = calloc((size_t)(USERS * items), sizeof(real)), few[USERS * MANY], one[MANY * 100];
		for (int u = 0; u < USERS; u++)
			users[u] = 3 * u;
		for (int i = 0; i < USERS * MANY; i++)
			candidates[i] = (i * 7) % items;
		assert_int_equal(rig_program(r, MODEL_SCORE, PROGRAM_INFER, 0, USERS, &score, &e), OK);
		assert_int_equal(rig_program(r, MODEL_CANDIDATES, PROGRAM_INFER, MANY, USERS, &some, &e), OK);
		struct scores s = {all, 0}, c = {few, 0};
		assert_int_equal(eval_batch(&src, users, USERS, NULL, 0, &scratch, &b, &e), OK);
		assert_int_equal(program_infer(g, score->program, &b, collect, &s, &e), OK);
		assert_int_equal(s.width, items);
		assert_int_equal(eval_batch(&src, users, USERS, candidates, MANY, &scratch, &b, &e), OK);
		assert_int_equal(program_infer(g, some->program, &b, collect, &c, &e), OK);
		for (int u = 0; u < USERS; u++)
			for (int i = 0; i < MANY; i++)
				assert_close(few[u * MANY + i], all[u * items + candidates[u * MANY + i]], 1e-5);
		/* packed and one by one */
		for (int u = 0; u < USERS; u++) {
			struct scores alone = {one, 0};
			assert_int_equal(
				eval_batch(&src, users + u, 1, candidates + u * MANY, MANY, &scratch, &b, &e), OK);
			assert_int_equal(program_infer(g, some->program, &b, collect, &alone, &e), OK);
			for (int i = 0; i < MANY; i++)
				assert_close(one[i], few[u * MANY + i], 1e-6);
		}
		free(all);
		eval_scratch_free(scratch);
		rig_free(r);
		engine_free(g);
		experiment_free(x);
	}
}

/* ---- which reviews matter ---- */

static json_t *ask(struct rig *r, const char *args)
{
	struct err e;
	json_t *question = json_loads(args, 0, NULL), *j = NULL;
	assert_non_null(question);
	if (probe_answer(r, 0, question, &j, &e) != OK)
		fail_msg("%s", e.text);
	json_decref(question);
	return j;
}

/* The maps are called after their layers, weights sum to 1, and the pair's own review is not among them. */
static void weighed_reviews_can_be_read(void **state)
{
	struct engine *g = NULL;
	struct err e;
	char hex[65];
	double first, last, sum = 0;
	struct experiment *x = learner(learners[3].model, learners[3].knobs);
	assert_int_equal(engine_new(&(struct engine_options){.threads = 1}, &g, &e), OK);
	struct rig *r = train(x, g, 3, &first, &last, hex);
	json_t *all = ask(r, "{\"kind\":\"reviews\",\"user\":\"u3\",\"item\":\"i15\"}"), *maps, *m, *x1;
	json_t *two = ask(r, "{\"kind\":\"reviews\",\"user\":\"u3\",\"item\":\"i15\",\"k\":2}");
	maps = json_object_get(all, "maps");
	assert_int_equal(json_array_size(maps), 2);
	for (size_t k = 0; k < 2; k++) {
		m = json_array_get(maps, k);
		assert_string_equal(
			json_string_value(json_object_get(m, "layer")), k ? "item/attention" : "user/attention");
		assert_string_equal(json_string_value(json_object_get(m, "of")), k ? "item" : "user");
		json_t *reviews = json_object_get(m, "reviews"), *heavy;
		size_t n = json_array_size(reviews), i;
		double before = 1;
		assert_true(n > 2);
		assert_int_equal(json_integer_value(json_object_get(m, "n")), n);
		sum = 0;
		json_array_foreach(reviews, i, x1)
		{
			double w = json_number_value(json_object_get(x1, "weight"));
			char said[64];
			sum += w;
			assert_true(w <= before);
			before = w;
			assert_string_not_equal(json_string_value(json_object_get(x1, "id")), k ? "u3" : "i15");
			/* who wrote it stands in the text: the number is the user's modulo 7 */
			int user = k ? atoi(json_string_value(json_object_get(x1, "id")) + 1) : 3;
			snprintf(said, sizeof said, "number %d", user % 7);
			assert_has(json_string_value(json_object_get(x1, "text")), said);
			assert_true(json_number_value(json_object_get(x1, "rating")) ==
				    (strstr(json_string_value(json_object_get(x1, "text")), "great") ? 5 : 2));
		}
		assert_close(sum, 1, 1e-5);
		heavy = json_object_get(json_array_get(json_object_get(two, "maps"), k), "reviews");
		assert_int_equal(json_array_size(heavy), 2);
		assert_string_equal(json_string_value(json_object_get(json_array_get(heavy, 0), "id")),
			json_string_value(json_object_get(json_array_get(reviews, 0), "id")));
	}
	/* explain: one effect per review, with the weights that stand above */
	json_t *why = ask(r, "{\"kind\":\"explain\",\"user\":\"u3\",\"item\":\"i15\"}");
	json_t *effects = json_object_get(why, "effects"), *target = json_object_get(why, "target");
	size_t i, wrote = 0;
	assert_true(json_number_value(json_object_get(target, "score")) ==
		    json_number_value(json_object_get(all, "rating")));
	sum = last = 0;
	json_array_foreach(effects, i, x1)
	{
		sum += json_number_value(json_object_get(x1, "attention"));
		last += fabs(json_number_value(json_object_get(x1, "delta_score")));
		wrote += strncmp(json_string_value(json_object_get(x1, "title")), "user's:", 7) == 0;
	}
	assert_int_equal(
		json_array_size(effects), json_integer_value(json_object_get(json_array_get(maps, 0), "n")) +
						  json_integer_value(json_object_get(json_array_get(maps, 1), "n")));
	assert_int_equal(wrote, json_integer_value(json_object_get(json_array_get(maps, 0), "n")));
	assert_close(sum, 2, 1e-5);
	assert_true(last > 1e-4);
	json_decref(why);
	json_decref(all);
	json_decref(two);
	rig_free(r);
	engine_free(g);
	experiment_free(x);
}

static void reviews_need_a_text_column(void **state)
{
	struct experiment *x = NULL;
	struct rig *r = NULL;
	struct engine *g = NULL;
	struct err e;
	const char *file = write_file("none.lua", "local g = require 'gusto'\n"
						  "return g.experiment { data = g.data 'planted', protocol = "
						  "g.protocol { split = 'ratio', metrics = { 'rmse' } },\n"
						  "  model = require 'gusto.models.narre' }\n");
	x = load(file, NULL);
	assert_int_equal(engine_new(NULL, &g, &e), OK);
	assert_int_not_equal(rig_build(x, g, &x->knobs, NULL, true, &r, &e), OK);
	assert_has(e.text, "no text column 'review'");
	engine_free(g);
	experiment_free(x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(caser_agrees_with_torch),
		cmocka_unit_test(nextitnet_agrees_with_torch),
		cmocka_unit_test(deepconn_agrees_with_torch),
		cmocka_unit_test(narre_agrees_with_torch),
		cmocka_unit_test(thirty_steps_lower_the_loss_and_repeat),
		cmocka_unit_test(all_scores_are_those_of_single_items),
		cmocka_unit_test(weighed_reviews_can_be_read),
		cmocka_unit_test(reviews_need_a_text_column),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
