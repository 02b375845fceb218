#include "nn/layer.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

#define LAYER(name) extern const struct layer_class layer_##name;
#include "nn/layers.def"
#undef LAYER

static const struct desc *const rows[] = {
#define LAYER(name) &layer_##name.desc,
#include "nn/layers.def"
#undef LAYER
};

const struct registry layer_registry = {"layer", rows, sizeof rows / sizeof rows[0]};

static bool own_texts(struct layer *l)
{
	bool ok = true;
	for (int i = 0; i < ARGS_MAX; i++) {
		if (l->args.text[i]) {
			l->args.text[i] = mem_strdup(l->args.text[i]);
			ok = ok && l->args.text[i];
		}
	}
	return ok;
}

static enum err_code make(struct layer *l, const struct args *a, struct paramset *s, struct err *e)
{
	TRY(args_complete(&l->class->desc, a, e));
	l->args = *a;
	if (!own_texts(l))
		return err_set(e, ERR_NOMEM, "no memory for layer '%s'", l->name);
	paramset_push(s, l->name);
	enum err_code rc = l->class->init(l, s, e);
	paramset_pop(s);
	return rc;
}

enum err_code layer_new(const char *class_name, const char *name, const struct args *a, struct paramset *s,
	struct layer **out, struct err *e)
{
	const struct desc *d = registry_need(&layer_registry, class_name, e);
	if (!d)
		return ERR_NOTFOUND;
	struct layer *l = mem_calloc(1, sizeof *l);
	if (!l)
		return err_set(e, ERR_NOMEM, "no memory for layer '%s'", name);
	if (strlen(name) >= sizeof l->name) {
		mem_free(l);
		return err_set(
			e, ERR_ARG, "the layer name '%s' is longer than %zu characters", name, sizeof l->name - 1);
	}
	l->class = (const struct layer_class *)d;
	snprintf(l->name, sizeof l->name, "%s", name);
	enum err_code rc = make(l, a, s, e);
	if (rc != OK) {
		layer_free(l);
		return rc;
	}
	*out = l;
	return OK;
}

void layer_free(struct layer *l)
{
	if (!l)
		return;
	for (int i = 0; i < l->n_params; i++)
		param_unref(l->param[i]);
	for (int i = 0; i < l->n_subs; i++)
		layer_free(l->sub[i]);
	for (int i = 0; i < ARGS_MAX; i++)
		mem_free((char *)l->args.text[i]);
	mem_free(l);
}

int layer_apply(const struct layer *l, struct trace *t, const int *in, int n_in, struct err *e)
{
	trace_push(t, l->name);
	int out = -1;
	if (n_in < l->class->arity_min || n_in > l->class->arity_max) {
		err_set(e, ERR_ARG, "%s: %s takes %d to %d values, got %d; usage: %s", trace_scope(t),
			l->class->desc.name, l->class->arity_min, l->class->arity_max, n_in, l->class->desc.usage);
	} else {
		out = l->class->apply(l, t, in, n_in, e);
	}
	trace_pop(t);
	return out;
}

struct param *layer_param(const struct layer *l, const char *name)
{
	for (int i = 0; i < l->n_params; i++)
		if (strcmp(l->param_name[i], name) == 0)
			return l->param[i];
	for (int i = 0; i < l->n_subs; i++) {
		size_t n = strlen(l->sub[i]->name);
		if (strncmp(name, l->sub[i]->name, n) == 0 && name[n] == '/')
			return layer_param(l->sub[i], name + n + 1);
	}
	return NULL;
}

int layer_params(const struct layer *l, struct param **out, int max)
{
	int n = 0;
	for (int i = 0; i < l->n_params; i++, n++)
		if (n < max)
			out[n] = l->param[i];
	for (int i = 0; i < l->n_subs; i++)
		n += layer_params(l->sub[i], out + (n < max ? n : max), n < max ? max - n : 0);
	return n;
}
