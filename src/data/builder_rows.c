/* Collecting the attributes of interactions, and freezing them.
 *
 * A cell belongs to the row that was added last, so a column grows with the rows; the rows that came without a cell are
 * filled in as missing when the next cell comes, or in the end. */
#include "data/builder.h"

#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void cell_rows_fini(struct cell_rows *c)
{
	intern_fini(&c->words);
	mem_free(c->real);
	mem_free(c->code);
	mem_free(c->first);
	mem_free(c->length);
	mem_free(c->bytes);
	*c = (struct cell_rows){0};
}

/* ---- collecting ---- */

static enum err_code need_column(
	struct builder *b, const char *name, enum column_type type, struct cell_rows **out, struct err *e)
{
	static const char *const kind[] = {"numbers", "words", "lists", "texts"};
	CHECK(b->n > 0, "attributes of interactions are for the row that was added last");
	for (size_t i = 0; i < b->n_row_columns; i++) {
		struct cell_rows *c = &b->row_column[i];
		if (strcmp(c->name, name) != 0)
			continue;
		if (c->type != type)
			return err_set(e, ERR_ARG, "%s: column '%s' of interactions holds %s, not %s", b->name, name,
				kind[c->type], kind[type]);
		*out = c;
		return OK;
	}
	if (strlen(name) >= sizeof b->row_column->name)
		return err_set(e, ERR_ARG, "%s: the column name '%.60s' is longer than %zu characters", b->name, name,
			sizeof b->row_column->name - 1);
	if (!mem_grow(&b->row_column, &b->row_column_cap, b->n_row_columns + 1, sizeof *b->row_column))
		return builder_no_memory(b, e);
	struct cell_rows *c = &b->row_column[b->n_row_columns++];
	*c = (struct cell_rows){.type = type};
	snprintf(c->name, sizeof c->name, "%s", name);
	*out = c;
	return OK;
}

/* Room for `rows` rows; the new ones miss the attribute. */
static bool extend(struct cell_rows *c, int64_t rows)
{
	size_t n = (size_t)rows;
	bool list = c->type == COLUMN_TOKENS || c->type == COLUMN_TEXT;
	if ((c->type == COLUMN_REAL && !mem_grow(&c->real, &c->real_cap, n, sizeof *c->real)) ||
		(c->type == COLUMN_TOKEN && !mem_grow(&c->code, &c->code_cap, n, sizeof *c->code)) ||
		(list && (!mem_grow(&c->first, &c->first_cap, n, sizeof *c->first) ||
				 !mem_grow(&c->length, &c->length_cap, n, sizeof *c->length))))
		return false;
	for (; c->rows < rows; c->rows++) {
		if (c->type == COLUMN_REAL)
			c->real[c->rows] = NAN;
		else if (c->type == COLUMN_TOKEN)
			c->code[c->rows] = -1;
		else
			c->first[c->rows] = c->length[c->rows] = 0;
	}
	return true;
}

static bool put_token(struct cell_rows *c, int64_t row, const char *text, size_t len)
{
	return len == 0 || (c->code[row] = intern_put(&c->words, text, len)) >= 0;
}

/* Parts between '|'; empty ones count for nothing. */
static bool put_tokens(struct cell_rows *c, int64_t row, const char *text, size_t len)
{
	c->first[row] = (int64_t)c->codes;
	for (size_t from = 0, to; from < len; from = to + 1) {
		const char *bar = memchr(text + from, '|', len - from);
		to = bar ? (size_t)(bar - text) : len;
		if (to == from)
			continue;
		int32_t code = intern_put(&c->words, text + from, to - from);
		if (code < 0 || !mem_grow(&c->code, &c->code_cap, c->codes + 1, sizeof *c->code))
			return false;
		c->code[c->codes++] = code;
		c->length[row]++;
	}
	return true;
}

static bool put_text(struct cell_rows *c, int64_t row, const char *text, size_t len)
{
	if (!mem_grow(&c->bytes, &c->bytes_cap, c->used + len + 1, 1))
		return false;
	if (len)
		memcpy(c->bytes + c->used, text, len);
	c->first[row] = (int64_t)c->used;
	c->length[row] = (int32_t)len;
	c->used += len;
	return true;
}

enum err_code builder_row_text(
	struct builder *b, const char *column, enum column_type type, const char *text, size_t len, struct err *e)
{
	CHECK(type != COLUMN_REAL, "builder_row_real is for numbers");
	struct cell_rows *c = NULL;
	TRY(need_column(b, column, type, &c, e));
	if (len > INT32_MAX)
		return err_set(e, ERR_ARG, "%s: a cell of column '%s' has %zu bytes, at most 2^31-1 fit", b->name,
			column, len);
	bool done = extend(c, b->n);
	done = done && (type == COLUMN_TOKEN	       ? put_token(c, b->n - 1, text, len)
			       : type == COLUMN_TOKENS ? put_tokens(c, b->n - 1, text, len)
						       : put_text(c, b->n - 1, text, len));
	return done ? OK : builder_no_memory(b, e);
}

enum err_code builder_row_real(struct builder *b, const char *column, float v, struct err *e)
{
	struct cell_rows *c = NULL;
	TRY(need_column(b, column, COLUMN_REAL, &c, e));
	CHECK(c, "column %s was not made", column);
	if (!extend(c, b->n))
		return builder_no_memory(b, e);
	c->real[b->n - 1] = isnan(v) ? NAN : v;
	return OK;
}

/* ---- freezing ---- */

static bool freeze_reals(struct dataset *d, const struct cell_rows *c, const int64_t *order, struct row_column *out)
{
	float *real = dataset_alloc(d, (size_t)d->n * sizeof *real);
	for (int64_t k = 0; real && k < d->n; k++)
		real[k] = c->real[order[k]];
	out->real = real;
	return real != NULL;
}

/* Numbers the words anew by first appearance in code[n], so that the same rows have the same codes wherever they came
 * from; words that no row has are gone. */
static bool freeze_words(struct dataset *d, const struct intern *t, int32_t *code, int64_t n, struct strtab *out)
{
	int32_t *number = mem_alloc((size_t)t->n * sizeof *number), *word = mem_alloc((size_t)t->n * sizeof *word),
		m = 0;
	int64_t *offset = NULL, used = 0;
	char *bytes = NULL;
	for (int32_t w = 0; number && w < t->n; w++)
		number[w] = -1;
	for (int64_t i = 0; number && word && i < n; i++) {
		if (code[i] < 0)
			continue;
		if (number[code[i]] < 0) {
			used += t->offset[code[i] + 1] - t->offset[code[i]];
			word[m] = code[i];
			number[code[i]] = m++;
		}
		code[i] = number[code[i]];
	}
	if (number && word) {
		offset = dataset_alloc(d, ((size_t)m + 1) * sizeof *offset);
		bytes = dataset_alloc(d, (size_t)used);
	}
	for (int32_t i = 0; offset && bytes && i < m; i++) {
		int64_t at = t->offset[word[i]], len = t->offset[word[i] + 1] - at;
		memcpy(bytes + offset[i], t->bytes + at, (size_t)len);
		offset[i + 1] = offset[i] + len;
	}
	*out = (struct strtab){m, offset, bytes};
	mem_free(number);
	mem_free(word);
	return offset && bytes;
}

static bool freeze_codes(struct dataset *d, const struct cell_rows *c, const int64_t *order, struct row_column *out)
{
	int32_t *code = dataset_alloc(d, (size_t)d->n * sizeof *code);
	for (int64_t k = 0; code && k < d->n; k++)
		code[k] = c->code[order[k]];
	out->code = code;
	return code && freeze_words(d, &c->words, code, d->n, &out->words);
}

/* first[n + 1] of rows of these lengths. */
static int64_t *freeze_firsts(struct dataset *d, const struct cell_rows *c, const int64_t *order)
{
	int64_t *first = dataset_alloc(d, ((size_t)d->n + 1) * sizeof *first);
	for (int64_t k = 0; first && k < d->n; k++)
		first[k + 1] = first[k] + c->length[order[k]];
	return first;
}

static bool freeze_lists(struct dataset *d, const struct cell_rows *c, const int64_t *order, struct row_column *out)
{
	int64_t *first = freeze_firsts(d, c, order);
	int32_t *code = first ? dataset_alloc(d, (size_t)first[d->n] * sizeof *code) : NULL;
	if (!code)
		return false;
	for (int64_t k = 0; k < d->n; k++)
		if (c->length[order[k]])
			memcpy(code + first[k], c->code + c->first[order[k]],
				(size_t)c->length[order[k]] * sizeof *code);
	out->first = first;
	out->code = code;
	return freeze_words(d, &c->words, code, first[d->n], &out->words);
}

static bool freeze_texts(struct dataset *d, const struct cell_rows *c, const int64_t *order, struct row_column *out)
{
	int64_t *offset = freeze_firsts(d, c, order);
	char *bytes = offset ? dataset_alloc(d, (size_t)offset[d->n]) : NULL;
	if (!bytes || d->n > INT32_MAX)
		return false;
	for (int64_t k = 0; k < d->n; k++)
		if (c->length[order[k]])
			memcpy(bytes + offset[k], c->bytes + c->first[order[k]], (size_t)c->length[order[k]]);
	out->words = (struct strtab){(int32_t)d->n, offset, bytes};
	return true;
}

static bool freeze_one(struct dataset *d, const struct cell_rows *c, const int64_t *order, struct row_column *out)
{
	memcpy(out->name, c->name, sizeof out->name);
	out->type = c->type;
	switch (c->type) {
	case COLUMN_REAL:
		return freeze_reals(d, c, order, out);
	case COLUMN_TOKEN:
		return freeze_codes(d, c, order, out);
	case COLUMN_TOKENS:
		return freeze_lists(d, c, order, out);
	case COLUMN_TEXT:
		return freeze_texts(d, c, order, out);
	}
	return false;
}

bool freeze_row_columns(struct builder *b, struct dataset *d, const int64_t *order, int64_t n)
{
	CHECK(d->n == n, "the rows are frozen first");
	struct row_column *column = dataset_alloc(d, b->n_row_columns * sizeof *column);
	if (!column)
		return false;
	for (size_t i = 0; i < b->n_row_columns; i++) {
		if (!extend(&b->row_column[i], b->n) || !freeze_one(d, &b->row_column[i], order, &column[i]))
			return false;
		cell_rows_fini(&b->row_column[i]);
	}
	d->n_row_columns = (int)b->n_row_columns;
	d->row_columns = column;
	return true;
}
