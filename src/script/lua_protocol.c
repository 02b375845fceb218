/* g.protocol { ... }: how data are split, and what a number means. */
#include "script/lua_experiment.h"

#include <string.h>

static void read_metrics(lua_State *L, int t, bool in_world, struct protocol *p)
{
	static const char *const ranking[] = {"ndcg@10", "hr@10"}, *const episodes[] = {"return"};
	const char *const *usual = in_world ? episodes : ranking;
	struct err e;
	if (lua_getfield(L, t, "metrics") != LUA_TTABLE) {
		for (int i = 0; i < (in_world ? 1 : 2); i++)
			script_check(L, metric_parse(usual[i], &p->metric[p->n_metrics++], &e), &e);
		lua_pop(L, 1);
		return;
	}
	lua_Integer n = (lua_Integer)lua_rawlen(L, -1);
	if (n < 1 || n > (lua_Integer)(sizeof(p->metric) / sizeof(p->metric[0])))
		script_fail(L, "g.protocol: metrics lists 1 to 16 names like \"ndcg@10\", got %lld", (long long)n);
	for (lua_Integer i = 1; i <= n; i++) {
		lua_rawgeti(L, -1, i);
		if (lua_type(L, -1) != LUA_TSTRING)
			script_fail(L, "g.protocol: metrics are names like \"ndcg@10\", got %s", luaL_typename(L, -1));
		script_check(L, metric_parse(lua_tostring(L, -1), &p->metric[p->n_metrics++], &e), &e);
		lua_pop(L, 1);
	}
	lua_pop(L, 1);
}

static void need_choice(lua_State *L, const char *what, const char *choices, const char *text)
{
	if (arg_choice_index(choices, text) < 0)
		script_fail(L, "%s must be one of %s, got \"%s\"", what, choices, text);
}

/* A number, or "run": the run's own, so that `--seed 3` is another split as well. */
static uint64_t read_split_seed(lua_State *L, int t, uint64_t of_run)
{
	double seed = 1;
	char word[8] = "";
	bool named = lua_getfield(L, t, "seed") == LUA_TSTRING;
	lua_pop(L, 1);
	if (named) {
		field_text(L, t, "g.protocol", "seed", word, sizeof(word));
		need_choice(L, "g.protocol: seed, where it is no number,", "run", word);
		return of_run;
	}
	field_number(L, t, "g.protocol", "seed", &seed);
	if (!(seed >= 0 && seed < 9e15))
		script_fail(L, "g.protocol: seed must be in 0..9e15, got %g", seed);
	return (uint64_t)seed;
}

void protocol_read(lua_State *L, int t, uint64_t run_seed, bool in_world, struct protocol *p, struct split_options *so)
{
	char ties[16] = "average";
	*p = (struct protocol){.split = "leave_one_out", .candidates = "full", .mask_seen = true, .n_candidates = 100};
	*so = (struct split_options){.valid = 0.1, .test = 0.1, .per_user = true};
	field_text(L, t, "g.protocol", "split", p->split, sizeof(p->split));
	field_text(L, t, "g.protocol", "candidates", p->candidates, sizeof(p->candidates));
	field_text(L, t, "g.protocol", "ties", ties, sizeof(ties));
	need_choice(L, "g.protocol: split", "leave_one_out|leave_last|given|ratio|time", p->split);
	need_choice(L, "g.protocol: candidates", "full|given|uniform|popularity", p->candidates);
	need_choice(L, "g.protocol: ties", TIE_POLICIES, ties);
	p->ties = (enum tie_policy)arg_choice_index(TIE_POLICIES, ties);
	field_int(L, t, "g.protocol", "n_candidates", 1, 1e7, &p->n_candidates);
	field_int(L, t, "g.protocol", "max_users", 0, INT32_MAX, &p->max_users);
	field_bool(L, t, "g.protocol", "mask_seen", &p->mask_seen);
	field_bool(L, t, "g.protocol", "hide_validation", &p->hide_validation);
	p->seed = so->seed = read_split_seed(L, t, run_seed);
	field_number(L, t, "g.protocol", "valid", &so->valid);
	field_number(L, t, "g.protocol", "test", &so->test);
	if (!(so->valid >= 0 && so->test >= 0 && so->valid + so->test < 1))
		script_fail(L, "g.protocol: valid + test must stay below 1, got %g + %g", so->valid, so->test);
	field_bool(L, t, "g.protocol", "per_user", &so->per_user);
	field_int(L, t, "g.protocol", "valid_users", 0, INT32_MAX, &so->valid_users);
	field_number(L, t, "g.protocol", "positive", &so->positive);
	so->kind = p->split;
	read_metrics(L, t, in_world, p);
}
