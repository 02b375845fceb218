#include "run/returns.h"

#include "base/mem.h"
#include "run/agent.h"

#include <math.h>

struct returns {
	const struct experiment *x;
	enum part part;
	struct episodes *person; /* [users] */
	float *per_user[16];
};

static enum err_code check_metrics(const struct protocol *p, struct err *e)
{
	for (int m = 0; m < p->n_metrics; m++)
		if (p->metric[m].class->needs != METRIC_EPISODES)
			return err_set(e, ERR_ARG,
				"%s needs held-out data; in an environment there are return, ctr and steps",
				p->metric[m].name);
	return OK;
}

enum err_code returns_new(const struct experiment *x, enum part part, struct returns **out, struct err *e)
{
	*out = NULL;
	TRY(check_metrics(&x->protocol, e));
	struct returns *v = mem_calloc(1, sizeof *v);
	size_t n = (size_t)x->world->eval_users;
	bool ok = v && (v->person = mem_calloc(n, sizeof *v->person));
	for (int m = 0; ok && m < x->protocol.n_metrics; m++)
		ok = (v->per_user[m] = mem_calloc(n, sizeof *v->per_user[m]));
	if (!ok) {
		returns_free(v);
		return err_set(e, ERR_NOMEM, "no memory to evaluate %zu users", n);
	}
	v->x = x;
	v->part = part;
	*out = v;
	return OK;
}

void returns_free(struct returns *v)
{
	if (!v)
		return;
	for (int m = 0; m < 16; m++)
		mem_free(v->per_user[m]);
	mem_free(v->person);
	mem_free(v);
}

/* The metric is a ratio of means; its error by linearising: residuals num - value den. */
static double half_width(
	const struct metric_class *c, const struct episodes *person, int32_t n, double value, double den)
{
	double square = 0;
	for (int32_t u = 0; u < n; u++) {
		double a, b;
		c->episodes(&person[u], &a, &b);
		square += (a - value * b) * (a - value * b);
	}
	return n > 1 && den > 0 ? 1.96 * sqrt(square / (n - 1) / n) / (den / n) : 0;
}

void returns_measure(const struct protocol *p, const struct episodes *person, int32_t n, float *const *per_user,
	struct evaluation_result *out)
{
	*out = (struct evaluation_result){.n = p->n_metrics, .users = n};
	for (int m = 0; m < p->n_metrics; m++) {
		const struct metric_class *c = p->metric[m].class;
		double num = 0, den = 0;
		for (int32_t u = 0; u < n; u++) {
			double a, b;
			c->episodes(&person[u], &a, &b);
			num += a;
			den += b;
			per_user[m][u] = b > 0 ? (float)(a / b) : NAN;
		}
		out->metric[m] = p->metric[m];
		out->value[m] = den > 0 ? num / den : 0;
		out->half[m] = half_width(c, person, n, out->value[m], den);
		out->per_user[m] = per_user[m];
	}
}

enum err_code returns_run(struct returns *v, struct rig *r, const struct rollout *rollout, bool (*between)(void *ctx),
	void *ctx, struct evaluation_result *out, struct err *e)
{
	const struct world_options *w = v->x->world;
	const struct rig_program *act = NULL;
	struct rollout o = {.policy = agent_greedy(v->x)};
	if (rollout)
		o = *rollout;
	else
		TRY(rig_program(r, MODEL_ACT, PROGRAM_INFER, 0, w->eval_users, &act, e));
	if (!o.env.name)
		o.env = w->env;
	o.env.users = w->eval_users;
	o.env.seed = 1000003 + (uint64_t)v->part;
	o.episodes = w->eval_episodes;
	o.seed = o.env.seed;
	o.between = between;
	o.between_ctx = ctx;
	if (act) {
		o.engine = r->engine;
		o.act = act->program;
	}
	TRY(rollout_run(&o, v->person, e));
	returns_measure(&v->x->protocol, v->person, w->eval_users, v->per_user, out);
	return OK;
}
