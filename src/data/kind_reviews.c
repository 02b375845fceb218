/* Ratings with the reviews that speak for them: what the user wrote about other items, and what others wrote about the item.
 * Entries are the training rows.  Reviews are texts of the training part (data/corpus.h), and of a pair (user, item) those
 * of the pair itself are left out, in training as in evaluation: a review says how the rating beside it is.
 *
 * AXIS_TOKEN holds the reviews of the user, AXIS_TOKEN2 those of the item, the latest `reviews` of each, oldest first. */
#include "base/mem.h"
#include "data/corpus.h"
#include "data/kind.h"

#include <string.h>

enum { VOCABULARY, LEAST, WORDS, REVIEWS };

static enum err_code corpus_for(const struct split *s, const struct args *a, const struct corpus **out, struct err *e)
{
	struct corpus_options o = {
		"review", (int32_t)a->num[VOCABULARY], (int32_t)a->num[LEAST], (int32_t)a->num[WORDS]};
	return corpus_of(s, &o, out, e);
}

/* ---- the reviews of a pair ---- */

/* A list of texts, and the text numbers and other parties of a side's latest ones. */
struct side {
	const int32_t *text; /* NULL: first, first + 1, ... */
	int64_t first, n;
	const int32_t *other; /* of text t: who wrote it, or about what */
	int32_t not ;	      /* the other party of the pair itself */
};

static struct side user_side(const struct split *s, int32_t user, int32_t item)
{
	int64_t from = s->train_start[user];
	return (struct side){NULL, from, s->train_start[user + 1] - from, s->train_item, item};
}

static struct side item_side(const struct corpus *c, int32_t user, int32_t item)
{
	int64_t from = c->item_start[item];
	return (struct side){c->item_text + from, 0, c->item_start[item + 1] - from, c->text_user, user};
}

static int32_t text_at(const struct side *s, int64_t i)
{
	return s->text ? s->text[i] : (int32_t)(s->first + i);
}

/* How many of the latest there are, at most `most`; *from: where they begin. */
static int32_t count(const struct side *s, int32_t most, int64_t *from)
{
	int32_t n = 0;
	for (*from = s->n; *from > 0 && n < most; --*from)
		n += s->other[text_at(s, *from - 1)] != s->not ;
	return n;
}

static void copy(const struct side *s, int64_t from, int32_t n, int32_t *text, int32_t *other)
{
	for (int32_t k = 0; k < n; from++) {
		int32_t t = text_at(s, from);
		if (s->other[t] == s->not )
			continue;
		text[k] = t;
		other[k++] = s->other[t];
	}
}

/* ---- training ---- */

/* The sum of the `batch` largest numbers of reviews. */
static enum err_code bound(
	struct batcher *b, enum axis axis, const int64_t *start, const int32_t *of_row, struct err *e)
{
	int32_t most = (int32_t)b->o.args.num[REVIEWS];
	int64_t *rows = mem_calloc((size_t)most + 1, sizeof *rows), left = b->o.batch;
	if (!rows)
		return err_set(e, ERR_NOMEM, "no memory for batches of reviews");
	for (int64_t i = 0; i < b->rows; i++) {
		int64_t n = start[of_row[i] + 1] - start[of_row[i]];
		rows[n < most ? n : most]++;
	}
	for (int32_t n = most; n > 0 && left > 0; n--) {
		int64_t take = rows[n] < left ? rows[n] : left;
		b->max_rows[axis] += take * n;
		left -= take;
	}
	mem_free(rows);
	b->max_rows[axis] += b->max_rows[axis] == 0; /* the axis is there, even where nobody wrote anything */
	return b->max_rows[axis] <= INT32_MAX
		       ? OK
		       : err_set(e, ERR_ARG,
				 "reviews batches: %d pairs with up to %d reviews are too many for one batch",
				 b->o.batch, most);
}

static enum err_code begin(struct batcher *b, struct err *e)
{
	const struct corpus *c;
	TRY(corpus_for(b->split, &b->o.args, &c, e));
	TRY(batcher_list_rows(b, e));
	TRY(bound(b, AXIS_TOKEN, b->split->train_start, b->row_user, e));
	return bound(b, AXIS_TOKEN2, c->item_start, b->split->train_item, e);
}

static void add_reviews(const struct split *s, const struct corpus *c, struct batch *out)
{
	/* below: of ids that index a table; texts and starts index the corpus */
	const struct {
		const char *name;
		enum axis axis;
		int32_t width, below;
		const int32_t *shared;
	} row[] = {
		{"user_review", AXIS_TOKEN, 1, 0, NULL},
		{"reviewed", AXIS_TOKEN, 1, s->data->n_items, NULL},
		{"item_review", AXIS_TOKEN2, 1, 0, NULL},
		{"reviewer", AXIS_TOKEN2, 1, s->data->n_users, NULL},
		{"word", AXIS_FIXED, c->start[c->texts] + 1, c->words, c->word},
		{"start", AXIS_FIXED, c->texts + 1, 0, c->start},
	};
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		field_add(out, row[i].name, FIELD_INT, row[i].axis, row[i].width);
		out->spec[out->nfields - 1].below = row[i].below;
		out->column[out->nfields - 1] = row[i].shared;
	}
}

static void columns(const struct batcher *b, struct batch *out)
{
	const struct corpus *c;
	field_add(out, "user", FIELD_INT, AXIS_EXAMPLE, 1);
	field_add(out, "item", FIELD_INT, AXIS_EXAMPLE, 1);
	field_add(out, "label", FIELD_REAL, AXIS_EXAMPLE, 1);
	if (corpus_for(b->split, &b->o.args, &c, NULL) == OK) /* begin made it */
		add_reviews(b->split, c, out);
}

static void fill_side(struct batcher *b, const struct side *s, enum axis axis, int first_column, int32_t i)
{
	int64_t from;
	int32_t *offsets = b->offsets[axis], n = count(s, (int32_t)b->o.args.num[REVIEWS], &from);
	int32_t *text = b->column[first_column], *other = b->column[first_column + 1];
	copy(s, from, n, text + offsets[i], other + offsets[i]);
	offsets[i + 1] = offsets[i] + n;
}

static void fill(struct batcher *b, int32_t n)
{
	const struct split *s = b->split;
	const struct corpus *c = NULL;
	int32_t *user = b->column[0], *item = b->column[1];
	real *label = b->column[2];
	CHECK(corpus_for(s, &b->o.args, &c, NULL) == OK, "the corpus of the batches is gone");
	b->offsets[AXIS_TOKEN][0] = b->offsets[AXIS_TOKEN2][0] = 0;
	for (int32_t i = 0; i < n; i++) {
		int64_t row = b->order[i];
		user[i] = b->row_user[row];
		item[i] = s->train_item[row];
		label[i] = (real)s->train_rating[row];
		struct side of_user = user_side(s, user[i], item[i]), of_item = item_side(c, user[i], item[i]);
		fill_side(b, &of_user, AXIS_TOKEN, 3, i);
		fill_side(b, &of_item, AXIS_TOKEN2, 5, i);
	}
}

/* ---- evaluation ---- */

static void pair_columns(const struct split *s, const struct args *a, struct batch *out)
{
	const struct corpus *c;
	if (corpus_for(s, a, &c, NULL) == OK)
		add_reviews(s, c, out);
}

static enum err_code write_side(
	struct eval_writer *w, const struct side *s, int32_t most, const char *texts, const char *others, struct err *e)
{
	int64_t from;
	int32_t n = count(s, most, &from);
	int32_t *text = eval_writer_ints(w, texts, n), *other = eval_writer_ints(w, others, n);
	if (!text || !other)
		return err_set(e, ERR_NOMEM, "no memory for %d reviews", n);
	copy(s, from, n, text, other);
	return OK;
}

static enum err_code pair(struct eval_writer *w, const struct pair_query *q, struct err *e)
{
	const struct corpus *c;
	int32_t most = (int32_t)q->args->num[REVIEWS];
	TRY(corpus_for(q->split, q->args, &c, e));
	struct side of_user = user_side(q->split, q->user, q->item), of_item = item_side(c, q->user, q->item);
	TRY(write_side(w, &of_user, most, "user_review", "reviewed", e));
	return write_side(w, &of_item, most, "item_review", "reviewer", e);
}

static const struct arg_spec args[] = {
	{"vocabulary", ARG_INT, 10000, 1, 1 << 24, 0, "most frequent words that are known", NULL, NULL},
	{"least", ARG_INT, 2, 0, 1 << 30, 0, "occurrences that a word needs to be known", NULL, NULL},
	{"words", ARG_INT, 200, 0, 1 << 20, 0, "words kept of a review; 0: all", NULL, NULL},
	{"reviews", ARG_INT, 30, 1, 1 << 16, 0, "latest reviews kept of a user and of an item", NULL, NULL},
	{0},
};

extern const struct kind_class kind_reviews;
const struct kind_class kind_reviews = {
	.desc = {"reviews",
		"user[E] item[E] label[E] user_review[T] reviewed[T] item_review[T2] reviewer[T2] word[] start[]",
		"Observed ratings with the other reviews of the user and of the item, as numbers of texts; text t is "
		"the "
		"words word[start[t]] .. word[start[t + 1] - 1], for nn.text_cnn. Needs a text column `review` of the "
		"interactions.",
		args},
	.flags = KIND_RATINGS,
	.begin = begin,
	.columns = columns,
	.fill = fill,
	.pair_columns = pair_columns,
	.pair = pair,
};
