#include "tensor/sparse.h"

#include "base/mem.h"

#include <string.h>

enum err_code sparse_new(int32_t rows, int32_t cols, int64_t entries, struct sparse **out, struct err *e)
{
	struct sparse *s = mem_calloc(1, sizeof *s);
	*out = NULL;
	if (s) {
		*s = (struct sparse){.rows = rows,
			.cols = cols,
			.start = mem_calloc((size_t)rows + 1, sizeof *s->start),
			.col = mem_alloc((size_t)entries * sizeof *s->col),
			.value = mem_alloc((size_t)entries * sizeof *s->value)};
	}
	if (!s || !s->start || !s->col || !s->value) {
		sparse_free(s);
		return err_set(e, ERR_NOMEM, "no memory for a sparse matrix of %lld entries (%.1f MB)",
			(long long)entries, (double)entries * (sizeof(int32_t) + sizeof(real)) / 1e6);
	}
	*out = s;
	return OK;
}

void sparse_free(struct sparse *s)
{
	if (!s)
		return;
	mem_free(s->start);
	mem_free(s->col);
	mem_free(s->value);
	mem_free(s);
}

enum err_code sparse_transpose(const struct sparse *a, struct sparse **out, struct err *e)
{
	int64_t n = sparse_entries(a);
	TRY(sparse_new(a->cols, a->rows, n, out, e));
	struct sparse *t = *out;
	for (int64_t i = 0; i < n; i++)
		t->start[a->col[i] + 1]++;
	for (int32_t c = 0; c < a->cols; c++)
		t->start[c + 1] += t->start[c];
	/* Rows in order, so that columns of the transpose ascend; start[c] runs to the end of row c and is put back. */
	for (int32_t r = 0; r < a->rows; r++)
		for (int64_t i = a->start[r]; i < a->start[r + 1]; i++) {
			int64_t at = t->start[a->col[i]]++;
			t->col[at] = r;
			t->value[at] = a->value[i];
		}
	memmove(t->start + 1, t->start, (size_t)a->cols * sizeof *t->start);
	t->start[0] = 0;
	return OK;
}

/* Entries of equal column, which stand side by side, become one. */
static void merge(struct sparse *s, bool last)
{
	int64_t from = 0, k = 0;
	for (int32_t r = 0; r < s->rows; r++) {
		int64_t begin = k, to = s->start[r + 1];
		for (int64_t i = from; i < to; i++) {
			if (k > begin && s->col[k - 1] == s->col[i]) {
				s->value[k - 1] = last ? s->value[i] : s->value[k - 1] + s->value[i];
				continue;
			}
			s->col[k] = s->col[i];
			s->value[k++] = s->value[i];
		}
		from = to;
		s->start[r + 1] = k;
	}
}

/* Transposing sorts: what comes back from the second time has ascending columns, equal ones in the order they had. */
enum err_code sparse_collect(int32_t rows, int32_t cols, const int64_t *start, const int32_t *col, const float *value,
	bool last, struct sparse **out, struct err *e)
{
	struct sparse *a = NULL, *t = NULL;
	*out = NULL;
	int64_t n = start[rows] - start[0];
	TRY(sparse_new(rows, cols, n, &a, e));
	for (int32_t r = 0; r < rows; r++)
		a->start[r + 1] = start[r + 1] - start[0];
	for (int64_t i = 0; i < n; i++) {
		a->col[i] = col[start[0] + i];
		a->value[i] = value ? (real)value[start[0] + i] : 1;
	}
	enum err_code rc = sparse_transpose(a, &t, e);
	sparse_free(a);
	if (rc == OK)
		rc = sparse_transpose(t, out, e);
	sparse_free(t);
	if (rc == OK)
		merge(*out, last);
	return rc;
}

/* The first entry of row r whose column is at least c. */
static int64_t entry_from(const struct sparse *a, int32_t r, int32_t c)
{
	int64_t low = a->start[r], high = a->start[r + 1];
	while (low < high) {
		int64_t mid = low + (high - low) / 2;
		if (a->col[mid] < c)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static void mirror(real *g, int64_t n)
{
	enum { TILE = 64 };
#pragma omp parallel for schedule(dynamic)
	for (int64_t i0 = 0; i0 < n; i0 += TILE)
		for (int64_t j0 = 0; j0 <= i0; j0 += TILE)
			for (int64_t i = i0; i < n && i < i0 + TILE; i++)
				for (int64_t j = j0; j < i && j < j0 + TILE; j++)
					g[i * n + j] = g[j * n + i];
}

/* Row i of the upper triangle: the rows of A that have column i, from that column on. */
void sparse_gram(const struct sparse *a, const struct sparse *t, real *g)
{
	int64_t n = a->cols;
#pragma omp parallel for schedule(dynamic, 16)
	for (int32_t i = 0; i < a->cols; i++) {
		real *row = g + i * n;
		memset(row, 0, (size_t)n * sizeof *row);
		for (int64_t p = t->start[i]; p < t->start[i + 1]; p++) {
			int32_t r = t->col[p];
			for (int64_t q = entry_from(a, r, i); q < a->start[r + 1]; q++)
				row[a->col[q]] += t->value[p] * a->value[q];
		}
	}
	mirror(g, n);
}

void sparse_times(const struct sparse *a, const real *x, int64_t width, real *y)
{
#pragma omp parallel for schedule(dynamic, 64)
	for (int32_t r = 0; r < a->rows; r++) {
		real *to = y + r * width;
		memset(to, 0, (size_t)width * sizeof *to);
		for (int64_t i = a->start[r]; i < a->start[r + 1]; i++)
			for (int64_t k = 0; k < width; k++)
				to[k] += a->value[i] * x[a->col[i] * width + k];
	}
}
