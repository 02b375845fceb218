/* One example is a row of the rating matrix as it is known in training: a user's items with their ratings, or (by = "item") an
 * item's users.  Every observed entry stands there exactly once; nothing is padded and nothing made dense.  Entries are the
 * users (items) that have a training row.  Autoencoders, RBMs, NADE and item-item models read these batches.
 *
 * With zeros > 0 each entry that is not there is drawn with that probability, anew in every epoch, into `zero`, on the second
 * token axis: what zero reconstruction and partial masking (Chae et al. 2018) take for "not wanted".  With masked > 0 there are two
 * sets that share no entry: those for zero reconstruction (rebuild is 1) and those for partial masking (masked is the id, elsewhere
 * -1), each with a probability of its own.  A draw has 16 bits, so that shares are exact to 2^-17. */
#include "base/mem.h"
#include "data/kind.h"
#include "data/transpose.h"

#include <string.h>

enum { BY, BINARY, ZEROS, MASKED };
enum { ID = 1, RATING, ZERO, MASK, REBUILD }; /* the columns behind that of the example */

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

static bool draws(const struct batcher *b)
{
	return b->o.args.num[ZEROS] > 0 || b->o.args.num[MASKED] > 0;
}

/* How many entries a full row would have. */
static int32_t width_of(const struct batcher *b)
{
	return by_item(&b->o.args) ? b->split->data->n_users : b->split->data->n_items;
}

static enum err_code reserve_zeros(struct batcher *b, struct err *e)
{
	int64_t rows = (int64_t)b->o.batch * width_of(b);
	if (b->o.args.num[ZEROS] + b->o.args.num[MASKED] > 1)
		return err_set(e, ERR_ARG,
			"rows batches: zeros=%g and masked=%g are shares of the same entries; together they must be at "
			"most 1",
			b->o.args.num[ZEROS], b->o.args.num[MASKED]);
	if (rows > INT32_MAX)
		return err_set(e, ERR_ARG, "rows batches: %d examples with zeros of %d are too many for one batch",
			b->o.batch, width_of(b));
	b->max_rows[AXIS_TOKEN2] = rows;
	return OK;
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
	if (draws(b))
		TRY(reserve_zeros(b, e));
	return batcher_bound(b, AXIS_TOKEN, (int32_t)most, row_length, e);
}

static void columns(const struct batcher *b, struct batch *out)
{
	bool item = by_item(&b->o.args);
	field_add(out, item ? "item" : "user", FIELD_INT, AXIS_EXAMPLE, 1);
	field_add(out, item ? "user" : "item", FIELD_INT, AXIS_TOKEN, 1);
	field_add(out, "rating", FIELD_REAL, AXIS_TOKEN, 1);
	if (draws(b)) {
		field_add(out, "zero", FIELD_INT, AXIS_TOKEN2, 1);
		out->spec[out->nfields - 1].below = width_of(b);
	}
	if (b->o.args.num[MASKED] > 0) {
		field_add(out, "masked", FIELD_INT, AXIS_TOKEN2, 1);
		out->spec[out->nfields - 1].below = width_of(b);
		field_add(out, "rebuild", FIELD_REAL, AXIS_TOKEN2, 1);
	}
}

/* Ascending ids of what is there in a row. */
struct ids {
	const int32_t *at, *end;
};

static struct ids row_ids(const struct batcher *b, int32_t row)
{
	struct matrix m = matrix_of(b);
	const int32_t *id = b->state ? m.id : b->split->train_sorted;
	return (struct ids){id + m.start[row], id + m.start[row + 1]};
}

enum { CHUNK = 64, DRAW_BITS = 16, DRAWS = 64 / DRAW_BITS };

/* Bit j: entry from + j is there, or beyond the last. */
static uint64_t taken(struct ids *there, int32_t from, int32_t width)
{
	uint64_t bits = width - from < CHUNK ? ~UINT64_C(0) << (width - from) : 0;
	for (; there->at < there->end && *there->at < from + CHUNK; there->at++)
		bits |= UINT64_C(1) << (*there->at - from);
	return bits;
}

/* Draw i of a stream is the i-th piece of 16 bits of its numbers. */
static void draw(uint64_t key, int32_t from, uint16_t *u)
{
	uint64_t bits[CHUNK / DRAWS];
	for (int32_t w = 0; w < CHUNK / DRAWS; w++)
		bits[w] = rng_at(key, (uint64_t)(from / DRAWS + w));
	memcpy(u, bits, sizeof bits);
}

/* Eight bytes that are 0 or 1 -> as many bits: byte j is moved to bit 56 + j by one term of the factor, and no two terms meet. */
static uint64_t pack_bits(const uint8_t *byte)
{
	uint64_t x;
	memcpy(&x, byte, sizeof x);
	return x * UINT64_C(0x0102040810204080) >> 56;
}

/* Bit j: u[j] < limit. */
static uint64_t bits_below(const uint16_t *u, uint32_t limit)
{
	uint8_t below[CHUNK];
	uint64_t bits = 0;
	for (int32_t j = 0; j < CHUNK; j++)
		below[j] = u[j] < limit;
	for (int32_t j = 0; j < CHUNK; j += 8)
		bits |= pack_bits(below + j) << j;
	return bits;
}

struct zeros {
	uint32_t below, masked; /* of the 2^16 draws those below are taken, and those below masked are for masking */
	int32_t *id, *mask;	/* mask: NULL where nothing is masked */
	real *rebuild;
};

static struct zeros zeros_of(const struct batcher *b)
{
	const double *share = b->o.args.num, all = (double)(1 << DRAW_BITS);
	bool masks = share[MASKED] > 0;
	return (struct zeros){(uint32_t)((share[ZEROS] + share[MASKED]) * all + 0.5),
		(uint32_t)(share[MASKED] * all + 0.5), b->column[ZERO], masks ? b->column[MASK] : NULL,
		masks ? b->column[REBUILD] : NULL};
}

/* The entries of a row that are not there, each taken or not, from place n on; returns the place behind. */
static int32_t draw_zeros(const struct zeros *z, struct ids there, int32_t width, uint64_t key, int32_t n)
{
	for (int32_t from = 0; from < width; from += CHUNK) {
		uint16_t u[CHUNK];
		draw(key, from, u);
		const uint64_t masked = bits_below(u, z->masked);
		uint64_t drawn = bits_below(u, z->below) & ~taken(&there, from, width);
		for (; drawn; drawn &= drawn - 1, n++) {
			const int32_t j = __builtin_ctzll(drawn), id = from + j;
			z->id[n] = id;
			if (!z->mask)
				continue;
			const int32_t rebuild = ~masked >> j & 1;
			z->mask[n] = id | -rebuild;
			z->rebuild[n] = (real)rebuild;
		}
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

static void fill_zeros(struct batcher *b, int32_t n, const int32_t *row)
{
	int32_t *at = b->offsets[AXIS_TOKEN2];
	struct zeros z = zeros_of(b);
	at[0] = 0;
	for (int32_t i = 0; i < n; i++)
		at[i + 1] = draw_zeros(
			&z, row_ids(b, row[i]), width_of(b), rng_at(b->noise_key, (uint64_t)b->order[i]), at[i]);
}

static void fill(struct batcher *b, int32_t n)
{
	struct matrix m = matrix_of(b);
	int32_t *row = b->column[0], *id = b->column[ID], *offsets = b->offsets[AXIS_TOKEN];
	real *rating = b->column[RATING];
	offsets[0] = 0;
	for (int32_t i = 0; i < n; i++) {
		row[i] = b->row_user[b->order[i]];
		int64_t from = m.start[row[i]], count = m.start[row[i] + 1] - from;
		memcpy(id + offsets[i], m.id + from, (size_t)count * sizeof *id);
		copy(&b->o.args, rating + offsets[i], m.rating ? m.rating + from : NULL, count);
		offsets[i + 1] = offsets[i] + (int32_t)count;
	}
	if (draws(b))
		fill_zeros(b, n, row);
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
	{"masked", ARG_REAL, 0, 0, 1, 0,
		"share of the entries that are not there that is drawn besides, for masking: column masked[T2]", NULL,
		NULL},
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
