/* gusto repl: lines of Lua, answered at once.  A line that is no complete chunk waits for the next. */
#include "script/lua_data.h"
#include "script/lua_experiment.h"

#include <string.h>

struct line {
	const char *text;
	FILE *out;
	bool incomplete;
};

static int show_results(lua_State *L, FILE *out)
{
	int n = lua_gettop(L);
	luaL_checkstack(L, 4, "too many results");
	for (int i = 1; i <= n; i++) {
		size_t len;
		const char *text = luaL_tolstring(L, i, &len);
		fwrite(text, 1, len, out);
		fputc(i < n ? '\t' : '\n', out);
		lua_pop(L, 1);
	}
	fflush(out);
	return 0;
}

/* "<eof>" at the end of a syntax error means that more is to come. */
static bool wants_more(const char *message)
{
	return str_ends(message, "<eof>");
}

static int run_line(lua_State *L)
{
	struct line *l = lua_touserdata(L, 1);
	lua_settop(L, 0);
	lua_pushfstring(L, "return %s", l->text);
	size_t len;
	const char *text = lua_tolstring(L, 1, &len);
	if (luaL_loadbufferx(L, text, len, "=repl", "t") != LUA_OK) {
		lua_settop(L, 0);
		if (luaL_loadbufferx(L, l->text, strlen(l->text), "=repl", "t") != LUA_OK) {
			l->incomplete = wants_more(lua_tostring(L, -1));
			return l->incomplete ? 0 : lua_error(L);
		}
	}
	if (lua_gettop(L) == 2)
		lua_remove(L, 1); /* the text */
	lua_call(L, 0, LUA_MULTRET);
	return show_results(L, l->out);
}

static int repl_print(lua_State *L)
{
	return show_results(L, lua_touserdata(L, lua_upvalueindex(1)));
}

static int open_repl(lua_State *L)
{
	static const char *const modules[][2] = {{"g", "gusto"}, {"nn", "gusto.nn"}};
	lua_pushvalue(L, 1);
	lua_pushcclosure(L, repl_print, 1);
	lua_setglobal(L, "print");
	for (size_t i = 0; i < 2; i++) {
		lua_getglobal(L, "require");
		lua_pushstring(L, modules[i][1]);
		lua_call(L, 1, 1);
		lua_setglobal(L, modules[i][0]);
	}
	return 0;
}

/* Reads a line of any length into `text`, without its end; false at the end of the file. */
static bool read_line(FILE *in, struct str *text)
{
	int c = getc(in);
	if (c == EOF)
		return false;
	for (; c != EOF && c != '\n'; c = getc(in))
		str_putc(text, (char)c);
	return true;
}

static enum err_code read_and_answer(struct script *s, FILE *in, FILE *out, bool prompt, struct err *e)
{
	struct str text = {0};
	enum err_code code = OK;
	bool more = false;
	for (;;) {
		if (prompt) {
			fputs(more ? ">> " : "> ", out);
			fflush(out);
		}
		if (more)
			str_putc(&text, '\n');
		if (!read_line(in, &text) || (!more && strcmp(str_text(&text), "exit") == 0))
			break;
		struct line l = {str_text(&text), out, false};
		code = text.failed ? err_set(e, ERR_NOMEM, "no memory for a line") : script_call(s, run_line, &l, 0, e);
		more = code == OK && l.incomplete;
		if (!more)
			str_clear(&text);
		if (code != OK && !prompt)
			break;
		if (code != OK)
			fprintf(out, "%s\n", e->text);
		code = OK;
	}
	if (more && code == OK)
		code = err_set(e, ERR_SCRIPT, "repl: the last chunk is not complete");
	str_free(&text);
	return code;
}

enum err_code script_repl(FILE *in, FILE *out, bool prompt, const struct script_options *o, struct err *e)
{
	struct script *s = NULL;
	TRY(script_new_interactive(o, &s, e));
	enum err_code code = script_call(s, open_repl, out, 0, e);
	if (code == OK)
		code = read_and_answer(s, in, out, prompt, e);
	script_free(s);
	return code;
}
