#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static void grows(void **state)
{
	struct str s = {0};
	assert_string_equal(str_text(&s), "");
	for (int i = 0; i < 1000; i++)
		str_printf(&s, "%d,", i);
	assert_int_equal(s.len, 10 * 2 + 90 * 3 + 900 * 4);
	assert_int_equal(strlen(s.data), s.len);
	assert_true(str_ends(s.data, "998,999,"));
	str_clear(&s);
	assert_string_equal(str_text(&s), "");
	str_add(&s, "a\0b", 3);
	assert_int_equal(s.len, 3);
	str_putc(&s, 'c');
	str_puts(&s, "de");
	assert_memory_equal(s.data, "a\0bcde", 7);
	str_free(&s);
}

static void failure_is_kept_until_the_end(void **state)
{
	struct str s = {0};
	str_puts(&s, "kept");
	str_add(&s, "x", SIZE_MAX - 1);
	assert_true(s.failed);
	str_puts(&s, "dropped");
	assert_string_equal(str_text(&s), "kept");
	assert_null(str_take(&s));
	char *p = str_take(&s);
	assert_string_equal(p, "");
	mem_free(p);
}

static void begins_and_ends(void **state)
{
	assert_true(str_starts("item.title", "item.") && !str_starts("it", "item"));
	assert_true(str_ends("u.data.xz", ".xz") && !str_ends("xz", ".xz") && str_ends("", ""));
}

static void closest_name(void **state)
{
	static const char *const names[] = {"linear", "embedding", "attention", "dropout"};
	assert_string_equal(str_closest("linaer", names, 4), "linear");
	assert_string_equal(str_closest("embeding", names, 4), "embedding");
	assert_string_equal(str_closest("atention", names, 4), "attention");
	assert_null(str_closest("softmax", names, 4));
	assert_null(str_closest("x", names, 0));
	char longer[300];
	memset(longer, 'a', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	(void)str_closest(longer, names, 4);
}

static void errors_are_sentences(void **state)
{
	struct err e;
	assert_int_equal(err_set(&e, ERR_SHAPE, "%d and %d", 2, 3), ERR_SHAPE);
	assert_int_equal(err_prefix(&e, "%s:%d", "f", 7), ERR_SHAPE);
	assert_string_equal(e.text, "f:7: 2 and 3");
	errno = ENOENT;
	assert_int_equal(err_errno(&e, "cannot open %s", "x"), ERR_IO);
	assert_string_equal(e.text, "cannot open x: No such file or directory");
	assert_int_equal(err_set(NULL, ERR_ARG, "nobody listens"), ERR_ARG);
	assert_string_equal(err_code_name(ERR_FORMAT), "format");
	assert_string_equal(err_code_name((enum err_code)99), "unknown");
}

/* Texts at the limit are cut, never written past. */
static void long_errors_are_cut(void **state)
{
	struct err e;
	char text[3000];
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	err_set(&e, ERR_ARG, "%s", text);
	assert_int_equal(strlen(e.text), sizeof e.text - 1);
	for (int i = 0; i < 5; i++)
		err_prefix(&e, "%s", text);
	assert_true(strlen(e.text) < sizeof e.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows),
		cmocka_unit_test(failure_is_kept_until_the_end),
		cmocka_unit_test(begins_and_ends),
		cmocka_unit_test(closest_name),
		cmocka_unit_test(errors_are_sentences),
		cmocka_unit_test(long_errors_are_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
