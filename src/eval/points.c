/* Click-through: every row of the part is a point with a label and a score; the metrics are of all of them together. */
#include "base/mem.h"
#include "eval/evaluation.h"

#include <math.h>

static enum err_code no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "no memory for the evaluation's points");
}

enum err_code points_build(struct evaluation *v, struct err *e)
{
	const struct split *s = v->split;
	const struct dataset *d = s->data;
	size_t n = (size_t)d->n + 1;
	v->point = mem_alloc(n * sizeof *v->point);
	v->point_user = mem_alloc(n * sizeof *v->point_user);
	v->label = mem_alloc(n * sizeof *v->label);
	v->score = mem_alloc(n * sizeof *v->score);
	if (!v->point || !v->point_user || !v->label || !v->score)
		return no_memory(e);
	for (int32_t i = 0; i < v->n; i++)
		for (int64_t row = d->start[v->users[i]]; row < d->start[v->users[i] + 1]; row++)
			if (s->part[row] == v->part) {
				v->point_user[v->n_points] = v->users[i];
				v->label[v->n_points] = (float)split_label(s, row);
				v->point[v->n_points++] = row;
			}
	if (v->n_points == 0)
		return err_set(e, ERR_ARG,
			"data set '%s': the held-out items are no interactions with a context; metrics of "
			"click-through "
			"need another split",
			d->name);
	return OK;
}

void points_free(struct evaluation *v)
{
	mem_free(v->point);
	mem_free(v->point_user);
	mem_free(v->label);
	mem_free(v->score);
}

void points_reset(struct evaluation *v)
{
	for (int64_t i = 0; i < v->n_points; i++)
		v->score[i] = (real)NAN;
}

int64_t evaluation_points(const struct evaluation *v, const int32_t **user, const int64_t **row)
{
	*user = v->point_user;
	*row = v->point;
	return v->n_points;
}

void evaluation_feed_points(struct evaluation *v, int64_t first, int64_t n, const real *score)
{
	CHECK(first >= 0 && n >= 0 && first <= v->n_points - n, "points %lld+%lld of %lld", (long long)first,
		(long long)n, (long long)v->n_points);
	for (int64_t i = 0; i < n; i++)
		v->score[first + i] = score[i];
}

enum err_code points_check(const struct evaluation *v, struct err *e)
{
	for (int64_t i = 0; i < v->n_points; i++)
		if (isnan(v->score[i]))
			return err_set(e, ERR_NUMERIC, "the score of user %d for item %d is NaN", v->point_user[i],
				v->split->data->item[v->point[i]]);
	return OK;
}
