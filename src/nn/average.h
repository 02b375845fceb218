/* Polyak averaging: beside the weights that are trained, a running mean of them that is evaluated (Polyak and Juditsky 1992).
 *
 *     mean = decay mean + (1 - decay) w     after every step; starts at the weights that are there when averaging begins
 *
 * A step costs a walk over all trainable parameters, touched or not; the team (NULL: the caller alone) shares it. */
#ifndef GUSTO_NN_AVERAGE_H
#define GUSTO_NN_AVERAGE_H

#include "base/team.h"
#include "nn/checkpoint.h"

struct average;
/* Of the trainable parameters of s (references); means of `old` (may be NULL) go on where name and shape agree. */
enum err_code average_new(const struct paramset *s, const struct average *old, struct average **out, struct err *e);
void average_free(struct average *a); /* NULL is legal */
void average_step(struct average *a, double decay, struct team *team);

/* Weights and means change places, so that what reads the parameters sees the means; once more, and training may go on.
 * NULL is legal: nothing happens. */
void average_swap(struct average *a);

/* What stands in the means' places at present, as blocks of a checkpoint: "average/<parameter>".  0 for NULL. */
size_t average_count(const struct average *a);
void average_blocks(struct average *a, struct checkpoint_block *out); /* [average_count] */

#endif
