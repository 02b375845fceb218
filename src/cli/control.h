/* Asking a run: over its socket where it lives, from a checkpoint where it does not. */
#ifndef GUSTO_CLI_CONTROL_H
#define GUSTO_CLI_CONTROL_H

#include "cli/command.h"

#include <jansson.h>
#include <stddef.h>

enum { CONTROL_TIMEOUT_MS = 60000 };

/* Resolves RUN and sends one command; *result is the answer's object (json_decref).  ERR_STATE where it does not live. */
enum err_code control_send(
	const char *run, const char *cmd, json_t *args, char *dir, size_t size, json_t **result, struct err *e);

/* A command without arguments whose answer is printed as "RUN: paused at step N". */
enum err_code control_simple(const char *run, const char *cmd, const char *done, struct err *e);

/* A probe, live or from a checkpoint (the best, else the last). */
enum err_code control_probe(const char *run_dir, json_t *args, json_t **result, struct err *e);

/* The same over text, for the workbench: keeps the session of the last run open. */
struct probe_cache;
struct probe_cache *probe_cache_new(void);
void probe_cache_free(struct probe_cache *c);
enum err_code probe_cache_ask(
	void *cache, const char *run_dir, const char *args_json, char **result_json, struct err *e);

#endif
