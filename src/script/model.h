/* Between the files model*.c: what stands behind the table of functions that model.c makes. */
#ifndef GUSTO_SCRIPT_MODEL_H
#define GUSTO_SCRIPT_MODEL_H

#include "script/lua_experiment.h"

/* Chunks and schedules run at a safe point of a run: their limit in seconds (script_call). */
enum { MODEL_SECONDS = 5 };

/* Pushes registry[next], or registry[current] where that is nil. */
void model_push_either(lua_State *L, const char *next, const char *current);

/* model_trace.c: the method behind a call ("loss", ...) and what it returns, as struct model_vtbl says. */
extern const char *const model_method[MODEL_PLAYER];
enum err_code model_trace(void *self, enum model_call what, struct trace *t, struct model_outputs *out, struct err *e);

/* model_eval.c: a chunk typed by a person. */
enum err_code model_eval(void *self, const char *chunk, char **text, struct err *e);

#endif
