/* Session-parallel mini-batches (Hidasi et al. 2016): `batch` lanes read sessions at once, a token each a step, and the model
 * carries a state per lane from one step to the next; where a session ends the next one begins in its lane.
 *
 * The sessions of an epoch, in an order of its own, form one stream of N tokens (windows as of kind sequence), which is cut into as
 * many pieces as there are lanes: S = ceil(N / lanes) tokens for the first lanes and S - 1 for the others, so that the last step
 * of an epoch has fewer examples.  A lane that begins within a session begins without a state.  So any step of any epoch can be
 * made at once, and only the model's states say what was before: those of step i are of use for step i + 1 alone.
 * Entries are the tokens of the stream. */
#include "base/mem.h"
#include "data/sequence.h"

enum { NO_EPOCH = -1 };

/* The stream of the epoch at hand: session row_user[order[k]] holds tokens first[k]..first[k+1]. */
struct stream {
	int64_t epoch, *order, *first;
};

/* Tokens of a user's window: as many as there are targets. */
static int32_t window(const struct batcher *b, int32_t user)
{
	int64_t n = b->split->train_start[user + 1] - b->split->train_start[user] - 1;
	return n < b->o.length ? (int32_t)n : b->o.length;
}

static enum err_code begin(struct batcher *b, struct err *e)
{
	if (b->o.negatives && b->sampler->class->excludes)
		return err_set(e, ERR_ARG,
			"session_parallel batches: negatives that a batch shares cannot be unseen by each of its "
			"users; set "
			"sampler to popularity or uniform");
	TRY(batcher_list_users(b, 2, e));
	size_t rows = (size_t)b->rows;
	struct stream *s = mem_calloc(1, sizeof *s + (2 * rows + 1) * sizeof(int64_t));
	if (!s)
		return err_set(e, ERR_NOMEM, "no memory for the order of %lld sessions", (long long)b->rows);
	b->state = s;
	s->epoch = NO_EPOCH;
	s->order = (int64_t *)(s + 1);
	s->first = s->order + rows;
	b->entries = 0;
	for (int64_t i = 0; i < b->rows; i++)
		b->entries += window(b, b->row_user[i]);
	b->max_rows[AXIS_TOKEN] = b->o.batch;
	return OK;
}

static void columns(const struct batcher *b, struct batch *out)
{
	field_add(out, "item", FIELD_INT, AXIS_TOKEN, 1);
	field_add(out, "target", FIELD_INT, AXIS_TOKEN, 1);
	if (b->o.negatives)
		field_add(out, "negative", FIELD_INT, AXIS_FIXED, b->o.negatives);
	field_add(out, "position", FIELD_INT, AXIS_TOKEN, 1);
	field_add(out, "user", FIELD_INT, AXIS_EXAMPLE, 1);
	field_add(out, "lane", FIELD_INT, AXIS_EXAMPLE, 1);
	out->spec[out->nfields - 1].below = b->o.batch;
	field_add(out, "carried", FIELD_REAL, AXIS_EXAMPLE, 1);
}

static void begin_epoch(struct batcher *b)
{
	struct stream *s = b->state;
	struct shuffle order;
	shuffle_init(&order, b->rows, rng_key(b->o.seed, RNG_SHUFFLE, (uint64_t)b->epoch, 1));
	shuffle_range(&order, 0, (int32_t)b->rows, s->order);
	for (int64_t k = 0; k < b->rows; k++)
		s->first[k + 1] = s->first[k] + window(b, b->row_user[s->order[k]]);
	s->epoch = b->epoch;
}

/* Where in the stream a lane is at this step. */
static int64_t place(const struct batcher *b, int32_t lane)
{
	int64_t steps = (b->entries + b->o.batch - 1) / b->o.batch, longer = b->entries - (steps - 1) * b->o.batch;
	int64_t shorter = lane > longer ? lane - longer : 0;
	return lane * steps - shorter + b->index;
}

static int64_t session_at(const struct stream *s, int64_t rows, int64_t token)
{
	int64_t low = 0, high = rows;
	while (high - low > 1) {
		int64_t middle = low + (high - low) / 2;
		if (s->first[middle] <= token)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static void fill_lane(struct batcher *b, int32_t lane, int32_t *item, int32_t *target, int32_t *position, real *carried)
{
	const struct stream *s = b->state;
	int64_t token = place(b, lane), k = session_at(s, b->rows, token), at = token - s->first[k];
	int32_t user = b->row_user[s->order[k]], tokens = window(b, user);
	const int32_t *row = b->split->train_item + b->split->train_start[user + 1] - tokens - 1;
	*item = row[at];
	*target = row[at + 1];
	*position = (int32_t)(b->o.length - tokens + at);
	*carried = at > 0 && b->index > 0;
}

static void fill(struct batcher *b, int32_t n)
{
	int c = b->o.negatives ? 1 : 0;
	int32_t *item = b->column[0], *target = b->column[1], *negative = b->column[2], *position = b->column[2 + c];
	int32_t *user = b->column[3 + c], *lane = b->column[4 + c], *offsets = b->offsets[AXIS_TOKEN];
	real *carried = b->column[5 + c];
	const struct stream *s = b->state;
	if (s->epoch != b->epoch)
		begin_epoch(b);
	offsets[0] = 0;
	for (int32_t i = 0; i < n; i++) {
		lane[i] = i;
		user[i] = b->row_user[s->order[session_at(s, b->rows, place(b, i))]];
		fill_lane(b, i, item + i, target + i, position + i, carried + i);
		offsets[i + 1] = i + 1;
	}
	struct rng r = {rng_at(b->negative_key, (uint64_t)b->index), 0};
	for (int32_t j = 0; j < b->o.negatives; j++)
		negative[j] = sampler_draw(b->sampler, user[0], &r);
}

extern const struct kind_class kind_session_parallel;
const struct kind_class kind_session_parallel = {
	.desc = {"session_parallel", "item[T] target[T] negative[k] position[T] user[E] lane[E] carried[E]",
		"One token of each of `batch` sessions read side by side (Hidasi et al. 2016): where carried is 1 the "
		"session "
		"goes on from the state that its lane had after the step before.  Negatives are shared by the batch.",
		(const struct arg_spec[]){{0}}},
	.flags = KIND_HISTORY | KIND_LENGTH | KIND_NEGATIVES,
	.begin = begin,
	.columns = columns,
	.fill = fill,
	.eval_columns = sequence_eval_columns,
	.example = sequence_example,
};
