#include "cli/control.h"

#include "base/mem.h"
#include "cli/train.h"
#include "run/protocol.h"
#include "store/rundir.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum err_code parse(const char *text, json_t **out, struct err *e)
{
	json_error_t je;
	*out = json_loads(text, 0, &je);
	return *out ? OK : err_set(e, ERR_FORMAT, "the run's answer is not JSON: %s", je.text);
}

static enum err_code call(const char *dir, const char *cmd, json_t *args, json_t **result, struct err *e)
{
	struct client *c = NULL;
	char *text = NULL, *answer = NULL;
	enum err_code code = client_connect(dir, &c, e);
	if (code == OK) {
		text = args ? json_dumps(args, JSON_COMPACT) : NULL;
		code = client_call(c, cmd, text, CONTROL_TIMEOUT_MS, &answer, e);
	}
	if (code == OK)
		code = parse(answer, result, e);
	client_close(c);
	free(text);
	mem_free(answer);
	return code;
}

enum err_code control_send(
	const char *run, const char *cmd, json_t *args, char *dir, size_t size, json_t **result, struct err *e)
{
	TRY(rundir_resolve(rundir_root(), run, dir, size, e));
	if (!rundir_alive(dir))
		return err_set(e, ERR_STATE,
			"run %s is not running; `gusto resume %s` continues it from its last checkpoint", run, run);
	return call(dir, cmd, args, result, e);
}

enum err_code control_simple(const char *run, const char *cmd, const char *done, struct err *e)
{
	char dir[4096];
	json_t *result = NULL;
	TRY(control_send(run, cmd, NULL, dir, sizeof dir, &result, e));
	printf("%s: %s\n", strrchr(dir, '/') ? strrchr(dir, '/') + 1 : dir, done);
	json_decref(result);
	return OK;
}

struct probe_cache {
	char dir[4096];
	int64_t step; /* of the checkpoint; -1: the best */
	struct experiment *x;
	struct session *s;
};

struct probe_cache *probe_cache_new(void)
{
	return mem_calloc(1, sizeof(struct probe_cache));
}

static void forget(struct probe_cache *c)
{
	session_close(c->s);
	experiment_free(c->x);
	*c = (struct probe_cache){.s = NULL};
}

void probe_cache_free(struct probe_cache *c)
{
	if (!c)
		return;
	forget(c);
	mem_free(c);
}

/* The checkpoint that a probe asks for by "step"; -1: the best. */
static int64_t wanted_step(const char *args_json)
{
	json_t *a = json_loads(args_json, 0, NULL), *step = json_object_get(a, "step");
	int64_t s = json_is_integer(step) ? json_integer_value(step) : -1;
	json_decref(a);
	return s;
}

enum err_code probe_cache_ask(
	void *cache, const char *run_dir, const char *args_json, char **result_json, struct err *e)
{
	struct probe_cache *c = cache;
	int64_t step = wanted_step(args_json);
	if (!c->s || c->step != step || strcmp(c->dir, run_dir) != 0) {
		forget(c);
		TRY(train_load_snapshot(run_dir, false, &c->x, e));
		enum err_code code = session_open(c->x, run_dir, step, 0, &c->s, e);
		if (code != OK) {
			c->s = NULL;
			forget(c);
			return code;
		}
		snprintf(c->dir, sizeof c->dir, "%s", run_dir);
		c->step = step;
	}
	return session_probe(c->s, args_json, result_json, e);
}

enum err_code control_probe(const char *run_dir, json_t *args, json_t **result, struct err *e)
{
	if (rundir_alive(run_dir))
		return call(run_dir, "probe", args, result, e);
	struct probe_cache *c = probe_cache_new();
	char *text = json_dumps(args, JSON_COMPACT), *answer = NULL;
	enum err_code code = c && text ? probe_cache_ask(c, run_dir, text, &answer, e)
				       : err_set(e, ERR_NOMEM, "no memory for a probe");
	if (code == OK)
		code = parse(answer, result, e);
	probe_cache_free(c);
	free(text);
	mem_free(answer);
	return code;
}
