#include "base/mem.h"
#include "data/batcher.h"
#include "data/field.h"

#include <string.h>

/* Growing buffers, used again by the next batch. */
struct ints {
	int32_t *data;
	size_t cap;
};
struct eval_scratch {
	struct ints user, item, position, offsets;
};

void eval_scratch_free(struct eval_scratch *s)
{
	if (!s)
		return;
	mem_free(s->user.data);
	mem_free(s->item.data);
	mem_free(s->position.data);
	mem_free(s->offsets.data);
	mem_free(s);
}

static bool is_sequence(const char *kind)
{
	return strcmp(kind, "sequence") == 0;
}

static enum err_code check_kind(const char *kind, int32_t length, struct err *e)
{
	static const char *const known[] = {"points", "pairs", "ratings", "sequence"};
	bool found = false;
	for (size_t i = 0; i < sizeof known / sizeof *known && kind; i++)
		found = found || strcmp(kind, known[i]) == 0;
	if (!found)
		return err_set(e, ERR_ARG,
			"there are no batches of kind '%s'; there are points, pairs, sequence and ratings",
			kind ? kind : "");
	if (is_sequence(kind) && length < 1)
		return err_set(e, ERR_ARG, "sequence batches: length must be 1 or more, got %d", length);
	return OK;
}

static void signature(const char *kind, int32_t n_candidates, struct batch *out)
{
	*out = (struct batch){0};
	field_add(out, "user", FIELD_INT, AXIS_EXAMPLE, 1);
	if (is_sequence(kind)) {
		field_add(out, "item", FIELD_INT, AXIS_TOKEN, 1);
		field_add(out, "position", FIELD_INT, AXIS_TOKEN, 1);
	}
	if (n_candidates > 0)
		field_add(out, "candidate", FIELD_INT, AXIS_EXAMPLE, n_candidates);
}

void eval_signature(const struct eval_source *src, int32_t n_candidates, struct batch *out)
{
	signature(src->kind, n_candidates, out);
}

/* Makes *scratch and room for n users and offsets. */
static enum err_code reserve(struct eval_scratch **scratch, int32_t n, struct err *e)
{
	if (!*scratch)
		*scratch = mem_calloc(1, sizeof **scratch);
	struct eval_scratch *s = *scratch;
	if (!s || !mem_grow(&s->user.data, &s->user.cap, (size_t)n + 1, sizeof(int32_t)) ||
		!mem_grow(&s->offsets.data, &s->offsets.cap, (size_t)n + 1, sizeof(int32_t)))
		return err_set(e, ERR_NOMEM, "no memory for an evaluation batch of %d users", n);
	s->offsets.data[0] = 0;
	return OK;
}

/* Room for the next `more` tokens. */
static enum err_code reserve_tokens(struct eval_scratch *s, int32_t at, int32_t more, struct err *e)
{
	size_t need = (size_t)at + (size_t)more + 1;
	if (need > INT32_MAX || !mem_grow(&s->item.data, &s->item.cap, need, sizeof(int32_t)) ||
		!mem_grow(&s->position.data, &s->position.cap, need, sizeof(int32_t)))
		return err_set(e, ERR_NOMEM, "no memory for an evaluation batch of %zu tokens", need);
	return OK;
}

/* Closes example i, whose n items stand at the end: positions count from the end of the window. */
static void close_history(struct eval_scratch *s, int32_t i, int32_t n, int32_t length)
{
	int32_t at = s->offsets.data[i];
	for (int32_t t = 0; t < n; t++)
		s->position.data[at + t] = length - n + t;
	s->offsets.data[i + 1] = at + n;
}

static void bind(const struct eval_scratch *s, int32_t n, bool sequence, struct batch *out)
{
	out->examples = n;
	out->column[0] = s->user.data;
	if (sequence) {
		out->offsets[AXIS_TOKEN] = s->offsets.data;
		out->column[1] = s->item.data;
		out->column[2] = s->position.data;
	}
}

static bool in_history(const struct eval_source *src, int64_t row)
{
	uint8_t part = src->split->part[row];
	return part == PART_TRAIN || (part == PART_VALID && src->part == PART_TEST && src->with_validation);
}

int32_t eval_history(const struct eval_source *src, int32_t user, int32_t *items, int32_t max)
{
	const struct dataset *d = src->split->data;
	int64_t from = d->start[user + 1];
	int32_t n = 0, k = 0;
	while (from > d->start[user] && n < max)
		n += in_history(src, --from);
	for (int64_t i = from; k < n; i++)
		if (in_history(src, i))
			items[k++] = d->item[i];
	return n;
}

enum err_code eval_batch(const struct eval_source *src, const int32_t *users, int32_t n, const int32_t *candidates,
	int32_t n_candidates, struct eval_scratch **scratch, struct batch *out, struct err *e)
{
	TRY(check_kind(src->kind, src->length, e));
	TRY(reserve(scratch, n, e));
	struct eval_scratch *s = *scratch;
	const struct dataset *d = src->split->data;
	bool sequence = is_sequence(src->kind);
	for (int32_t i = 0; i < n; i++) {
		if (users[i] < 0 || users[i] >= d->n_users)
			return err_set(e, ERR_ARG, "there is no user %d; data set '%s' has users 0..%d", users[i],
				d->name, d->n_users - 1);
		s->user.data[i] = users[i];
		if (!sequence)
			continue;
		int64_t have = d->start[users[i] + 1] - d->start[users[i]];
		int32_t most = have < src->length ? (int32_t)have : src->length, at = s->offsets.data[i];
		TRY(reserve_tokens(s, at, most, e));
		close_history(s, i, eval_history(src, users[i], s->item.data + at, most), src->length);
	}
	signature(src->kind, candidates ? n_candidates : 0, out);
	bind(s, n, sequence, out);
	if (candidates && n_candidates > 0)
		out->column[out->nfields - 1] = candidates;
	return OK;
}

enum err_code eval_batch_histories(const char *kind, int32_t length, const int32_t *items, const int32_t *offsets,
	int32_t n, const int32_t *users, struct eval_scratch **scratch, struct batch *out, struct err *e)
{
	TRY(check_kind(kind, length, e));
	TRY(reserve(scratch, n, e));
	struct eval_scratch *s = *scratch;
	bool sequence = is_sequence(kind);
	for (int32_t i = 0; i < n; i++) {
		s->user.data[i] = users ? users[i] : 0;
		if (!sequence)
			continue;
		int32_t have = offsets[i + 1] - offsets[i], most = have < length ? have : length,
			at = s->offsets.data[i];
		if (have < 0)
			return err_set(e, ERR_ARG, "history %d ends before it begins: offsets %d and %d", i, offsets[i],
				offsets[i + 1]);
		TRY(reserve_tokens(s, at, most, e));
		if (most > 0)
			memcpy(s->item.data + at, items + offsets[i + 1] - most, (size_t)most * sizeof *items);
		close_history(s, i, most, length);
	}
	signature(kind, 0, out);
	bind(s, n, sequence, out);
	return OK;
}
