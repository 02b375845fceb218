/* Inverse propensity scoring (Horvitz & Thompson 1952): E[w r]. */
#include "rl/ope.h"

static struct ope_terms row(const struct ope_row *r, const struct args *a)
{
	return (struct ope_terms){0, r->w * r->reward, 1};
}

const struct ope_class ope_ips = {
	.desc = {.name = "ips",
		.usage = "ips",
		.help = "Inverse propensity scoring: the mean of w r. Unbiased where the log's policy does all that "
			"this one does."},
	.needs = OPE_WEIGHTS,
	.row = row,
};
