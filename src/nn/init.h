/* Initial values of a parameter, drawn from a counter-based stream: element i depends on (key, i) only. */
#ifndef GUSTO_NN_INIT_H
#define GUSTO_NN_INIT_H

#include "nn/paramset.h"

/* "constant|he_normal|..." for ARG_CHOICE rows of layers. */
#define INIT_CHOICES "normal|uniform|xavier_uniform|xavier_normal|he_uniform|he_normal|lecun|zeros|ones|constant"

/* Fills p->value.  ERR_ARG names an unknown kind. */
enum err_code init_fill(const struct init *in, uint64_t key, struct param *p, struct err *e);

#endif
