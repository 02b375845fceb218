/* Column i of A meets every column with which it shares a row: the products are summed into a dense row per thread, of which
 * only the touched places are read and cleared. */
#include "tensor/sparse.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct neighbour {
	real value;
	int32_t col;
};

/* Of one thread. */
struct work {
	double *dot; /* [cols] */
	bool *met;   /* [cols] false between columns */
	struct neighbour *found;
};

static bool of_pattern(enum similarity kind)
{
	return kind == SIM_JACCARD || kind == SIM_DICE || kind == SIM_TVERSKY;
}

static double similarity(const struct similarity_options *o, double d, double ni, double nj)
{
	double below = 1;
	switch (o->kind) {
	case SIM_COSINE:
		below = sqrt(ni * nj);
		break;
	case SIM_ASYMMETRIC:
		below = pow(ni, o->alpha) * pow(nj, 1 - o->alpha);
		break;
	case SIM_JACCARD:
		below = ni + nj - d;
		break;
	case SIM_DICE:
		below = (ni + nj) / 2;
		break;
	case SIM_TVERSKY:
		below = d + o->alpha * (ni - d) + o->beta * (nj - d);
		break;
	case SIM_DOT:
		break;
	}
	below += o->kind == SIM_DICE ? o->shrink / 2 : o->shrink;
	return below > 0 ? d / below : 0;
}

static int by_value(const void *a, const void *b)
{
	const struct neighbour *x = a, *y = b;
	if (x->value != y->value)
		return x->value > y->value ? -1 : 1;
	return x->col < y->col ? -1 : 1;
}

static int by_col(const void *a, const void *b)
{
	const struct neighbour *x = a, *y = b;
	return x->col < y->col ? -1 : x->col > y->col;
}

/* Fills w->found with the columns that share a row with column i; returns how many. */
static int32_t meet(const struct sparse *a, const struct sparse *t, bool pattern, int32_t i, struct work *w)
{
	int32_t n = 0;
	for (int64_t p = t->start[i]; p < t->start[i + 1]; p++)
		for (int64_t q = a->start[t->col[p]]; q < a->start[t->col[p] + 1]; q++) {
			double product = pattern ? 1 : (double)t->value[p] * (double)a->value[q];
			int32_t j = a->col[q];
			if (!w->met[j]) {
				w->met[j] = true;
				w->dot[j] = 0;
				w->found[n++].col = j;
			}
			w->dot[j] += product;
		}
	return n;
}

static int32_t column(const struct sparse *a, const struct sparse *t, const struct similarity_options *o,
	const double *norm, int32_t i, struct work *w, struct neighbour *out)
{
	int32_t n = meet(a, t, of_pattern(o->kind), i, w), m = 0;
	for (int32_t k = 0; k < n; k++) {
		int32_t j = w->found[k].col;
		real v = j == i ? 0 : (real)similarity(o, w->dot[j], norm[i], norm[j]);
		w->met[j] = false;
		if (v > 0)
			w->found[m++] = (struct neighbour){v, j};
	}
	qsort(w->found, (size_t)m, sizeof *w->found, by_value);
	m = m < o->k ? m : o->k;
	qsort(w->found, (size_t)m, sizeof *w->found, by_col);
	memcpy(out, w->found, (size_t)m * sizeof *out);
	return m;
}

static void squared_norms(const struct sparse *t, bool pattern, double *norm)
{
	for (int32_t i = 0; i < t->rows; i++) {
		norm[i] = 0;
		for (int64_t p = t->start[i]; p < t->start[i + 1]; p++)
			norm[i] += pattern ? 1 : (double)t->value[p] * (double)t->value[p];
	}
}

/* Puts the rows of found[cols, k] close together. */
static enum err_code pack(
	const struct neighbour *found, const int32_t *n, int32_t cols, int64_t k, struct sparse **out, struct err *e)
{
	int64_t total = 0;
	for (int32_t i = 0; i < cols; i++)
		total += n[i];
	TRY(sparse_new(cols, cols, total, out, e));
	struct sparse *s = *out;
	for (int32_t i = 0; i < cols; i++) {
		s->start[i + 1] = s->start[i] + n[i];
		for (int32_t j = 0; j < n[i]; j++) {
			s->col[s->start[i] + j] = found[i * k + j].col;
			s->value[s->start[i] + j] = found[i * k + j].value;
		}
	}
	return OK;
}

static bool find_all(const struct sparse *a, const struct sparse *t, const struct similarity_options *o,
	const double *norm, int64_t k, struct neighbour *found, int32_t *n)
{
	bool failed = false;
#pragma omp parallel reduction(|| : failed)
	{
		struct work w = {mem_alloc((size_t)a->cols * sizeof *w.dot), mem_calloc((size_t)a->cols, sizeof *w.met),
			mem_alloc((size_t)a->cols * sizeof *w.found)};
		failed = !w.dot || !w.met || !w.found;
#pragma omp for schedule(dynamic, 16)
		for (int32_t i = 0; i < a->cols; i++)
			if (!failed)
				n[i] = column(a, t, o, norm, i, &w, found + i * k);
		mem_free(w.dot);
		mem_free(w.met);
		mem_free(w.found);
	}
	return !failed;
}

enum err_code sparse_neighbours(
	const struct sparse *a, const struct similarity_options *o, struct sparse **out, struct err *e)
{
	struct sparse *t = NULL;
	*out = NULL;
	if (o->k < 1 || !(o->shrink >= 0))
		return err_set(e, ERR_ARG, "neighbours: k must be 1 or more and shrink 0 or more, got k=%d, shrink=%g",
			o->k, o->shrink);
	TRY(sparse_transpose(a, &t, e));
	int64_t k = o->k < a->cols ? o->k : a->cols;
	double *norm = mem_alloc((size_t)a->cols * sizeof *norm);
	int32_t *n = mem_calloc((size_t)a->cols, sizeof *n);
	struct neighbour *found = mem_calloc((size_t)a->cols * (size_t)k, sizeof *found);
	enum err_code rc = OK;
	if (norm)
		squared_norms(t, of_pattern(o->kind), norm);
	if (!norm || !n || !found || !find_all(a, t, o, norm, k, found, n))
		rc = err_set(e, ERR_NOMEM, "no memory for %lld neighbours of %d columns (%.1f MB)", (long long)k,
			a->cols, (double)a->cols * (double)k * sizeof *found / 1e6);
	if (rc == OK)
		rc = pack(found, n, a->cols, k, out, e);
	mem_free(norm);
	mem_free(n);
	mem_free(found);
	sparse_free(t);
	return rc;
}
