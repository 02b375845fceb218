/* Products with ragged matrices against loops over the tokens as they stand: random matrices of many shapes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "base/rng.h"
#include "tensor/ragged.h"

#include <math.h>
#include <string.h>

enum { EXAMPLES_MAX = 40, TOKENS_MAX = 6000, IDS_MAX = 3000, DENSE_IDS = 290, ROUNDS = 60 };

/* A random matrix and all that the products need. */
struct matrix {
	int32_t examples, ids, vectors, tokens;
	int64_t d;
	int32_t offsets[EXAMPLES_MAX + 1], id[TOKENS_MAX], pick[TOKENS_MAX];
	real *c, *table, *y;
	int32_t *room, *kept;
	const real *row[TOKENS_MAX];
	real *grad[TOKENS_MAX];
	bool fresh[TOKENS_MAX];
	struct ragged r;
};

static real *randoms(struct rng *r, size_t n)
{
	real *x = mem_aligned((n + 1) * sizeof *x);
	assert_non_null(x);
	for (size_t i = 0; i < n; i++)
		x[i] = (real)rng_normal(r);
	return x;
}

static void make(struct matrix *m, uint64_t seed)
{
	struct rng r = rng_stream(seed, RNG_PLANTED, 0, 0);
	static const int32_t of[] = {1, 2, 5, 6, 10};
	memset(m, 0, sizeof *m);
	m->examples = 1 + (int32_t)rng_below(&r, EXAMPLES_MAX);
	m->ids = 1 + (int32_t)rng_below(&r, seed % 3 ? 40 : IDS_MAX);
	m->vectors = of[rng_below(&r, 5)];
	m->d = RAGGED_LANES + (int64_t)rng_below(&r, 3 * RAGGED_BLOCK);
	const bool dense = seed % 5 == 0;
	if (dense) { /* three of four examples have a run of ids from 0 on */
		m->examples = 1 + (int32_t)rng_below(&r, 18);
		m->ids = DENSE_IDS;
		m->vectors = 1;
	}
	for (int32_t e = 0; e < m->examples; e++) {
		int32_t n = (int32_t)rng_below(&r, dense && e % 4 ? DENSE_IDS : 15);
		m->offsets[e + 1] = m->offsets[e] + n;
	}
	m->tokens = m->offsets[m->examples];
	for (int32_t t = 0; t < m->tokens; t++) {
		m->id[t] = (int32_t)rng_below(&r, (uint64_t)m->ids + 1) - 1;
		m->pick[t] = (int32_t)rng_below(&r, (uint64_t)m->vectors);
	}
	for (int32_t e = 0; e < m->examples; e++)
		for (int32_t t = m->offsets[e]; dense && e % 4 && t < m->offsets[e + 1]; t++)
			m->id[t] = t - m->offsets[e];
	m->c = randoms(&r, (size_t)(m->tokens * m->vectors));
	m->table = randoms(&r, (size_t)m->ids * (size_t)(m->vectors * m->d));
	m->y = randoms(&r, (size_t)(m->examples * m->d));
	m->room = mem_calloc(by_id_size(m->tokens, m->ids), sizeof *m->room);
	m->kept = mem_calloc(by_id_size(m->tokens, m->ids), sizeof *m->kept);
	assert_true(m->room && m->kept);
	m->r = (struct ragged){by_id_make(m->id, m->offsets, m->examples, m->ids, m->room), m->d, m->vectors,
		rng_below(&r, 2) ? m->pick : NULL, m->c, false};
	m->r.up_to = m->r.pick && seed % 2;
	for (int32_t g = 0; g < m->r.by.n; g++)
		m->row[g] = m->table + m->r.by.id[g] * m->vectors * m->d;
}

static void drop(struct matrix *m)
{
	mem_aligned_free(m->c);
	mem_aligned_free(m->table);
	mem_aligned_free(m->y);
	mem_free(m->room);
	mem_free(m->kept);
}

static int32_t example_of(const struct matrix *m, int32_t token)
{
	int32_t e = 0;
	while (m->offsets[e + 1] <= token)
		e++;
	return e;
}

/* The coefficient of vector k of token t. */
static real coefficient(const struct matrix *m, int32_t t, int32_t k)
{
	if (m->r.pick)
		return (m->r.up_to ? m->r.pick[t] >= k : m->r.pick[t] == k) ? m->c[t] : 0;
	return m->c[(int64_t)t * m->vectors + k];
}

static void near(const real *a, const real *b, int64_t n)
{
	for (int64_t i = 0; i < n; i++)
		if (!(fabs((double)a[i] - (double)b[i]) <= 2e-4 * (1 + fabs((double)b[i]))))
			fail_msg("number %ld is %g, expected %g", (long)i, (double)a[i], (double)b[i]);
}

static void tokens_come_by_id(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
		struct matrix m;
		bool seen[TOKENS_MAX] = {0};
		make(&m, seed);
		const struct by_id *b = &m.r.by;
		for (int32_t g = 0; g < b->n; g++) {
			assert_true(g == 0 || b->id[g] > b->id[g - 1]);
			assert_true(b->first[g] < b->first[g + 1]);
			for (int32_t k = b->first[g]; k < b->first[g + 1]; k++) {
				assert_int_equal(m.id[b->token[k]], b->id[g]);
				assert_int_equal(b->example[k], example_of(&m, b->token[k]));
				assert_true(k == b->first[g] || b->token[k] > b->token[k - 1]);
				seen[b->token[k]] = true;
			}
		}
		for (int32_t t = 0; t < m.tokens; t++)
			assert_int_equal(seen[t], m.id[t] >= 0);
		drop(&m);
	}
}

static void kept_tokens_are_those_of_a_weight(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
		struct matrix m;
		real keep[TOKENS_MAX];
		make(&m, seed);
		for (int32_t t = 0; t < m.tokens; t++)
			keep[t] = (real)(m.pick[t] % 2);
		struct by_id b = by_id_keep(&m.r.by, keep, m.kept);
		int32_t want = 0;
		for (int32_t t = 0; t < m.tokens; t++)
			want += m.id[t] >= 0 && keep[t] != 0;
		assert_int_equal(b.first[b.n], want);
		for (int32_t g = 0; g < b.n; g++)
			for (int32_t k = b.first[g]; k < b.first[g + 1]; k++)
				assert_true(keep[b.token[k]] != 0 && m.id[b.token[k]] == b.id[g] &&
					    b.first[g] < b.first[g + 1]);
		drop(&m);
	}
}

static void sums_are_those_of_loops(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
		struct matrix m;
		make(&m, seed);
		size_t n = (size_t)(m.examples * m.d);
		real *packed = mem_aligned(ragged_packed_size(m.examples, m.d) * sizeof *packed + 64);
		real *want = mem_aligned(n * sizeof *want + 64), *got = mem_aligned(n * sizeof *got + 64);
		for (int32_t t = 0; t < m.tokens; t++)
			for (int32_t k = 0; m.id[t] >= 0 && k < m.vectors; k++)
				for (int64_t j = 0; j < m.d; j++)
					want[example_of(&m, t) * m.d + j] +=
						coefficient(&m, t, k) * m.table[(m.id[t] * m.vectors + k) * m.d + j];
		ragged_sum(&m.r, m.row, m.examples, packed);
		ragged_unpack(packed, m.examples, m.d, got);
		near(got, want, (int64_t)n);
		ragged_unpack_add(packed, m.examples, m.d, got);
		for (size_t i = 0; i < n; i++)
			want[i] *= 2;
		near(got, want, (int64_t)n);
		mem_aligned_free(packed);
		mem_aligned_free(want);
		mem_aligned_free(got);
		drop(&m);
	}
}

static void spreads_are_those_of_loops(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
		struct matrix m;
		make(&m, seed);
		size_t n = (size_t)m.ids * (size_t)(m.vectors * m.d);
		struct rng r = rng_stream(seed, RNG_PLANTED, 1, 0);
		real *packed = mem_aligned(ragged_packed_size(m.examples, m.d) * sizeof *packed + 64);
		real *want = mem_aligned(n * sizeof *want + 64), *got = randoms(&r, n);
		memcpy(want, got, n * sizeof *got);
		for (int32_t g = 0; g < m.r.by.n; g++) {
			int64_t at = m.r.by.id[g] * m.vectors * m.d;
			m.grad[g] = got + at;
			m.fresh[g] = g && seed % 10 == 0 ? m.fresh[0] : rng_below(&r, 2);
			if (m.fresh[g])
				memset(want + at, 0, (size_t)(m.vectors * m.d) * sizeof *want);
		}
		for (int32_t t = 0; t < m.tokens; t++)
			for (int32_t k = 0; m.id[t] >= 0 && k < m.vectors; k++)
				for (int64_t j = 0; j < m.d; j++)
					want[(m.id[t] * m.vectors + k) * m.d + j] +=
						coefficient(&m, t, k) * m.y[example_of(&m, t) * m.d + j];
		ragged_pack(m.y, m.examples, m.d, packed);
		ragged_spread(&m.r, m.grad, m.fresh, m.examples, packed);
		near(got, want, (int64_t)n);
		mem_aligned_free(packed);
		mem_aligned_free(want);
		mem_aligned_free(got);
		drop(&m);
	}
}

static void dots_are_those_of_loops(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
		struct matrix m;
		make(&m, seed);
		int32_t per = m.r.pick ? 1 : m.vectors;
		real *packed = mem_aligned(ragged_packed_size(m.examples, m.d) * sizeof *packed + 64);
		real *padded = mem_aligned(ragged_padded_size(m.d, m.vectors) * sizeof *padded);
		real *got = mem_aligned((size_t)(m.tokens * per + 1) * sizeof *got);
		ragged_pack(m.y, m.examples, m.d, packed);
		ragged_dots(&m.r, m.row, m.examples, packed, padded, got);
		for (int32_t t = 0; t < m.tokens; t++)
			for (int32_t i = 0; m.id[t] >= 0 && i < per; i++) {
				int32_t k = m.r.pick ? m.pick[t] : i;
				double want = 0;
				for (int64_t j = 0; j < m.d; j++)
					want += (double)m.y[example_of(&m, t) * m.d + j] *
						(double)m.table[(m.id[t] * m.vectors + k) * m.d + j];
				assert_true(fabs((double)got[t * per + i] - want) <= 5e-4 * (1 + fabs(want)));
			}
		mem_aligned_free(packed);
		mem_aligned_free(padded);
		mem_aligned_free(got);
		drop(&m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tokens_come_by_id),
		cmocka_unit_test(kept_tokens_are_those_of_a_weight),
		cmocka_unit_test(sums_are_those_of_loops),
		cmocka_unit_test(spreads_are_those_of_loops),
		cmocka_unit_test(dots_are_those_of_loops),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
