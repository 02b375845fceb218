/* What all environments share: making one, checking actions, moving all users on. */
#include "rl/env.h"

#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define ENV(name) extern const struct env_class env_##name;
#include "rl/envs.def"
#undef ENV

static const struct desc *const rows[] = {
#define ENV(name) &env_##name.desc,
#include "rl/envs.def"
#undef ENV
};

const struct registry env_registry = {.kind = "environment", .rows = rows, .n = sizeof rows / sizeof *rows};

/* ---- memory ---- */

static void *block_new(struct env *env, const char *name, size_t bytes)
{
	CHECK(env->n_blocks < ENV_BLOCKS_MAX, "environment %s has more than %d arrays", env->class->desc.name,
		ENV_BLOCKS_MAX);
	struct env_block *b = &env->block[env->n_blocks];
	b->data = mem_aligned(bytes ? bytes : 1);
	if (!b->data)
		return NULL;
	snprintf(b->name, sizeof b->name, "%s", name);
	b->bytes = bytes;
	env->n_blocks++;
	return b->data;
}

real *env_reals(struct env *env, const char *name, int64_t width)
{
	return block_new(env, name, (size_t)(env->spec.users * width) * sizeof(real));
}

int32_t *env_ints(struct env *env, const char *name, int64_t width)
{
	return block_new(env, name, (size_t)(env->spec.users * width) * sizeof(int32_t));
}

double env_arg(const struct env *env, const char *name)
{
	int i = arg_index(&env->class->desc, name);
	CHECK(i >= 0, "environment %s has no argument %s", env->class->desc.name, name);
	return env->args.num[i];
}

int32_t env_choose(struct rng *r, const double *mass, int32_t n, double none)
{
	double total = none, x;
	for (int32_t i = 0; i < n; i++)
		total += mass[i];
	x = rng_unit(r) * total;
	for (int32_t i = 0; i < n; i++) {
		if (x < mass[i])
			return i;
		x -= mass[i];
	}
	return n;
}

/* ---- making one ---- */

static enum err_code check_spec(const struct env *env, struct err *e)
{
	const struct env_spec *s = &env->spec;
	const char *name = env->class->desc.name;
	if (s->slate > s->candidates)
		return err_set(e, ERR_ARG,
			"environment %s: a slate of %d cannot be chosen from %d candidates; give more candidates or a "
			"smaller slate",
			name, s->slate, s->candidates);
	CHECK((s->slate > 0) != (s->vector > 0), "environment %s takes neither slates nor vectors", name);
	return OK;
}

static enum err_code make_arrays(struct env *env, struct err *e)
{
	const struct env_spec *s = &env->spec;
	env->observation = env_reals(env, "observation", s->observation);
	env->candidate = env_ints(env, "candidate", s->candidates);
	env->feature = env_reals(env, "feature", (int64_t)s->candidates * s->features);
	env->history = env_ints(env, "history", s->history);
	env->tick = block_new(env, "tick", (size_t)s->users * sizeof *env->tick);
	env->length = env_ints(env, "length", 1);
	env->outcome = mem_calloc((size_t)s->users, sizeof *env->outcome);
	env->rest = mem_calloc((size_t)s->users, sizeof *env->rest);
	if (!env->observation || !env->candidate || !env->feature || !env->history || !env->tick || !env->length ||
		!env->outcome || !env->rest)
		return err_set(e, ERR_NOMEM, "no memory for an environment of %d users", s->users);
	return OK;
}

static void begin(struct env *env, int32_t u)
{
	env->length[u] = 0;
	for (int32_t k = 0; k < env->spec.history; k++)
		env->history[(int64_t)u * env->spec.history + k] = -1;
	env->class->begin(env, u);
	env->tick[u]++;
}

static enum err_code open_env(struct env *env, struct err *e)
{
	TRY(env->class->open(env, e));
	TRY(check_spec(env, e));
	TRY(make_arrays(env, e));
#pragma omp parallel for schedule(static) num_threads(env->threads)
	for (int32_t u = 0; u < env->spec.users; u++)
		begin(env, u);
	return OK;
}

enum err_code env_new(const struct env_options *o, struct env **out, struct err *e)
{
	*out = NULL;
	const struct env_class *class = (const struct env_class *)registry_need(&env_registry, o->name, e);
	if (!class)
		return ERR_NOTFOUND;
	if (o->users < 1)
		return err_set(e, ERR_ARG, "environment %s: users must be at least 1, got %d", o->name, o->users);
	if (class->takes_data && !o->data)
		return err_set(e, ERR_ARG, "environment %s needs data = g.data \"name\": the log to replay", o->name);
	if (!class->takes_data && o->data)
		return err_set(e, ERR_ARG, "environment %s makes its own people and takes no data", o->name);
	TRY(args_complete(&class->desc, &o->args, e));
	struct env *env = mem_calloc(1, sizeof *env);
	if (!env)
		return err_set(e, ERR_NOMEM, "no memory for an environment");
	env->class = class;
	env->args = o->args;
	env->seed = rng_mix(o->seed ^ rng_hash_name(class->desc.name));
	env->data = o->data ? dataset_ref(o->data) : NULL;
	env->spec.users = o->users;
	env->spec.history = o->history;
	env->threads = o->threads > 0 ? o->threads : 1;
	enum err_code rc = open_env(env, e);
	if (rc != OK) {
		env_free(env);
		return rc;
	}
	memset(env->args.text, 0, sizeof env->args.text); /* they are the caller's */
	*out = env;
	return OK;
}

void env_free(struct env *env)
{
	if (!env)
		return;
	if (env->class->close && env->state)
		env->class->close(env);
	for (int i = 0; i < env->n_blocks; i++)
		mem_aligned_free(env->block[i].data);
	dataset_unref(env->data);
	mem_free(env->outcome);
	mem_free(env->rest);
	mem_free(env->state);
	mem_free(env);
}

/* ---- moving on ---- */

static enum err_code check_slate(const struct env *env, int32_t u, const int32_t *slate, struct err *e)
{
	const struct env_spec *s = &env->spec;
	for (int32_t k = 0; k < s->slate; k++) {
		if (slate[k] < 0 || slate[k] >= s->candidates)
			return err_set(e, ERR_ARG, "%s: user %d: place %d of the slate is %d, candidates are 0..%d",
				env->class->desc.name, u, k, slate[k], s->candidates - 1);
		if (env->candidate[(int64_t)u * s->candidates + slate[k]] < 0)
			return err_set(e, ERR_ARG, "%s: user %d: candidate %d of the slate is not to be had",
				env->class->desc.name, u, slate[k]);
		for (int32_t j = 0; j < k; j++)
			if (slate[j] == slate[k])
				return err_set(e, ERR_ARG, "%s: user %d: candidate %d is twice in the slate",
					env->class->desc.name, u, slate[k]);
	}
	return OK;
}

static enum err_code check_actions(const struct env *env, const int32_t *slate, const real *vector, struct err *e)
{
	const struct env_spec *s = &env->spec;
	CHECK(s->slate ? slate != NULL : vector != NULL, "an action of the wrong kind");
	for (int32_t u = 0; u < s->users; u++) {
		if (env->rest[u])
			continue;
		if (s->slate)
			TRY(check_slate(env, u, slate + (int64_t)u * s->slate, e));
		for (int32_t k = 0; !s->slate && k < s->vector; k++)
			if (!isfinite((double)vector[(int64_t)u * s->vector + k]))
				return err_set(e, ERR_NUMERIC, "%s: user %d: number %d of the action is not finite",
					env->class->desc.name, u, k);
	}
	return OK;
}

void env_take(struct env *env, int32_t u, int32_t item)
{
	int32_t n = env->spec.history, *h = env->history + (int64_t)u * n;
	if (n < 1)
		return;
	memmove(h, h + 1, (size_t)(n - 1) * sizeof *h);
	h[n - 1] = item;
}

static void step_user(struct env *env, int32_t u, const int32_t *slate, const real *vector)
{
	const struct env_spec *s = &env->spec;
	struct outcome *o = &env->outcome[u];
	*o = (struct outcome){.chosen = -1, .taken = -1};
	env->class->step(env, u, slate ? slate + (int64_t)u * s->slate : NULL,
		vector ? vector + (int64_t)u * s->vector : NULL, o);
	if (o->taken >= 0)
		env_take(env, u, o->taken);
	env->length[u]++;
	env->tick[u]++;
	if (o->done)
		begin(env, u);
}

enum err_code env_step(struct env *env, const int32_t *slate, const real *vector, struct err *e)
{
	TRY(check_actions(env, slate, vector, e));
#pragma omp parallel for schedule(static) num_threads(env->threads)
	for (int32_t u = 0; u < env->spec.users; u++)
		if (!env->rest[u])
			step_user(env, u, slate, vector);
	return OK;
}
