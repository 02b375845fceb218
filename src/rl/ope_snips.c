/* Self-normalised IPS (Swaminathan & Joachims 2015): E[w r] / E[w]. */
#include "rl/ope.h"

static struct ope_terms row(const struct ope_row *r, const struct args *a)
{
	return (struct ope_terms){0, r->w * r->reward, r->w};
}

const struct ope_class ope_snips = {
	.desc = {.name = "snips",
		.usage = "snips",
		.help = "Self-normalised inverse propensity scoring: sum of w r over sum of w; adding a constant to "
			"all rewards adds it to the value."},
	.needs = OPE_WEIGHTS,
	.row = row,
};
