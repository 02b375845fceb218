/* Lua, as the rest of gusto sees it: experiments loaded from scripts, the repl, and what is listed about data sets and models.
 * No other header of this folder is included elsewhere, and no lua.h outside of it.
 *
 * A file is looked for in the snapshot of a run (where one is given), in the project's folder (the current one, or GUSTO_LUA
 * for lua/), and in the binary, which carries lua/, datasets/ and experiments/demo.lua.
 *
 * One script belongs to one thread at a time.  No Lua error leaves this folder: it becomes a struct err whose sentence begins
 * with "file:line: ". */
#ifndef GUSTO_SCRIPT_SCRIPT_H
#define GUSTO_SCRIPT_SCRIPT_H

#include "run/experiment.h"

#include <stdio.h>

struct script_setting {
	const char *name, *value;
};

struct script_options {
	const char *data;		  /* instead of the experiment's own: "ml-1m", "ml-1m:ncf" (view), or NULL */
	const struct script_setting *set; /* knobs, as text */
	size_t n_set;
	bool has_seed;
	uint64_t seed;
	int32_t epochs;		  /* < 0: the experiment's own */
	bool trust;		  /* lifts the sandbox */
	const char *snapshot_dir; /* a run directory: its files come before all others */
};
void script_options_default(struct script_options *o);

/* Loads an experiment: a path, or the name of one in experiments/.  Its data are read (or mapped from the cache), the model is
 * declared but not built.  *out is freed by experiment_free. */
enum err_code script_load(const char *file, const struct script_options *o, struct experiment **out, struct err *e);

/* Reads lines from `in` and answers on `out` until the end of the file or `exit`.  `prompt`: show one, and go on after errors;
 * otherwise the first error ends it. */
enum err_code script_repl(FILE *in, FILE *out, bool prompt, const struct script_options *o, struct err *e);

/* ---- data sets ---- */
struct script_dataset {
	char *name, *file, *help, *source, *licence;
	char *views;   /* "sasrec ncf ratings", the default first */
	char *missing; /* why its default view cannot be read here, or NULL */
};
enum err_code script_datasets(struct script_dataset **out, size_t *n, struct err *e);
void script_datasets_free(struct script_dataset *rows, size_t n);

/* Reads a described data set ("ml-1m" or "ml-1m:ncf").  *how (may be NULL; mem_free) tells the files, whether their
 * checksums agree, and where the cached copy is. */
enum err_code script_dataset_open(const char *name, struct dataset **out, char **how, struct err *e);

/* The same of a world that is made ("planted"), with so many interactions: a large one is then in the cache. */
enum err_code script_dataset_make(
	const char *name, int64_t interactions, int64_t seed, struct dataset **out, char **how, struct err *e);

/* Reads `path` and writes datasets/<name>.lua that describes it; columns, separator and header may be NULL/false. */
struct script_import {
	const char *name, *path, *format, *columns, *separator;
	bool header;
};
enum err_code script_dataset_import(
	const struct script_import *i, struct dataset **out, char *written, size_t size, struct err *e);

/* ---- models ---- */
struct script_model {
	char *name, *file, *title, *help, *source, *batch;
	struct knobset knobs;
};
enum err_code script_models(struct script_model **out, size_t *n, struct err *e);
void script_models_free(struct script_model *rows, size_t n);

/* The workloads of `gusto bench`: names of the files in experiments/bench, sorted. */
enum err_code script_workloads(char ***out, size_t *n, struct err *e);
void script_workloads_free(char **names, size_t n);

#endif
