/* gusto doc [NAME]: what there is, and what one thing does; from the registries and the models' own declarations. */
#include "cli/command.h"

#include "data/format.h"
#include "data/kind.h"
#include "data/sampler.h"
#include "eval/metric.h"
#include "graph/op.h"
#include "nn/layer.h"
#include "nn/optim.h"
#include "nn/schedule.h"
#include "rl/env.h"
#include "rl/ope.h"
#include "script/script.h"

#include <stdio.h>
#include <string.h>

static const struct registry *const registries[] = {&layer_registry, &op_registry, &optim_registry, &schedule_registry,
	&kind_registry, &sampler_registry, &metric_registry, &format_registry, &env_registry, &ope_registry,
	&command_registry};
enum { REGISTRIES = sizeof registries / sizeof *registries };

static void print_args(const struct desc *d)
{
	for (size_t i = 0; i < arg_count(d); i++) {
		const struct arg_spec *s = &d->args[i];
		printf("  %-16s ", s->name);
		if (s->type == ARG_CHOICE)
			printf("%s", s->choices);
		else if (s->type == ARG_BOOL)
			printf("true|false");
		else if (s->type == ARG_STRING)
			printf("text");
		else
			printf("%g..%g", s->min, s->max);
		if (s->flags & ARG_REQUIRED)
			printf(", required");
		else if (s->type == ARG_STRING || s->type == ARG_CHOICE)
			printf(", default %s", s->text ? s->text : "none");
		else
			printf(", default %g", s->def);
		printf(": %s\n", s->help ? s->help : "");
	}
}

static void print_desc(const char *kind, const struct desc *d)
{
	printf("%s (%s)\n  %s\n\n%s\n", d->name, kind, d->usage, d->help);
	if (arg_count(d))
		printf("\n");
	print_args(d);
}

static void print_model(const struct script_model *m)
{
	printf("%s (model, %s)\n%s\n\n%s\n", m->name, m->file, m->title ? m->title : "", m->help ? m->help : "");
	if (m->source && m->source[0])
		printf("source: %s\n", m->source);
	printf("\nknobs:\n");
	for (size_t i = 0; i < m->knobs.n; i++) {
		const struct knob *k = &m->knobs.row[i];
		char text[128];
		printf("  %-16s %s, %g..%g: %s\n", k->name, knob_text(k, text, sizeof text), k->min, k->max,
			k->help ? k->help : "");
	}
}

static enum err_code list(struct err *e)
{
	struct script_model *m;
	size_t n;
	TRY(script_models(&m, &n, e));
	printf("models:     ");
	for (size_t i = 0; i < n; i++)
		printf("%s ", m[i].name);
	script_models_free(m, n);
	for (size_t r = 0; r < REGISTRIES; r++) {
		printf("\n%ss:%*s", registries[r]->kind, (int)(10 - strlen(registries[r]->kind)), "");
		for (size_t i = 0; i < registries[r]->n; i++)
			printf("%s ", registries[r]->rows[i]->name);
	}
	printf("\n\n`gusto doc NAME` tells about one of them.\n");
	return OK;
}

static enum err_code one(const char *name, struct err *e)
{
	struct script_model *m;
	size_t n;
	bool found = false;
	TRY(script_models(&m, &n, e));
	for (size_t i = 0; i < n; i++)
		if (strcmp(m[i].name, name) == 0) {
			print_model(&m[i]);
			found = true;
		}
	script_models_free(m, n);
	for (size_t r = 0; r < REGISTRIES; r++) {
		const struct desc *d = registry_find(registries[r], name);
		if (d && found)
			printf("\n");
		if (d)
			print_desc(registries[r]->kind, d);
		found |= d != NULL;
	}
	return found ? OK : err_set(e, ERR_NOTFOUND, "nothing is called '%s'; `gusto doc` lists what there is", name);
}

static enum err_code run(const struct command_line *c, struct err *e)
{
	return c->n ? one(c->positional[0], e) : list(e);
}

const struct command cmd_doc = {
	.desc = {"doc", "doc [NAME]", "Tells about a model, layer, op, optimizer, sampler, metric, format or command.",
		NULL},
	.positionals_max = 1,
	.run = run,
};
