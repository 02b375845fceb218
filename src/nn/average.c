#include "nn/average.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

struct pair {
	struct param *param;
	real *mean; /* [param->n] */
};
struct average {
	struct pair *pair;
	size_t n;
};

static const struct pair *fellow(const struct average *old, const struct param *p)
{
	for (size_t i = 0; old && i < old->n; i++)
		if (strcmp(old->pair[i].param->name, p->name) == 0 && shape_same(&old->pair[i].param->shape, &p->shape))
			return &old->pair[i];
	return NULL;
}

static enum err_code add(struct average *a, struct param *p, const struct average *old, struct err *e)
{
	const struct pair *before = fellow(old, p);
	real *mean = mem_alloc((size_t)p->n * sizeof *mean);
	if (!mean)
		return err_set(e, ERR_NOMEM, "no memory for the mean of %s (%lld numbers)", p->name, (long long)p->n);
	memcpy(mean, before ? before->mean : p->value, (size_t)p->n * sizeof *mean);
	a->pair[a->n++] = (struct pair){param_ref(p), mean};
	return OK;
}

enum err_code average_new(const struct paramset *s, const struct average *old, struct average **out, struct err *e)
{
	struct average *a = mem_calloc(1, sizeof *a);
	enum err_code rc = OK;
	if (a)
		a->pair = mem_calloc(paramset_count(s) + 1, sizeof *a->pair);
	if (!a || !a->pair)
		rc = err_set(e, ERR_NOMEM, "no memory for means of parameters");
	for (size_t i = 0; rc == OK && i < paramset_count(s); i++)
		if (paramset_get(s, i)->trainable)
			rc = add(a, paramset_get(s, i), old, e);
	if (rc != OK) {
		average_free(a);
		return rc;
	}
	*out = a;
	return OK;
}

void average_free(struct average *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < a->n; i++) {
		param_unref(a->pair[i].param);
		mem_free(a->pair[i].mean);
	}
	mem_free(a->pair);
	mem_free(a);
}

struct step {
	const struct average *a;
	real take;
	int members;
};

static void step_part(void *ctx, int member)
{
	const struct step *s = ctx;
	for (size_t i = 0; i < s->a->n; i++) {
		const struct pair *p = &s->a->pair[i];
		real *restrict mean = p->mean;
		const real *restrict w = p->param->value;
		int64_t end = p->param->n * (member + 1) / s->members;
		for (int64_t k = p->param->n * member / s->members; k < end; k++)
			mean[k] += s->take * (w[k] - mean[k]);
	}
}

void average_step(struct average *a, double decay, struct team *team)
{
	struct step s = {a, (real)(1 - decay), team ? team_size(team) : 1};
	if (team)
		team_run(team, step_part, &s);
	else
		step_part(&s, 0);
}

void average_swap(struct average *a)
{
	for (size_t i = 0; a && i < a->n; i++) {
		real *restrict mean = a->pair[i].mean, *restrict w = a->pair[i].param->value;
		for (int64_t k = 0; k < a->pair[i].param->n; k++) {
			real x = mean[k];
			mean[k] = w[k];
			w[k] = x;
		}
	}
}

size_t average_count(const struct average *a)
{
	return a ? a->n : 0;
}

void average_blocks(struct average *a, struct checkpoint_block *out)
{
	for (size_t i = 0; a && i < a->n; i++) {
		struct pair *p = &a->pair[i];
		out[i] = (struct checkpoint_block){.data = p->mean, .bytes = (size_t)p->param->n * sizeof *p->mean};
		snprintf(out[i].name, sizeof out[i].name, "average/%s", p->param->name);
	}
}
