/* The op that turns a value that is the same in every slice into this slice's share of it (by examples), so that it can
 * be added to sums over rows.  Inserted by the trace; not in the registry. */
#ifndef GUSTO_GRAPH_SHARE_H
#define GUSTO_GRAPH_SHARE_H

#include "graph/op.h"

extern const struct op_class op_share;

#endif
