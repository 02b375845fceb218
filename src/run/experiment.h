/* An experiment as the runner sees it: data, protocol, knobs, training options, and a model behind a table of functions
 * (implemented by script/ over Lua; tests implement it in C). */
#ifndef GUSTO_RUN_EXPERIMENT_H
#define GUSTO_RUN_EXPERIMENT_H

#include "data/batcher.h"
#include "eval/evaluate.h"
#include "graph/trace.h"
#include "nn/paramset.h"
#include "run/knob.h"

enum model_call {
	MODEL_LOSS,	  /* training batch -> scalar loss (output 0), and named scalars to log (outputs 1..) */
	MODEL_SCORE,	  /* evaluation batch -> [examples, n_items] */
	MODEL_CANDIDATES, /* evaluation batch with candidate[E,C] -> [examples, C] */
	MODEL_RATING,	  /* user[E], item[E] -> [examples] */
};
enum { MODEL_OUTPUTS_MAX = 8 };
struct model_outputs {
	int n;
	int value[MODEL_OUTPUTS_MAX];
	char name[MODEL_OUTPUTS_MAX][32]; /* "loss", "kl", ... */
};

struct model_vtbl {
	/* Makes layers and parameters with these knob values (copies what it keeps of them) into an empty set.  The result is
	 * pending: trace() and fit() use it; settle(true) makes it the model, settle(false) drops it and goes back to what
	 * was before.  Where a reload is pending too, settle decides on both. */
	enum err_code (*build)(void *self, const struct knobset *k, struct paramset *fresh, struct err *e);
	void (*settle)(void *self, bool keep);
	bool (*has)(void *self, enum model_call what);
	enum err_code (*trace)(
		void *self, enum model_call what, struct trace *t, struct model_outputs *out, struct err *e);
	/* Closed-form training (popularity, EASE, ...): fills non-trainable parameters; NULL where the model has none. */
	enum err_code (*fit)(void *self, const struct split *s, struct err *e);
	/* The experiment's own learning-rate factor (a Lua function of the step), or NULL: the named schedule. */
	enum err_code (*lr_factor)(void *self, int64_t step, double *factor, struct err *e);
	/* Runs a Lua chunk in the experiment's environment; *text (mem_free'd) is what it returned.  It may set knobs through
	 * experiment.knob_set, which the runner installs. */
	enum err_code (*eval)(void *self, const char *chunk, char **text, struct err *e);
	/* Replaces the model's code by that of a new script text (pending until settle); knobs that exist keep their values. */
	enum err_code (*reload)(void *self, const char *text, struct knobset *k, struct err *e);
	/* Every file that was loaded: path relative to the snapshot, and text. */
	size_t (*files)(void *self);
	void (*file)(void *self, size_t i, const char **path, const char **text, size_t *len);
	void (*free)(void *self);
};

/* A knob that takes a value when training reaches an epoch: train = { plan = { { epoch = 20, cd = 3 }, ... } }.  The rows of an
 * epoch take effect together. */
struct planned_knob {
	int32_t epoch;
	const char *name, *value;
};

struct train_options {
	char optimizer[24]; /* "adam" */
	char schedule[24];  /* "constant" */
	struct args schedule_args;
	struct batch_options batch; /* kind, batch, negatives, length, sampler, ... (knobs override) */
	int32_t epochs;		    /* 0: no gradient training (closed form or popularity) */
	int32_t patience;  /* evaluations without improvement of the monitor before stopping; 0: never stop early */
	char monitor[48];  /* "ndcg@10" on the validation part (or test where there is no validation) */
	double eval_every; /* epochs between evaluations (1) */
	double clip;	   /* global norm, 0: none */
	double checkpoint_seconds;	 /* and at every evaluation that improves, at pause, at the end */
	bool test_best;			 /* at the end: load the best checkpoint and evaluate the test part (default) */
	const struct planned_knob *plan; /* [n_plan], epochs ascending; borrowed from who made the experiment */
	size_t n_plan;
};

struct experiment {
	char name[64], model[64], *help, *source; /* source: paper and number it reproduces */
	char file[4096];			  /* the script */
	struct split *split;			  /* references data */
	char data_source[256];			  /* how the data came to be, as text: "ml-1m#77aa12 sasrec file" */
	struct protocol protocol;
	struct train_options train;
	struct knobset knobs; /* the model's and the trainer's */
	const struct model_vtbl *vtbl;
	void *self;
	uint64_t seed;
	/* Installed by the runner: stages a knob's change (checked at once) while a chunk of vtbl->eval runs; all changes of
	 * a chunk take effect together when it has returned.  NULL outside a run. */
	enum err_code (*knob_set)(void *ctx, const char *name, const char *value, struct err *e);
	void *knob_ctx;
	/* how the planted truth of this data is asked for, or NULL: cause[position] of user's events (-1: none) */
	int32_t (*causes)(void *self, int32_t user, int32_t *cause, int32_t max);
};

/* Adds the trainer's own knobs (lr, weight_decay, clip, batch, negatives, length, epochs, patience, optimizer's args)
 * where the model did not declare them. */
enum err_code experiment_add_knobs(struct experiment *x, struct err *e);
/* The knob that sets an optimizer's argument: of the same name, but "weight_decay" for "decay". */
const char *experiment_knob_of(const char *optimizer_arg);
void experiment_free(struct experiment *x);

#endif
