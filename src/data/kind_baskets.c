/* Baskets: rows of equal time of one user.  An example is a user with two or more of them; groups of items stand one after the
 * other on AXIS_TOKEN2 and AXIS_TOKEN holds their sizes, the last `length` + 1 baskets of the user in training, so that each
 * but the last can predict the next; in evaluation the last `length` of the history.  An item that stands twice in a basket
 * counts twice.  Histories given by hand without times have baskets of one item. */
#include "base/mem.h"
#include "data/kind.h"

#include <string.h>

/* The training baskets of all users: user u's are first[u]..first[u+1], of size[] rows each. */
struct baskets {
	int64_t *first; /* [n_users + 1] */
	int32_t *size;
};

/* How many there are of one user; adds up the rows of each where size is not NULL. */
static int64_t count_user(const struct split *s, int32_t u, int32_t *size)
{
	const struct dataset *d = s->data;
	int64_t n = 0, last = -1;
	for (int64_t i = d->start[u]; i < d->start[u + 1]; i++) {
		if (s->part[i] != PART_TRAIN)
			continue;
		n += last < 0 || d->time[i] != d->time[last];
		if (size)
			size[n - 1]++;
		last = i;
	}
	return n;
}

static enum err_code find_baskets(struct batcher *b, struct err *e)
{
	const struct split *s = b->split;
	int32_t users = s->data->n_users;
	size_t head = sizeof(struct baskets) + ((size_t)users + 1) * sizeof(int64_t);
	struct baskets *all = mem_calloc(1, head + (size_t)s->count[PART_TRAIN] * sizeof(int32_t));
	if (!all)
		return err_set(e, ERR_NOMEM, "no memory for the baskets of %d users", users);
	b->state = all;
	all->first = (int64_t *)(all + 1);
	all->size = (int32_t *)(all->first + users + 1);
	for (int32_t u = 0; u < users; u++)
		all->first[u + 1] = all->first[u] + count_user(s, u, all->size + all->first[u]);
	return OK;
}

/* Baskets of a user's window, and the rows in them. */
static int32_t window(const struct batcher *b, int32_t user)
{
	const struct baskets *all = b->state;
	int64_t n = all->first[user + 1] - all->first[user];
	return n < b->o.length + 1 ? (int32_t)n : b->o.length + 1;
}

static int32_t window_rows(const struct batcher *b, int32_t user)
{
	const struct baskets *all = b->state;
	int32_t rows = 0;
	for (int32_t k = window(b, user); k > 0; k--)
		rows += all->size[all->first[user + 1] - k];
	return rows;
}

/* Users with two baskets or more. */
static enum err_code list_users(struct batcher *b, struct err *e)
{
	int32_t users = b->split->data->n_users;
	int64_t *start = mem_calloc((size_t)users + 1, sizeof *start);
	if (!start)
		return err_set(e, ERR_NOMEM, "no memory for %d users", users);
	for (int32_t u = 0; u < users; u++)
		start[u + 1] = start[u] + (window(b, u) > 1);
	enum err_code rc = batcher_list(b, users, start, e);
	mem_free(start);
	return rc;
}

static enum err_code begin(struct batcher *b, struct err *e)
{
	int32_t most = 0;
	if (b->o.length < 1)
		return err_set(e, ERR_ARG, "baskets batches: length must be 1 or more, got %d", b->o.length);
	if (!b->split->data->time)
		return err_set(e, ERR_ARG,
			"baskets batches: rows of equal time form a basket, but data set '%s' has no times",
			b->split->data->name);
	TRY(find_baskets(b, e));
	TRY(list_users(b, e));
	for (int64_t i = 0; i < b->rows; i++)
		most = window_rows(b, b->row_user[i]) > most ? window_rows(b, b->row_user[i]) : most;
	TRY(batcher_bound(b, AXIS_TOKEN, b->o.length + 1, window, e));
	return batcher_bound(b, AXIS_TOKEN2, most, window_rows, e);
}

static void columns(const struct batcher *b, struct batch *out)
{
	field_add(out, "item", FIELD_INT, AXIS_TOKEN2, 1);
	field_add(out, "size", FIELD_INT, AXIS_TOKEN, 1);
	field_add(out, "user", FIELD_INT, AXIS_EXAMPLE, 1);
}

static void fill(struct batcher *b, int32_t n)
{
	const struct baskets *all = b->state;
	const struct split *s = b->split;
	int32_t *item = b->column[0], *size = b->column[1], *user = b->column[2];
	int32_t *groups = b->offsets[AXIS_TOKEN], *items = b->offsets[AXIS_TOKEN2];
	groups[0] = items[0] = 0;
	for (int32_t i = 0; i < n; i++) {
		user[i] = b->row_user[b->order[i]];
		int32_t k = window(b, user[i]), rows = window_rows(b, user[i]);
		memcpy(size + groups[i], all->size + all->first[user[i] + 1] - k, (size_t)k * sizeof *size);
		memcpy(item + items[i], s->train_item + s->train_start[user[i] + 1] - rows,
			(size_t)rows * sizeof *item);
		groups[i + 1] = groups[i] + k;
		items[i + 1] = items[i] + rows;
	}
}

static void eval_columns(const struct args *a, int32_t length, struct batch *out)
{
	(void)a, (void)length;
	field_add(out, "item", FIELD_INT, AXIS_TOKEN2, 1);
	field_add(out, "size", FIELD_INT, AXIS_TOKEN, 1);
}

static bool begins(const struct history *h, int32_t t)
{
	return t == 0 || !h->time || h->time[t] != h->time[t - 1];
}

static enum err_code example(struct eval_writer *w, const struct history *h, struct err *e)
{
	int32_t from = h->n, n = 0;
	while (from > 0 && n < h->length)
		n += begins(h, --from);
	while (from > 0 && !begins(h, from))
		from--;
	int32_t *item = eval_writer_ints(w, "item", h->n - from), *size = eval_writer_ints(w, "size", n);
	if (!item || !size)
		return err_set(e, ERR_NOMEM, "no memory for a history of %d items", h->n);
	for (int32_t t = from, k = -1; t < h->n; t++) {
		*item++ = h->item[t];
		if (begins(h, t))
			size[++k] = 0;
		size[k]++;
	}
	return OK;
}

static int64_t most_rows(enum axis a, int32_t length, const struct dataset *d)
{
	int64_t most = 0;
	if (a == AXIS_TOKEN)
		return length;
	for (int32_t u = 0; a == AXIS_TOKEN2 && u < d->n_users; u++)
		most = d->start[u + 1] - d->start[u] > most ? d->start[u + 1] - d->start[u] : most;
	return most;
}

extern const struct kind_class kind_baskets;
const struct kind_class kind_baskets = {
	.desc = {"baskets", "item[T2] size[T] user[E]",
		"The last `length` + 1 baskets of a user, rows of equal time: each but the last predicts the next.  "
		"size holds the "
		"items of each basket, which stand one after the other in item.",
		(const struct arg_spec[]){{0}}},
	.flags = KIND_HISTORY,
	.begin = begin,
	.columns = columns,
	.fill = fill,
	.eval_columns = eval_columns,
	.example = example,
	.eval_rows = most_rows,
};
