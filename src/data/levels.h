/* Models of discrete ratings declare the values a rating can have. */
#ifndef GUSTO_DATA_LEVELS_H
#define GUSTO_DATA_LEVELS_H

#include "base/real.h"
#include "data/split.h"

/* Every rating of the data set is one of low, low + step, ..., low + (n - 1) step; else ERR_ARG names the first that is not, with
 * its user and item. */
enum err_code levels_check(const struct dataset *d, double low, double step, int32_t n, struct err *e);

/* out [users or, by_item, items][n] += the training ratings by level.  The ratings must have passed levels_check. */
void levels_count(const struct split *s, bool by_item, double low, double step, int32_t n, real *out);

#endif
