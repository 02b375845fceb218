/* The cloze task (Devlin et al. 2019; Sun et al. 2019): of the last `length` training items of a user some are hidden, each with
 * probability `mask`, and predicted from both sides.  A hidden item is -1 in `item` and 0 in `masked` (-1 elsewhere), so that an
 * embedding of `item` gives zeros there and one of `masked` the vector that stands for "hidden".  With probability `last` an
 * example ends with an item drawn from the window (not its first), which alone is hidden, as evaluation will ask it: with the same
 * last item in every epoch these are soon known by heart.  Every example has a hidden item.
 *
 * Evaluation: the last `length` - 1 items and a hidden one behind them.  Positions count from the end of the window, or with
 * positions = "start" from its first item. */
#include "data/kind.h"

#include <string.h>

enum { MASK, LAST, POSITIONS };

static int32_t window(const struct batcher *b, int32_t user)
{
	int64_t n = b->split->train_start[user + 1] - b->split->train_start[user];
	return n < b->o.length ? (int32_t)n : b->o.length;
}

/* The position of the first of n tokens. */
static int32_t first_position(const struct args *a, int32_t length, int32_t n)
{
	return a->num[POSITIONS] != 0 ? 0 : length - n;
}

static enum err_code begin(struct batcher *b, struct err *e)
{
	TRY(batcher_list_users(b, 2, e));
	TRY(batcher_bound(b, AXIS_TOKEN, b->o.length, window, e));
	b->max_rows[AXIS_TOKEN2] = b->max_rows[AXIS_TOKEN];
	return OK;
}

static void columns(const struct batcher *b, struct batch *out)
{
	(void)b;
	field_add(out, "item", FIELD_INT, AXIS_TOKEN, 1);
	field_add(out, "masked", FIELD_INT, AXIS_TOKEN, 1);
	out->spec[out->nfields - 1].below = 1;
	field_add(out, "position", FIELD_INT, AXIS_TOKEN, 1);
	field_add(out, "place", FIELD_INT, AXIS_TOKEN2, 1);
	field_add(out, "target", FIELD_INT, AXIS_TOKEN2, 1);
	field_add(out, "user", FIELD_INT, AXIS_EXAMPLE, 1);
}

struct tokens {
	int32_t *item, *masked, *position, *place, *target;
	int32_t n, hidden; /* of this example */
};

static void hide(struct tokens *t, int32_t k)
{
	t->place[t->hidden] = k;
	t->target[t->hidden++] = t->item[k];
	t->item[k] = -1;
	t->masked[k] = 0;
}

/* Items of a window of n, two or more, that an example takes: some from its first on where only the last of them will be hidden. */
static int32_t take(const struct args *a, int32_t n, struct rng *r, bool *last)
{
	*last = rng_unit(r) < a->num[LAST];
	return *last ? 2 + (int32_t)rng_below(r, (uint64_t)n - 1) : n;
}

static void hide_some(struct tokens *t, double mask, struct rng *r)
{
	for (int32_t k = 0; k < t->n; k++)
		if (rng_unit(r) < mask)
			hide(t, k);
	if (t->hidden == 0)
		hide(t, (int32_t)rng_below(r, (uint64_t)t->n));
}

static void fill(struct batcher *b, int32_t n)
{
	struct tokens t = {b->column[0], b->column[1], b->column[2], b->column[3], b->column[4], 0, 0};
	int32_t *user = b->column[5], *at = b->offsets[AXIS_TOKEN], *at2 = b->offsets[AXIS_TOKEN2];
	at[0] = at2[0] = 0;
	for (int32_t i = 0; i < n; i++) {
		user[i] = b->row_user[b->order[i]];
		struct rng r = {rng_at(b->noise_key, (uint64_t)b->order[i]), 0};
		bool last;
		int32_t n_window = window(b, user[i]);
		t.n = take(&b->o.args, n_window, &r, &last);
		t.hidden = 0;
		memcpy(t.item, b->split->train_item + b->split->train_start[user[i] + 1] - n_window,
			(size_t)t.n * sizeof *t.item);
		int32_t first = first_position(&b->o.args, b->o.length, t.n);
		for (int32_t k = 0; k < t.n; k++) {
			t.masked[k] = -1;
			t.position[k] = first + k;
		}
		if (last)
			hide(&t, t.n - 1);
		else
			hide_some(&t, b->o.args.num[MASK], &r);
		at[i + 1] = at[i] + t.n;
		at2[i + 1] = at2[i] + t.hidden;
		t.item += t.n;
		t.masked += t.n;
		t.position += t.n;
		t.place += t.hidden;
		t.target += t.hidden;
	}
}

static void eval_columns(const struct args *a, int32_t length, struct batch *out)
{
	(void)a, (void)length;
	field_add(out, "item", FIELD_INT, AXIS_TOKEN, 1);
	field_add(out, "masked", FIELD_INT, AXIS_TOKEN, 1);
	out->spec[out->nfields - 1].below = 1;
	field_add(out, "position", FIELD_INT, AXIS_TOKEN, 1);
}

static enum err_code example(struct eval_writer *w, const struct history *h, struct err *e)
{
	int32_t n = h->n < h->length - 1 ? h->n : h->length - 1;
	int32_t *item = eval_writer_ints(w, "item", n + 1), *masked = eval_writer_ints(w, "masked", n + 1),
		*position = eval_writer_ints(w, "position", n + 1);
	if (!item || !masked || !position)
		return err_set(e, ERR_NOMEM, "no memory for a history of %d items", n);
	if (n > 0)
		memcpy(item, h->item + h->n - n, (size_t)n * sizeof *item);
	item[n] = -1;
	int32_t first = first_position(h->args, h->length, n + 1);
	for (int32_t t = 0; t <= n; t++) {
		masked[t] = t == n ? 0 : -1;
		position[t] = first + t;
	}
	return OK;
}

static const struct arg_spec args[] = {
	{"mask", ARG_REAL, 0.2, 0, 1, 0, "share of the items that is hidden"},
	{"last", ARG_REAL, 0, 0, 1, 0,
		"share of the examples that end with an item drawn at random, which alone is hidden"},
	{"positions", ARG_CHOICE, 0, 0, 0, 0,
		"where they are counted from: the last token is length - 1, or the first is 0", "end", "end|start"},
	{0},
};

extern const struct kind_class kind_masked;
const struct kind_class kind_masked = {
	.desc = {"masked", "item[T] masked[T] position[T] place[T2] target[T2] user[E]",
		"The last `length` items of a user, some hidden (item -1, masked 0) and to be predicted: place within "
		"the "
		"example, and target. Evaluation hides one item behind the history.",
		args},
	.flags = KIND_HISTORY | KIND_LENGTH | KIND_QUERY,
	.begin = begin,
	.columns = columns,
	.fill = fill,
	.eval_columns = eval_columns,
	.example = example,
};
