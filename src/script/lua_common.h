/* What the bindings share: the script's state, protected calls, errors with the line they belong to.
 *
 * Rules of this folder.  Everything that touches Lua runs below script_call, so that an error (memory included) unwinds to
 * it and nowhere else.  A binding checks its arguments, makes a userdata with NULL inside, calls C, and only then raises:
 * no resource is held outside of a userdata while something can raise. */
#ifndef GUSTO_SCRIPT_LUA_COMMON_H
#define GUSTO_SCRIPT_LUA_COMMON_H

#include "base/mem.h"
#include "base/str.h"
#include "script/script.h"

#include <lua.h>
#include <lauxlib.h>
#include <lualib.h>

struct engine;

struct script_file {
	char *path; /* relative to a snapshot: "experiment.lua", "lua/gusto/models/sasrec.lua" */
	char *text;
	size_t len;
};

enum { SCRIPT_PATH = 4096 };

struct script {
	lua_State *L;
	size_t memory; /* bytes that Lua holds */
	bool trust, interactive;
	char *snapshot;		   /* run directory, or NULL */
	char folder[SCRIPT_PATH];  /* of the experiment's file */
	struct script_file *files; /* in order of loading */
	size_t n_files, cap_files;

	enum err_code raised;	 /* code of the error that is being raised */
	double begun;		 /* of the outermost call, monotonic seconds */
	double deadline;	 /* of the outermost limited call, the thread's CPU seconds; 0: none */
	const char *interrupted; /* why the call is being ended, NULL: it is not */

	struct trace *trace;	  /* the one being recorded, borrowed; NULL outside */
	uint64_t generation;	  /* of that trace: values of other generations are dead */
	struct paramset *set;	  /* where new layers put their parameters while a model is built, borrowed */
	struct paramset *scratch; /* the same by hand (repl), owned */
	unsigned unnamed;	  /* layers made by hand so far */
	struct engine *engine;	  /* for values computed at once; made when first needed */
};

enum err_code script_new(const struct script_options *o, struct script **out, struct err *e);
enum err_code script_new_interactive(
	const struct script_options *o, struct script **out, struct err *e); /* globals may be set */
void script_free(struct script *s);

struct script *script_of(lua_State *L);

/* Runs f (one light userdata argument, ctx) protected, within `seconds` (0: no limit) of this thread's CPU time: how busy the
 * machine is does not matter.  ERR_CANCELLED where it took longer. */
enum err_code script_call(struct script *s, lua_CFunction f, void *ctx, double seconds, struct err *e);

/* Raises e's sentence behind the nearest line of the user's script.  The int is for `return script_fail(...)`. */
int script_raise(lua_State *L, const struct err *e) __attribute__((noreturn));
int script_fail(lua_State *L, const char *fmt, ...) __attribute__((format(printf, 2, 3), noreturn));
/* Pushes "models/sasrec.lua:41: ", or "". */
void script_where(lua_State *L);
/* Raises e as it stands (its place is already in it). */
int script_raise_plain(lua_State *L, const struct err *e) __attribute__((noreturn));

/* script_raise_plain, where the code is not OK. */
void script_check(lua_State *L, enum err_code code, const struct err *e);
/* Raises Lua's own sentence for it, which script_call answers as ERR_NOMEM. */
int script_no_memory(lua_State *L) __attribute__((noreturn));

/* Raises ERR_CANCELLED while a call is being ended; what catches errors asks it, so that the end is not caught. */
void script_end_if_interrupted(lua_State *L);

/* ---- modules: one lua_*.c each ---- */
void sandbox_open(lua_State *L); /* libraries within bounds */
int sandbox_load_text(
	lua_State *L, const char *text, size_t len, const char *name); /* pushes the chunk, raises otherwise */

/* lua_files.c: the text of a file by its place in the project ("lua/gusto/init.lua"); pushes text and path, or returns false.
 * What was read is kept for the snapshot. */
bool files_push(lua_State *L, const char *path);
enum err_code files_keep(struct script *s, const char *path, const char *text, size_t len, struct err *e);
int files_require(lua_State *L);
/* Names (without .lua) of the files directly in a folder, on disk and embedded, sorted: pushes an array. */
void files_push_names(lua_State *L, const char *folder);
char *files_read(const char *path, size_t *len, struct err *e); /* mem_free */

void core_open(lua_State *L); /* package.loaded["gusto.core"] with what the other modules register */
void value_open(lua_State *L, int core);
void op_open(lua_State *L, int core);
void nn_open(lua_State *L, int core);
void data_open(lua_State *L, int core);
void env_open(lua_State *L, int core);
void ope_open(lua_State *L, int core);

/* embedded.c */
struct embedded_file {
	const char *path;
	const unsigned char *text;
	int len;
};
const struct embedded_file *embedded_files(size_t *n);

/* ---- fields of tables that scripts hand over; all raise with `what` in the sentence ---- */
bool field_text(lua_State *L, int t, const char *what, const char *key, char *out, size_t size); /* false: nil */
bool field_number(lua_State *L, int t, const char *what, const char *key, double *out);
bool field_int(lua_State *L, int t, const char *what, const char *key, double min, double max, int32_t *out);
bool field_bool(lua_State *L, int t, const char *what, const char *key, bool *out);
/* Copies a string into the heap, NULL for nil; raises where memory is short. */
char *field_strdup(lua_State *L, int t, const char *what, const char *key);

/* Fills args from a Lua value at idx: a table (positional and named) or nothing.  Texts point into Lua strings, which stay
 * alive while the table at idx does. */
void args_read(lua_State *L, int idx, const struct desc *d, struct args *a, int first_position);
void args_read_one(lua_State *L, int idx, const struct desc *d, struct args *a, const char *name);

#endif
