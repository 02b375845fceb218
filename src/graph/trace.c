/* Recording ops.
 *
 * A value on AXIS_FIXED is either the same in all slices (parameters and what is computed from them alone) or *partial*:
 * a sum over the rows of a slice, whose batch value is the sum over slices (losses).  Only what is linear may be done to
 * partial values; where one is added to a value of the first kind, that one is shared out first (graph/share.h). */
#include "graph/trace.h"

#include "base/str.h"
#include "graph/program_impl.h"
#include "graph/share.h"

#include <stdio.h>
#include <string.h>

enum { SCOPES_MAX = 64 };

struct trace {
	struct program *p;
	size_t values_cap, nodes_cap, params_cap;
	char scope[512];
	size_t outer[SCOPES_MAX]; /* the scope's length before each push: names may hold slashes */
	int depth;
};

enum err_code trace_new(const struct batch *signature, struct trace **out, struct err *e)
{
	struct trace *t = mem_calloc(1, sizeof *t);
	if (t)
		t->p = mem_calloc(1, sizeof *t->p);
	if (!t || !t->p) {
		mem_free(t);
		return err_set(e, ERR_NOMEM, "no memory for a trace");
	}
	if (signature) {
		t->p->n_fields = signature->nfields;
		memcpy(t->p->field, signature->spec, sizeof t->p->field);
	}
	*out = t;
	return OK;
}

void trace_free(struct trace *t)
{
	if (!t)
		return;
	program_free(t->p);
	mem_free(t);
}

static int value_new(struct trace *t, struct value v, struct err *e)
{
	struct program *p = t->p;
	CHECK(p, "the trace was finished");
	if (!mem_grow(&p->value, &t->values_cap, (size_t)p->n_values + 1, sizeof *p->value)) {
		err_set(e, ERR_NOMEM, "no memory for a traced value");
		return -1;
	}
	v.root = p->n_values;
	v.buf = v.gbuf = -1;
	v.width = shape_width(&v.shape);
	p->value[p->n_values] = v;
	return p->n_values++;
}

int trace_input(struct trace *t, const char *field, struct err *e)
{
	struct program *p = t->p;
	for (int i = 0; i < p->n_values; i++)
		if (p->value[i].kind == VALUE_INPUT && strcmp(p->field[p->value[i].ref].name, field) == 0)
			return i;
	for (int i = 0; i < p->n_fields; i++) {
		const struct field_spec *f = &p->field[i];
		if (strcmp(f->name, field) != 0)
			continue;
		struct value v = {.kind = VALUE_INPUT, .type = f->type, .ref = i};
		v.shape = f->width > 1 ? shape_rows(f->axis, 1, f->width, 0) : shape_rows(f->axis, 0, 0, 0);
		return value_new(t, v, e);
	}
	struct str names = {0};
	for (int i = 0; i < p->n_fields; i++)
		str_printf(&names, "%s%s", i ? ", " : "", p->field[i].name);
	err_set(e, ERR_NOTFOUND, "the batch has no column '%s'; it has %s", field,
		p->n_fields ? str_text(&names) : "none");
	str_free(&names);
	return -1;
}

int trace_param(struct trace *t, struct param *param, struct err *e)
{
	struct program *p = t->p;
	for (int i = 0; i < p->n_values; i++)
		if (p->value[i].kind == VALUE_PARAM && p->param[p->value[i].ref] == param)
			return i;
	if (!mem_grow(&p->param, &t->params_cap, (size_t)p->n_params + 1, sizeof *p->param)) {
		err_set(e, ERR_NOMEM, "no memory for a traced parameter");
		return -1;
	}
	struct value v = {.kind = VALUE_PARAM, .type = FIELD_REAL, .shape = param->shape, .ref = p->n_params};
	v.needs_grad = param->trainable && !param->frozen;
	int id = value_new(t, v, e);
	if (id >= 0)
		p->param[p->n_params++] = param_ref(param);
	return id;
}

int trace_number(struct trace *t, double number, struct err *e)
{
	struct value v = {.kind = VALUE_NUMBER, .type = FIELD_REAL, .shape = {AXIS_FIXED, 0, {0}}, .number = number};
	return value_new(t, v, e);
}

static int fail(struct trace *t, struct err *e)
{
	if (t->scope[0])
		err_prefix(e, "%s", t->scope);
	return -1;
}

/* Whether the output of `class` over these inputs is partial; -1 where that cannot be (see the head of the file). */
static int partial_output(const struct trace *t, const struct op_class *class, const int *in, int n_in)
{
	int partial = 0, running = 0;
	for (int k = 0; k < n_in; k++) {
		const struct value *v = &t->p->value[in[k]];
		partial += v->partial;
		running += v->shape.axis != AXIS_FIXED;
	}
	if (!partial)
		return (class->flags & OP_REDUCES) && running;
	if (running)
		return -1;
	if (class->flags & (OP_LINEAR | OP_ALIAS))
		return 1;
	if (strcmp(class->desc.name, "mul") == 0 && partial == 1)
		return 1;
	return strcmp(class->desc.name, "div") == 0 && partial == 1 && t->p->value[in[0]].partial ? 1 : -1;
}

/* What an op writes is a parameter that nothing else changes. */
static enum err_code check_state(
	const struct trace *t, const struct op_class *class, const int *in, int n_in, struct err *e)
{
	for (int k = 0; k < n_in; k++) {
		const struct value *v = &t->p->value[in[k]];
		if (!((class->writes >> k) & 1))
			continue;
		if (v->kind != VALUE_PARAM)
			return err_set(
				e, ERR_ARG, "%s: input %d is written and must be a parameter", class->desc.name, k + 1);
		if (t->p->param[v->ref]->trainable)
			return err_set(e, ERR_ARG, "%s: '%s' is trained; state is made with trainable = false",
				class->desc.name, t->p->param[v->ref]->name);
	}
	return OK;
}

static int record(struct trace *t, const struct op_class *class, const int *in, int n_in, const double *attr,
	bool partial, struct err *e)
{
	struct program *p = t->p;
	struct op_sig sig = {.n_in = n_in, .attr = attr};
	bool needs = false;
	for (int k = 0; k < n_in; k++) {
		const struct value *v = &p->value[in[k]];
		sig.type[k] = v->type;
		sig.shape[k] = v->shape;
		needs |= v->needs_grad;
	}
	struct value v = {.kind = VALUE_OP, .type = FIELD_REAL, .partial = partial};
	if (class->shape(&sig, &v.shape, e) != OK)
		return fail(t, e);
	v.needs_grad = needs && !(class->flags & OP_NOGRAD);
	v.ref = p->n_nodes;
	if (!mem_grow(&p->node, &t->nodes_cap, (size_t)p->n_nodes + 1, sizeof *p->node)) {
		err_set(e, ERR_NOMEM, "no memory for a traced op");
		return -1;
	}
	struct node *n = &p->node[p->n_nodes];
	*n = (struct node){.class = class, .n_in = n_in, .aux_buf = -1};
	memcpy(n->in, in, (size_t)n_in * sizeof *in);
	if (attr)
		memcpy(n->attr, attr, arg_count(&class->desc) * sizeof *attr);
	n->scope = mem_strdup(t->scope);
	if (!n->scope) {
		err_set(e, ERR_NOMEM, "no memory for a traced op");
		return -1;
	}
	p->n_nodes++;
	n->out = value_new(t, v, e);
	if (n->out >= 0 && (class->flags & OP_ALIAS))
		p->value[n->out].root = p->value[in[0]].root;
	p->coupled |= (class->flags & OP_COUPLED) != 0;
	p->stepwise |= (class->flags & OP_STEPWISE) != 0;
	return n->out;
}

int trace_op(struct trace *t, const struct op_class *class, const int *in, int n_in, const double *attr, struct err *e)
{
	struct args defaults;
	int input[OP_IN_MAX];
	if (n_in < class->arity_min || n_in > class->arity_max) {
		err_set(e, ERR_ARG, "%s takes %d to %d values, got %d; usage: %s", class->desc.name, class->arity_min,
			class->arity_max, n_in, class->desc.usage);
		return fail(t, e);
	}
	for (int k = 0; k < n_in; k++) {
		CHECK(in[k] >= 0 && in[k] < t->p->n_values, "value %d is not of this trace", in[k]);
		input[k] = in[k];
	}
	if (!attr) {
		args_default(&class->desc, &defaults);
		attr = defaults.num;
	}
	for (size_t k = 0; k < arg_count(&class->desc); k++) {
		const struct arg_spec *s = &class->desc.args[k];
		if (s->type != ARG_CHOICE && s->type != ARG_STRING &&
			arg_check_number(class->desc.name, s, attr[k], e) != OK)
			return fail(t, e);
	}
	if (check_state(t, class, input, n_in, e) != OK)
		return fail(t, e);
	int partial = partial_output(t, class, input, n_in);
	if (partial < 0) {
		err_set(e, ERR_ARG,
			"%s: a sum over the batch (a loss) may only be added, scaled or divided by a number",
			class->desc.name);
		return fail(t, e);
	}
	if (partial && n_in > 1 && (class->flags & OP_LINEAR))
		for (int k = 0; k < n_in; k++)
			if (!t->p->value[input[k]].partial && t->p->value[input[k]].shape.axis == AXIS_FIXED) {
				input[k] = record(t, &op_share, &input[k], 1, NULL, true, e);
				if (input[k] < 0)
					return -1;
			}
	return record(t, class, input, n_in, attr, partial == 1, e);
}

int trace_apply(struct trace *t, const char *op, const int *in, int n_in, const double *attr, struct err *e)
{
	const struct desc *d = registry_need(&op_registry, op, e);
	return d ? trace_op(t, (const struct op_class *)d, in, n_in, attr, e) : fail(t, e);
}

const struct shape *trace_shape(const struct trace *t, int value)
{
	return &t->p->value[value].shape;
}

enum field_type trace_type(const struct trace *t, int value)
{
	return t->p->value[value].type;
}

int32_t trace_below(const struct trace *t, int value)
{
	const struct value *v = &t->p->value[value];
	return v->kind == VALUE_INPUT ? t->p->field[v->ref].below : 0;
}

void trace_push(struct trace *t, const char *name)
{
	size_t n = strlen(t->scope);
	if (t->depth++ >= SCOPES_MAX) /* deeper scopes go by the name of the last */
		return;
	t->outer[t->depth - 1] = n;
	snprintf(t->scope + n, sizeof t->scope - n, "%s%s", n ? "/" : "", name);
}

void trace_pop(struct trace *t)
{
	CHECK(t->depth > 0, "a scope is closed that was not opened");
	if (--t->depth < SCOPES_MAX)
		t->scope[t->outer[t->depth]] = '\0';
}

const char *trace_scope(const struct trace *t)
{
	return t->scope;
}

static enum err_code check_outputs(
	struct trace *t, enum program_mode mode, const int *outputs, int n, int *out, struct err *e)
{
	if (n < 1 || n > 8)
		return err_set(e, ERR_ARG, "a program has 1 to 8 outputs, got %d", n);
	for (int k = 0; k < n; k++) {
		out[k] = outputs[k];
		const struct value *v = &t->p->value[outputs[k]];
		char text[80];
		if (v->type != FIELD_REAL)
			return err_set(e, ERR_SHAPE, "output %d is a column of ids, not numbers", k + 1);
		if (mode != PROGRAM_TRAIN)
			continue;
		if (v->shape.axis != AXIS_FIXED || v->width != 1)
			return err_set(e, ERR_SHAPE, "a loss must be one number, got %s; take its mean",
				shape_text(&v->shape, text, sizeof text));
		if (!v->partial) {
			out[k] = record(t, &op_share, &outputs[k], 1, NULL, true, e);
			if (out[k] < 0)
				return e ? e->code : ERR_NOMEM;
		}
	}
	if (mode == PROGRAM_TRAIN && !t->p->value[out[0]].needs_grad)
		return err_set(e, ERR_ARG, "the loss does not depend on any trainable parameter");
	return OK;
}

static bool is_parameter(const struct program *p, int value)
{
	return p->value[p->value[value].root].kind == VALUE_PARAM;
}

/* The last op is left out where it is a product with a parameter, under whatever shape the script reads it. */
static void split_product(struct program *p)
{
	const struct node *n = &p->node[p->n_nodes - 1];
	if (p->n_nodes < 1 || p->n_outputs != 1 || n->out != p->output[0] || !n->class->table_product)
		return;
	const struct value *x = &p->value[n->in[0]];
	if (!is_parameter(p, n->in[1]) || p->value[n->in[1]].shape.ndim != 2 || x->kind == VALUE_PARAM ||
		x->shape.ndim != 1 || (n->n_in > 2 && !is_parameter(p, n->in[2])))
		return;
	p->table = n->in[1];
	p->bias = n->n_in > 2 ? n->in[2] : -1;
	p->output[0] = n->in[0];
	mem_free(p->node[--p->n_nodes].scope);
}

enum err_code trace_finish(
	struct trace *t, enum program_mode mode, const int *outputs, int n_outputs, struct program **out, struct err *e)
{
	int checked[8];
	TRY(check_outputs(t, mode, outputs, n_outputs, checked, e));
	struct program *p = t->p;
	p->mode = mode;
	p->n_outputs = n_outputs;
	memcpy(p->output, checked, (size_t)n_outputs * sizeof *checked);
	p->table = p->bias = -1;
	if (mode == PROGRAM_FACTORS)
		split_product(p);
	TRY(plan_program(p, e));
	t->p = NULL;
	*out = p;
	return OK;
}
