/* Answers to probes: what is right is read, what is broken is refused, and no mutation leads out of bounds (run under ASan). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tui/answer.h"
#include "unit/tui/synth.h"

static void reads_attention(void **state)
{
	struct str json = {0};
	struct attention a;
	struct err e = {0};
	synth_attention(&json);
	assert_int_equal(attention_parse(str_text(&json), &a, &e), OK);
	assert_int_equal(a.nmaps, 2);
	assert_int_equal(a.nitems, SYNTH_POSITIONS);
	assert_string_equal(a.item[4], "Amélie (2001)");
	for (int m = 0; m < a.nmaps; m++)
		for (int r = 0; r < a.map[m].heads * a.map[m].n; r++) {
			double sum = 0;
			for (int c = 0; c < a.map[m].n; c++)
				sum += a.map[m].weights[r * a.map[m].n + c];
			assert_true(fabs(sum - 1) < 1e-4);
		}
	attention_free(&a);
	str_free(&json);
}

static void reads_explanations(void **state)
{
	struct str json = {0};
	struct explanation x;
	synth_explanation(&json);
	assert_int_equal(explanation_parse(str_text(&json), &x, NULL), OK);
	assert_int_equal(x.nitems, 10);
	assert_int_equal(x.nhistory, SYNTH_POSITIONS);
	assert_int_equal(x.neffects, SYNTH_POSITIONS);
	assert_true(x.has_held_out && x.has_target && x.target.rank == 3);
	assert_true(fabs(x.effect[0].delta_score - 2.31) < 1e-9);
	explanation_free(&x);
	str_free(&json);
}

static void refuses_what_does_not_fit(void **state)
{
	static const char *const bad[] = {"", "[]", "nonsense", "{\"maps\":[]}",
		"{\"maps\":[{\"heads\":1,\"n\":2,\"weights\":[1,2,3]}]}",
		"{\"maps\":[{\"heads\":-1,\"n\":2,\"weights\":[1]}]}",
		"{\"maps\":[{\"heads\":4096,\"n\":65536,\"weights\":[1]}]}", "{\"maps\":[1,2]}{", "{\"maps\":7}"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct attention a;
		struct err e = {0};
		assert_true(attention_parse(bad[i], &a, &e) != OK && e.text[0]);
	}
}

static void mutations_are_harmless(void **state)
{
	struct rng r = rng_stream(9, RNG_TEST, 1, 1);
	for (int round = 0; round < 400; round++) {
		struct str json = {0};
		struct attention a;
		struct explanation x;
		(round % 2 ? synth_attention : synth_explanation)(&json);
		for (uint64_t k = rng_below(&r, 4) + 1; k > 0; k--)
			json.data[rng_below(&r, json.len)] = "0123456789{}[],:\"-e"[rng_below(&r, 19)];
		if (attention_parse(str_text(&json), &a, NULL) == OK)
			attention_free(&a);
		if (explanation_parse(str_text(&json), &x, NULL) == OK)
			explanation_free(&x);
		str_free(&json);
	}
}

static void quotes_json(void **state)
{
	struct arena a = {0};
	char buf[64];
	struct str s = {0};
	str_printf(&s, "{\"user\":%s}", json_quote(&a, "a\"\\\n\x01 é"));
	assert_true(json_member(str_text(&s), "user", buf, sizeof buf));
	assert_string_equal(buf, "a\"\\\n\x01 é");
	arena_free(&a);
	str_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_attention),
		cmocka_unit_test(reads_explanations),
		cmocka_unit_test(refuses_what_does_not_fit),
		cmocka_unit_test(mutations_are_harmless),
		cmocka_unit_test(quotes_json),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
