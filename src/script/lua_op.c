/* Ops as methods of values and as functions, made from their descriptions: x:dropout(.5), op.dropout(x, { p = .5 }), x + y.
 *
 * Values come first, then arguments by position or in a table by name.  A number stands for a value while the op still
 * needs one (x:mul(2)), else for an argument (x:scale(2)). */
#include "script/lua_value.h"

#include <string.h>

struct op_call {
	const struct op_class *class;
	struct args args;
	struct operand_ref in[OP_IN_MAX];
	int n_in;
	size_t position; /* of the next argument */
};

static int record_op(const void *ctx, struct trace *t, const int *in, int n_in, struct err *e)
{
	const struct op_call *c = ctx;
	return trace_op(t, c->class, in, n_in, c->args.num, e);
}

static void read_argument(lua_State *L, int idx, struct op_call *c)
{
	const struct desc *d = &c->class->desc;
	if (operand_is_object(L, idx) || (lua_type(L, idx) == LUA_TNUMBER && c->n_in < c->class->arity_min)) {
		if (c->n_in >= c->class->arity_max || c->n_in >= OP_IN_MAX)
			script_fail(L, "%s takes at most %d values; usage: %s", d->name, c->class->arity_max, d->usage);
		operand_read(L, idx, d->name, &c->in[c->n_in++]);
	} else if (lua_istable(L, idx)) {
		args_read(L, idx, d, &c->args, 0);
	} else if (c->position >= arg_count(d)) {
		if (!lua_isnil(L, idx))
			script_fail(L, "%s: unexpected %s; usage: %s", d->name, luaL_typename(L, idx), d->usage);
	} else {
		const char *name = d->args[c->position++].name;
		if (!lua_isnil(L, idx))
			args_read_one(L, idx, d, &c->args, name);
	}
}

static void check_tables(lua_State *L, const struct op_call *c)
{
	for (int k = 0; k < c->n_in; k++) {
		const struct shape *table = operand_table(&c->in[k]);
		if (table && table->ndim > 0 && !((c->class->no_table >> k) & 1))
			operand_check_ids(L, "ids", c->in, c->n_in, table->dim[0]);
	}
}

static int call_op(lua_State *L, const struct op_class *class)
{
	struct op_call c = {.class = class};
	struct err e;
	args_default(&class->desc, &c.args);
	int n = lua_gettop(L);
	for (int i = 1; i <= n; i++)
		read_argument(L, i, &c);
	if (c.n_in < class->arity_min)
		return script_fail(L, "%s needs %d value%s, got %d; usage: %s", class->desc.name, class->arity_min,
			class->arity_min == 1 ? "" : "s", c.n_in, class->desc.usage);
	if (args_complete(&class->desc, &c.args, &e) != OK)
		return script_raise(L, &e);
	check_tables(L, &c);
	return value_apply(L, record_op, &c, c.in, c.n_in);
}

static int op_function(lua_State *L)
{
	return call_op(L, lua_touserdata(L, lua_upvalueindex(1)));
}

/* -x passes its operand twice. */
static int op_unary(lua_State *L)
{
	lua_settop(L, 1);
	return op_function(L);
}

static void push_op(lua_State *L, const struct op_class *class, lua_CFunction f)
{
	lua_pushlightuserdata(L, (void *)class);
	lua_pushcclosure(L, f, 1);
}

static void set_operators(lua_State *L, const char *type)
{
	static const char *const operators[][2] = {
		{"__add", "add"}, {"__sub", "sub"}, {"__mul", "mul"}, {"__div", "div"}, {"__unm", "neg"}};
	luaL_getmetatable(L, type);
	for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
		const struct op_class *class = op_find(operators[i][1]);
		if (!class)
			continue;
		push_op(L, class, class->arity_max == 1 ? op_unary : op_function);
		lua_setfield(L, -2, operators[i][0]);
	}
	lua_pop(L, 1);
}

static bool is_keyword(const char *name)
{
	return arg_choice_index("and|break|do|else|elseif|end|false|for|function|goto|if|in|local|nil|not|or|repeat|"
				"return|then|true|until|while",
		       name) >= 0;
}

void op_open(lua_State *L, int core)
{
	lua_newtable(L); /* core.op */
	lua_getfield(L, core, "methods");
	for (size_t i = 0; i < op_registry.n; i++) {
		const struct op_class *class = (const struct op_class *)op_registry.rows[i];
		push_op(L, class, op_function);
		char name[64]; /* x:repeat_(3), since repeat is a word of Lua's own */
		snprintf(name, sizeof(name), "%.60s%s", class->desc.name, is_keyword(class->desc.name) ? "_" : "");
		lua_pushvalue(L, -1);
		lua_setfield(L, -3, name);
		lua_setfield(L, -3, name);
	}
	lua_pop(L, 1);
	lua_setfield(L, core, "op");
	set_operators(L, VALUE_TYPE);
	set_operators(L, TENSOR_TYPE);
	set_operators(L, PARAM_TYPE);
}
