/* Interactions with attributes, in the sizes of well-known sets: categories of click-through data, reviews of ratings.  The data
 * set is made as it is, without a builder: its vocabularies hold words that no row has, as published feature maps do. */
#include "base/mem.h"
#include "base/rng.h"
#include "base/str.h"
#include "data/synthetic.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { FIELDS_MAX = 39, WORD_BYTES = 10 };

struct table {
	const char *name;
	int32_t rows, users, items, fields;
	double exponent, shift;	     /* a word's weight: (rank + shift)^-exponent */
	int32_t size[FIELDS_MAX];    /* words of each field */
	int32_t words, review_words; /* instead of fields: the vocabulary, and the words of a review */
};

/* Criteo: 13 numbers in 50 buckets each, then 26 categories; 1,000,000 words in all. */
static const struct table tables[] = {
	{"frappe", 288609, 957, 4082, 10, 0.9, 2, .size = {957, 4082, 7, 7, 2, 3, 9, 80, 233, 2}},
	{"criteo", 400000, 1000, 1000, 39, 1.1, 2,
		.size = {50, 50, 50, 50, 50, 50, 50, 50, 50, 50, 50, 50, 50, 1460, 583, 249952, 90000, 305, 24, 12517,
			633, 3, 52000, 5683, 160000, 3194, 27, 14992, 110000, 10, 5652, 2173, 4, 140000, 18, 15, 80000,
			105, 70000}},
	{"text", 30000, 6000, 3700, 0, 1.07, 3, .words = 50000, .review_words = 200},
};

static const struct table *find(const char *name)
{
	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
		if (strcmp(tables[i].name, name) == 0)
			return &tables[i];
	return NULL;
}

bool synthetic_rows_shape(const char *name)
{
	return find(name) != NULL;
}

/* Words of a vocabulary in proportion to their weights. */
struct zipf {
	int32_t n;
	double *cumulative;
};

static struct zipf zipf_new(int32_t n, double exponent, double shift)
{
	struct zipf z = {n, mem_calloc((size_t)n, sizeof(double))};
	double sum = 0;
	for (int32_t i = 0; z.cumulative && i < n; i++)
		z.cumulative[i] = sum += pow(i + shift, -exponent);
	return z;
}

static int32_t zipf_draw(const struct zipf *z, struct rng *r)
{
	double x = rng_unit(r) * z->cumulative[z->n - 1];
	int32_t low = 0, high = z->n - 1;
	while (low < high) {
		int32_t middle = low + (high - low) / 2;
		if (z->cumulative[middle] > x)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* "0", "1", ... */
static bool numerals(struct dataset *d, int32_t n, struct strtab *out)
{
	int64_t *offset = dataset_alloc(d, ((size_t)n + 1) * sizeof *offset);
	char *bytes = dataset_alloc(d, (size_t)n * WORD_BYTES + 1);
	for (int32_t i = 0; offset && bytes && i < n; i++)
		offset[i + 1] = offset[i] + snprintf(bytes + offset[i], WORD_BYTES + 1, "%d", i);
	*out = (struct strtab){n, offset, bytes};
	return offset && bytes;
}

/* Row i is of user i * users / rows; items take turns, so that everybody and everything is met about equally often. */
static bool interactions(struct dataset *d, const struct table *t)
{
	int64_t *start = dataset_alloc(d, ((size_t)t->users + 1) * sizeof *start);
	int32_t *item = dataset_alloc(d, (size_t)t->rows * sizeof *item);
	float *rating = dataset_alloc(d, (size_t)t->rows * sizeof *rating);
	uint8_t *part = dataset_alloc(d, (size_t)t->rows);
	if (!start || !item || !rating || !part)
		return false;
	for (int32_t u = 0; u <= t->users; u++)
		start[u] = ((int64_t)u * t->rows + t->users - 1) / t->users;
	for (int32_t i = 0; i < t->rows; i++) {
		item[i] = (int32_t)((int64_t)i * 1009 % t->items);
		part[i] = i % 100 == 99 ? PART_TEST : PART_TRAIN;
	}
	d->n = t->rows;
	d->n_users = t->users;
	d->n_items = t->items;
	d->start = start;
	d->item = item;
	d->rating = rating;
	d->part = part;
	return numerals(d, t->users, &d->users) && numerals(d, t->items, &d->items);
}

/* ---- fields ---- */

/* Adds each row's word's weight to its logit. */
static bool field(struct dataset *d, const struct table *t, uint64_t seed, int f, float *logit, struct row_column *out)
{
	struct zipf z = zipf_new(t->size[f], t->exponent, t->shift);
	int32_t *code = dataset_alloc(d, (size_t)t->rows * sizeof *code);
	float *weight = mem_calloc((size_t)z.n, sizeof *weight);
	bool made = z.cumulative && code && weight;
	struct rng of_words = rng_stream(seed, RNG_PLANTED, 4, (uint64_t)f);
	struct rng draws = rng_stream(seed, RNG_PLANTED, 5, (uint64_t)f);
	for (int32_t w = 0; made && w < z.n; w++)
		weight[w] = (float)(rng_normal(&of_words) / sqrt(t->fields));
	for (int32_t i = 0; made && i < t->rows; i++) {
		code[i] = zipf_draw(&z, &draws);
		logit[i] += weight[code[i]];
	}
	*out = (struct row_column){.type = COLUMN_TOKEN, .code = code};
	snprintf(out->name, sizeof out->name, "f%d", f + 1);
	mem_free(z.cumulative);
	mem_free(weight);
	return made && numerals(d, t->size[f], &out->words);
}

/* Liked: the sum of the weights of a row's words and logistic noise are above .5. */
static bool fields(struct dataset *d, const struct table *t, uint64_t seed)
{
	struct row_column *column = dataset_alloc(d, (size_t)t->fields * sizeof *column);
	float *logit = dataset_alloc(d, (size_t)t->rows * sizeof *logit);
	struct rng noise = rng_stream(seed, RNG_PLANTED, 6, 0);
	bool made = column && logit;
	for (int f = 0; made && f < t->fields; f++)
		made = field(d, t, seed, f, logit, &column[f]);
	for (int32_t i = 0; made && i < t->rows; i++) {
		double u = rng_unit(&noise) * 0.999998 + 1e-6;
		logit[i] = (double)logit[i] + 0.5 * log(u / (1 - u)) > 0.5 ? 1 : 0;
	}
	d->rating = logit;
	d->row_columns = column;
	d->n_row_columns = t->fields;
	return made;
}

/* ---- reviews ---- */

static bool reviews(struct dataset *d, const struct table *t, uint64_t seed)
{
	int64_t words = (int64_t)t->rows * t->review_words;
	struct zipf z = zipf_new(t->words, t->exponent, t->shift);
	struct row_column *column = dataset_alloc(d, sizeof *column);
	int64_t *offset = dataset_alloc(d, ((size_t)t->rows + 1) * sizeof *offset);
	float *rating = dataset_alloc(d, (size_t)t->rows * sizeof *rating);
	char *bytes = dataset_alloc(d, (size_t)words * (WORD_BYTES + 1));
	bool made = z.cumulative && column && offset && rating && bytes;
	for (int32_t i = 0; made && i < t->rows; i++) {
		struct rng draws = rng_stream(seed, RNG_PLANTED, 7, (uint64_t)i);
		int64_t at = offset[i];
		for (int32_t k = 0; k < t->review_words; k++)
			at += snprintf(bytes + at, WORD_BYTES + 2, "w%d ", zipf_draw(&z, &draws));
		offset[i + 1] = at;
		rating[i] = (float)(1 + rng_below(&draws, 5));
	}
	mem_free(z.cumulative);
	if (!made)
		return false;
	*column = (struct row_column){.name = "review", .type = COLUMN_TEXT, .words = {t->rows, offset, bytes}};
	d->rating = rating;
	d->row_columns = column;
	d->n_row_columns = 1;
	return true;
}

enum err_code synthetic_rows(const char *shape, uint64_t seed, struct dataset **out, struct err *e)
{
	const struct table *t = find(shape);
	struct dataset *d = t ? dataset_new(shape) : NULL;
	*out = NULL;
	if (!t)
		return err_set(e, ERR_ARG, "there is no synthetic data set of rows '%s'", shape);
	if (!d || !interactions(d, t) || !(t->fields ? fields : reviews)(d, t, seed)) {
		dataset_unref(d);
		return err_set(e, ERR_NOMEM, "no memory for %d rows in the shape of %s", t->rows, shape);
	}
	d->hash = dataset_content_hash(d);
	*out = d;
	return OK;
}
