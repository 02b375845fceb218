/* GRU4Rec, NARM and the next-basket GRU in all their forms, on the planted world and on made-up baskets. */
#include "model_check.h"
#include "model_reference.h"

#include "run/probe.h"

/* ---- against PyTorch ---- */

static const struct reference references[] = {
#include "reference/recurrent_models.inc"
};

/* Seven users with seven items each, in baskets of one. */
static struct experiment *small(const char *model, const char *knobs, int negatives)
{
	char text[4096];
	int n = snprintf(text, sizeof text, "user,item,time\n");
	for (int u = 0; u < 7; u++)
		for (int i = 0; i < 7; i++)
			n += snprintf(text + n, sizeof text - (size_t)n, "u%d,i%d,%d\n", u, i, i);
	write_file("sevens.csv", text);
	snprintf(text, sizeof text,
		"local g = require 'gusto'\n"
		"return g.experiment { data = g.data { file = 'sevens.csv', format = 'csv', header = true },\n"
		"  protocol = g.protocol { split = 'leave_one_out', candidates = 'full', metrics = { 'ndcg@10' } },\n"
		"  model = require 'gusto.models.%s', knobs = { %s }, train = { batch = 3, negatives = %d, epochs = 1 "
		"} "
		"}\n",
		model, knobs, negatives);
	return load(write_file("small.lua", text), NULL);
}

static struct batch sequences(const int32_t *negative)
{
	static const int32_t item[] = {0, 3, 6, 1, 2, 5, 4, 0, 6}, target[] = {3, 5, 2, 2, 5, 4, 0, 6, 1},
			     offsets[] = {0, 2, 3, 9};
	struct batch b = {.examples = 3};
	b.offsets[AXIS_TOKEN] = offsets;
	add(&b, "item", AXIS_TOKEN, 1, item);
	add(&b, "target", AXIS_TOKEN, 1, target);
	if (negative)
		add(&b, "negative", AXIS_FIXED, 4, negative);
	return b;
}

static void models_agree_with_torch(void **state)
{
	static const int32_t negative[] = {4, 0, 5, 5};
	static const int32_t item[] = {0, 3, 6, 6, 1, 2, 5, 4, 0}, size[] = {2, 1, 3, 2, 1}, baskets[] = {0, 3, 5},
			     items[] = {0, 6, 9};
	struct batch plain = sequences(NULL), sampled = sequences(negative), sets = {.examples = 2};
	model_agrees(references, "gru4rec", small("gru4rec", "dim = 4, hidden = 3, bias = true", 0), &plain);
	model_agrees(references, "gru4rec lstm",
		small("gru4rec",
			"dim = 4, hidden = 3, cell = 'lstm', layers = 2, tied = false, loss = 'bpr_max', elu = 0.5, "
			"bpreg "
			"= 0.7",
			4),
		&sampled);
	model_agrees(
		references, "narm", small("narm", "dim = 4, hidden = 3, dropout = 0, dropout_embed = 0", 0), &plain);
	sets.offsets[AXIS_TOKEN] = baskets;
	sets.offsets[AXIS_TOKEN2] = items;
	add(&sets, "item", AXIS_TOKEN2, 1, item);
	add(&sets, "size", AXIS_TOKEN, 1, size);
	model_agrees(references, "basketgru", small("basketgru", "dim = 4, hidden = 3, dropout = 0", 0), &sets);
}

/* ---- on the planted world ---- */

static const char *const planted_experiment =
	"local g = require 'gusto'\n"
	"return g.experiment { data = g.data { 'planted', interactions = 2000 }, knobs = { dim = 12, hidden = 20 }, "
	"model = require 'gusto.models.%s',\n"
	"  protocol = g.protocol { split = 'leave_one_out', candidates = 'full', metrics = { 'ndcg@10' } },\n"
	"  train = { batch = 40, negatives = %d, epochs = 1 } }\n";

static void check_planted(const char *model, int negatives, struct script_setting *set, size_t n)
{
	char text[1024];
	snprintf(text, sizeof text, planted_experiment, model, negatives);
	print_message("%s, %s=%s\n", model, set[0].name, set[0].value);
	check_model(write_file("recurrent.lua", text), set, n);
}

static void gru4rec_in_all_its_forms(void **state)
{
	static struct script_setting forms[][4] = {
		{{"loss", "ce"}, {"cell", "gru"}, {"bias", "true"}, {"dropout", "0.1"}},
		{{"loss", "ce"}, {"cell", "lstm"}, {"tied", "false"}, {"layers", "2"}},
		{{"loss", "sampled_ce"}, {"cell", "gru"}, {"bias", "true"}, {"logq", "1"}},
		{{"loss", "sampled_ce"}, {"cell", "lstm"}, {"sampler", "uniform"}, {"logq", "0"}},
		{{"loss", "bpr_max"}, {"cell", "gru"}, {"elu", "0.5"}, {"dropout_embed", "0.1"}},
		{{"loss", "ce"}, {"kind", "session_parallel"}, {"batch", "16"}, {"layers", "2"}},
		{{"loss", "bpr_max"}, {"kind", "session_parallel"}, {"batch", "16"}, {"dropout", "0.1"}},
		{{"loss", "top1_max"}, {"cell", "gru"}, {"hidden", "12"}, {"bias", "true"}},
	};
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
		check_planted("gru4rec", strcmp(forms[i][0].value, "ce") ? 48 : 0, forms[i], 4);
}

/* The mean loss over an epoch while nothing is trained. */
static double epoch_loss(struct trained *m)
{
	struct batch b;
	double sum = 0, rows = 0, losses[MODEL_OUTPUTS_MAX];
	struct err e;
	for (int64_t i = 0; i < batcher_steps(m->rig->batcher); i++) {
		batcher_get(m->rig->batcher, 0, i, &b);
		must_be(program_step(m->engine, m->rig->loss.program, &b, losses, &e), &e);
		sum += losses[0] * (double)batch_rows(&b, AXIS_TOKEN);
		rows += (double)batch_rows(&b, AXIS_TOKEN);
	}
	return sum / rows;
}

/* One lane reads every session from its beginning: carried states are those of whole sessions. */
static void carried_states_are_those_of_whole_sessions(void **state)
{
	static struct script_setting packed[] = {{"layers", "2"}, {"batch", "40"}};
	static struct script_setting parallel[] = {{"layers", "2"}, {"batch", "1"}, {"kind", "session_parallel"}};
	char text[1024];
	snprintf(text, sizeof text, planted_experiment, "gru4rec", 0);
	const char *file = write_file("recurrent.lua", text);
	struct trained a = trained_new(file, packed, 2, 2), b = trained_new(file, parallel, 3, 2);
	double whole = epoch_loss(&a), carried = epoch_loss(&b);
	if (!(fabs(whole - carried) < 1e-5 * whole))
		fail_msg("%.9g by whole sessions, %.9g by carried states", whole, carried);
	trained_free(&a);
	trained_free(&b);
}

static void narm_in_both_its_forms(void **state)
{
	static struct script_setting forms[][2] = {
		{{"loss", "ce"}, {"softmax", "false"}}, {{"loss", "sampled_ce"}, {"softmax", "true"}}};
	for (size_t i = 0; i < 2; i++)
		check_planted("narm", strcmp(forms[i][0].value, "ce") ? 48 : 0, forms[i], 2);
}

/* 50 users of 5 baskets each, of 1 to 3 items; the next basket holds the successors of the items of this one. */
static void write_baskets(void)
{
	static char text[1 << 16];
	int n = snprintf(text, sizeof text, "user,item,time\n");
	for (int u = 0; u < 50; u++)
		for (int b = 0; b < 5; b++)
			for (int i = 0; i <= (u + b) % 3; i++)
				n += snprintf(text + n, sizeof text - (size_t)n, "u%d,i%d,%d\n", u,
					(u * 5 + b + i * 9) % 30, b + 1);
	write_file("baskets.csv", text);
}

static void basketgru_in_both_its_forms(void **state)
{
	static struct script_setting forms[][3] = {{{"loss", "softmax"}, {"over", "mean"}, {"cell", "gru"}},
		{{"loss", "bce"}, {"over", "max"}, {"cell", "lstm"}}};
	static const char *const text =
		"local g = require 'gusto'\n"
		"return g.experiment { data = g.data { file = 'baskets.csv', format = 'csv', header = true },\n"
		"  model = require 'gusto.models.basketgru',\n"
		"  protocol = g.protocol { split = 'leave_one_out', candidates = 'full', mask_seen = false, metrics = "
		"{ "
		"'ndcg@10' } },\n"
		"  train = { batch = 10, negatives = 0, epochs = 1 } }\n";
	write_baskets();
	for (size_t i = 0; i < 2; i++)
		check_model(write_file("basket.lua", text), forms[i], 3);
}

/* The maps of NARM can be read by name: weights of each query over itself and what came before. */
static void narm_shows_its_attention(void **state)
{
	static struct script_setting set[] = {{"softmax", "true"}};
	char text[1024];
	snprintf(text, sizeof text, planted_experiment, "narm", 0);
	struct trained m = trained_new(write_file("recurrent.lua", text), set, 1, 1);
	const struct rig_program *p;
	real *scores = scores_of(&m, 3, false);
	struct err e;
	struct program_probe probe;
	bool found = false;
	must_be(rig_program(m.rig, MODEL_SCORE, PROGRAM_KEEP, 0, 3, &p, &e), &e);
	for (int k = 0; k < program_probe_count(p->program); k++) {
		program_probe_get(p->program, k, &probe);
		if (strcmp(probe.what, "attention") != 0)
			continue;
		found = true;
		assert_string_equal(probe.scope, "attention");
		const real *w = probe.io->aux;
		for (int s = 0; s < 3; s++) {
			int32_t len = probe.io->offsets[AXIS_TOKEN][s + 1] - probe.io->offsets[AXIS_TOKEN][s];
			for (int32_t i = 0; i < len; i++, w += len) {
				double sum = 0;
				for (int32_t j = 0; j < len; j++) {
					sum += (double)w[j];
					assert_true(j <= i ? w[j] > 0 : w[j] == 0);
				}
				assert_true(fabs(sum - 1) < 1e-5);
			}
		}
	}
	assert_true(found);
	mem_free(scores);
	trained_free(&m);
}

static json_t *ask(struct trained *m, const char *kind, int k, bool units)
{
	char user[32];
	struct err e;
	json_t *answer = NULL;
	strtab_copy(&m->x->split->data->users, 3, user, sizeof user);
	json_t *args = json_pack("{s:s, s:s, s:i, s:b}", "kind", kind, "user", user, "k", k, "units", units);
	must_be(probe_answer(m->rig, 1, args, &answer, &e), &e);
	json_decref(args);
	return answer;
}

/* Gates and states come out by name; a mean is that of the units. */
static void gates_can_be_read(void **state)
{
	static struct script_setting set[] = {{"cell", "lstm"}};
	char text[1024];
	snprintf(text, sizeof text, planted_experiment, "gru4rec", 0);
	struct trained m = trained_new(write_file("recurrent.lua", text), set, 1, 1);
	json_t *all = ask(&m, "gates", 1, true), *mean = ask(&m, "gates", 1, false);
	const json_t *layer = json_array_get(json_object_get(all, "layers"), 0);
	const json_t *forget = json_object_get(json_object_get(layer, "gates"), "forget");
	json_int_t n = json_integer_value(json_object_get(layer, "n"));
	assert_string_equal(json_string_value(json_object_get(layer, "layer")), "rnn 1");
	assert_string_equal(json_string_value(json_object_get(layer, "cell")), "lstm");
	assert_int_equal(json_array_size(json_object_get(all, "items")), n);
	assert_int_equal(json_array_size(forget), 20 * n);
	assert_int_equal(json_array_size(json_object_get(layer, "state")), 20 * n);
	double sum = 0;
	for (size_t i = 0; i < 20; i++) {
		double f = json_real_value(json_array_get(forget, i));
		assert_true(f > 0 && f < 1);
		sum += f / 20;
	}
	layer = json_array_get(json_object_get(mean, "layers"), 0);
	forget = json_object_get(json_object_get(layer, "gates"), "forget");
	assert_int_equal(json_array_size(forget), n);
	assert_true(fabs(json_real_value(json_array_get(forget, 0)) - sum) < 1e-6);
	json_decref(all);
	json_decref(mean);
	trained_free(&m);
}

/* What was seen is recommended again where the protocol does not mask it: sessions, baskets. */
static void recommendations_follow_the_protocol(void **state)
{
	static struct script_setting set[] = {{"layers", "1"}};
	char text[1024];
	snprintf(text, sizeof text, planted_experiment, "gru4rec", 0);
	struct trained m = trained_new(write_file("recurrent.lua", text), set, 1, 1);
	int items = m.x->split->data->n_items;
	json_t *masked = ask(&m, "recommend", items, false);
	m.x->protocol.mask_seen = false;
	json_t *all = ask(&m, "recommend", items, false);
	assert_true(json_array_size(json_object_get(masked, "history")) > 0);
	assert_true((int)json_array_size(json_object_get(masked, "items")) < items);
	assert_int_equal(json_array_size(json_object_get(all, "items")), items);
	json_decref(masked);
	json_decref(all);
	trained_free(&m);
}

static void shared_negatives_need_a_sampler_for_all(void **state)
{
	struct experiment *x = load(
		write_file("shared.lua",
			"local g, nn = require 'gusto', require 'gusto.nn'\n"
			"local M = g.model { name = 'M', batch = { 'sequence', shared = true } }\n"
			"function M:build(k, data) self.item = nn.embedding { data.items, 4 } end\n"
			"function M:loss(batch) return nn.sampled_softmax_ce(self.item(batch.item), "
			"self.item.weight, batch.target, batch.negative) end\n"
			"function M:score(batch) return self.item(batch.item):last():matmul_t(self.item.weight) end\n"
			"return g.experiment { data = g.data { 'planted', interactions = 1000 }, model = M,\n"
			"  train = { batch = 10, negatives = 5, epochs = 1 } }\n"),
		NULL);
	struct batcher *b = NULL;
	struct err e;
	assert_int_equal(batcher_new(x->split, &x->train.batch, &b, &e), ERR_ARG);
	assert_has(e.text, "set sampler to popularity or uniform");
	x->train.batch.sampler = "uniform";
	must_be(batcher_new(x->split, &x->train.batch, &b, &e), &e);
	struct batch got;
	batcher_get(b, 0, 0, &got);
	assert_int_equal(got.spec[2].axis, AXIS_FIXED);
	assert_int_equal(got.spec[2].width, 5);
	batcher_free(b);
	experiment_free(x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(models_agree_with_torch),
		cmocka_unit_test(gru4rec_in_all_its_forms),
		cmocka_unit_test(carried_states_are_those_of_whole_sessions),
		cmocka_unit_test(narm_in_both_its_forms),
		cmocka_unit_test(basketgru_in_both_its_forms),
		cmocka_unit_test(narm_shows_its_attention),
		cmocka_unit_test(gates_can_be_read),
		cmocka_unit_test(recommendations_follow_the_protocol),
		cmocka_unit_test(shared_negatives_need_a_sampler_for_all),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
