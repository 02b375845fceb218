/* The memory plan.
 *
 * Node k runs forward at time k and backward at time 2n-1-k.  A value's numbers live from its node to the last time that
 * reads them, its gradient from the first backward that writes it to its own node's backward.  Places in the arena are
 * reused by values of the same axis and width whose lives do not overlap.  Sizes are bound per slice, so an arena is as
 * small as the slice. */
#include "graph/program_impl.h"

#include <string.h>

struct life {
	int from, to; /* times, inclusive */
	enum axis axis;
	int64_t width;
	int *place;
};

static void use_until(int *last, int value, int time)
{
	if (last[value] < time)
		last[value] = time;
}

/* Marks what the loss depends on, which nodes run backward, and how each input's gradient is written. */
static void plan_backward(struct program *p)
{
	struct value *v = p->value;
	v[v[p->output[0]].root].reached = v[p->output[0]].reached = true;
	for (int k = p->n_nodes - 1; k >= 0; k--) {
		struct node *n = &p->node[k];
		if (!v[n->out].reached || !v[n->out].needs_grad)
			continue;
		n->active = true;
		for (int i = 0; i < n->n_in; i++)
			if (v[n->in[i]].needs_grad)
				v[n->in[i]].reached = v[v[n->in[i]].root].reached = true;
	}
}

/* In the order of the backward pass: the first writer overwrites, later ones add. */
static void plan_writers(struct program *p, bool *written)
{
	for (int k = p->n_nodes - 1; k >= 0; k--) {
		struct node *n = &p->node[k];
		if (!n->active || (n->class->flags & OP_ALIAS))
			continue;
		for (int i = 0; i < n->n_in; i++) {
			const struct value *v = &p->value[n->in[i]];
			if (!v->needs_grad)
				continue;
			bool twice = false;
			for (int j = 0; j < n->n_in; j++)
				twice |= j != i && p->value[n->in[j]].root == v->root;
			if (p->value[v->root].kind == VALUE_PARAM || written[v->root] || twice)
				n->add |= 1u << i;
			if (twice && !written[v->root] && p->value[v->root].kind != VALUE_PARAM)
				n->zero |= 1u << i;
			written[v->root] = true;
		}
	}
}

/* A lazy parameter that only lookups read gets row gradients; any other reader makes its gradient dense. */
static enum err_code plan_params(struct program *p, struct err *e)
{
	p->dense_at = mem_calloc((size_t)p->n_params, sizeof *p->dense_at);
	if (!p->dense_at)
		return err_set(e, ERR_NOMEM, "no memory for the plan");
	for (int q = 0; q < p->n_params; q++) {
		bool sparse = p->param[q]->lazy, wanted = false;
		for (int k = 0; k < p->n_nodes; k++)
			for (int i = 0; i < p->node[k].n_in; i++) {
				const struct value *root = &p->value[p->value[p->node[k].in[i]].root];
				if (!p->node[k].active || root->kind != VALUE_PARAM || root->ref != q ||
					!root->needs_grad)
					continue;
				wanted = true;
				/* under another shape it has other rows */
				sparse &= p->node[k].in[i] == p->value[p->node[k].in[i]].root &&
					  ((p->node[k].class->takes_sparse >> i) & 1);
			}
		p->dense_at[q] = -1;
		if (wanted && !sparse) {
			p->dense_at[q] = p->dense_size;
			p->dense_size += (p->param[q]->n + 15) / 16 * 16;
		}
		for (int k = 0; wanted && sparse && k < p->n_nodes; k++)
			for (int i = 0; i < p->node[k].n_in; i++) {
				const struct value *root = &p->value[p->value[p->node[k].in[i]].root];
				if (p->node[k].active && root->kind == VALUE_PARAM && root->ref == q)
					p->node[k].sparse |= 1u << i;
			}
	}
	return OK;
}

/* The last time that the numbers of each root are read. */
static void plan_reads(struct program *p, int *last)
{
	int n = p->n_nodes, end = 2 * n;
	for (int k = 0; k < n; k++) {
		struct node *node = &p->node[k];
		int out = p->value[node->out].root, back = 2 * n - 1 - k;
		use_until(last, out, k);
		for (int i = 0; i < node->n_in; i++) {
			int in = p->value[node->in[i]].root;
			use_until(last, in, k);
			if (node->active && ((node->class->need_in >> i) & 1))
				use_until(last, in, back);
		}
		if (node->active && node->class->need_out)
			use_until(last, out, back);
	}
	for (int k = 0; k < p->n_outputs; k++)
		use_until(last, p->value[p->output[k]].root, end);
	if (p->mode == PROGRAM_KEEP)
		for (int i = 0; i < p->n_values; i++)
			last[i] = end;
}

static int compare_from(const struct life *a, const struct life *b)
{
	return a->from < b->from ? -1 : a->from > b->from;
}

/* Lives by start time; each takes a free place of its class or opens one. */
static enum err_code plan_places(struct program *p, struct life *life, int n, struct err *e)
{
	for (int i = 1; i < n; i++) /* few and nearly sorted */
		for (int j = i; j > 0 && compare_from(&life[j], &life[j - 1]) < 0; j--) {
			struct life t = life[j];
			life[j] = life[j - 1];
			life[j - 1] = t;
		}
	int *busy_until = mem_calloc((size_t)n + 1, sizeof *busy_until);
	p->place = mem_calloc((size_t)(n + p->n_nodes) + 1, sizeof *p->place);
	if (!busy_until || !p->place) {
		mem_free(busy_until);
		return err_set(e, ERR_NOMEM, "no memory for the plan");
	}
	for (int i = 0; i < n; i++) {
		int at = -1;
		for (int q = 0; q < p->n_places && at < 0; q++)
			if (busy_until[q] < life[i].from && p->place[q].axis == life[i].axis &&
				p->place[q].width == life[i].width)
				at = q;
		if (at < 0) {
			at = p->n_places++;
			p->place[at] = (struct place){life[i].axis, life[i].width, -1};
			p->row_bytes[life[i].axis] += (size_t)life[i].width * sizeof(real);
		}
		busy_until[at] = life[i].to;
		*life[i].place = at;
	}
	mem_free(busy_until);
	for (int k = 0; k < p->n_nodes; k++)
		if (p->node[k].class->aux) {
			p->node[k].aux_buf = p->n_places;
			p->place[p->n_places++] = (struct place){AXIS_FIXED, 0, k};
		}
	return OK;
}

static int collect_lives(struct program *p, const int *last, struct life *life)
{
	int n = 0, nodes = p->n_nodes;
	for (int k = 0; k < nodes; k++) {
		struct value *v = &p->value[p->node[k].out];
		if (p->value[v->root].kind == VALUE_OP && v->root == p->node[k].out)
			life[n++] = (struct life){k, last[v->root], v->shape.axis, v->width, &v->buf};
	}
	for (int k = 0; k < p->n_values; k++)
		if (p->value[k].kind == VALUE_NUMBER)
			life[n++] = (struct life){0, 2 * nodes, AXIS_FIXED, 1, &p->value[k].buf};
	if (p->mode != PROGRAM_TRAIN)
		return n;
	for (int i = 0; i < p->n_values; i++) {
		struct value *v = &p->value[i];
		if (v->kind != VALUE_OP || v->root != i || !v->reached || !v->needs_grad)
			continue;
		int first = 2 * nodes - 1 - v->ref; /* its own node's backward reads it last */
		int to = first;
		for (int k = 0; k < nodes; k++)
			for (int j = 0; p->node[k].active && j < p->node[k].n_in; j++)
				if (p->value[p->node[k].in[j]].root == i && 2 * nodes - 1 - k < first)
					first = 2 * nodes - 1 - k;
		if (i == p->value[p->output[0]].root)
			first = nodes;
		life[n++] = (struct life){first, to, v->shape.axis, v->width, &v->gbuf};
	}
	return n;
}

/* Ops that want the same column by id share it. */
static void plan_gathered(struct program *p)
{
	for (int k = 0; k < p->n_nodes; k++) {
		struct node *n = &p->node[k];
		n->gathered = -1;
		if (!n->class->gathers.on)
			continue;
		int root = p->value[n->in[n->class->gathers.ids]].root, at = 0;
		int32_t below = p->value[n->in[n->class->gathers.table]].shape.dim[0];
		while (at < p->n_gathered && p->gathered_value[at] != root)
			at++;
		CHECK(at < GATHERED_MAX, "more columns of ids than a batch has");
		p->n_gathered = at == p->n_gathered ? at + 1 : p->n_gathered;
		p->gathered_value[at] = root;
		p->gathered_below[at] = below > p->gathered_below[at] ? below : p->gathered_below[at];
		n->gathered = at;
	}
	p->gathers = p->n_gathered > 0;
}

enum err_code plan_program(struct program *p, struct err *e)
{
	plan_gathered(p);
	if (p->mode == PROGRAM_TRAIN)
		plan_backward(p);
	enum err_code code = ERR_NOMEM;
	int *last = mem_calloc((size_t)p->n_values + 1, sizeof *last);
	bool *written = mem_calloc((size_t)p->n_values + 1, sizeof *written);
	struct life *life = mem_calloc(2 * (size_t)p->n_values + 1, sizeof *life);
	p->key = mem_calloc((size_t)p->n_nodes + 1, sizeof *p->key);
	if (!last || !written || !life || !p->key) {
		err_set(e, ERR_NOMEM, "no memory for the plan");
		goto done;
	}
	plan_writers(p, written);
	if ((code = plan_params(p, e)) != OK)
		goto done;
	plan_reads(p, last);
	code = plan_places(p, life, collect_lives(p, last, life), e);
done:
	mem_free(last);
	mem_free(written);
	mem_free(life);
	return code;
}
