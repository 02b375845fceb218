/* The sparse set of touched rows, beside a dense table with a flag per row. */
#include "base/rng.h"
#include "graph/rowgrad.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

enum { ROWS = 1000, WIDTH = 3, PARTS_MAX = 7 };

struct dense {
	bool there[ROWS];
	real g[ROWS][WIDTH];
};

static void touch(struct rowgrad *r, struct dense *d, int32_t row, real x)
{
	real *g = rowgrad_row(r, row);
	for (int j = 0; j < WIDTH; j++) {
		g[j] += x;
		d->g[row][j] += x;
	}
	d->there[row] = true;
}

/* Each row that was touched stands in one place, in a chunk of its part; no others do. */
static void check(const struct rowgrad *r, const struct dense *d)
{
	int seen[ROWS] = {0};
	for (int32_t s = 0; s < r->n; s++)
		if (r->row[s] >= 0) {
			seen[r->row[s]]++;
			assert_int_equal(r->part[s / ROWGRAD_CHUNK], rowgrad_part(r, r->row[s]));
		}
	for (int32_t row = 0; row < ROWS; row++) {
		const real *g = rowgrad_look(r, row);
		assert_int_equal(seen[row], d->there[row]);
		assert_int_equal(g != NULL, d->there[row]);
		if (g)
			assert_memory_equal(g, d->g[row], sizeof d->g[row]);
	}
}

static void it_holds_what_was_touched(void **state)
{
	(void)state;
	for (int parts = 1; parts <= PARTS_MAX; parts++) {
		struct rowgrad r;
		struct rng rng = rng_stream(3, RNG_TEST, (uint64_t)parts, 0);
		assert_true(rowgrad_init(&r, ROWS, WIDTH, 300, parts));
		for (int step = 0; step < 20; step++) {
			struct dense d = {{0}};
			rowgrad_clear(&r); /* the step before leaves nothing */
			for (int k = 0; k < 300; k++)
				touch(&r, &d, (int32_t)rng_below(&rng, step % 2 ? 40 : ROWS), (real)(k + 1));
			check(&r, &d);
		}
		rowgrad_fini(&r);
	}
}

/* There is room for as many rows as were asked for, whatever their parts: all rows, or only those of one part. */
static void the_room_is_enough(void **state)
{
	(void)state;
	for (int parts = 1; parts <= PARTS_MAX; parts++)
		for (int only = -1; only < parts; only++) {
			struct rowgrad r;
			struct dense d = {{0}};
			int64_t most = 0;
			assert_true(rowgrad_init(&r, ROWS, WIDTH, ROWS, parts));
			for (int32_t row = 0; row < ROWS; row++)
				most += only < 0 || rowgrad_part(&r, row) == only;
			rowgrad_fini(&r);
			assert_true(rowgrad_init(&r, ROWS, WIDTH, most, parts));
			for (int32_t row = 0; row < ROWS; row++)
				if (only < 0 || rowgrad_part(&r, row) == only)
					touch(&r, &d, row, (real)row);
			assert_true(r.n <= r.cap);
			check(&r, &d);
			rowgrad_fini(&r);
		}
}

/* No worker gets much more than its share: of ids that follow each other, and of multiples of large powers of two. */
static void parts_are_alike(void **state)
{
	(void)state;
	for (int parts = 2; parts <= 64; parts *= 2)
		for (int step = 0; step <= 8; step += 4) {
			int count[64] = {0}, n = 64 * parts;
			struct rowgrad r = {.width = 16, .parts = parts};
			for (int k = 0; k < n; k++)
				count[rowgrad_part(&r, k << step)]++;
			for (int w = 0; w < parts; w++)
				assert_in_range(count[w], 32, 96);
		}
}

/* Two workers never write to the same line of a table. */
static void a_line_has_one_owner(void **state)
{
	(void)state;
	const int32_t line = 64 / sizeof(real);
	for (int32_t width = 1; width <= line; width *= 2) {
		struct rowgrad r;
		assert_true(rowgrad_init(&r, ROWS, width, ROWS, 5));
		for (int32_t row = 0; row + 1 < ROWS; row++)
			if (row * width / line == (row + 1) * width / line)
				assert_int_equal(rowgrad_part(&r, row), rowgrad_part(&r, row + 1));
		rowgrad_fini(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_holds_what_was_touched),
		cmocka_unit_test(the_room_is_enough),
		cmocka_unit_test(parts_are_alike),
		cmocka_unit_test(a_line_has_one_owner),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
