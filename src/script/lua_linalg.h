/* gusto.linalg: matrices for closed forms. */
#ifndef GUSTO_SCRIPT_LUA_LINALG_H
#define GUSTO_SCRIPT_LUA_LINALG_H

#include "script/lua_value.h"

#define SPARSE_TYPE "gusto.sparse"

void linalg_open(lua_State *L); /* sparse matrices, and package.loaded["gusto.linalg"] by dense_open */
void dense_open(lua_State *L);
/* data:matrix { values = "one" }: the training rows as a sparse matrix [users, items]. */
int linalg_data_matrix(lua_State *L);

/* A matrix of numbers in place: a tensor or a parameter; a vector is one column. */
struct dense {
	real *v;
	int64_t rows, cols;
};
/* The one at idx; raises for anything else, and in dense_shaped where the shape is not [rows, cols]. */
struct dense dense_check(lua_State *L, int idx, const char *what);
struct dense dense_shaped(lua_State *L, int idx, const char *what, int64_t rows, int64_t cols);
/* Pushes a new tensor of zeros [rows, cols], cols = 0: a vector; raises where it needs more memory than there is. */
struct dense dense_push(lua_State *L, const char *what, int64_t rows, int64_t cols);
/* 1, or raises e. */
int linalg_answer(lua_State *L, enum err_code code, const struct err *e);

#endif
