/* Switch-DR (Wang et al. 2017): the correction counts only where w <= threshold. */
#include "rl/ope.h"

static struct ope_terms row(const struct ope_row *r, const struct args *a)
{
	return (struct ope_terms){r->q_policy, r->w <= a->num[0] ? r->w * (r->reward - r->q_action) : 0, 1};
}

static const struct arg_spec args[] = {
	{"threshold", ARG_REAL, 10, 0, 1e9, 0, "largest weight that is trusted", NULL, NULL},
	{0},
};

const struct ope_class ope_switch = {
	.desc = {.name = "switch",
		.usage = "switch",
		.help = "Doubly robust where the weight is at most the threshold, the model alone where it is larger.",
		.args = args},
	.needs = OPE_WEIGHTS | OPE_MODEL,
	.row = row,
};
