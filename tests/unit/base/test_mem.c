#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

/* AddressSanitizer ends the program where an allocation is too large; here NULL is the answer that is tested. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

static void overflow_is_refused(void **state)
{
	assert_null(mem_calloc(SIZE_MAX / 2, 4));
	assert_null(mem_realloc(NULL, SIZE_MAX / 2, 4));
	assert_null(mem_aligned(SIZE_MAX - 8));
	mem_free(NULL);
	mem_aligned_free(NULL);
}

static void zero_bytes_are_a_block(void **state)
{
	void *p = mem_alloc(0), *q = mem_calloc(0, 8), *r = mem_aligned(0);
	assert_true(p && q && r);
	mem_free(p);
	mem_free(q);
	mem_aligned_free(r);
}

static void aligned_blocks_are_zero(void **state)
{
	static const size_t sizes[] = {1, 63, 64, 65, 4096, ((size_t)2 << 20) - 1, ((size_t)2 << 20) + 5};
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		unsigned char *p = mem_aligned(sizes[i]);
		assert_non_null(p);
		assert_int_equal((uintptr_t)p % 64, 0);
		for (size_t k = 0; k < sizes[i]; k++)
			assert_int_equal(p[k], 0);
		mem_aligned_free(p);
	}
}

static void arena_blocks_do_not_overlap(void **state)
{
	struct arena a = {0};
	enum { N = 500 };
	unsigned char *p[N];
	for (int i = 0; i < N; i++) {
		size_t n = (size_t)(i * 131 % 1000) + (i % 100 == 7 ? 40000 : 0);
		p[i] = arena_alloc(&a, n);
		assert_non_null(p[i]);
		assert_int_equal((uintptr_t)p[i] % 16, 0);
		for (size_t k = 0; k < n; k++)
			assert_int_equal(p[i][k], 0);
		memset(p[i], i % 255 + 1, n);
	}
	for (int i = 0; i < N; i++) {
		size_t n = (size_t)(i * 131 % 1000) + (i % 100 == 7 ? 40000 : 0);
		for (size_t k = 0; k < n; k++)
			assert_int_equal(p[i][k], i % 255 + 1);
	}
	assert_string_equal(arena_strdup(&a, "text"), "text");
	assert_null(arena_alloc(&a, SIZE_MAX - 3));
	arena_free(&a);
	assert_non_null(arena_alloc(&a, 8));
	arena_free(&a);
}

static void grow_keeps_what_is_there(void **state)
{
	int *items = NULL;
	size_t cap = 0;
	for (size_t i = 0; i < 1000; i++) {
		assert_true(mem_grow(&items, &cap, i + 1, sizeof *items));
		assert_true(cap > i);
		items[i] = (int)i;
	}
	for (size_t i = 0; i < 1000; i++)
		assert_int_equal(items[i], (int)i);
	int *before = items;
	size_t cap_before = cap;
	assert_false(mem_grow(&items, &cap, SIZE_MAX, sizeof *items));
	assert_false(mem_grow(&items, &cap, SIZE_MAX / 4, sizeof *items));
	assert_true(items == before && cap == cap_before);
	mem_free(items);
}

static void copies_strings(void **state)
{
	char *a = mem_strdup("gusto"), *b = mem_strndup("gusto", 2);
	assert_string_equal(a, "gusto");
	assert_string_equal(b, "gu");
	mem_free(a);
	mem_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(overflow_is_refused),
		cmocka_unit_test(zero_bytes_are_a_block),
		cmocka_unit_test(aligned_blocks_are_zero),
		cmocka_unit_test(arena_blocks_do_not_overlap),
		cmocka_unit_test(grow_keeps_what_is_there),
		cmocka_unit_test(copies_strings),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
