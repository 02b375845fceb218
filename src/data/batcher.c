/* An epoch visits the entries 0..entries-1 of the kind in the order of a permutation that is computed place by place
 * (data/shuffle.h), so beginning an epoch costs nothing.  What an entry is and what it becomes is the kind's (data/kind.h). */
#include "data/batcher.h"

#include "base/mem.h"
#include "data/kind.h"

#include <string.h>

enum { NO_EPOCH = -1, PART_LEAST = 128 };

void batcher_draw_negatives(const struct batcher *b, const int32_t *user, int32_t n, int64_t k, int32_t *out)
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

void *batcher_column(const struct batcher *b, const char *name)
{
	for (int i = 0; i < b->signature.nfields; i++)
		if (strcmp(b->signature.spec[i].name, name) == 0)
			return b->column[i];
	return NULL;
}

/* ---- entries ---- */

/* i as often as it has rows, or once where it has `least` of them. */
static enum err_code list(struct batcher *b, int32_t n, const int64_t *start, bool once, int64_t least, struct err *e)
{
	int64_t bound = once ? n : start[n];
	b->row_user = mem_aligned(((size_t)bound + 1) * sizeof *b->row_user);
	if (!b->row_user)
		return err_set(e, ERR_NOMEM, "no memory for batches of %lld entries", (long long)bound);
	for (int32_t i = 0; i < n; i++) {
		int64_t times = start[i + 1] - start[i];
		if (once)
			times = times >= least;
		while (times-- > 0)
			b->row_user[b->rows++] = i;
	}
	b->entries = b->rows;
	return OK;
}

enum err_code batcher_list_rows(struct batcher *b, struct err *e)
{
	return list(b, b->split->data->n_users, b->split->train_start, false, 0, e);
}

enum err_code batcher_list_users(struct batcher *b, int64_t least, struct err *e)
{
	return list(b, b->split->data->n_users, b->split->train_start, true, least, e);
}

enum err_code batcher_list(struct batcher *b, int32_t n, const int64_t *start, struct err *e)
{
	return list(b, n, start, true, 1, e);
}

enum err_code batcher_bound(struct batcher *b, enum axis axis, int32_t most,
	int32_t (*size)(const struct batcher *b, int32_t user), struct err *e)
{
	int64_t *count = mem_calloc((size_t)most + 1, sizeof *count);
	if (!count)
		return err_set(e, ERR_NOMEM, "no memory for windows of %d items", most);
	for (int64_t i = 0; i < b->rows; i++)
		count[size(b, b->row_user[i])]++;
	int64_t left = b->o.batch;
	for (int32_t n = most; n > 0 && left > 0; n--) {
		int64_t take = count[n] < left ? count[n] : left;
		b->max_rows[axis] += take * n;
		left -= take;
	}
	mem_free(count);
	if (b->max_rows[axis] > INT32_MAX)
		return err_set(e, ERR_ARG, "%s batches: %d windows of %d items are too many tokens for one batch",
			b->kind->desc.name, b->o.batch, most);
	return OK;
}

/* ---- making ---- */

static enum err_code check_options(struct batcher *b, struct err *e)
{
	const struct batch_options *o = &b->o;
	b->kind = kind_need(o->kind, e);
	if (!b->kind)
		return ERR_ARG;
	b->o.args = kind_args(b->kind, &o->args);
	if (o->batch < 1)
		return err_set(e, ERR_ARG, "%s batches: batch must be 1 or more, got %d", o->kind, o->batch);
	if (o->negatives < 0 || o->negatives > 65536)
		return err_set(e, ERR_ARG, "%s batches: negatives must be in 0..65536, got %d", o->kind, o->negatives);
	if (b->kind->flags & KIND_LENGTH && o->length < 1)
		return err_set(e, ERR_ARG, "%s batches: length must be 1 or more, got %d", o->kind, o->length);
	if (b->kind->flags & KIND_FIELDS && !b->split->fields)
		return err_set(e, ERR_ARG, "%s batches: the split of data set '%s' was given no fields", o->kind,
			b->split->data->name);
	if (b->kind->flags & KIND_RATINGS && !b->split->train_rating)
		return err_set(e, ERR_ARG, "%s batches: data set '%s' has no ratings; use points or pairs", o->kind,
			b->split->data->name);
	return OK;
}

static enum err_code list_entries(struct batcher *b, struct err *e)
{
	TRY(b->kind->begin(b, e));
	if (b->entries == 0)
		return err_set(e, ERR_ARG, "%s batches: data set '%s' has no training rows for them",
			b->kind->desc.name, b->split->data->name);
	b->steps = b->o.drop_last ? b->entries / b->o.batch : (b->entries + b->o.batch - 1) / b->o.batch;
	if (b->steps == 0)
		return err_set(e, ERR_ARG,
			"%s batches: drop_last leaves none, as batch=%d is more than the %lld entries",
			b->kind->desc.name, b->o.batch, (long long)b->entries);
	if (b->o.batch > b->entries)
		b->o.batch = (int32_t)b->entries;
	b->max_rows[AXIS_FIXED] = 1;
	b->max_rows[AXIS_EXAMPLE] = b->o.batch;
	return OK;
}

static enum err_code allocate_columns(struct batcher *b, struct err *e)
{
	b->order = mem_calloc((size_t)b->o.batch, sizeof *b->order);
	bool ok = b->order != NULL;
	for (int a = AXIS_TOKEN; a < AXIS_N; a++)
		if (b->max_rows[a] > 0)
			ok = (b->offsets[a] = mem_calloc((size_t)b->o.batch + 1, sizeof(int32_t))) && ok;
	b->kind->columns(b, &b->signature);
	field_bound(&b->signature, b->split->data, b->o.length);
	for (int i = 0; i < b->signature.nfields; i++) {
		const struct field_spec *f = &b->signature.spec[i];
		if (b->signature.column[i])
			continue;
		size_t rows = (size_t)b->max_rows[f->axis] * (size_t)f->width;
		b->column[i] = mem_aligned(rows * (f->type == FIELD_INT ? sizeof(int32_t) : sizeof(real)));
		ok = ok && b->column[i];
	}
	return ok ? OK : err_set(e, ERR_NOMEM, "no memory for %s batches of %d", b->kind->desc.name, b->o.batch);
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
	enum err_code code = check_options(b, e);
	if (code == OK)
		code = sampler_new(s, o->sampler ? o->sampler : "unseen", o->alpha, &b->sampler, e);
	if (code == OK)
		code = list_entries(b, e);
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
	for (int a = 0; a < AXIS_N; a++)
		mem_free(b->offsets[a]);
	mem_free(b->order);
	mem_free(b->state);
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
	return b->max_rows[a];
}

const float *batcher_log_q(const struct batcher *b)
{
	return b->sampler->log_q;
}

static void begin_epoch(struct batcher *b, int64_t epoch)
{
	b->epoch = epoch;
	b->negative_key = rng_key(b->o.seed, RNG_NEGATIVE, (uint64_t)epoch, 0);
	b->noise_key = rng_key(b->o.seed, RNG_NOISE, (uint64_t)epoch, 0);
	shuffle_init(&b->shuffle, b->entries, rng_key(b->o.seed, RNG_SHUFFLE, (uint64_t)epoch, 0));
}

/* Draws and fills places from..to-1 of the batch whose first entry is `first`.  Where every example is filled for itself the kind sees
 * only these places, as a batch of its own. */
static void fill_part(const struct batcher *b, int64_t first, int32_t from, int32_t to)
{
	struct batcher part = *b;
	part.order += from;
	part.from = from;
	for (int i = 0; i < b->signature.nfields; i++) {
		const struct field_spec *f = &b->signature.spec[i];
		size_t row = (size_t)f->width * (f->type == FIELD_INT ? sizeof(int32_t) : sizeof(real));
		if (b->column[i] && f->axis == AXIS_EXAMPLE)
			part.column[i] = (char *)b->column[i] + (size_t)from * row;
	}
	shuffle_range(&b->shuffle, first + from, to - from, part.order);
	b->kind->fill(&part, to - from);
}

struct filling {
	const struct batcher *b;
	int64_t first;
	int32_t n, parts;
};

static void fill_share(void *ctx, int member)
{
	const struct filling *f = ctx;
	int64_t n = f->n;
	if (member < f->parts)
		fill_part(f->b, f->first, (int32_t)(n * member / f->parts), (int32_t)(n * (member + 1) / f->parts));
}

static bool shared(const struct batcher *b)
{
	bool apart = b->o.team && b->kind->flags & KIND_APART;
	for (int a = AXIS_TOKEN; a < AXIS_N; a++)
		apart = apart && b->max_rows[a] == 0;
	return apart;
}

static void fill(struct batcher *b, int64_t first, int32_t n)
{
	int members = shared(b) ? team_size(b->o.team) : 1, most = n / PART_LEAST;
	struct filling f = {b, first, n, most < 1 ? 1 : most < members ? most : members};
	if (f.parts > 1)
		team_run(b->o.team, fill_share, &f);
	else
		fill_share(&f, 0);
}

void batcher_get(struct batcher *b, int64_t epoch, int64_t index, struct batch *out)
{
	CHECK(epoch >= 0 && index >= 0 && index < b->steps, "batch %lld of %lld, epoch %lld", (long long)index,
		(long long)b->steps, (long long)epoch);
	if (epoch != b->epoch)
		begin_epoch(b, epoch);
	int64_t first = index * b->o.batch, left = b->entries - first;
	int32_t n = left < b->o.batch ? (int32_t)left : b->o.batch;
	b->index = index;
	fill(b, first, n);
	*out = b->signature;
	out->examples = n;
	for (int a = AXIS_TOKEN; a < AXIS_N; a++)
		out->offsets[a] = b->offsets[a];
	for (int i = 0; i < out->nfields; i++)
		out->column[i] = b->column[i] ? b->column[i] : b->signature.column[i];
	out->seed = b->o.seed;
	out->step = (uint64_t)(epoch * b->steps + index);
}
