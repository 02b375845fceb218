/* Strings to dense ids, in order of first appearance. */
#ifndef GUSTO_DATA_INTERN_H
#define GUSTO_DATA_INTERN_H

#include "data/dataset.h"

struct intern {
	int32_t n;
	int64_t *offset; /* [n + 1] once n > 0 */
	size_t offset_cap;
	char *bytes;
	size_t bytes_cap;
	struct strslot *slot;
	uint32_t size;
};

void intern_fini(struct intern *t);
int32_t intern_find(const struct intern *t, const char *bytes, size_t len); /* -1: not there */
int32_t intern_put(struct intern *t, const char *bytes, size_t len);	    /* made if new; -1: no memory */

#endif
