/* An epoch visits the entries 0..entries-1 of the kind in the order of a permutation that is computed place by place
 * (data/shuffle.h), so beginning an epoch costs nothing.  Entries are
 *
 *   points    which * rows + row: which = 0 the training row itself, 1..negatives a negative for it
 *   pairs, ratings   a training row
 *   sequence  a user with two or more training rows
 *
 * The negatives of an entry come from its own stream, keyed by (seed, epoch, entry). */
#include "data/batcher.h"

#include "base/mem.h"
#include "data/field.h"
#include "data/shuffle.h"

#include <string.h>

enum { NO_EPOCH = -1 };

struct batcher;
struct kind {
	const char *name;
	void (*columns)(const struct batcher *b, struct batch *out);
	void (*fill)(struct batcher *b, int32_t n);
	bool of_users; /* entries are users, else training rows */
	bool with_negatives_as_entries;
};

struct batcher {
	struct split *split;
	const struct kind *kind;
	struct batch_options o; /* strings are not kept */
	struct sampler *sampler;
	int64_t rows, entries, steps;
	int64_t max_tokens;
	int32_t *row_user; /* [rows] the user of a training row; for `of_users` the users that have a sequence */
	int64_t *order;	   /* [batch] the entries of this batch */
	int32_t *offsets;  /* [batch + 1] */
	void *column[BATCH_FIELDS_MAX];
	struct batch signature;
	/* the epoch at hand */
	int64_t epoch;
	uint64_t negative_key;
	struct shuffle shuffle;
};

/* k negatives for each of n examples: out[i * k + j] is the j-th of entry order[i]. */
static void draw_negatives(const struct batcher *b, const int32_t *user, int32_t n, int64_t k, int32_t *out)
{
	enum { BLOCK = 64 };
	for (int32_t from = 0; from < n; from += BLOCK) {
		int32_t m = n - from < BLOCK ? n - from : BLOCK, item[BLOCK];
		uint64_t key[BLOCK];
		for (int64_t j = 0; j < k; j++) {
			for (int32_t i = 0; i < m; i++)
				key[i] = rng_at(b->negative_key, (uint64_t)(b->order[from + i] * k + j));
			sampler_draw_each(b->sampler, user + from, key, item, m);
			for (int32_t i = 0; i < m; i++)
				out[(from + i) * k + j] = item[i];
		}
	}
}

/* ---- points ---- */

static void points_columns(const struct batcher *b, struct batch *out)
{
	field_add(out, "user", FIELD_INT, AXIS_EXAMPLE, 1);
	field_add(out, "item", FIELD_INT, AXIS_EXAMPLE, 1);
	field_add(out, "label", FIELD_REAL, AXIS_EXAMPLE, 1);
}

static void points_fill(struct batcher *b, int32_t n)
{
	int32_t *user = b->column[0], *item = b->column[1];
	real *label = b->column[2];
	double per_row = 1. / (double)b->rows;
	for (int32_t i = 0; i < n; i++) {
		/* row = entry mod rows, without a division: the quotient is off by one at most. */
		int64_t entry = b->order[i], row = entry - (int64_t)((double)entry * per_row) * b->rows;
		row += row >= b->rows ? -b->rows : row < 0 ? b->rows : 0;
		user[i] = b->row_user[row];
		label[i] = row == entry;
	}
	if (b->o.negatives)
		draw_negatives(b, user, n, 1, item);
	for (int32_t i = 0; i < n; i++)
		if (b->order[i] < b->rows)
			item[i] = b->split->train_item[b->order[i]];
}

/* ---- pairs ---- */

static void pairs_columns(const struct batcher *b, struct batch *out)
{
	field_add(out, "user", FIELD_INT, AXIS_EXAMPLE, 1);
	field_add(out, "item", FIELD_INT, AXIS_EXAMPLE, 1);
	if (b->o.negatives)
		field_add(out, "negative", FIELD_INT, AXIS_EXAMPLE, b->o.negatives);
}

static void pairs_fill(struct batcher *b, int32_t n)
{
	int32_t *user = b->column[0], *item = b->column[1], *negative = b->column[2];
	for (int32_t i = 0; i < n; i++) {
		int64_t row = b->order[i];
		user[i] = b->row_user[row];
		item[i] = b->split->train_item[row];
	}
	draw_negatives(b, user, n, b->o.negatives, negative);
}

/* ---- ratings ---- */

static void ratings_fill(struct batcher *b, int32_t n)
{
	int32_t *user = b->column[0], *item = b->column[1];
	real *label = b->column[2];
	for (int32_t i = 0; i < n; i++) {
		int64_t row = b->order[i];
		user[i] = b->row_user[row];
		item[i] = b->split->train_item[row];
		label[i] = (real)b->split->train_rating[row];
	}
}

/* ---- sequence ---- */

static void sequence_columns(const struct batcher *b, struct batch *out)
{
	field_add(out, "item", FIELD_INT, AXIS_TOKEN, 1);
	field_add(out, "target", FIELD_INT, AXIS_TOKEN, 1);
	if (b->o.negatives)
		field_add(out, "negative", FIELD_INT, AXIS_TOKEN, b->o.negatives);
	field_add(out, "position", FIELD_INT, AXIS_TOKEN, 1);
	field_add(out, "user", FIELD_INT, AXIS_EXAMPLE, 1);
}

/* Tokens of a user's window: as many as there are targets. */
static int32_t window(const struct batcher *b, int32_t user)
{
	int64_t n = b->split->train_start[user + 1] - b->split->train_start[user] - 1;
	return n < b->o.length ? (int32_t)n : b->o.length;
}

static void sequence_fill(struct batcher *b, int32_t n)
{
	int c = b->o.negatives ? 1 : 0;
	int32_t *item = b->column[0], *target = b->column[1], *negative = b->column[2];
	int32_t *position = b->column[2 + c], *user = b->column[3 + c];
	int64_t k = b->o.negatives;
	b->offsets[0] = 0;
	for (int32_t i = 0; i < n; i++) {
		user[i] = b->row_user[b->order[i]];
		int32_t at = b->offsets[i], tokens = window(b, user[i]);
		const int32_t *s = b->split->train_item + b->split->train_start[user[i] + 1] - tokens - 1;
		memcpy(item + at, s, (size_t)tokens * sizeof *s);
		memcpy(target + at, s + 1, (size_t)tokens * sizeof *s);
		for (int32_t t = 0; t < tokens; t++)
			position[at + t] = b->o.length - tokens + t;
		struct rng r = {rng_at(b->negative_key, (uint64_t)b->order[i]), 0};
		for (int64_t j = 0; j < tokens * k; j++)
			negative[at * k + j] = sampler_draw(b->sampler, user[i], &r);
		b->offsets[i + 1] = at + tokens;
	}
}

static const struct kind kinds[] = {
	{.name = "points", .columns = points_columns, .fill = points_fill, .with_negatives_as_entries = true},
	{.name = "pairs", .columns = pairs_columns, .fill = pairs_fill},
	{.name = "ratings", .columns = points_columns, .fill = ratings_fill},
	{.name = "sequence", .columns = sequence_columns, .fill = sequence_fill, .of_users = true},
};

/* ---- making ---- */

static enum err_code find_kind(struct batcher *b, struct err *e)
{
	const struct batch_options *o = &b->o;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds && o->kind; i++)
		if (strcmp(kinds[i].name, o->kind) == 0)
			b->kind = &kinds[i];
	if (!b->kind)
		return err_set(e, ERR_ARG,
			"there are no batches of kind '%s'; there are points, pairs, sequence and ratings",
			o->kind ? o->kind : "");
	if (o->batch < 1)
		return err_set(e, ERR_ARG, "%s batches: batch must be 1 or more, got %d", o->kind, o->batch);
	if (o->negatives < 0 || o->negatives > 65536)
		return err_set(e, ERR_ARG, "%s batches: negatives must be in 0..65536, got %d", o->kind, o->negatives);
	if (b->kind->of_users && o->length < 1)
		return err_set(e, ERR_ARG, "sequence batches: length must be 1 or more, got %d", o->length);
	if (b->kind->fill == ratings_fill && !b->split->train_rating)
		return err_set(e, ERR_ARG, "ratings batches: data set '%s' has no ratings; use points or pairs",
			b->split->data->name);
	return OK;
}

/* Finds the user of every training row, or the users with a sequence; fills rows and entries. */
static enum err_code list_entries(struct batcher *b, struct err *e)
{
	const struct split *s = b->split;
	int64_t bound = b->kind->of_users ? s->data->n_users : s->count[PART_TRAIN];
	b->row_user = mem_aligned(((size_t)bound + 1) * sizeof *b->row_user);
	if (!b->row_user)
		return err_set(e, ERR_NOMEM, "no memory for batches of %lld entries", (long long)bound);
	for (int32_t u = 0; u < s->data->n_users; u++) {
		int64_t n = s->train_start[u + 1] - s->train_start[u];
		if (b->kind->of_users)
			n = n >= 2;
		while (n-- > 0)
			b->row_user[b->rows++] = u;
	}
	if (b->rows == 0)
		return err_set(e, ERR_ARG, "%s batches: data set '%s' has no training rows for them", b->kind->name,
			s->data->name);
	b->entries = b->kind->with_negatives_as_entries ? b->rows * (1 + (int64_t)b->o.negatives) : b->rows;
	b->steps = b->o.drop_last ? b->entries / b->o.batch : (b->entries + b->o.batch - 1) / b->o.batch;
	if (b->steps == 0)
		return err_set(e, ERR_ARG,
			"%s batches: drop_last leaves none, as batch=%d is more than the %lld entries", b->kind->name,
			b->o.batch, (long long)b->entries);
	if (b->o.batch > b->entries)
		b->o.batch = (int32_t)b->entries;
	return OK;
}

/* The tokens of the `batch` longest windows together. */
static enum err_code bound_tokens(struct batcher *b, struct err *e)
{
	if (!b->kind->of_users)
		return OK;
	int64_t *count = mem_calloc((size_t)b->o.length + 1, sizeof *count);
	if (!count)
		return err_set(e, ERR_NOMEM, "no memory for windows of %d items", b->o.length);
	for (int64_t i = 0; i < b->rows; i++)
		count[window(b, b->row_user[i])]++;
	int64_t left = b->o.batch;
	for (int32_t n = b->o.length; n > 0 && left > 0; n--) {
		int64_t take = count[n] < left ? count[n] : left;
		b->max_tokens += take * n;
		left -= take;
	}
	mem_free(count);
	if (b->max_tokens > INT32_MAX)
		return err_set(e, ERR_ARG, "sequence batches: %d windows of %d items are too many tokens for one batch",
			b->o.batch, b->o.length);
	return OK;
}

static enum err_code allocate_columns(struct batcher *b, struct err *e)
{
	b->order = mem_calloc((size_t)b->o.batch, sizeof *b->order);
	b->offsets = mem_calloc((size_t)b->o.batch + 1, sizeof *b->offsets);
	bool ok = b->order && b->offsets;
	b->kind->columns(b, &b->signature);
	for (int i = 0; i < b->signature.nfields; i++) {
		const struct field_spec *f = &b->signature.spec[i];
		size_t rows = (size_t)batcher_max_rows(b, f->axis) * (size_t)f->width;
		b->column[i] = mem_aligned(rows * (f->type == FIELD_INT ? sizeof(int32_t) : sizeof(real)));
		ok = ok && b->column[i];
	}
	return ok ? OK : err_set(e, ERR_NOMEM, "no memory for %s batches of %d", b->kind->name, b->o.batch);
}

enum err_code batcher_new(struct split *s, const struct batch_options *o, struct batcher **out, struct err *e)
{
	*out = NULL;
	struct batcher *b = mem_calloc(1, sizeof *b);
	if (!b)
		return err_set(e, ERR_NOMEM, "no memory for batches");
	b->o = *o;
	b->split = split_ref(s);
	b->epoch = NO_EPOCH;
	enum err_code code = find_kind(b, e);
	if (code == OK)
		code = sampler_new(s, o->sampler ? o->sampler : "unseen", o->alpha, &b->sampler, e);
	if (code == OK)
		code = list_entries(b, e);
	if (code == OK)
		code = bound_tokens(b, e);
	if (code == OK)
		code = allocate_columns(b, e);
	b->o.kind = b->o.sampler = NULL;
	if (code != OK) {
		batcher_free(b);
		return code;
	}
	*out = b;
	return OK;
}

void batcher_free(struct batcher *b)
{
	if (!b)
		return;
	for (int i = 0; i < BATCH_FIELDS_MAX; i++)
		mem_aligned_free(b->column[i]);
	mem_free(b->order);
	mem_free(b->offsets);
	mem_aligned_free(b->row_user);
	sampler_free(b->sampler);
	split_unref(b->split);
	mem_free(b);
}

/* ---- reading ---- */

void batcher_signature(const struct batcher *b, struct batch *out)
{
	*out = b->signature;
}

int64_t batcher_steps(const struct batcher *b)
{
	return b->steps;
}

int64_t batcher_max_rows(const struct batcher *b, enum axis a)
{
	switch (a) {
	case AXIS_FIXED:
		return 1;
	case AXIS_EXAMPLE:
		return b->o.batch;
	case AXIS_TOKEN:
		return b->max_tokens;
	default:
		return 0;
	}
}

const float *batcher_log_q(const struct batcher *b)
{
	return b->sampler->log_q;
}

static void begin_epoch(struct batcher *b, int64_t epoch)
{
	b->epoch = epoch;
	b->negative_key = rng_key(b->o.seed, RNG_NEGATIVE, (uint64_t)epoch, 0);
	shuffle_init(&b->shuffle, b->entries, rng_key(b->o.seed, RNG_SHUFFLE, (uint64_t)epoch, 0));
}

void batcher_get(struct batcher *b, int64_t epoch, int64_t index, struct batch *out)
{
	CHECK(epoch >= 0 && index >= 0 && index < b->steps, "batch %lld of %lld, epoch %lld", (long long)index,
		(long long)b->steps, (long long)epoch);
	if (epoch != b->epoch)
		begin_epoch(b, epoch);
	int64_t first = index * b->o.batch, left = b->entries - first;
	int32_t n = left < b->o.batch ? (int32_t)left : b->o.batch;
	shuffle_range(&b->shuffle, first, n, b->order);
	b->kind->fill(b, n);
	*out = b->signature;
	out->examples = n;
	if (b->kind->of_users)
		out->offsets[AXIS_TOKEN] = b->offsets;
	for (int i = 0; i < out->nfields; i++)
		out->column[i] = b->column[i];
	out->seed = b->o.seed;
	out->step = (uint64_t)(epoch * b->steps + index);
}
