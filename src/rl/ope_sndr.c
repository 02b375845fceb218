/* Self-normalised doubly robust: E[q^(x, pi_e)] + E[w (r - q^)] / E[w]. */
#include "rl/ope.h"

static struct ope_terms row(const struct ope_row *r, const struct args *a)
{
	return (struct ope_terms){r->q_policy, r->w * (r->reward - r->q_action), r->w};
}

const struct ope_class ope_sndr = {
	.desc = {.name = "sndr", .usage = "sndr", .help = "Doubly robust with its correction self-normalised."},
	.needs = OPE_WEIGHTS | OPE_MODEL,
	.row = row,
};
