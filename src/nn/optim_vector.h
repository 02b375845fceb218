/* Private to optim_*.c: what every update starts from. */
#ifndef GUSTO_NN_OPTIM_VECTOR_H
#define GUSTO_NN_OPTIM_VECTOR_H

#include "nn/optim.h"

#include <math.h>

/* The vectoriser takes sqrt of the engine's precision only from the right function. */
static inline real real_sqrt(real x)
{
#ifdef GUSTO_DOUBLE
	return sqrt(x);
#else
	return sqrtf(x);
#endif
}

/* Every optimizer's first arguments: the driver (optim.c) finds them by these names. */
#define OPTIM_LR(def_)                                                                                                 \
	{                                                                                                              \
		"lr", ARG_LOG, def_, 0, 1e6, ARG_LIVE, "learning rate"                                                 \
	}
#define OPTIM_DECAY(def_, help_)                                                                                       \
	{"decay", ARG_REAL, def_, 0, 1e6, ARG_LIVE, help_},                                                            \
		{"decay_bias", ARG_BOOL, 1, 0, 1, ARG_LIVE,                                                            \
			"weight decay also acts on vectors (biases, gains of norms)"},                                 \
	{                                                                                                              \
		"lazy", ARG_BOOL, 1, 0, 1, ARG_LIVE,                                                                   \
			"rows of lazy tables that a step does not touch rest, with their means and without decay, "    \
			"which "                                                                                       \
			"costs what is touched; false: they are updated with a gradient of zero, as dense ones are, "  \
			"which costs the whole table"                                                                  \
	}
#define OPTIM_COUPLED "weight decay, added to the gradient: g + decay * w (touched rows only where a table is lazy)"

#endif
