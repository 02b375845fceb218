/* Optimizers: one file optim_<name>.c, one row in optims.def.  The update is row-wise: the same function serves dense
 * parameters (one long run of numbers) and the touched rows of lazy tables (state of untouched rows is left alone). With `lazy = false`
 * (an argument of every optimizer, live) untouched rows are updated too, with a gradient of zero: the rule of dense parameters to the bit. */
#ifndef GUSTO_NN_OPTIM_H
#define GUSTO_NN_OPTIM_H

#include "graph/reduce.h"
#include "nn/paramset.h"

enum { OPTIM_STATES_MAX = 3 };

/* What one update needs; read-only during the step. */
struct optim_step {
	int64_t t;    /* 1 for the first step of the run */
	double lr;    /* after the schedule */
	double clip;  /* factor on every gradient (global norm clipping), 1 = none */
	double decay; /* weight decay of this parameter (0 for biases and norms where the optimizer's option says so) */
	const struct args *args;
	double c[4]; /* constants the class's `begin` computed for this step (bias corrections) */
};
struct optim_class {
	struct desc desc; /* args: lr, beta1, ... with ARG_LIVE: they are knobs of the run */
	int states;	  /* arrays as large as the parameter */
	void (*begin)(struct optim_step *s);
	void (*update)(const struct optim_step *s, real *w, const real *g, real *const *state, int64_t n);
};
extern const struct registry optim_registry;

struct optim;
/* args by name are set with optim_set before or between steps (live). */
enum err_code optim_new(const char *name, struct optim **out, struct err *e);
void optim_free(struct optim *o);
const struct optim_class *optim_class_of(const struct optim *o);
enum err_code optim_set(struct optim *o, const char *arg, double v, struct err *e);
double optim_get(const struct optim *o, const char *arg); /* NaN: no such argument */

/* Makes state for the parameters of a set; state of parameters that were there before with the same name and shape
 * is kept (structure changes), the rest start at zero. */
enum err_code optim_bind(struct optim *o, const struct paramset *s, struct err *e);

/* One update from the gradients that program_step left.  max_norm > 0 clips the global norm.  *norm (may be NULL)
 * gets the norm before clipping (computed only where asked for or needed). */
enum err_code optim_step(
	struct optim *o, struct engine *g, struct program *p, double lr, double max_norm, double *norm, struct err *e);
int64_t optim_steps(const struct optim *o); /* of all clocks */

/* Where several programs are trained in turn (players of a game, an actor and its critic), each has a clock of its own, so that bias
 * corrections count its own steps.  optim_step counts on the clock chosen last; 0 at first. */
enum { OPTIM_CLOCKS = 4 };
void optim_clock(struct optim *o, int clock);

/* State for checkpoints: named tensors "optim/<param>/<k>" and the step count; see nn/checkpoint.h. */
void optim_each_state(
	struct optim *o, void (*f)(void *ctx, const char *param, int k, real *state, int64_t n), void *ctx);
/* The clocks as text, "120" or "120,60". */
char *optim_steps_text(const struct optim *o, char *buf, size_t size);
void optim_set_steps(struct optim *o, const char *text);

#endif
