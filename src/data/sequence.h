/* What kinds over a user's item sequence share in evaluation: item[T] position[T], the last `length` items. */
#ifndef GUSTO_DATA_SEQUENCE_H
#define GUSTO_DATA_SEQUENCE_H

#include "data/kind.h"

void sequence_eval_columns(const struct args *a, int32_t length, struct batch *out);
enum err_code sequence_example(struct eval_writer *w, const struct history *h, struct err *e);

#endif
