/* The recipe of a data set that is read: which files, how, and which filters; and the data it leads to. */
#ifndef GUSTO_SCRIPT_LUA_RECIPE_H
#define GUSTO_SCRIPT_LUA_RECIPE_H

#include "data/format.h"
#include "data/planted.h"
#include "script/lua_common.h"

/* One file of a view, as its table says. */
struct file_entry {
	char path[SCRIPT_PATH], format[32], separator[16], columns[512], encoding[16], table[16], map[256], part[16];
	char user_map[SCRIPT_PATH], item_map[SCRIPT_PATH], features[SCRIPT_PATH]; /* where they were found */
	struct format_options options;
};

struct recipe {
	lua_State *L;
	const char *name, *source; /* of the data set, and where it comes from */
	struct str *how;	   /* one line per file; borrowed */
	struct str key;		   /* everything that decides what the data will be */
	double min_rating, without_rating, kcore_users, kcore_items;
};

/* Pushes a recipe, to be given name and source. */
struct recipe *recipe_push(lua_State *L, struct str *how);
/* The data of the view (a table at `view`) under its filters and before them those of the table at t (0: none): mapped from the
 * cache, or read and cached.  A reference of the caller's.  Leaves in the view the alternatives that were chosen. */
struct dataset *recipe_dataset(struct recipe *r, int view, int t);

/* A planted world; a large one is mapped from the cache, into which it is streamed. */
struct dataset *recipe_planted(struct recipe *r, const struct planted_options *o);

void recipe_open(lua_State *L);

/* ---- between lua_recipe.c and lua_recipe_read.c ---- */

/* Chooses among alternatives: leaves the table that was found on the stack in place of the entry's at t. */
void recipe_choose(struct recipe *r, int t, struct file_entry *f);
struct dataset *recipe_cached(struct recipe *r, int view);

#endif
