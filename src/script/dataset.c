/* Data sets outside of an experiment: opened by name, made, and imported with a description of their own. */
#include "script/lua_data.h"

#include "data/cache.h"
#include "data/format.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct opening {
	const char *name;
	int64_t interactions, seed; /* of a world that is made; 0 interactions: as the description says */
	struct dataset *data;
	char *how;
};

static int open_dataset(lua_State *L)
{
	struct opening *o = lua_touserdata(L, 1);
	lua_createtable(L, 0, 3);
	lua_pushstring(L, o->name);
	lua_setfield(L, -2, "name");
	if (o->interactions) {
		lua_pushinteger(L, o->interactions);
		lua_setfield(L, -2, "interactions");
		lua_pushinteger(L, o->seed);
		lua_setfield(L, -2, "seed");
	}
	struct data_box *box = data_push(L, lua_gettop(L), NULL);
	o->how = mem_strdup(str_text(&box->how));
	if (!o->how)
		return script_no_memory(L);
	o->data = dataset_ref(box->data);
	return 0;
}

static enum err_code open_outside(struct opening o, struct dataset **out, char **how, struct err *e)
{
	struct script *s = NULL;
	*out = NULL;
	if (how)
		*how = NULL;
	TRY(script_new(NULL, &s, e));
	enum err_code code = script_call(s, open_dataset, &o, 0, e);
	script_free(s);
	*out = o.data;
	if (how && code == OK)
		*how = o.how;
	else
		mem_free(o.how);
	return code;
}

enum err_code script_dataset_open(const char *name, struct dataset **out, char **how, struct err *e)
{
	return open_outside((struct opening){.name = name}, out, how, e);
}

enum err_code script_dataset_make(
	const char *name, int64_t interactions, int64_t seed, struct dataset **out, char **how, struct err *e)
{
	return open_outside((struct opening){.name = name, .interactions = interactions, .seed = seed}, out, how, e);
}

/* ---- import ---- */

/* A Lua string in double quotes. */
static void quote(struct str *s, const char *text)
{
	str_putc(s, '"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			str_printf(s, "\\%c", *text);
		else if ((unsigned char)*text < ' ')
			str_printf(s, "\\%d", *text);
		else
			str_putc(s, *text);
	}
	str_putc(s, '"');
}

static void option(struct str *s, const char *key, const char *value)
{
	if (!value)
		return;
	str_printf(s, ", %s = ", key);
	quote(s, value);
}

static enum err_code write_description(const struct script_import *i, const char *sha, const char *path, struct err *e)
{
	struct str s = {0};
	char absolute[SCRIPT_PATH];
	if (!realpath(i->path, absolute))
		return err_errno(e, "%s", i->path);
	str_puts(&s, "local g = require \"gusto\"\n\nreturn g.dataset {\n  name = ");
	quote(&s, i->name);
	str_puts(&s, ",\n  help = \"imported\",\n  source = ");
	quote(&s, absolute);
	str_puts(&s,
		",\n  licence = \"unknown: say here what may be done with it\",\n  default = \"all\",\n  views = {\n"
		"    all = {\n      { ");
	quote(&s, absolute);
	option(&s, "format", i->format);
	option(&s, "columns", i->columns);
	option(&s, "separator", i->separator);
	str_printf(&s, "%s, sha256 = \"%s\" },\n    },\n  },\n}\n", i->header ? ", header = true" : "", sha);
	FILE *f = s.failed ? NULL : fopen(path, "wx");
	enum err_code code = OK;
	if (!f || fwrite(s.data, 1, s.len, f) != s.len)
		code = s.failed ? err_set(e, ERR_NOMEM, "no memory for %s", path) : err_errno(e, "%s", path);
	if (f && fclose(f) != 0 && code == OK)
		code = err_errno(e, "%s", path);
	str_free(&s);
	return code;
}

enum err_code script_dataset_import(
	const struct script_import *i, struct dataset **out, char *written, size_t size, struct err *e)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
	struct format_options o = {.columns = i->columns, .separator = i->separator, .header = i->header};
	char sha[65];
	*out = NULL;
	if (!*i->name || *i->name == '.' || strlen(i->name) > 63 || strspn(i->name, letters) != strlen(i->name))
		return err_set(
			e, ERR_ARG, "a data set's name has up to 63 letters, digits, '-', '_', got \"%s\"", i->name);
	snprintf(written, size, "datasets/%s.lua", i->name);
	if (access(written, F_OK) == 0)
		return err_set(e, ERR_STATE, "%s exists already: choose another name or remove it", written);
	struct builder *b = builder_new(i->name);
	if (!b)
		return err_set(e, ERR_NOMEM, "no memory for %s", i->name);
	enum err_code code = format_read(b, i->path, i->format, &o, e);
	if (code == OK)
		code = builder_finish(b, out, e);
	builder_free(b);
	if (code == OK)
		code = file_sha256(i->path, sha, e);
	if (code == OK)
		code = write_description(i, sha, written, e);
	if (code != OK) {
		dataset_unref(*out);
		*out = NULL;
	}
	return code;
}
