/* From the table that a script returns to the struct that the runner trains. */
#ifndef GUSTO_SCRIPT_LUA_EXPERIMENT_H
#define GUSTO_SCRIPT_LUA_EXPERIMENT_H

#include "data/planted.h"
#include "script/lua_common.h"

/* What stands behind experiment.self. */
struct model {
	struct script *script;
	struct experiment *x;
	struct model_vtbl vtbl; /* without fit and lr_factor where the script has none */
	struct arena text;	/* strings that train_options point to */
	bool building;		/* a build waits for settle */
	bool reloading;		/* so does a reload */
	struct planted_options world_options;
	struct planted *world; /* the truth behind planted data, made when first asked for */
	struct planted_event *events;
};

/* Registry fields that hold the model's Lua side. */
#define KEY_CLASS "gusto.class"		  /* what g.model returned */
#define KEY_CLASS_NEXT "gusto.class.next" /* after a reload, until settle */
#define KEY_SELF "gusto.self"		  /* the built model */
#define KEY_SELF_NEXT "gusto.self.next"
#define KEY_SCHEDULE "gusto.schedule" /* train.schedule, where it is a function */
#define KEY_LOADED "gusto.loaded"     /* modules before a reload */

/* Runs the text of an experiment; pushes the table it returned, checked to be one. */
void experiment_run_text(lua_State *L, const char *text, size_t len, const char *name);
/* Fills x from the experiment at idx; o's overrides included. */
void experiment_read(lua_State *L, int idx, struct model *m, const struct script_options *o);

/* lua_knobs.c: adds the knobs declared by the class at idx to k. */
void experiment_read_knobs(lua_State *L, int class, struct knobset *k);
/* Sets knobs from the table at idx (name = value), where it is one. */
void experiment_set_knobs(lua_State *L, int idx, const char *what, struct knobset *k);
/* Sets the knob from the Lua value on top of the stack. */
void experiment_set_knob(lua_State *L, const char *what, struct knob *k);

/* lua_protocol.c: the protocol at t; in_world: of an environment. */
void protocol_read(lua_State *L, int t, uint64_t run_seed, bool in_world, struct protocol *p, struct split_options *so);

/* lua_train.c: the options at t; the protocol is known.  learns: by gradients. */
void train_read(lua_State *L, int t, struct model *m, bool learns);
/* Sets the knobs among the options, and among the arguments of the optimizer. */
void train_set_knobs(lua_State *L, int t, const char *optimizer, struct knobset *k);
/* t[key] is a text, or a table { name = ..., arguments } or { "name", ... }: the name; out stays as it is for nil. */
void train_read_name(lua_State *L, int t, const char *key, char *out, size_t size);

/* lua_plan.c: train.plan of the table at idx; the knobs are known. */
void plan_read(lua_State *L, int train, struct model *m);

/* lua_players.c: the class's `players` and `targets`; raises. */
void players_read(lua_State *L, int class, struct model_plan *out);

/* model.c */
struct model *model_new(struct script *s, struct experiment *x);
void model_install(lua_State *L, struct model *m); /* the globals of eval chunks */

#endif
