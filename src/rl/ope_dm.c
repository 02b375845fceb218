/* The direct method: E[sum_a pi_e(a|x) q^(x, a)]. */
#include "rl/ope.h"

static struct ope_terms row(const struct ope_row *r, const struct args *a)
{
	return (struct ope_terms){r->q_policy, 0, 0};
}

const struct ope_class ope_dm = {
	.desc = {.name = "dm",
		.usage = "dm",
		.help = "The direct method: the mean of what a model of the rewards says the policy earns; as good as "
			"the model."},
	.needs = OPE_MODEL,
	.row = row,
};
