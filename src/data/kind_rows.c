/* One example is a row of the rating matrix as it is known in training: a user's items with their ratings, or (by = "item") an
 * item's users.  Every observed entry stands there exactly once; nothing is padded and nothing made dense.  Entries are the
 * users (items) that have a training row.  Autoencoders, RBMs, NADE and item-item models read these batches.
 *
 * With zeros > 0 each entry that is not there is drawn with that probability, anew in every epoch, into `zero`, on the second
 * token axis: what zero reconstruction and partial masking (Chae et al. 2018) take for "not wanted". */
#include "base/mem.h"
#include "data/kind.h"
#include "data/transpose.h"

#include <string.h>

enum { BY, BINARY, ZEROS };

static bool by_item(const struct args *a)
{
	return a->num[BY] != 0;
}

struct matrix {
	int32_t rows;
	const int64_t *start;
	const int32_t *id;
	const float *rating;
};

static struct matrix matrix_of(const struct batcher *b)
{
	const struct split *s = b->split;
	const struct transpose *t = b->state;
	return t ? (struct matrix){s->data->n_items, t->start, t->user, t->rating}
		 : (struct matrix){s->data->n_users, s->train_start, s->train_item, s->train_rating};
}

static int32_t row_length(const struct batcher *b, int32_t row)
{
	struct matrix m = matrix_of(b);
	return (int32_t)(m.start[row + 1] - m.start[row]);
}

static enum err_code begin(struct batcher *b, struct err *e)
{
	if (by_item(&b->o.args))
		TRY(transpose_new(b->split, 1u << PART_TRAIN, (struct transpose **)&b->state, e));
	struct matrix m = matrix_of(b);
	int64_t most = 0;
	for (int32_t i = 0; i < m.rows; i++)
		most = m.start[i + 1] - m.start[i] > most ? m.start[i + 1] - m.start[i] : most;
	TRY(batcher_list(b, m.rows, m.start, e));
	if (b->o.args.num[ZEROS] > 0) {
		const struct dataset *d = b->split->data;
		int64_t rows = (int64_t)b->o.batch * (by_item(&b->o.args) ? d->n_users : d->n_items);
		if (rows > INT32_MAX)
			return err_set(e, ERR_ARG,
				"rows batches: %d examples with zeros of %d are too many for one batch", b->o.batch,
				(int)(rows / b->o.batch));
		b->max_rows[AXIS_TOKEN2] = rows;
	}
	return batcher_bound(b, AXIS_TOKEN, (int32_t)most, row_length, e);
}

static void columns(const struct batcher *b, struct batch *out)
{
	bool item = by_item(&b->o.args);
	field_add(out, item ? "item" : "user", FIELD_INT, AXIS_EXAMPLE, 1);
	field_add(out, item ? "user" : "item", FIELD_INT, AXIS_TOKEN, 1);
	field_add(out, "rating", FIELD_REAL, AXIS_TOKEN, 1);
	if (b->o.args.num[ZEROS] > 0) {
		field_add(out, "zero", FIELD_INT, AXIS_TOKEN2, 1);
		out->spec[out->nfields - 1].below = item ? b->split->data->n_users : b->split->data->n_items;
	}
}

/* Entries of row `row` that are not there, each with probability zeros; returns how many. */
static int32_t draw_zeros(const struct batcher *b, int32_t row, uint64_t key, int32_t *out)
{
	bool item = by_item(&b->o.args);
	int32_t others = item ? b->split->data->n_users : b->split->data->n_items, n = 0;
	struct rng r = {key, 0};
	for (int32_t i = 0; i < others; i++) {
		bool seen = item ? split_seen(b->split, i, row) : split_seen(b->split, row, i);
		if (!seen && rng_unit(&r) < b->o.args.num[ZEROS])
			out[n++] = i;
	}
	return n;
}

/* What stands in column `rating`. */
static void copy(const struct args *a, real *to, const float *rating, int64_t n)
{
	bool ones = !rating || a->num[BINARY] != 0;
	for (int64_t i = 0; i < n; i++)
		to[i] = ones ? 1 : (real)rating[i];
}

static void fill(struct batcher *b, int32_t n)
{
	struct matrix m = matrix_of(b);
	int32_t *row = b->column[0], *id = b->column[1], *offsets = b->offsets[AXIS_TOKEN];
	real *rating = b->column[2];
	offsets[0] = 0;
	for (int32_t i = 0; i < n; i++) {
		row[i] = b->row_user[b->order[i]];
		int64_t from = m.start[row[i]], count = m.start[row[i] + 1] - from;
		memcpy(id + offsets[i], m.id + from, (size_t)count * sizeof *id);
		copy(&b->o.args, rating + offsets[i], m.rating ? m.rating + from : NULL, count);
		offsets[i + 1] = offsets[i] + (int32_t)count;
	}
	int32_t *at = b->offsets[AXIS_TOKEN2], *zero = at ? b->column[3] : NULL;
	for (int32_t i = 0; at && i < n; i++) {
		at[0] = 0;
		at[i + 1] = at[i] + draw_zeros(b, row[i], rng_at(b->noise_key, (uint64_t)b->order[i]), zero + at[i]);
	}
}

static void eval_columns(const struct args *a, int32_t length, struct batch *out)
{
	(void)length;
	field_add(out, by_item(a) ? "user" : "item", FIELD_INT, AXIS_TOKEN, 1);
	field_add(out, "rating", FIELD_REAL, AXIS_TOKEN, 1);
}

static enum err_code example(struct eval_writer *w, const struct history *h, struct err *e)
{
	int32_t *id = eval_writer_ints(w, by_item(h->args) ? "user" : "item", h->n);
	real *rating = eval_writer_reals(w, "rating", h->n);
	if (!id || !rating)
		return err_set(e, ERR_NOMEM, "no memory for a history of %d entries", h->n);
	if (h->n > 0)
		memcpy(id, h->item, (size_t)h->n * sizeof *id);
	copy(h->args, rating, h->rating, h->n);
	return OK;
}

/* A bound that costs nothing: nobody has more items than there are interactions. */
static int64_t rows_of_axis(enum axis a, int32_t length, const struct dataset *d)
{
	(void)length;
	return a == AXIS_TOKEN ? d->start[d->n_users] : 0;
}

static const struct arg_spec args[] = {
	{"by", ARG_CHOICE, 0, 0, 0, 0, "an example is a user's items or an item's users", "user", "user|item"},
	{"binary", ARG_BOOL, 0, 0, 1, 0, "rating is 1 whatever was given", NULL, NULL},
	{"zeros", ARG_REAL, 0, 0, 1, 0, "share of the entries that are not there that is drawn into column zero[T2]",
		NULL, NULL},
	{0},
};

extern const struct kind_class kind_rows;
const struct kind_class kind_rows = {
	.desc = {"rows", "user[E] item[T] rating[T], or by item: item[E] user[T] rating[T]",
		"All that is known of a user (by = \"item\": of an item), every entry once, with its rating or 1.",
		args},
	.flags = KIND_HISTORY,
	.begin = begin,
	.columns = columns,
	.fill = fill,
	.by_item = by_item,
	.eval_columns = eval_columns,
	.example = example,
	.eval_rows = rows_of_axis,
};
