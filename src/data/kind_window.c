/* Windows that slide over a user's training items s[0..n-1] (Tang & Wang 2018): the `length` items before place p, oldest
 * first, and the `targets` items from p on, for p = 1 .. n - targets (at least one window).  Where there are fewer items the
 * window is filled with -1 on its left and the targets on their right: embeddings read -1 as zeros.  So every item but
 * the first is a target, also of the many users whose history is shorter than a window.  Entries are the windows. */
#include "base/mem.h"
#include "data/kind.h"

#include <string.h>

enum { TARGETS };

static int32_t targets_of(const struct batcher *b)
{
	return (int32_t)b->o.args.num[TARGETS];
}

static int64_t windows_of(const struct batcher *b, int32_t user)
{
	int64_t n = b->split->train_start[user + 1] - b->split->train_start[user];
	return n < 2 ? 0 : n - targets_of(b) > 1 ? n - targets_of(b) : 1;
}

/* state: the number of each user's first window. */
static enum err_code begin(struct batcher *b, struct err *e)
{
	int32_t users = b->split->data->n_users;
	int64_t *first = b->state = mem_calloc((size_t)users + 1, sizeof *first);
	for (int32_t u = 0; first && u < users; u++)
		first[u + 1] = first[u] + windows_of(b, u);
	b->rows = b->entries = first ? first[users] : 0;
	b->row_user = mem_aligned(((size_t)b->rows + 1) * sizeof *b->row_user);
	if (!first || !b->row_user)
		return err_set(e, ERR_NOMEM, "no memory for %lld windows", (long long)b->rows);
	for (int32_t u = 0; u < users; u++)
		for (int64_t i = first[u]; i < first[u + 1]; i++)
			b->row_user[i] = u;
	return OK;
}

static void columns(const struct batcher *b, struct batch *out)
{
	field_add(out, "user", FIELD_INT, AXIS_EXAMPLE, 1);
	field_add(out, "item", FIELD_INT, AXIS_EXAMPLE, b->o.length);
	field_add(out, "target", FIELD_INT, AXIS_EXAMPLE, targets_of(b));
	if (b->o.negatives)
		field_add(out, "negative", FIELD_INT, AXIS_EXAMPLE, b->o.negatives);
}

/* The last n of before[0..have) into to[n], filled up on the left. */
static void copy_window(const int32_t *before, int64_t have, int32_t *to, int32_t n)
{
	for (int64_t i = n - 1; i >= 0; i--)
		to[i] = have > 0 ? before[--have] : -1;
}

static void fill(struct batcher *b, int32_t n)
{
	const struct split *s = b->split;
	const int64_t *first = b->state;
	int32_t length = b->o.length, targets = targets_of(b);
	int32_t *user = b->column[0], *item = b->column[1], *target = b->column[2];
	for (int32_t i = 0; i < n; i++, item += length, target += targets) {
		int32_t u = user[i] = b->row_user[b->order[i]];
		int64_t from = s->train_start[u], have = s->train_start[u + 1] - from, p = b->order[i] - first[u] + 1;
		copy_window(s->train_item + from, p, item, length);
		for (int32_t t = 0; t < targets; t++)
			target[t] = p + t < have ? s->train_item[from + p + t] : -1;
	}
	if (b->o.negatives)
		batcher_draw_negatives(b, user, n, b->o.negatives, b->column[3]);
}

static void eval_columns(const struct args *a, int32_t length, struct batch *out)
{
	(void)a;
	field_add(out, "item", FIELD_INT, AXIS_EXAMPLE, length);
}

static enum err_code example(struct eval_writer *w, const struct history *h, struct err *e)
{
	int32_t *item = eval_writer_ints(w, "item", h->length);
	if (!item)
		return err_set(e, ERR_NOMEM, "no memory for a window of %d items", h->length);
	copy_window(h->item, h->n, item, h->length);
	return OK;
}

static int64_t no_tokens(enum axis a, int32_t length, const struct dataset *d)
{
	(void)a, (void)length, (void)d;
	return 0;
}

static const struct arg_spec args[] = {
	{"targets", ARG_INT, 3, 1, 64, 0, "items behind a window that are to be predicted", NULL, NULL},
	{0},
};

extern const struct kind_class kind_window;
const struct kind_class kind_window = {
	.desc = {"window", "user[E] item[E,length] target[E,targets] negative[E,k]",
		"Every window of `length` items of a user with the `targets` items behind it, -1 where a history is "
		"too "
		"short; k = `negatives` per window, redrawn every epoch (Tang & Wang 2018).",
		args},
	.flags = KIND_HISTORY | KIND_LENGTH | KIND_NEGATIVES | KIND_APART,
	.begin = begin,
	.columns = columns,
	.fill = fill,
	.eval_columns = eval_columns,
	.example = example,
	.eval_rows = no_tokens,
};
