#include "base/desc.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static const struct desc attention = {"attention", "attention { heads }", "Softmax attention.",
	(const struct arg_spec[]){
		{"heads", ARG_INT, 1, 1, 64, ARG_REQUIRED, "number of heads"},
		{"dropout", ARG_REAL, .5, 0, .95, ARG_LIVE, "share dropped"},
		{"causal", ARG_BOOL, 1, 0, 1, 0, "no look ahead"},
		{.name = "norm", .type = ARG_CHOICE, .help = "where", .text = "pre", .choices = "post|pre|none"},
		{.name = "label", .type = ARG_STRING, .help = "a name", .text = "a"},
		{0},
	}};
static const struct desc linear = {"linear", "linear {}", "xW + b.", NULL};
static const struct registry layers = {"layer", (const struct desc *const[]){&attention, &linear}, 2};

static void says(enum err_code code, enum err_code want, const struct err *e, const char *text)
{
	assert_int_equal(code, want);
	assert_string_equal(e->text, text);
}

static void finds_and_proposes(void **state)
{
	struct err e;
	assert_ptr_equal(registry_find(&layers, "linear"), &linear);
	assert_null(registry_find(&layers, "linea"));
	assert_null(registry_need(&layers, "linea", &e));
	says(e.code, ERR_NOTFOUND, &e, "there is no layer 'linea'; did you mean 'linear'?");
	assert_null(registry_need(&layers, "convolution", &e));
	says(e.code, ERR_NOTFOUND, &e, "there is no layer 'convolution'; `gusto doc` lists what there is");
}

static void defaults(void **state)
{
	struct args a;
	args_default(&attention, &a);
	assert_int_equal(arg_count(&attention), 5);
	assert_int_equal(arg_count(&linear), 0);
	assert_true(a.num[0] == 1 && a.num[1] == .5 && a.num[2] == 1);
	assert_true(a.num[3] == 1); /* the index of "pre" */
	assert_string_equal(a.text[4], "a");
	assert_int_equal(arg_index(&attention, "causal"), 2);
	assert_int_equal(arg_index(&linear, "causal"), -1);
}

static void checks_values(void **state)
{
	struct args a;
	struct err e;
	args_default(&attention, &a);
	says(args_complete(&attention, &a, &e), ERR_ARG, &e,
		"attention needs heads (number of heads); usage: attention { heads }");
	says(args_set_number(&attention, &a, "heads", 0, &e), ERR_ARG, &e, "attention: heads must be in 1..64, got 0");
	says(args_set_number(&attention, &a, "heads", 1.5, &e), ERR_ARG, &e,
		"attention: heads must be a whole number, got 1.5");
	says(args_set_number(&attention, &a, "dropout", NAN, &e), ERR_ARG, &e,
		"attention: dropout must be a number, got NaN");
	says(args_set_number(&attention, &a, "droput", .1, &e), ERR_ARG, &e,
		"attention has no argument 'droput'; did you mean 'dropout'?");
	says(args_set_number(&attention, &a, "label", 1, &e), ERR_ARG, &e, "attention: label must be a string, got 1");
	says(args_set_text(&attention, &a, "heads", "two", &e), ERR_ARG, &e,
		"attention: heads must be a number, got \"two\"");
	says(args_set_text(&attention, &a, "norm", "pr", &e), ERR_ARG, &e,
		"attention: norm must be one of post|pre|none, got \"pr\"");
	assert_int_equal(args_set_number(&attention, &a, "heads", 64, &e), OK);
	assert_int_equal(args_set_text(&attention, &a, "norm", "none", &e), OK);
	assert_int_equal(args_complete(&attention, &a, &e), OK);
	assert_true(a.num[0] == 64 && a.given[0] && a.num[3] == 2 && !a.given[1]);
}

static void choices(void **state)
{
	assert_int_equal(arg_choice_index("a|bc|d", "bc"), 1);
	assert_int_equal(arg_choice_index("a|bc|d", "d"), 2);
	assert_int_equal(arg_choice_index("a|bc|d", "b"), -1);
	assert_int_equal(arg_choice_index("a|bc|d", ""), -1);
	assert_int_equal(arg_choice_index(NULL, "a"), -1);
	char text[8];
	assert_string_equal(arg_choice_text("a|bc|d", 0, text, sizeof text), "a");
	assert_string_equal(arg_choice_text("a|bc|d", 1, text, sizeof text), "bc");
	assert_string_equal(arg_choice_text("a|bc|d", 2, text, sizeof text), "d");
	assert_string_equal(arg_choice_text("a|bc|d", 3, text, sizeof text), "");
	assert_string_equal(arg_choice_text("a|bc|d", -1, text, sizeof text), "");
	assert_string_equal(arg_choice_text(NULL, 0, text, sizeof text), "");
	assert_string_equal(arg_choice_text("a long choice|b", 0, text, sizeof text), "a long ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_and_proposes),
		cmocka_unit_test(defaults),
		cmocka_unit_test(checks_values),
		cmocka_unit_test(choices),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
