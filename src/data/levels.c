#include "data/levels.h"

#include <math.h>

static bool on_level(double rating, double low, double step, int32_t n)
{
	double k = (rating - low) / step;
	return fabs(k - rint(k)) < 1e-4 && rint(k) >= 0 && rint(k) < n;
}

enum err_code levels_check(const struct dataset *d, double low, double step, int32_t n, struct err *e)
{
	if (!d->rating)
		return err_set(
			e, ERR_ARG, "data set '%s' has no ratings, which this model needs on %d levels", d->name, n);
	for (int32_t u = 0; u < d->n_users; u++)
		for (int64_t row = d->start[u]; row < d->start[u + 1]; row++) {
			char user[64], item[64];
			if (on_level((double)d->rating[row], low, step, n))
				continue;
			return err_set(e, ERR_ARG,
				"data set '%s': user %s gave item %s the rating %g, which is none of the %d levels "
				"from %g to %g in "
				"steps of %g; set levels, low and step",
				d->name, strtab_copy(&d->users, u, user, sizeof user),
				strtab_copy(&d->items, d->item[row], item, sizeof item), (double)d->rating[row], n, low,
				low + step * (n - 1), step);
		}
	return OK;
}

void levels_count(const struct split *s, bool by_item, double low, double step, int32_t n, real *out)
{
	for (int32_t u = 0; u < s->data->n_users; u++)
		for (int64_t row = s->train_start[u]; row < s->train_start[u + 1]; row++) {
			int64_t of = by_item ? s->train_item[row] : u;
			out[of * n + (int64_t)rint(((double)s->train_rating[row] - low) / step)] += 1;
		}
}
