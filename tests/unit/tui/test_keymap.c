/* The key table and the panels: nothing twice, nothing without help, nothing that cannot be reached. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tui/panel.h"

static void no_key_twice_in_a_scope(void **state)
{
	size_t n;
	const struct key_row *rows = keymap_rows(&n);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < i; k++)
			assert_false(rows[i].scope == rows[k].scope && rows[i].key == rows[k].key);
}

static void every_row_has_help(void **state)
{
	size_t n;
	const struct key_row *rows = keymap_rows(&n);
	char name[16];
	for (size_t i = 0; i < n; i++) {
		assert_true(rows[i].help && strlen(rows[i].help) >= 2 && rows[i].action > ACT_NONE &&
			    rows[i].action < ACT_N);
		assert_true(strlen(keymap_name(rows[i].key, name)) > 0);
		assert_int_equal(keymap_find(rows[i].scope, rows[i].key), rows[i].action);
		assert_non_null(keymap_scope_name(rows[i].scope));
	}
}

static void every_action_has_a_key(void **state)
{
	size_t n;
	const struct key_row *rows = keymap_rows(&n);
	for (int a = ACT_NONE + 1; a < ACT_N; a++) {
		bool found = false;
		for (size_t i = 0; i < n; i++)
			found |= (int)rows[i].action == a;
		assert_true(found);
	}
}

/* A view may give a global key another meaning only where its own table says so; the keys of views and of leaving stay. */
static void views_keep_the_global_keys(void **state)
{
	static const int fixed[] = {'1', '2', '3', '4', '5', '6', 'L', '?', 'q', '!', '~', TKEY_ESC};
	for (int p = 0; p < panel_count(); p++)
		for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
			assert_int_equal(
				keymap_find(panel_at(p)->scope, fixed[i]), keymap_find(SCOPE_GLOBAL, fixed[i]));
}

static void panels_are_described(void **state)
{
	for (int i = 0; i < panel_count(); i++) {
		const struct panel_class *p = panel_at(i);
		assert_true(p->desc.name && p->desc.usage && p->desc.help && p->tab && p->draw);
		assert_int_equal(panel_index(p->desc.name), i);
		for (int k = 0; k < i; k++)
			assert_true(panel_at(k)->scope != p->scope && strcmp(panel_at(k)->tab, p->tab) != 0);
		int key = p->tab[0];
		enum action a = keymap_find(SCOPE_GLOBAL, key);
		assert_true(a == ACT_HELP || (int)a == ACT_VIEW_1 + i); /* the tab shows the key that opens it */
	}
	assert_int_equal(panel_index("nothing"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_key_twice_in_a_scope),
		cmocka_unit_test(every_row_has_help),
		cmocka_unit_test(every_action_has_a_key),
		cmocka_unit_test(views_keep_the_global_keys),
		cmocka_unit_test(panels_are_described),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
