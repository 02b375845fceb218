/* SASRec, gSASRec and BERT4Rec: loss and gradients of one batch against PyTorch's, learning on the planted world, equal weights for
 * equal seeds, scores of all items equal to those of single items. */
#include "model_check.h"
#include "model_reference.h"

/* ---- against PyTorch ---- */

static const struct reference references[] = {
#include "reference/attention_models.inc"
};

/* Seven users with seven items each. */
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
		"  model = require 'gusto.models.%s',\n"
		"  knobs = { dim = 4, heads = 2, length = 8, dropout = 0, %s },\n"
		"  train = { batch = 3, negatives = %d, epochs = 1 } }\n",
		model, knobs, negatives);
	return load(write_file("small.lua", text), NULL);
}

static void sasrec_agrees_with_torch(void **state)
{
	static const int32_t item[] = {0, 3, 6, 1, 2, 5, 4, 0, 6}, target[] = {3, 5, 2, 2, 5, 4, 0, 6, 1},
			     position[] = {6, 7, 7, 2, 3, 4, 5, 6, 7}, offsets[] = {0, 2, 3, 9},
			     negative[] = {
				     4, 0, 5, 4, 1, 6, 0, 1, 3, 6, 1, 0, 1, 3, 1, 2, 0, 6, 3, 1, 2, 5, 4, 3, 0, 6, 2};
	struct batch b = {.examples = 3};
	b.offsets[AXIS_TOKEN] = offsets;
	add(&b, "item", AXIS_TOKEN, 1, item);
	add(&b, "position", AXIS_TOKEN, 1, position);
	add(&b, "target", AXIS_TOKEN, 1, target);
	add(&b, "negative", AXIS_TOKEN, 3, negative);
	model_agrees(references, "sasrec", small("sasrec", "loss = 'bce'", 3), &b);
	model_agrees(references, "sasrec post", small("sasrec", "loss = 'ce', order = 'post', out = true", 3), &b);
	model_agrees(references, "gsasrec",
		small("sasrec", "loss = 'gbce', calibration = 0.75, tied = false, offset = -1.5", 3), &b);
}

static void bert4rec_agrees_with_torch(void **state)
{
	static const int32_t item[] = {0, -1, -1, 1, 2, -1, 4, 0, -1}, masked[] = {-1, 0, 0, -1, -1, 0, -1, -1, 0},
			     position[] = {0, 1, 0, 0, 1, 2, 3, 4, 5}, offsets[] = {0, 2, 3, 9},
			     hidden[] = {0, 1, 2, 4}, place[] = {1, 0, 2, 5}, target[] = {3, 6, 5, 6};
	struct batch b = {.examples = 3};
	b.offsets[AXIS_TOKEN] = offsets;
	b.offsets[AXIS_TOKEN2] = hidden;
	add(&b, "item", AXIS_TOKEN, 1, item);
	add(&b, "masked", AXIS_TOKEN, 1, masked);
	add(&b, "position", AXIS_TOKEN, 1, position);
	add(&b, "place", AXIS_TOKEN2, 1, place);
	add(&b, "target", AXIS_TOKEN2, 1, target);
	model_agrees(references, "bert4rec", small("bert4rec", "hidden = 16", 0), &b);
}

/* ---- on the planted world ---- */

static void check_planted(const char *model, int negatives, struct script_setting *set, size_t n)
{
	char text[1024];
	snprintf(text, sizeof text,
		"local g = require 'gusto'\n"
		"return g.experiment { data = g.data { 'planted', interactions = 2000 }, knobs = { dim = 12 },\n"
		"  model = require 'gusto.models.%s',\n"
		"  protocol = g.protocol { split = 'leave_one_out', candidates = 'full', metrics = { 'ndcg@10' } },\n"
		"  train = { batch = 40, negatives = %d, epochs = 1 } }\n",
		model, negatives);
	print_message("%s, %s=%s\n", model, set[0].name, set[0].value);
	check_model(write_file("attention.lua", text), set, n);
}

static void sasrec_in_all_its_forms(void **state)
{
	static struct script_setting forms[][3] = {
		{{"loss", "bce"}, {"heads", "2"}, {"dropout", "0.1"}},
		{{"loss", "ce"}, {"positions", "start"}, {"tied", "false"}},
		{{"loss", "sampled_ce"}, {"order", "post"}, {"init", "normal"}},
		{{"loss", "gbce"}, {"tied", "false"}, {"calibration", "0.75"}},
		{{"loss", "gbce"}, {"offset", "-3"}, {"calibration", "0"}},
	};
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
		check_planted("sasrec", strcmp(forms[i][0].value, "ce") ? 16 : 0, forms[i], 3);
}

static void bert4rec_in_both_its_forms(void **state)
{
	static struct script_setting forms[][2] = {
		{{"positions", "end"}, {"last", "0"}},
		{{"positions", "start"}, {"last", "0.5"}},
	};
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
		check_planted("bert4rec", 0, forms[i], 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sasrec_agrees_with_torch),
		cmocka_unit_test(bert4rec_agrees_with_torch),
		cmocka_unit_test(sasrec_in_all_its_forms),
		cmocka_unit_test(bert4rec_in_both_its_forms),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
