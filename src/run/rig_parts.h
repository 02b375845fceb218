/* Between rig.c and rig_players.c. */
#ifndef GUSTO_RUN_RIG_PARTS_H
#define GUSTO_RUN_RIG_PARTS_H

#include "run/rig.h"

/* Traces p->call over batches like `signature` and finishes its program. */
enum err_code rig_trace_into(struct rig *r, const struct batch *signature, struct rig_program *p, struct err *e);

/* The loss of every player, or the one loss where there are none. */
enum err_code rig_trace_losses(struct rig *r, const struct batch *signature, struct err *e);
/* Copies that follow other parameters (targets) are never trained; `fresh`: they begin as what they follow. */
enum err_code rig_targets_begin(struct rig *r, bool fresh, struct err *e);

#endif
