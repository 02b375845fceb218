/* Sums over the episodes that a person lived: what environments count and metrics read. */
#ifndef GUSTO_BASE_EPISODES_H
#define GUSTO_BASE_EPISODES_H

struct episodes {
	double reward, clicks, shown, steps; /* sums over all steps */
	double n;			     /* episodes that ended */
};

#endif
