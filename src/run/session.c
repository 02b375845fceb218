#include "run/trainer.h"

#include "base/fs.h"
#include "base/mem.h"
#include "run/probe.h"
#include "store/reader.h"

#include <stdio.h>
#include <string.h>

struct session {
	struct experiment *x;
	struct engine *engine;
	struct rig *rig;
	struct evaluator *evaluator[4]; /* by part */
	int64_t step;
};

/* The best checkpoint, else the newest that is whole. */
static enum err_code choose(const char *run_dir, const char *checkpoints, int64_t *step, struct err *e)
{
	struct reader_db *db = NULL;
	struct checkpoint_row *rows = NULL;
	size_t n = 0;
	TRY(reader_open(run_dir, &db, e));
	enum err_code rc = reader_checkpoints(db, &rows, &n, e);
	for (size_t i = 0; rc == OK && i < n; i++) {
		char path[4400];
		snprintf(path, sizeof path, "%s/%s", run_dir, rows[i].file);
		if (rows[i].best && fs_exists(path))
			*step = rows[i].step;
	}
	mem_free(rows);
	reader_close(db);
	return rc == OK && *step < 0 ? checkpoint_latest(checkpoints, INT64_MAX, step, e) : rc;
}

static enum err_code open_at(struct session *s, const char *run_dir, int threads, struct err *e)
{
	char checkpoints[4200];
	struct meta m = {0};
	struct experiment *x = s->x;
	struct engine_options eo = {.threads = threads};
	snprintf(checkpoints, sizeof checkpoints, "%s/checkpoints", run_dir);
	if (s->step < 0)
		TRY(choose(run_dir, checkpoints, &s->step, e));
	TRY(engine_new(&eo, &s->engine, e));
	enum err_code rc = keep_meta(checkpoints, s->step, &m, e);
	if (rc == OK)
		rc = keep_restore(x, &m, run_dir, e);
	meta_free(&m);
	TRY(rc);
	rc = rig_build(x, s->engine, &x->knobs, NULL, false, &s->rig, e);
	x->vtbl->settle(x->self, rc == OK);
	TRY(rc);
	return checkpoint_load(checkpoints, s->step, s->rig->params, NULL, NULL, e);
}

enum err_code session_open(
	struct experiment *x, const char *run_dir, int64_t step, int threads, struct session **out, struct err *e)
{
	struct session *s = mem_calloc(1, sizeof *s);
	*out = NULL;
	if (!s)
		return err_set(e, ERR_NOMEM, "no memory to open the run %s", run_dir);
	s->x = x;
	s->step = step;
	enum err_code rc = open_at(s, run_dir, threads, e);
	if (rc == OK)
		*out = s;
	else
		session_close(s);
	return rc;
}

void session_close(struct session *s)
{
	if (!s)
		return;
	for (int i = 0; i < 4; i++)
		evaluator_free(s->evaluator[i]);
	rig_free(s->rig);
	engine_free(s->engine);
	mem_free(s);
}

struct rig *session_rig(struct session *s)
{
	return s->rig;
}

enum err_code session_probe(struct session *s, const char *args_json, char **result_json, struct err *e)
{
	json_error_t why;
	json_t *out = NULL, *args = json_loads(args_json ? args_json : "{}", JSON_REJECT_DUPLICATES, &why);
	*result_json = NULL;
	if (!json_is_object(args)) {
		json_decref(args);
		return err_set(e, ERR_ARG, "the arguments of a probe must be a JSON object");
	}
	enum err_code rc = probe_answer(s->rig, s->step, args, &out, e);
	json_decref(args);
	TRY(rc);
	char *text = json_dumps(out, JSON_COMPACT | JSON_REAL_PRECISION(9));
	json_decref(out);
	*result_json = text ? mem_strdup(text) : NULL;
	free(text);
	return *result_json ? OK : err_set(e, ERR_NOMEM, "no memory for the probe's answer");
}

enum err_code session_evaluate(struct session *s, enum part part, struct evaluation_result *out, struct err *e)
{
	if (part != PART_VALID && part != PART_TEST)
		return err_set(e, ERR_ARG, "only the validation and the test part can be evaluated");
	if (!evaluator_has_part(s->x, part))
		return err_set(e, ERR_ARG, "the split of %s has no %s part", s->x->name, part_name(part));
	if (!s->evaluator[part])
		TRY(evaluator_new(s->x, part, true, engine_threads(s->engine), &s->evaluator[part], e));
	return evaluator_run(s->evaluator[part], s->rig, NULL, NULL, out, e);
}
