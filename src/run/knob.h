/* Knobs: the declared hyperparameters of a run, with their current values.
 *
 * applies   KNOB_STEP   read by the trainer before each step (lr, weight_decay, clip, optimizer arguments)
 *           KNOB_BATCH  makes new batches (batch, negatives, length, sampler)
 *           KNOB_LIVE   a number of the model (dropout, a penalty's weight): put into its programs as they run; where the change
 *                       makes a different program of it (a branch in Lua, a size), as KNOB_MODEL
 *           KNOB_MODEL  rebuilds and retraces the model; parameters are carried over by name and shape
 * A change is checked against type and range first and takes effect at a safe point. */
#ifndef GUSTO_RUN_KNOB_H
#define GUSTO_RUN_KNOB_H

#include "base/desc.h"

enum knob_applies { KNOB_STEP, KNOB_BATCH, KNOB_LIVE, KNOB_MODEL };

struct knob {
	char *name, *help, *choices;
	enum arg_type type;
	double min, max;
	enum knob_applies applies;
	double def, num;       /* numbers and booleans */
	char *def_text, *text; /* strings and choices */
};
struct knobset {
	struct knob *row;
	size_t n, cap;
};
void knobset_free(struct knobset *k);
enum err_code knobset_copy(const struct knobset *from, struct knobset *to, struct err *e);
/* Adds a declared knob (copied), value = default; ERR_ARG where the name exists or the default is out of range. */
enum err_code knobset_add(struct knobset *k, const struct knob *declared, struct err *e);
struct knob *knobset_find(const struct knobset *k, const char *name);
/* As find, with an error sentence naming the closest knob. */
struct knob *knobset_need(const struct knobset *k, const char *name, struct err *e);
/* Sets from text ("3e-4", "true", "adam"); checks type and range:
 * "knob lr must be in 1e-06..1, got 3". */
enum err_code knob_set_text(struct knob *k, const char *value, struct err *e);
/* The value as text that knob_set_text reads back exactly. */
char *knob_text(const struct knob *k, char *buf, size_t size);
double knobset_number(const struct knobset *k, const char *name, double otherwise);
const char *knobset_text(const struct knobset *k, const char *name, const char *otherwise);

#endif
