/* What recurrent layers did with a history: the gates and states that the ops keep in aux, whose probe text reads
 * "gates reset,update,...", one part of `width` numbers per token for each name; and the states, which are their output. */
#include "run/subject.h"

#include <stdio.h>
#include <string.h>

static const char prefix[] = "gates ";

static json_t *numbers(const real *x, int64_t n, int64_t stride, int64_t rows)
{
	json_t *list = json_array();
	for (int64_t r = 0; r < rows; r++)
		for (int64_t i = 0; i < n; i++)
			json_array_append_new(list, json_real((double)x[r * stride + i]));
	return list;
}

/* The mean over the units of each token. */
static json_t *means(const real *x, int64_t n, int64_t stride, int64_t rows)
{
	json_t *list = json_array();
	for (int64_t r = 0; r < rows; r++) {
		double sum = 0;
		for (int64_t i = 0; i < n; i++)
			sum += (double)x[r * stride + i];
		json_array_append_new(list, json_real(sum / (double)n));
	}
	return list;
}

static int64_t count_names(const char *names)
{
	int64_t n = 1;
	for (; *names; names++)
		n += *names == ',';
	return n;
}

static json_t *layer_json(const struct program_probe *p, bool units)
{
	const struct op_io *io = p->io;
	json_t *(*part)(const real *, int64_t, int64_t, int64_t) = units ? numbers : means;
	int64_t width = io->out.shape.dim[0], rows = io->out.rows, k = 0;
	const char *name = p->what + strlen(prefix);
	int64_t stride = count_names(name) * width;
	json_t *gates = json_object();
	for (size_t len; *name; name += len + (name[len] == ','), k++) {
		char key[32];
		len = strcspn(name, ",");
		snprintf(key, sizeof key, "%.*s", (int)len, name);
		json_object_set_new(gates, key, part(io->aux + k * width, width, stride, rows));
	}
	return json_pack("{s:o, s:s, s:I, s:I, s:o, s:o}", "layer", subject_text_json(p->scope), "cell",
		io->class->desc.name, "n", (json_int_t)rows, "width", (json_int_t)width, "gates", gates, "state",
		part(io->out.v, width, width, rows));
}

enum err_code probe_gates(struct subject *s, const json_t *args, json_t *out, struct err *e)
{
	const struct rig_program *p;
	json_t *layers = json_array(), *items = json_array();
	json_object_set_new(out, "layers", layers);
	json_object_set_new(out, "items", items);
	TRY(subject_look(s, &p, e));
	for (int i = 0; i < program_probe_count(p->program); i++) {
		struct program_probe probe;
		program_probe_get(p->program, i, &probe);
		if (strncmp(probe.what, prefix, strlen(prefix)) == 0)
			json_array_append_new(layers, layer_json(&probe, json_is_true(json_object_get(args, "units"))));
	}
	if (json_array_size(layers) == 0)
		return err_set(e, ERR_STATE, "model %s has no recurrent layer to look into", s->r->x->model);
	for (int32_t i = 0; i < s->n; i++)
		json_array_append_new(items, subject_item_json(s->d, s->history[i]));
	return OK;
}
