#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "nn/init.h"
#include "nn/paramset.h"
#include "support/close.h"

static struct param *make(struct paramset *s, const char *name, int32_t rows, int32_t width, const struct init *init)
{
	struct shape shape = shape_fixed(2, rows, width, 0);
	struct param *p = NULL;
	struct err e;
	if (paramset_make(s, name, &shape, init, true, false, &p, &e) != OK)
		fail_msg("%s", e.text);
	return p;
}

static void moments(const struct param *p, double *mean, double *std, double *most)
{
	double sum = 0, square = 0;
	*most = 0;
	for (int64_t i = 0; i < p->n; i++) {
		sum += (double)p->value[i];
		square += (double)p->value[i] * (double)p->value[i];
		*most = fmax(*most, fabs((double)p->value[i]));
	}
	*mean = sum / (double)p->n;
	*std = sqrt(square / (double)p->n - *mean * *mean);
}

static void test_initialisers(void **state)
{
	enum { OUT = 300, IN = 500 };
	const double both = OUT + IN, root3 = sqrt(3);
	const struct {
		struct init init;
		double std, most; /* most 0: no bound */
	} rows[] = {
		{{.kind = "normal"}, .01, 0},
		{{.kind = "normal", .scale = .5}, .5, 0},
		{{.kind = "uniform"}, 1 / sqrt(IN) / root3, 1 / sqrt(IN)},
		{{.kind = "uniform", .scale = .05}, .05 / root3, .05},
		{{.kind = "xavier_uniform"}, sqrt(2 / both), sqrt(6 / both)},
		{{.kind = "xavier_normal"}, sqrt(2 / both), 0},
		{{.kind = "he_uniform"}, sqrt(2. / IN), sqrt(6. / IN)},
		{{.kind = "he_normal"}, sqrt(2. / IN), 0},
		{{.kind = "lecun"}, sqrt(1. / IN), sqrt(3. / IN)},
		/* a normal cut at 2 deviations has .8796 of the deviation */
		{{.kind = "normal", .scale = 1, .truncate = 2}, .87962566, 2},
		{{.kind = "zeros"}, 0, 0},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct paramset *s = paramset_new(i);
		double mean, std, most;
		moments(make(s, "w", OUT, IN, &rows[i].init), &mean, &std, &most);
		assert_close(std, rows[i].std, .01 * rows[i].std);
		assert_close(mean, 0, .012 * rows[i].std);
		if (rows[i].most > 0) {
			assert_true(most <= rows[i].most * 1.000001);
			assert_true(most > rows[i].most * .99);
		}
		paramset_free(s);
	}
	struct paramset *s = paramset_new(1);
	assert_close((double)make(s, "one", 2, 2, &(struct init){.kind = "ones"})->value[3], 1, 0);
	assert_close((double)make(s, "c", 2, 2, &(struct init){.kind = "constant", .scale = 2.5})->value[3], 2.5, 0);
	paramset_free(s);
}

/* A parameter's start depends on seed and name, not on what was made before it. */
static void test_independent_of_order(void **state)
{
	struct init n = {.kind = "normal"};
	struct paramset *a = paramset_new(5), *b = paramset_new(5), *c = paramset_new(6);
	char ha[65], hb[65], hc[65];
	make(a, "x", 7, 5, &n), make(a, "y", 3, 5, &n);
	make(b, "y", 3, 5, &n), make(b, "x", 7, 5, &n);
	make(c, "x", 7, 5, &n), make(c, "y", 3, 5, &n);
	paramset_sha256(a, ha), paramset_sha256(b, hb), paramset_sha256(c, hc);
	assert_int_equal(strlen(ha), 64);
	assert_string_equal(ha, hb);
	assert_string_not_equal(ha, hc);
	paramset_find(b, "x")->value[3] += 1;
	paramset_sha256(b, hb);
	assert_string_not_equal(ha, hb);
	paramset_free(a), paramset_free(b), paramset_free(c);
}

static void test_scopes_and_errors(void **state)
{
	struct paramset *s = paramset_new(5);
	struct init zeros = {.kind = "zeros"}, wrong = {.kind = "zeroes"};
	struct shape shape = shape_fixed(1, 3, 0, 0);
	struct param *p;
	struct err e;
	char longest[140];
	paramset_push(s, "block 1/ffn");
	paramset_push(s, "inner");
	assert_string_equal(make(s, "weight", 2, 2, &zeros)->name, "block 1/ffn/inner/weight");
	assert_int_equal(paramset_make(s, "weight", &shape, &zeros, true, false, &p, &e), ERR_ARG);
	assert_non_null(strstr(e.text, "two parameters named 'block 1/ffn/inner/weight'"));
	paramset_pop(s);
	paramset_pop(s);
	assert_string_equal(make(s, "weight", 2, 2, &zeros)->name, "weight");
	assert_int_equal(paramset_make(s, "v", &shape, &wrong, true, false, &p, &e), ERR_ARG);
	assert_non_null(strstr(e.text, "no initialiser 'zeroes'"));
	memset(longest, 'x', sizeof longest);
	longest[sizeof longest - 1] = '\0';
	assert_int_equal(paramset_make(s, longest, &shape, &zeros, true, false, &p, &e), ERR_ARG);
	assert_int_equal(paramset_make(s, "fixed", &shape, &zeros, false, false, &p, &e), OK);
	assert_int_equal(paramset_count(s), 3);
	assert_int_equal(paramset_numbers(s, false), 11);
	assert_int_equal(paramset_numbers(s, true), 8);
	assert_null(paramset_find(s, "v"));
	paramset_free(s);
	paramset_free(NULL);
}

static void test_carry(void **state)
{
	struct init n = {.kind = "normal"};
	struct paramset *old = paramset_new(1), *s = paramset_new(2);
	bool fresh[3];
	make(old, "same", 4, 5, &n), make(old, "resized", 4, 5, &n), make(old, "gone", 4, 5, &n);
	make(s, "new", 4, 5, &n), make(s, "same", 4, 5, &n), make(s, "resized", 5, 4, &n);
	assert_int_equal(paramset_carry(s, old, fresh), 1);
	assert_true(fresh[0] && !fresh[1] && fresh[2]);
	assert_memory_equal(paramset_find(s, "same")->value, paramset_find(old, "same")->value, 20 * sizeof(real));
	assert_memory_not_equal(
		paramset_find(s, "resized")->value, paramset_find(old, "resized")->value, 20 * sizeof(real));
	paramset_free(old), paramset_free(s);
}

/* What is adopted is the same parameter; what differs in anything that a program depends on is made anew. */
static void test_adopt(void **state)
{
	struct paramset *old = paramset_new(1), *s = paramset_new(1);
	struct init zeros = {.kind = "zeros"};
	struct param *a = make(old, "a", 3, 4, &zeros), *b = make(old, "b", 3, 4, &zeros), *p;
	struct shape shape = shape_fixed(2, 3, 4, 0);
	struct err e;
	a->value[5] = 7;
	paramset_adopt(s, old);
	assert_ptr_equal(make(s, "a", 3, 4, &(struct init){.kind = "ones"}), a);
	assert_true(a->value[5] == 7 && a->value[0] == 0);
	assert_false(paramset_same(s, old));
	assert_ptr_equal(make(s, "b", 3, 4, &zeros), b);
	assert_true(paramset_same(s, old));
	assert_int_equal(paramset_make(s, "a", &shape, &zeros, true, false, &p, &e), ERR_ARG);
	paramset_free(s);
	s = paramset_new(1);
	paramset_adopt(s, old);
	assert_ptr_not_equal(make(s, "a", 4, 3, &zeros), a);
	assert_int_equal(paramset_make(s, "b", &shape, &zeros, true, true, &p, &e), OK); /* lazy */
	assert_ptr_not_equal(p, b);
	assert_false(paramset_same(s, old));
	paramset_free(old);
	paramset_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_initialisers),
		cmocka_unit_test(test_independent_of_order), cmocka_unit_test(test_scopes_and_errors),
		cmocka_unit_test(test_carry), cmocka_unit_test(test_adopt)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
