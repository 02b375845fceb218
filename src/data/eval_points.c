/* Evaluation batches of click-through: observed interactions, each an example. */
#include "data/eval_writer.h"

enum err_code eval_points_signature(const struct eval_source *src, struct batch *out, struct err *e)
{
	const struct kind_class *k = kind_need(src->kind, e);
	*out = (struct batch){0};
	if (!k)
		return ERR_ARG;
	if (!k->points_columns)
		return err_set(e, ERR_ARG,
			"%s batches know nothing of single interactions: models of click-through read batches of "
			"fields",
			src->kind);
	struct args a = kind_args(k, src->args);
	k->points_columns(src->split, &a, out);
	field_bound(out, src->split->data, 1);
	return OK;
}

int64_t eval_points_rows(const struct eval_source *src, enum axis a)
{
	struct err e;
	const struct kind_class *k = kind_need(src->kind, &e);
	if (!k || !k->points_rows)
		return a <= AXIS_EXAMPLE;
	struct args args = kind_args(k, src->args);
	return k->points_rows(src->split, &args, a);
}

enum err_code eval_points_batch(const struct eval_source *src, const int32_t *user, const int64_t *row, int32_t n,
	struct eval_scratch **scratch, struct batch *out, struct err *e)
{
	TRY(eval_points_signature(src, out, e));
	const struct kind_class *k = kind_need(src->kind, e);
	struct args a = kind_args(k, src->args);
	struct eval_source full = *src;
	full.args = &a;
	TRY(eval_begin(scratch, out, e));
	for (int32_t i = 0; i < n; i++) {
		TRY(k->point(&(*scratch)->writer, &full, user[i], row[i], e));
		TRY(eval_close_example(*scratch, e));
	}
	eval_bind(*scratch, n, NULL, out);
	return OK;
}
