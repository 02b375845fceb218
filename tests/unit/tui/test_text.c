/* Text, numbers, the line editor and arithmetic in it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/rng.h"
#include "tui/canvas.h"
#include "tui/export.h"
#include "tui/form.h"
#include "tui/keymap.h"
#include "tui/text.h"

static void decodes_what_it_encodes(void **state)
{
	for (uint32_t cp = 1; cp < 0x110000; cp += cp < 0x3000 ? 1 : 97) {
		char buf[5] = {0};
		const char *s = buf;
		if (cp >= 0xd800 && cp < 0xe000)
			continue;
		size_t n = text_encode(cp, buf);
		assert_int_equal(text_next(&s), cp);
		assert_ptr_equal(s, buf + n);
	}
}

static void malformed_bytes_never_run_away(void **state)
{
	struct rng r = rng_stream(1, RNG_TEST, 1, 1);
	for (int i = 0; i < 20000; i++) {
		char buf[9] = {0};
		for (int k = 0; k < 8; k++)
			buf[k] = (char)(1 + rng_below(&r, 255));
		const char *s = buf;
		int steps = 0;
		while (text_next(&s))
			assert_true(++steps <= 8);
		assert_ptr_equal(s, buf + 8);
	}
	const char *overlong = "\xc0\xaf";
	assert_int_equal(text_next(&overlong), 0xfffd);
}

static void control_characters_are_not_drawn(void **state)
{
	struct canvas c = {.caps = {GLYPHS_BRAILLE, COLOURS_256, false}};
	struct str out = {0};
	assert_true(canvas_resize(&c, 20, 1));
	pane_text(canvas_pane(&c), 0, 0, 20, STYLE(ROLE_TEXT),
		"a\x1b[31mb\r\n\xc2\x9b"
		"c\xe2\x80\xae"
		"d");
	export_text(&c, COLOURS_NONE, &out);
	assert_string_equal(str_text(&out), "a[31mbcd\n");
	str_free(&out);
	canvas_free(&c);
}

static const char *drawn(struct canvas *c, int max, const char *text, struct str *out)
{
	canvas_clear(c);
	str_clear(out);
	int used = pane_text(canvas_pane(c), 0, 0, max, STYLE(ROLE_TEXT), text);
	assert_true(used <= max);
	export_text(c, COLOURS_NONE, out);
	return str_text(out);
}

static void truncates_by_columns(void **state)
{
	struct canvas c = {.caps = {GLYPHS_BRAILLE, COLOURS_NONE, false}};
	struct str out = {0};
	assert_true(canvas_resize(&c, 12, 1));
	assert_string_equal(drawn(&c, 6, "Amélie", &out), "Amélie\n");
	assert_string_equal(drawn(&c, 5, "Amélie", &out), "Amél…\n");
	assert_string_equal(drawn(&c, 5, "千と千尋", &out), "千と…\n");
	assert_string_equal(drawn(&c, 4, "千と千尋", &out), "千…\n"); /* half a character is never drawn */
	c.caps.glyphs = GLYPHS_ASCII;
	assert_string_equal(drawn(&c, 5, "Amélie Œuvre", &out), "Amel~\n");
	str_free(&out);
	canvas_free(&c);
}

static void numbers(void **state)
{
	static const struct {
		double v;
		const char *value, *brief;
	} cases[] = {{0.4127, "0.4127", "0.413"}, {3e-4, "3e-4", "3e-4"}, {1.5e-7, "1.5e-7", "1.5e-7"}, {0, "0", "0"},
		{48210, "48210", "48.2k"}, {1234.5678, "1234.6", "1.23k"}, {2e6, "2e6", "2M"},
		{120000, "120000", "120k"}, {NAN, "nan", "nan"}, {-INFINITY, "-inf", "-inf"}, {12, "12.000", "12"},
		{-0.5, "-0.5000", "-0.5"}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char buf[32];
		assert_string_equal(num_value(buf, sizeof buf, cases[i].v), cases[i].value);
		assert_string_equal(num_short(buf, sizeof buf, cases[i].v), cases[i].brief);
	}
	char buf[32];
	assert_string_equal(num_count(buf, sizeof buf, 1234567), "1 234 567");
	assert_string_equal(num_count(buf, sizeof buf, 4821), "4821");
	assert_string_equal(num_duration(buf, sizeof buf, 88), "1:28");
	assert_string_equal(num_duration(buf, sizeof buf, 7500), "2h05");
}

static bool knob(void *ctx, const char *name, double *v)
{
	*v = 1e-3;
	return strcmp(name, "lr") == 0;
}

static void arithmetic(void **state)
{
	static const struct {
		const char *text;
		double want;
	} good[] = {{"lr*0.5", 5e-4}, {"*0.5", 1}, {"/4", 0.5}, {"+ 1", 3}, {"1e-3/3 + 2*(1-3)", 1e-3 / 3 - 4},
		{"-2^2", -4}, {"2^3^2", 512}, {" 7 ", 7}, {"-1", -1}};
	static const char *const bad[] = {"", "1+", "(1", "1)", "lrr", "1/0", "1 2", "0x", "lr lr", "*", "@"};
	double v;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		struct err e = {0};
		assert_int_equal(form_eval(good[i].text, 2, knob, NULL, &v, &e), OK);
		assert_true(fabs(v - good[i].want) < 1e-12);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct err e = {0};
		assert_int_equal(form_eval(bad[i], 2, knob, NULL, &v, &e), ERR_ARG);
		assert_true(e.text[0] != '\0');
	}
	char deep[400];
	memset(deep, '(', sizeof deep - 1);
	deep[sizeof deep - 1] = '\0';
	assert_int_equal(form_eval(deep, 2, knob, NULL, &v, NULL), ERR_ARG);
}

static void editing(void **state)
{
	struct edit e;
	edit_set(&e, "Amélie");
	edit_key(&e, TKEY_BACKSPACE);
	edit_key(&e, TKEY_LEFT);
	edit_key(&e, TKEY_LEFT);
	edit_key(&e, TKEY_BACKSPACE);
	assert_string_equal(e.text, "Amli");
	edit_key(&e, 0xe9);
	assert_string_equal(e.text, "Améli");
	edit_key(&e, CTRL_KEY('u'));
	assert_string_equal(e.text, "li");
	edit_key(&e, CTRL_KEY('k'));
	assert_string_equal(e.text, "");
	for (int i = 0; i < 1000; i++)
		edit_key(&e, 'x');
	assert_true(strlen(e.text) < sizeof e.text);
	assert_false(edit_key(&e, TKEY_F5));
	assert_false(edit_key(&e, 7));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes_what_it_encodes),
		cmocka_unit_test(malformed_bytes_never_run_away),
		cmocka_unit_test(control_characters_are_not_drawn),
		cmocka_unit_test(truncates_by_columns),
		cmocka_unit_test(numbers),
		cmocka_unit_test(arithmetic),
		cmocka_unit_test(editing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
