/* Clipped IPS (Ionides 2008): E[min(w, clip) r]. */
#include "rl/ope.h"

static struct ope_terms row(const struct ope_row *r, const struct args *a)
{
	return (struct ope_terms){0, (r->w < a->num[0] ? r->w : a->num[0]) * r->reward, 1};
}

static const struct arg_spec args[] = {
	{"clip", ARG_REAL, 10, 0, 1e9, 0, "bound on the weights", NULL, NULL},
	{0},
};

const struct ope_class ope_clipped = {
	.desc = {.name = "clipped",
		.usage = "clipped",
		.help = "Inverse propensity scoring with bounded weights: less variance, some bias.",
		.args = args},
	.needs = OPE_WEIGHTS,
	.row = row,
};
