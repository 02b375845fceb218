/* Environments as scripts name them.  All functions raise. */
#ifndef GUSTO_SCRIPT_LUA_ENV_H
#define GUSTO_SCRIPT_LUA_ENV_H

#include "script/lua_common.h"

/* From the table that g.env returned: the environment, and its spec (it is made once, so that what is missing is told at once). */
void world_read_env(lua_State *L, int t, struct world_options *w);
void world_read_model(lua_State *L, int class, struct world_options *w);
void world_read_train(lua_State *L, int t, struct world_options *w);
void world_read_protocol(lua_State *L, int t, struct world_options *w);

/* What build(k, data) sees instead of data: { users, items, observation, candidates, features, slate, vector, history, name }. */
void world_push(lua_State *L, const struct world_options *w);

#endif
