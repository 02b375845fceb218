/* Data sets as scripts name them. */
#ifndef GUSTO_SCRIPT_LUA_DATA_H
#define GUSTO_SCRIPT_LUA_DATA_H

#include "data/planted.h"
#include "data/split.h"
#include "script/lua_common.h"

#define DATA_TYPE "gusto.data"

struct data_box {
	struct dataset *data;
	struct split *split; /* or NULL */
	char source[256];    /* "ml-1m#77aa12 sasrec" */
	bool planted;
	struct planted_options world;
	struct str how; /* one line per file */
};

/* Opens what a g.data table at idx asks for; pushes a data box.  `name` (may be NULL) replaces it: "ml-1m:ncf". */
struct data_box *data_push(lua_State *L, int idx, const char *name);
/* Pushes a box over a split: the data as build and fit see them. */
void data_push_split(lua_State *L, struct split *s);
/* The data at 1, whether opened or still what g.data returned; raises for anything else. */
struct data_box *data_check(lua_State *L);
/* lua_data_methods.c: __index and __tostring of a box. */
int data_index(lua_State *L);
int data_tostring(lua_State *L);
/* Pushes the table that datasets/<name>.lua returns. */
void data_push_description(lua_State *L, const char *name);

#endif
