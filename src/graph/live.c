/* Live numbers: what may differ between two programs that are otherwise the same.
 *
 * Memory, order of ops and random streams follow from the rest alone, so that a program that takes over the live numbers
 * of another computes from the next replay on exactly what that other would. */
#include "graph/program_impl.h"

#include <string.h>

/* The same parameter, or a constant of the same numbers. */
static bool same_param(const struct param *a, const struct param *b)
{
	return a == b ||
	       (!a->trainable && !b->trainable && strcmp(a->name, b->name) == 0 && shape_same(&a->shape, &b->shape) &&
		       memcmp(a->value, b->value, (size_t)a->n * sizeof(real)) == 0);
}

static bool same_value(const struct value *a, const struct value *b)
{
	return a->kind == b->kind && a->type == b->type && shape_same(&a->shape, &b->shape) && a->ref == b->ref &&
	       a->root == b->root && a->needs_grad == b->needs_grad;
}

static bool same_node(const struct node *a, const struct node *b)
{
	if (a->class != b->class || a->n_in != b->n_in || a->out != b->out || strcmp(a->scope, b->scope) != 0 ||
		memcmp(a->in, b->in, (size_t)a->n_in * sizeof *a->in) != 0)
		return false;
	const struct arg_spec *s = a->class->desc.args;
	for (size_t k = 0; k < arg_count(&a->class->desc); k++)
		if (!(s[k].flags & ARG_LIVE) && a->attr[k] != b->attr[k])
			return false;
	return true;
}

static bool same_field(const struct field_spec *a, const struct field_spec *b)
{
	return a->type == b->type && a->axis == b->axis && a->width == b->width && strcmp(a->name, b->name) == 0;
}

bool program_same(const struct program *a, const struct program *b)
{
	bool same = a->mode == b->mode && a->n_values == b->n_values && a->n_nodes == b->n_nodes &&
		    a->n_fields == b->n_fields && a->n_params == b->n_params && a->n_outputs == b->n_outputs &&
		    a->table == b->table && a->bias == b->bias &&
		    memcmp(a->output, b->output, (size_t)a->n_outputs * sizeof *a->output) == 0;
	for (int i = 0; same && i < a->n_fields; i++)
		same = same_field(&a->field[i], &b->field[i]);
	for (int i = 0; same && i < a->n_params; i++)
		same = same_param(a->param[i], b->param[i]);
	for (int i = 0; same && i < a->n_values; i++)
		same = same_value(&a->value[i], &b->value[i]);
	for (int i = 0; same && i < a->n_nodes; i++)
		same = same_node(&a->node[i], &b->node[i]);
	return same;
}

static int take(double *to, double from)
{
	int changed = *to != from;
	*to = from;
	return changed;
}

int program_take_live(struct program *p, const struct program *from)
{
	int changed = 0;
	for (int i = 0; i < p->n_values; i++)
		if (p->value[i].kind == VALUE_NUMBER)
			changed += take(&p->value[i].number, from->value[i].number);
	for (int i = 0; i < p->n_nodes; i++)
		for (size_t k = 0; k < arg_count(&p->node[i].class->desc); k++)
			changed += take(&p->node[i].attr[k], from->node[i].attr[k]);
	return changed;
}
