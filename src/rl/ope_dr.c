/* Doubly robust (Dudik et al. 2011): E[q^(x, pi_e) + w (r - q^(x, a))]. */
#include "rl/ope.h"

static struct ope_terms row(const struct ope_row *r, const struct args *a)
{
	return (struct ope_terms){r->q_policy, r->w * (r->reward - r->q_action), 1};
}

const struct ope_class ope_dr = {
	.desc = {.name = "dr",
		.usage = "dr",
		.help = "Doubly robust: the model's value, corrected by weighted residuals; unbiased where either is "
			"right."},
	.needs = OPE_WEIGHTS | OPE_MODEL,
	.row = row,
};
