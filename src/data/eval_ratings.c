/* Evaluation batches of ratings: what a model is asked stands in `query`, or each rating is an example of its own. */
#include "data/eval_writer.h"

#include <string.h>

static void rating_signature(const struct eval_source *src, const struct kind_class *k, struct batch *out)
{
	const struct dataset *d = src->split->data;
	eval_columns(k, src->args, d, src->length, 0, out);
	if (k && k->flags & KIND_HISTORY) {
		field_add(out, "query", FIELD_INT, AXIS_TOKEN2, 1);
		out->spec[out->nfields - 1].below = kind_by_item(k, src->args) ? d->n_users : d->n_items;
		return;
	}
	field_add(out, "item", FIELD_INT, AXIS_EXAMPLE, 1);
	if (k && k->pair_columns) {
		struct args a = kind_args(k, src->args);
		k->pair_columns(src->split, &a, out);
	}
	field_bound(out, d, src->length);
}

void eval_rating_signature(const struct eval_source *src, struct batch *out)
{
	struct err e;
	rating_signature(src, kind_need(src->kind, &e), out);
}

static enum err_code check_queries(const struct eval_source *src, const struct kind_class *k, const struct args *a,
	const int32_t *query, int64_t n, struct err *e)
{
	const struct dataset *d = src->split->data;
	bool user = kind_by_item(k, a);
	int32_t most = user ? d->n_users : d->n_items;
	for (int64_t i = 0; i < n; i++)
		if (query[i] < 0 || query[i] >= most)
			return err_set(e, ERR_ARG, "there is no %s %d; data set '%s' has %ss 0..%d",
				user ? "user" : "item", query[i], d->name, user ? "user" : "item", most - 1);
	return OK;
}

static enum err_code write_queries(struct eval_scratch *s, const int32_t *query, int64_t n, struct err *e)
{
	int32_t *to = n < INT32_MAX ? eval_writer_ints(&s->writer, "query", (int32_t)n) : NULL;
	if (!to)
		return err_set(e, ERR_NOMEM, "no memory for %lld ratings", (long long)n);
	if (n > 0)
		memcpy(to, query, (size_t)n * sizeof *to);
	return eval_close_example(s, e);
}

/* Without histories a rating is an example: its user, its item, and what the kind knows of the two. */
static enum err_code write_pairs(struct eval_scratch *s, const struct eval_source *src, const struct kind_class *k,
	const struct args *a, int32_t user, const int32_t *query, int64_t n, struct err *e)
{
	int32_t *users = n < INT32_MAX ? eval_writer_ints(&s->writer, "user", (int32_t)n) : NULL;
	int32_t *items = users ? eval_writer_ints(&s->writer, "item", (int32_t)n) : NULL;
	if (!items)
		return err_set(e, ERR_NOMEM, "no memory for %lld ratings", (long long)n);
	for (int64_t i = 0; i < n; i++) {
		users[i] = user;
		items[i] = query[i];
	}
	for (int64_t i = 0; k->pair && i < n; i++) {
		TRY(k->pair(&s->writer, &(struct pair_query){src->split, a, user, query[i]}, e));
		TRY(eval_close_example(s, e));
	}
	return OK;
}

enum err_code eval_rating_batch(const struct eval_source *src, const int32_t *users, int32_t n, const int32_t *query,
	const int64_t *start, struct eval_scratch **scratch, struct batch *out, struct err *e)
{
	const struct kind_class *k;
	TRY(eval_check_kind(src->kind, src->length, &k, e));
	struct args a = kind_args(k, src->args);
	bool pairs = !(k->flags & KIND_HISTORY);
	rating_signature(src, k, out);
	TRY(check_queries(src, k, &a, query + start[0], start[n] - start[0], e));
	TRY(eval_begin(scratch, out, e));
	for (int32_t i = 0; i < n; i++) {
		const int32_t *q = query + start[i];
		int64_t count = start[i + 1] - start[i];
		if (pairs) {
			TRY(write_pairs(*scratch, src, k, &a, users[i], q, count, e));
			continue;
		}
		TRY(eval_begin_example(src, k, &a, users[i], *scratch, e));
		TRY(write_queries(*scratch, q, count, e));
	}
	eval_bind(*scratch, pairs ? (int32_t)(start[n] - start[0]) : n, NULL, out);
	return OK;
}
