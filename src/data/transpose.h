/* The interactions turned round: who has rated an item.  Data sets are kept by user; what reads a column of the matrix (item
 * autoencoders, item RBMs) takes it from here. */
#ifndef GUSTO_DATA_TRANSPOSE_H
#define GUSTO_DATA_TRANSPOSE_H

#include "data/split.h"

/* Item i's ratings stand at start[i]..start[i + 1], by ascending user.  One block of memory: mem_free it. */
struct transpose {
	const struct split *split; /* of which (borrowed), */
	unsigned parts;		   /* and which parts of it: bit p stands for enum part p */
	int64_t *start;		   /* [n_items + 1] */
	int32_t *user;
	float *rating; /* NULL: the data set has none */
};

enum err_code transpose_new(const struct split *s, unsigned parts, struct transpose **out, struct err *e);

#endif
