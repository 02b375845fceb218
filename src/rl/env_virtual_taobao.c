/* Virtual Taobao: shoppers learned from real ones (Shi et al., AAAI 2019; rl/virtual_taobao.h has the networks).
 *
 * A shopper is drawn from the generator; the leave model says after how many pages it goes.  The agent gives the weights [27] of a
 * ranking function; the reward is the number of clicks (0 to 10) on the page of ten items.  The observation [91] is the user [88], the
 * last (clicks, second action) and the number of pages so far.  With `codes = n` the action is one of n fixed weight vectors
 * instead, drawn uniformly and the same in every environment: for agents that choose. */
#include "rl/env.h"
#include "rl/virtual_taobao.h"

#include "base/mem.h"

#include <math.h>
#include <string.h>

enum { OBSERVATION = VTB_USER + 3, PART = 128, PAGE_ITEMS = 10 };

struct state {
	struct vtb *net;
	int32_t *leave; /* pages of this shopper */
	real *part;	/* [users, PART] of the action model's first layer */
};

static void close_env(struct env *env)
{
	struct state *s = env->state;
	vtb_free(s->net);
}

static enum err_code open_env(struct env *env, struct err *e)
{
	struct state *s = env->state = mem_calloc(1, sizeof *s);
	int32_t codes = (int32_t)env_arg(env, "codes");
	env->spec.observation = OBSERVATION;
	env->spec.vector = codes ? 0 : VTB_ACTION;
	env->spec.slate = codes ? 1 : 0;
	env->spec.candidates = env->spec.items = codes;
	env->spec.features = codes ? VTB_ACTION : 0;
	env->spec.fixed = codes > 0;
	if (!s || !(s->leave = env_ints(env, "leave", 1)) || !(s->part = env_reals(env, "part", PART)))
		return err_set(e, ERR_NOMEM, "no memory for %d users", env->spec.users);
	return vtb_load(&s->net, e);
}

static int32_t draw(struct rng *r, const real *p, int32_t n)
{
	double x = rng_unit(r);
	for (int32_t i = 0; i < n - 1; i++)
		if ((x -= (double)p[i]) < 0)
			return i;
	return n - 1;
}

/* One value of each block, in proportion to the exponential of its logit. */
static void draw_person(const struct state *s, struct rng *r, real *user)
{
	real noise[VTB_NOISE], logits[VTB_USER];
	for (int i = 0; i < VTB_NOISE; i++)
		noise[i] = (real)rng_unit(r);
	vtb_generator(s->net, noise, logits);
	for (int b = 0; b < VTB_BLOCKS; b++) {
		int32_t from = vtb_block[b], n = vtb_block[b + 1] - from;
		double mass[32], most = (double)logits[from];
		for (int32_t i = 1; i < n; i++)
			most = (double)logits[from + i] > most ? (double)logits[from + i] : most;
		for (int32_t i = 0; i < n; i++)
			mass[i] = exp((double)logits[from + i] - most);
		int32_t k = env_choose(r, mass, n, 0);
		for (int32_t i = 0; i < n; i++)
			user[from + i] = i == (k < n ? k : n - 1);
	}
}

static void put_codes(struct env *env, int32_t u)
{
	int32_t n = env->spec.candidates;
	struct rng r = rng_stream(27, RNG_ENV, 0, 0);
	for (int32_t k = 0; k < n; k++)
		env->candidate[(int64_t)u * n + k] = k;
	for (int32_t i = 0; i < n * VTB_ACTION; i++)
		env->feature[(int64_t)u * n * VTB_ACTION + i] = (real)(2 * rng_unit(&r) - 1);
}

static void begin(struct env *env, int32_t u)
{
	const struct state *s = env->state;
	real *o = env->observation + (int64_t)u * OBSERVATION, leave[VTB_LEAVE];
	struct rng person = env_stream(env, u, ENV_PERSON), pages = env_stream(env, u, ENV_DYNAMICS);
	draw_person(s, &person, o);
	memset(o + VTB_USER, 0, 3 * sizeof *o);
	vtb_leave(s->net, o, leave);
	s->leave[u] = draw(&pages, leave, VTB_LEAVE);
	vtb_user_part(s->net, o, s->part + (int64_t)u * PART);
	if (env->spec.candidates && env->tick[u] == 0)
		put_codes(env, u);
}

static void step(struct env *env, int32_t u, const int32_t *slate, const real *vector, struct outcome *out)
{
	const struct state *s = env->state;
	struct rng r = env_stream(env, u, ENV_RESPONSE);
	real *o = env->observation + (int64_t)u * OBSERVATION, clicks[VTB_CLICKS], second[VTB_SECOND],
	     weight[VTB_ACTION];
	const real *from = vector ? vector : env->feature + ((int64_t)u * env->spec.candidates + slate[0]) * VTB_ACTION;
	for (int i = 0; i < VTB_ACTION; i++)
		weight[i] = from[i] < -1 ? -1 : from[i] > 1 ? 1 : from[i];
	vtb_action(s->net, s->part + (int64_t)u * PART, o[VTB_USER + 2], weight, clicks, second);
	int32_t n = draw(&r, clicks, VTB_CLICKS);
	o[VTB_USER] = (real)n;
	o[VTB_USER + 1] = (real)draw(&r, second, VTB_SECOND);
	o[VTB_USER + 2] += 1;
	out->reward = out->clicks = n;
	out->shown = PAGE_ITEMS;
	if (slate) {
		out->chosen = slate[0];
		out->taken = n > 0 ? slate[0] : -1;
	}
	out->done = (int32_t)o[VTB_USER + 2] >= s->leave[u];
}

static const struct arg_spec args[] = {
	{"codes", ARG_INT, 0, 0, 4096, 0, "choose one of so many fixed weight vectors; 0: give the vector itself", NULL,
		NULL},
	{0},
};

const struct env_class env_virtual_taobao = {
	.desc = {.name = "virtual_taobao",
		.usage = "g.env { \"virtual_taobao\", users = 64 }",
		.help = "Shoppers learned from Taobao's; the action is the weight vector [27] of a ranking function. "
			"Reward: "
			"clicks on a page of ten. Shi et al. 2019; its weights are looked for under GUSTO_DATA.",
		.args = args},
	.open = open_env,
	.close = close_env,
	.begin = begin,
	.step = step,
};
