#include "data/sampler.h"

#include "base/mem.h"

#define SAMPLER(name) extern const struct sampler_class sampler_##name;
#include "data/samplers.def"
#undef SAMPLER

#define SAMPLER(name) &sampler_##name.desc,
static const struct desc *const rows[] = {
#include "data/samplers.def"
};
#undef SAMPLER

const struct registry sampler_registry = {.kind = "sampler", .rows = rows, .n = sizeof rows / sizeof *rows};

enum err_code sampler_new(const struct split *s, const char *name, double alpha, struct sampler **out, struct err *e)
{
	*out = NULL;
	const struct desc *d = registry_need(&sampler_registry, name, e);
	if (!d)
		return ERR_NOTFOUND;
	if (s->data->n_items < 1)
		return err_set(e, ERR_ARG, "sampler %s: data set '%s' has no items", name, s->data->name);
	struct sampler *x = mem_calloc(1, sizeof *x);
	if (!x)
		return err_set(e, ERR_NOMEM, "no memory for sampler %s", name);
	x->class = (const struct sampler_class *)d;
	x->split = s;
	x->log_q = mem_calloc((size_t)s->data->n_items, sizeof *x->log_q);
	args_default(d, &x->args);
	enum err_code code = x->log_q ? OK : err_set(e, ERR_NOMEM, "no memory for sampler %s", name);
	if (code == OK && arg_index(d, "alpha") >= 0)
		code = args_set_number(d, &x->args, "alpha", alpha, e);
	if (code == OK)
		code = x->class->init(x, e);
	if (code != OK) {
		sampler_free(x);
		return code;
	}
	*out = x;
	return OK;
}

void sampler_free(struct sampler *s)
{
	if (!s)
		return;
	if (s->class->fini)
		s->class->fini(s);
	mem_free(s->log_q);
	mem_free(s);
}

void sampler_draw_each(const struct sampler *s, const int32_t *user, const uint64_t *key, int32_t *item, int32_t n)
{
	if (s->class->draw_each) {
		s->class->draw_each(s, user, key, item, n);
		return;
	}
	for (int32_t i = 0; i < n; i++) {
		struct rng r = {key[i], 0};
		item[i] = s->class->draw(s, user[i], &r);
	}
}
