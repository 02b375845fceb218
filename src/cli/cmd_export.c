/* gusto export RUN --csv | --safetensors FILE */
#include "base/mem.h"
#include "cli/command.h"

#include "nn/checkpoint.h"
#include "store/reader.h"
#include "store/rundir.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct arg_spec args[] = {
	{"csv", ARG_BOOL, .help = "every sample of every series: series,step,value"},
	{"safetensors", ARG_BOOL, .help = "the weights of the best checkpoint (or of --step)"},
	{"step", ARG_INT, .def = -1, .min = -1, .max = 1e15, .help = "which checkpoint"},
	{"out", ARG_STRING, .help = "file to write (default: standard output for --csv, RUN.safetensors)"},
	{0},
};

extern const struct command cmd_export;

static enum err_code csv(struct reader_db *db, FILE *f, struct err *e)
{
	struct series_info *s;
	size_t n;
	TRY(reader_series(db, &s, &n, e));
	fprintf(f, "series,step,value\n");
	enum err_code code = OK;
	for (size_t i = 0; code == OK && i < n; i++) {
		struct samples x = {0};
		code = reader_samples(db, s[i].id, &x, e);
		for (size_t k = 0; code == OK && k < x.n; k++)
			fprintf(f, "%s,%lld,%.17g\n", s[i].name, (long long)x.step[k], x.value[k]);
		samples_free(&x);
	}
	mem_free(s);
	return code;
}

static enum err_code find_checkpoint(
	struct reader_db *db, const char *dir, int64_t step, char *path, size_t size, struct err *e)
{
	struct checkpoint_row *row;
	size_t n, best = SIZE_MAX;
	TRY(reader_checkpoints(db, &row, &n, e));
	for (size_t i = 0; i < n; i++)
		if (step >= 0 ? row[i].step == step : row[i].best || (best == SIZE_MAX && i + 1 == n))
			best = i;
	if (best == SIZE_MAX) {
		mem_free(row);
		return err_set(e, ERR_NOTFOUND, "the run has no checkpoint%s", step >= 0 ? " at that step" : " yet");
	}
	snprintf(path, size, "%s/checkpoints/%lld.safetensors", dir, (long long)row[best].step);
	mem_free(row);
	return OK;
}

static enum err_code weights(const char *from, const char *to, struct err *e)
{
	struct st_file *f;
	TRY(st_open(from, &f, e));
	struct st_tensor *t = mem_calloc(st_count(f) + 1, sizeof *t);
	enum err_code code = t ? OK : err_set(e, ERR_NOMEM, "no memory for the export");
	for (size_t i = 0; t && i < st_count(f); i++)
		t[i] = *st_get(f, i);
	if (code == OK)
		code = st_write(to, t, st_count(f), st_meta(f), e);
	if (code == OK)
		printf("%s: %zu tensors\n", to, st_count(f));
	mem_free(t);
	st_close(f);
	return code;
}

static enum err_code run(const struct command_line *c, struct err *e)
{
	const struct command *k = &cmd_export;
	char dir[4096], path[4400], name[4200];
	const char *out = option_text(k, c, "out");
	struct reader_db *db;
	TRY(rundir_resolve(rundir_root(), c->positional[0], dir, sizeof dir, e));
	if (!option_number(k, c, "csv") && !option_number(k, c, "safetensors"))
		return err_set(e, ERR_ARG, "say what to export: --csv or --safetensors");
	TRY(reader_open(dir, &db, e));
	enum err_code code;
	if (option_number(k, c, "csv") != 0) {
		FILE *f = out ? fopen(out, "w") : stdout;
		code = f ? csv(db, f, e) : err_errno(e, "%s", out);
		if (f && out && fclose(f) != 0 && code == OK)
			code = err_errno(e, "%s", out);
	} else {
		const char *id = strrchr(dir, '/');
		snprintf(name, sizeof name, "%s.safetensors", id ? id + 1 : dir);
		code = find_checkpoint(db, dir, (int64_t)option_number(k, c, "step"), path, sizeof path, e);
		if (code == OK)
			code = weights(path, out ? out : name, e);
	}
	reader_close(db);
	return code;
}

const struct command cmd_export = {
	.desc = {"export", "export RUN --csv | --safetensors [--out FILE]",
		"Writes a run's series as CSV or its weights as safetensors.", args},
	.positionals_min = 1,
	.positionals_max = 1,
	.run = run,
};
