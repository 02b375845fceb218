/* gusto.linalg: matrices for closed forms. */
#ifndef GUSTO_SCRIPT_LUA_LINALG_H
#define GUSTO_SCRIPT_LUA_LINALG_H

#include "script/lua_common.h"

#define SPARSE_TYPE "gusto.sparse"

void linalg_open(lua_State *L); /* package.loaded["gusto.linalg"] and sparse matrices */
/* data:matrix { values = "one" }: the training rows as a sparse matrix [users, items]. */
int linalg_data_matrix(lua_State *L);

#endif
