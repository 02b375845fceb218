/* Private to nn/: an optimizer's vector update on rows of a table. */
#ifndef GUSTO_NN_OPTIM_ROWS_H
#define GUSTO_NN_OPTIM_ROWS_H

#include "nn/optim.h"

/* Updates rows[count] (each at most once) of the table w[*, width] and of its states from their gradients. */
void optim_update_rows(const struct optim_class *c, const struct optim_step *s, real *w, real *const *state,
	int32_t width, const struct grad_row *rows, int64_t count);

#endif
