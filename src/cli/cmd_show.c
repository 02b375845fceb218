/* gusto show RUN: a view of the workbench as text, as a picture, or the run as JSON. */
#include "base/mem.h"
#include "base/str.h"
#include "cli/command.h"
#include "cli/control.h"

#include "store/reader.h"
#include "store/rundir.h"
#include "tui/tui.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct arg_spec args[] = {
	{"view", ARG_CHOICE, .text = "curves", .choices = "curves|attention|explain|runs|tweak|log|help",
		.help = "which"},
	{"size", ARG_STRING, .text = "80x24", .help = "COLUMNSxROWS"},
	{"svg", ARG_STRING, .help = "write a picture to this file"},
	{"json", ARG_BOOL, .help = "the run's facts, knobs, series and tweaks as JSON"},
	{"user", ARG_STRING, .help = "of attention and explain, by its original id"},
	{"item", ARG_STRING, .help = "why this item (explain)"},
	{"step", ARG_INT, .def = -1, .min = -1, .max = 1e15, .help = "of a checkpoint"},
	{"layer", ARG_INT, .def = 0, .min = 0, .max = 1000, .help = "of attention, from 0"},
	{"head", ARG_INT, .def = -1, .min = -1, .max = 1000, .help = "of attention, from 0; -1: the mean"},
	{"ascii", ARG_BOOL, .help = "plain characters only"},
	{"color", ARG_BOOL, .help = "with terminal colours"},
	{"keys", ARG_STRING, .help = "keys to press before the picture is taken"},
	{0},
};

extern const struct command cmd_show;

static bool add_fact(void *ctx, const char *key, const char *value)
{
	json_object_set_new(ctx, key, json_string(value));
	return true;
}

static json_t *real(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

static enum err_code add_series(struct reader_db *db, json_t *out, struct err *e)
{
	struct series_info *s;
	size_t n;
	TRY(reader_series(db, &s, &n, e));
	json_t *all = json_object();
	for (size_t i = 0; i < n; i++) {
		json_t *o =
			json_pack("{s:I,s:I,s:I,s:I}", "n", (json_int_t)s[i].n, "last_step", (json_int_t)s[i].last_step,
				"best_step", (json_int_t)s[i].best_step, "not_finite", (json_int_t)s[i].bad);
		json_object_set_new(o, "last", real(s[i].last));
		json_object_set_new(o, "best", real(s[i].best));
		json_object_set_new(all, s[i].name, o);
	}
	json_object_set_new(out, "series", all);
	mem_free(s);
	return OK;
}

static enum err_code add_knobs(struct reader_db *db, json_t *out, struct err *e)
{
	struct knob_row *k;
	size_t n;
	TRY(reader_knobs(db, &k, &n, e));
	json_t *all = json_object();
	for (size_t i = 0; i < n; i++)
		json_object_set_new(all, k[i].name, json_string(k[i].value ? k[i].value : ""));
	json_object_set_new(out, "knobs", all);
	reader_knobs_free(k, n);
	return OK;
}

static enum err_code add_tweaks(struct reader_db *db, json_t *out, struct err *e)
{
	struct tweak_row *t;
	size_t n;
	TRY(reader_tweaks(db, 0, &t, &n, e));
	json_t *all = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(all, json_pack("{s:I,s:I,s:s*,s:s*,s:s*,s:s*,s:s*}", "id", (json_int_t)t[i].id,
						   "step", (json_int_t)t[i].step, "kind", t[i].kind, "name", t[i].name,
						   "old", t[i].old_value, "new", t[i].new_value, "by", t[i].by));
	json_object_set_new(out, "tweaks", all);
	reader_tweaks_free(t, n);
	return OK;
}

static enum err_code show_json(const char *dir, struct err *e)
{
	struct reader_db *db;
	TRY(reader_open(dir, &db, e));
	json_t *o = json_object(), *facts = json_object();
	json_object_set_new(o, "run", json_string(strrchr(dir, '/') ? strrchr(dir, '/') + 1 : dir));
	json_object_set_new(o, "alive", json_boolean(rundir_alive(dir)));
	enum err_code code = reader_facts(db, add_fact, facts, e);
	json_object_set_new(o, "facts", facts);
	if (code == OK)
		code = add_knobs(db, o, e);
	if (code == OK)
		code = add_series(db, o, e);
	if (code == OK)
		code = add_tweaks(db, o, e);
	reader_close(db);
	if (code == OK) {
		json_dumpf(o, stdout, JSON_COMPACT);
		printf("\n");
	}
	json_decref(o);
	return code;
}

static enum err_code parse_size(const char *text, int *width, int *height, struct err *e)
{
	char end;
	if (sscanf(text, "%dx%d%c", width, height, &end) != 2 || *width < 1 || *height < 1 || *width > 1000 ||
		*height > 1000)
		return err_set(e, ERR_ARG, "--size must be COLUMNSxROWS up to 1000x1000, as in 80x24, got '%s'", text);
	return OK;
}

static enum err_code run(const struct command_line *c, struct err *e)
{
	const struct command *k = &cmd_show;
	char dir[4096], *text = NULL;
	int width, height;
	TRY(rundir_resolve(rundir_root(), c->n ? c->positional[0] : "last", dir, sizeof dir, e));
	TRY(parse_size(option_text(k, c, "size"), &width, &height, e));
	if (option_number(k, c, "json") != 0)
		return show_json(dir, e);
	struct probe_cache *cache = probe_cache_new();
	if (!cache)
		return err_set(e, ERR_NOMEM, "no memory for the view");
	struct show_options o = SHOW_OPTIONS_DEFAULT;
	const char *view = option_text(k, c, "view"), *svg = option_text(k, c, "svg");
	o.user = option_text(k, c, "user");
	o.item = option_text(k, c, "item");
	o.step = (int64_t)option_number(k, c, "step");
	o.layer = (int)option_number(k, c, "layer");
	o.head = (int)option_number(k, c, "head");
	o.glyphs = option_number(k, c, "ascii") != 0 ? GLYPHS_ASCII : GLYPHS_BRAILLE;
	o.colours = svg || option_number(k, c, "color") != 0 ? COLOURS_256 : COLOURS_NONE;
	o.keys = option_text(k, c, "keys");
	o.probe = probe_cache_ask;
	o.probe_ctx = cache;
	enum err_code code = svg ? tui_show_svg(dir, view, width, height, &o, svg, e)
				 : tui_show(dir, view, width, height, &o, &text, e);
	if (code == OK && text)
		fputs(text, stdout);
	mem_free(text);
	probe_cache_free(cache);
	return code;
}

const struct command cmd_show = {
	.desc = {"show", "show [RUN] [--view V] [--size 80x24 | --svg FILE | --json]",
		"A view of the workbench as text or picture, for papers, bug reports and scripts.", args},
	.positionals_max = 1,
	.run = run,
};
