#include "nn/compose.h"

#include <string.h>

int compose_op(struct trace *t, const char *op, const int *in, int n_in, const struct attr *attr, struct err *e)
{
	for (int i = 0; i < n_in; i++)
		if (in[i] < 0)
			return -1;
	const struct op_class *c = op_find(op);
	struct args a;
	if (!c) {
		err_set(e, ERR_NOTFOUND, "there is no op '%s' in this build", op);
		return -1;
	}
	args_default(&c->desc, &a);
	for (; attr && attr->name; attr++) {
		int k = arg_index(&c->desc, attr->name);
		CHECK(k >= 0, "op %s has no attribute %s", op, attr->name);
		a.num[k] = attr->value;
	}
	return trace_op(t, c, in, n_in, a.num, e);
}

int compose1(struct trace *t, const char *op, int x, struct err *e)
{
	return compose_op(t, op, &x, 1, NULL, e);
}

int compose2(struct trace *t, const char *op, int x, int y, struct err *e)
{
	return compose_op(t, op, (const int[]){x, y}, 2, NULL, e);
}

int compose_dropout(struct trace *t, int x, double rate, struct err *e)
{
	if (x < 0 || rate == 0)
		return x;
	return compose_op(t, "dropout", &x, 1, (const struct attr[]){{"rate", rate}, {0}}, e);
}

int compose_sub(const struct layer *l, int k, struct trace *t, int x, struct err *e)
{
	CHECK(k < l->n_subs, "layer %s has %d layers within, not %d", l->name, l->n_subs, k + 1);
	return x < 0 ? -1 : layer_apply(l->sub[k], t, &x, 1, e);
}

int compose_activation(struct trace *t, const char *name, int x, struct err *e)
{
	return x < 0 || strcmp(name, "none") == 0 ? x : compose1(t, name, x, e);
}

static int need(const struct layer *l, const char *arg)
{
	int k = arg_index(&l->class->desc, arg);
	CHECK(k >= 0, "layer %s has no argument %s", l->class->desc.name, arg);
	return k;
}

double layer_number(const struct layer *l, const char *arg)
{
	return l->args.num[need(l, arg)];
}

int32_t layer_int(const struct layer *l, const char *arg)
{
	return (int32_t)layer_number(l, arg);
}

bool layer_flag(const struct layer *l, const char *arg)
{
	return layer_number(l, arg) != 0;
}

const char *layer_text(const struct layer *l, const char *arg)
{
	return l->args.text[need(l, arg)];
}

enum err_code layer_make(struct layer *l, struct paramset *s, const char *name, struct shape shape,
	const struct init *init, bool trainable, bool lazy, struct err *e)
{
	struct param *p;
	CHECK(l->n_params < LAYER_PARAMS_MAX, "layer %s has more than %d parameters", l->name, LAYER_PARAMS_MAX);
	TRY(paramset_make(s, name, &shape, init, trainable, lazy, &p, e));
	l->param[l->n_params] = param_ref(p);
	l->param_name[l->n_params++] = name;
	return OK;
}

enum err_code layer_sub(struct layer *l, struct paramset *s, const char *class_name, const char *name,
	const struct sub_arg *args, struct err *e)
{
	struct args a;
	const struct desc *d = registry_find(&layer_registry, class_name);
	CHECK(d && l->n_subs < LAYER_SUBS_MAX, "layer %s: no %s as number %d", l->name, class_name, l->n_subs + 1);
	args_default(d, &a);
	for (; args->name; args++) {
		if (args->text)
			TRY(args_set_text(d, &a, args->name, args->text, e));
		else
			TRY(args_set_number(d, &a, args->name, args->number, e));
	}
	TRY(layer_new(class_name, name, &a, s, &l->sub[l->n_subs], e));
	l->n_subs++;
	return OK;
}
