/* The last `length` + 1 training items of a user, packed: s[0..n-1] predict s[1..n].  Entries are the users that have two or
 * more.  Positions count from the END of the window: the last token has position length - 1.  positions = "start": from its
 * first token, which has position 0, as in implementations that pad on the right. */
#include "data/sequence.h"

#include <string.h>

enum { SHARED, POSITIONS };

/* Negatives of a position are 1 row of `negatives`; shared ones are 1 row for the batch. */
static bool shared(const struct batcher *b)
{
	return b->o.args.num[SHARED] != 0;
}

/* The position of the first of n tokens. */
static int32_t first_position(const struct args *a, int32_t length, int32_t n)
{
	return a->num[POSITIONS] != 0 ? 0 : length - n;
}

/* Tokens of a user's window: as many as there are targets. */
static int32_t window(const struct batcher *b, int32_t user)
{
	int64_t n = b->split->train_start[user + 1] - b->split->train_start[user] - 1;
	return n < b->o.length ? (int32_t)n : b->o.length;
}

static enum err_code begin(struct batcher *b, struct err *e)
{
	if (shared(b) && b->o.negatives && b->sampler->class->excludes)
		return err_set(e, ERR_ARG,
			"sequence batches: negatives that a batch shares cannot be unseen by each of its users; set "
			"sampler to popularity or uniform");
	TRY(batcher_list_users(b, 2, e));
	return batcher_bound(b, AXIS_TOKEN, b->o.length, window, e);
}

static void columns(const struct batcher *b, struct batch *out)
{
	field_add(out, "item", FIELD_INT, AXIS_TOKEN, 1);
	field_add(out, "target", FIELD_INT, AXIS_TOKEN, 1);
	if (b->o.negatives)
		field_add(out, "negative", FIELD_INT, shared(b) ? AXIS_FIXED : AXIS_TOKEN, b->o.negatives);
	field_add(out, "position", FIELD_INT, AXIS_TOKEN, 1);
	field_add(out, "user", FIELD_INT, AXIS_EXAMPLE, 1);
}

/* n draws of the stream of entry i of the batch. */
static void draw(const struct batcher *b, int32_t i, int32_t user, int32_t *negative, int64_t n)
{
	struct rng r = {rng_at(b->negative_key, (uint64_t)b->order[i]), 0};
	for (int64_t j = 0; j < n; j++)
		negative[j] = sampler_draw(b->sampler, user, &r);
}

static void fill(struct batcher *b, int32_t n)
{
	int c = b->o.negatives ? 1 : 0;
	int32_t *item = b->column[0], *target = b->column[1], *negative = b->column[2];
	int32_t *position = b->column[2 + c], *user = b->column[3 + c], *offsets = b->offsets[AXIS_TOKEN];
	int64_t k = b->o.negatives;
	offsets[0] = 0;
	for (int32_t i = 0; i < n; i++) {
		user[i] = b->row_user[b->order[i]];
		int32_t at = offsets[i], tokens = window(b, user[i]);
		const int32_t *s = b->split->train_item + b->split->train_start[user[i] + 1] - tokens - 1;
		memcpy(item + at, s, (size_t)tokens * sizeof *s);
		memcpy(target + at, s + 1, (size_t)tokens * sizeof *s);
		int32_t first = first_position(&b->o.args, b->o.length, tokens);
		for (int32_t t = 0; t < tokens; t++)
			position[at + t] = first + t;
		if (!shared(b))
			draw(b, i, user[i], negative + at * k, tokens * k);
		offsets[i + 1] = at + tokens;
	}
	if (shared(b))
		draw(b, 0, user[0], negative, k);
}

void sequence_eval_columns(const struct args *a, int32_t length, struct batch *out)
{
	(void)a, (void)length;
	field_add(out, "item", FIELD_INT, AXIS_TOKEN, 1);
	field_add(out, "position", FIELD_INT, AXIS_TOKEN, 1);
}

static int32_t tokens_of(const struct history *h)
{
	return h->n < h->length ? h->n : h->length;
}

static enum err_code write_tokens(struct eval_writer *w, const struct history *h, int32_t first, struct err *e)
{
	int32_t n = tokens_of(h);
	int32_t *item = eval_writer_ints(w, "item", n), *position = eval_writer_ints(w, "position", n);
	if (!item || !position)
		return err_set(e, ERR_NOMEM, "no memory for a history of %d items", n);
	if (n > 0)
		memcpy(item, h->item + h->n - n, (size_t)n * sizeof *item);
	for (int32_t t = 0; t < n; t++)
		position[t] = first + t;
	return OK;
}

enum err_code sequence_example(struct eval_writer *w, const struct history *h, struct err *e)
{
	return write_tokens(w, h, h->length - tokens_of(h), e);
}

static enum err_code example(struct eval_writer *w, const struct history *h, struct err *e)
{
	return write_tokens(w, h, first_position(h->args, h->length, tokens_of(h)), e);
}

extern const struct kind_class kind_sequence;
const struct kind_class kind_sequence = {
	.desc = {"sequence", "item[T] target[T] negative[T,k] position[T] user[E]",
		"The last `length` + 1 items of a user: each but the last predicts the next.  Positions count from the "
		"end of the window or from its start.  Negatives are of each position, or negative[k] is shared by the "
		"batch.",
		(const struct arg_spec[]){
			{"shared", ARG_BOOL, 0, 0, 1, 0, "the same negatives for all positions of a batch"},
			{"positions", ARG_CHOICE, 0, 0, 0, 0,
				"where they are counted from: the last token is length - 1, or the first is 0", "end",
				"end|start"},
			{0}}},
	.flags = KIND_HISTORY | KIND_LENGTH | KIND_NEGATIVES,
	.begin = begin,
	.columns = columns,
	.fill = fill,
	.eval_columns = sequence_eval_columns,
	.example = example,
};
