/* script_load: finds the text of an experiment and turns it into what the runner trains. */
#include "script/lua_experiment.h"

#include <string.h>
#include <unistd.h>

struct loading {
	struct script *script;
	struct model *model;
	const char *file;
	const struct script_options *options;
};

/* Pushes the text of a file on disk, if it is there. */
static bool push_file(lua_State *L, const char *path)
{
	struct err e;
	size_t len;
	if (access(path, R_OK) != 0)
		return false;
	char *text = files_read(path, &len, &e);
	if (!text) {
		script_raise_plain(L, &e);
		return false;
	}
	lua_pushlstring(L, text, len);
	mem_free(text);
	return true;
}

static bool push_experiment_file(lua_State *L, const char *path)
{
	size_t n;
	if (push_file(L, path))
		return true;
	const struct embedded_file *f = embedded_files(&n);
	for (size_t i = 0; i < n; i++)
		if (strcmp(f[i].path, path) == 0) {
			lua_pushlstring(L, (const char *)f[i].text, (size_t)f[i].len);
			return true;
		}
	return false;
}

/* Pushes the script's text and leaves its path in `path`. */
static void find_experiment(lua_State *L, struct loading *l, char *path, size_t size)
{
	static const char *const forms[] = {"%s", "%s.lua", "experiments/%s", "experiments/%s.lua"};
	struct script *s = l->script;
	if (s->snapshot) {
		snprintf(path, size, "%s/experiment.lua", s->snapshot);
		if (push_file(L, path))
			return;
	}
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]) && l->file; i++) {
		snprintf(path, size, forms[i], l->file);
		if (push_experiment_file(L, path))
			return;
	}
	struct err e;
	err_set(&e, ERR_NOTFOUND, "there is no experiment '%s': give the path of a Lua file, or a name in experiments/",
		l->file ? l->file : "");
	script_raise_plain(L, &e);
}

static void set_folder(struct script *s, const char *path)
{
	const char *slash = strrchr(path, '/');
	snprintf(s->folder, sizeof(s->folder), "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
	if (slash == path)
		strcpy(s->folder, "/");
}

static int load_protected(lua_State *L)
{
	struct loading *l = lua_touserdata(L, 1);
	struct experiment *x = l->model->x;
	struct err e;
	find_experiment(L, l, x->file, sizeof(x->file));
	set_folder(l->script, x->file);
	size_t len;
	const char *text = lua_tolstring(L, -1, &len);
	script_check(L, files_keep(l->script, "experiment.lua", text, len, &e), &e);
	experiment_run_text(L, text, len, x->file);
	experiment_read(L, -1, l->model, l->options);
	model_install(L, l->model);
	return 0;
}

enum err_code script_load(const char *file, const struct script_options *given, struct experiment **out, struct err *e)
{
	struct script_options o;
	script_options_default(&o);
	if (given)
		o = *given;
	*out = NULL;
	struct script *s = NULL;
	struct experiment *x = mem_calloc(1, sizeof(*x));
	if (!x)
		return err_set(e, ERR_NOMEM, "no memory for an experiment");
	enum err_code code = script_new(&o, &s, e);
	struct model *m = code == OK ? model_new(s, x) : NULL;
	if (code == OK && !m)
		code = err_set(e, ERR_NOMEM, "no memory for a model");
	if (!m) {
		script_free(s);
		mem_free(x);
		return code;
	}
	struct loading l = {s, m, file, &o};
	code = script_call(s, load_protected, &l, 0, e);
	if (code == OK)
		*out = x;
	else
		experiment_free(x);
	return code;
}
