/* Questions put to a model: what it attends to, what it recommends, and why (the probes of run/protocol.h).
 * Nothing of training changes. */
#ifndef GUSTO_RUN_PROBE_H
#define GUSTO_RUN_PROBE_H

#include "run/rig.h"

#include <jansson.h>

/* The answer to a probe's args at this step. */
enum err_code probe_answer(struct rig *r, int64_t step, const json_t *args, json_t **out, struct err *e);

#endif
