/* Evaluation batches of histories by hand: some items left out, or a person who is not among the data. */
#include "data/eval_writer.h"

#include "base/mem.h"

static float mean_rating(const struct dataset *d)
{
	double sum = 0;
	for (int64_t i = 0; i < d->n; i++)
		sum += (double)d->rating[i];
	return d->n ? (float)(sum / (double)d->n) : 0;
}

/* The latest rating that the user gave the item. */
static bool rating_of(const struct dataset *d, int32_t user, int32_t item, float *out)
{
	for (int64_t i = d->start[user + 1]; i-- > d->start[user];)
		if (d->item[i] == item) {
			*out = d->rating[i];
			return true;
		}
	return false;
}

static enum err_code look_up_ratings(const struct dataset *d, struct eval_scratch *s, struct history *h, struct err *e)
{
	if (!mem_grow(&s->rating, &s->rating_cap, (size_t)h->n + 1, sizeof *s->rating))
		return err_set(e, ERR_NOMEM, "no memory for a history of %d items", h->n);
	for (int32_t t = 0; t < h->n; t++)
		if (!rating_of(d, h->user, h->item[t], &s->rating[t]))
			s->rating[t] = mean_rating(d);
	h->rating = s->rating;
	return OK;
}

/* When the user had these items: each is sought behind the one before it, so that items which were left out do not
 * matter.  One that the user never had stands alone, before all times. */
static enum err_code look_up_times(const struct dataset *d, struct eval_scratch *s, struct history *h, struct err *e)
{
	if (!mem_grow(&s->time, &s->time_cap, (size_t)h->n + 1, sizeof *s->time))
		return err_set(e, ERR_NOMEM, "no memory for a history of %d items", h->n);
	int64_t from = d->start[h->user];
	for (int32_t t = 0; t < h->n; t++) {
		int64_t row = from;
		while (row < d->start[h->user + 1] && d->item[row] != h->item[t])
			row++;
		bool found = row < d->start[h->user + 1];
		s->time[t] = found ? d->time[row] : INT64_MIN + t;
		from = found ? row + 1 : from;
	}
	h->time = s->time;
	return OK;
}

static enum err_code look_up(const struct eval_histories *given, const struct kind_class *k, struct eval_scratch *s,
	struct history *h, struct err *e)
{
	const struct dataset *d = given->data;
	if (!given->users || !d || !(k->flags & KIND_HISTORY))
		return OK;
	if ((d->rating || d->time) && (h->user < 0 || h->user >= d->n_users))
		return err_set(e, ERR_ARG, "there is no user %d; data set '%s' has users 0..%d", h->user, d->name,
			d->n_users - 1);
	if (d->rating)
		TRY(look_up_ratings(d, s, h, e));
	return d->time ? look_up_times(d, s, h, e) : OK;
}

enum err_code eval_batch_histories(
	const struct eval_histories *given, struct eval_scratch **scratch, struct batch *out, struct err *e)
{
	const struct kind_class *k;
	TRY(eval_check_kind(given->kind, given->length, &k, e));
	struct args a = kind_args(k, given->args);
	if (kind_by_item(k, &a))
		return err_set(e, ERR_ARG,
			"%s batches by item hold columns of items, not histories of users: they are for predicting "
			"ratings",
			given->kind);
	eval_columns(k, &a, given->data, given->length, 0, out);
	TRY(eval_begin(scratch, out, e));
	for (int32_t i = 0; i < given->n; i++) {
		const int32_t *at = given->offsets + i;
		struct history h = {.user = given->users ? given->users[i] : 0,
			.n = at[1] - at[0],
			.item = given->items + at[0],
			.length = given->length,
			.args = &a};
		if (h.n < 0)
			return err_set(
				e, ERR_ARG, "history %d ends before it begins: offsets %d and %d", i, at[0], at[1]);
		TRY(look_up(given, k, *scratch, &h, e));
		TRY(eval_write_example(*scratch, k, &h, e));
		TRY(eval_close_example(*scratch, e));
	}
	eval_bind(*scratch, given->n, NULL, out);
	return OK;
}
