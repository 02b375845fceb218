#include "toy.h"

static struct knob row(const char *name, enum arg_type type, double def, double min, double max)
{
	return (struct knob){
		.name = (char *)name, .help = (char *)"h", .type = type, .def = def, .min = min, .max = max};
}

static void says_no(struct knob *k, const char *value, const char *sentence)
{
	struct err e;
	double before = k->num;
	assert_int_not_equal(knob_set_text(k, value, &e), OK);
	assert_string_equal(e.text, sentence);
	assert_true(k->num == before);
}

static void values_are_checked(void **state)
{
	struct knobset k = {0};
	struct knob lr = row("lr", ARG_LOG, 1e-3, 1e-6, 1), heads = row("heads", ARG_INT, 2, 1, 16),
		    tied = row("tied", ARG_BOOL, 1, 0, 1), act = row("act", ARG_CHOICE, 0, 0, 0);
	act.choices = (char *)"relu|gelu";
	act.def_text = (char *)"gelu";
	must(knobset_add(&k, &lr, e));
	must(knobset_add(&k, &heads, e));
	must(knobset_add(&k, &tied, e));
	must(knobset_add(&k, &act, e));
	says_no(knobset_find(&k, "lr"), "3", "knob lr must be in 1e-06..1, got 3");
	says_no(knobset_find(&k, "lr"), "nan", "knob lr must be a number, got NaN");
	says_no(knobset_find(&k, "lr"), "inf", "knob lr must be in 1e-06..1, got inf");
	says_no(knobset_find(&k, "lr"), "1e-3x", "knob lr must be a number, got \"1e-3x\"");
	says_no(knobset_find(&k, "heads"), "2.5", "knob heads must be a whole number, got 2.5");
	says_no(knobset_find(&k, "tied"), "maybe", "knob tied must be true or false, got \"maybe\"");
	says_no(knobset_find(&k, "act"), "tanh", "knob act must be one of relu|gelu, got \"tanh\"");
	must(knob_set_text(knobset_find(&k, "act"), "relu", e));
	assert_string_equal(knobset_text(&k, "act", ""), "relu");
	assert_string_equal(knobset_text(&k, "none", "x"), "x");
	assert_true(knobset_number(&k, "heads", 0) == 2 && knobset_number(&k, "none", 5) == 5);
	struct err e;
	assert_null(knobset_need(&k, "haeds", &e));
	assert_string_equal(e.text, "there is no knob 'haeds'; did you mean 'heads'?");
	assert_int_equal(knobset_add(&k, &lr, &e), ERR_ARG);
	struct knob bad = row("bad", ARG_REAL, 7, 0, 1);
	assert_int_equal(knobset_add(&k, &bad, &e), ERR_ARG);
	knobset_free(&k);
}

/* Every double that is set is read back exactly from its text. */
static void text_is_exact(void **state)
{
	struct knobset k = {0};
	struct knob any = row("x", ARG_REAL, 0, -1e300, 1e300);
	char text[64];
	must(knobset_add(&k, &any, e));
	srand(1);
	for (int i = 0; i < 10000; i++) {
		double v = ((double)rand() / RAND_MAX - 0.5) * (i % 3 ? 1e-5 : 1e7);
		k.row[0].num = v;
		knob_text(&k.row[0], text, sizeof text);
		must(knob_set_text(&k.row[0], text, e));
		assert_true(k.row[0].num == v);
	}
	k.row[0].num = 3e-4;
	assert_string_equal(knob_text(&k.row[0], text, sizeof text), "0.0003");
	knobset_free(&k);
}

static void trainer_knobs(void **state)
{
	struct experiment *x = toy_experiment();
	const char *const names[] = {
		"lr", "weight_decay", "clip", "batch", "negatives", "sampler", "epochs", "patience", "beta1"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		assert_non_null(knobset_find(&x->knobs, names[i]));
	assert_null(knobset_find(&x->knobs, "decay"));
	assert_true(knobset_find(&x->knobs, "lr")->max == 1); /* the model's own range */
	assert_int_equal(knobset_find(&x->knobs, "batch")->applies, KNOB_BATCH);
	experiment_free(x);
}

/* A model's eps of another meaning would reach the optimizer, and nothing would be learnt. */
static void a_knob_of_another_meaning_is_refused(void **state)
{
	struct experiment *x = toy_experiment();
	struct err e;
	knobset_find(&x->knobs, "eps")->max = 100;
	assert_int_equal(experiment_add_knobs(x, &e), ERR_ARG);
	assert_non_null(strstr(e.text, "knob eps of the model is an argument of optimizer adam too"));
	experiment_free(x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_checked),
		cmocka_unit_test(text_is_exact),
		cmocka_unit_test(trainer_knobs),
		cmocka_unit_test(a_knob_of_another_meaning_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
