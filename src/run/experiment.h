/* An experiment as the runner sees it: data, protocol, knobs, training options, and a model behind a table of functions
 * (implemented by script/ over Lua; tests implement it in C). */
#ifndef GUSTO_RUN_EXPERIMENT_H
#define GUSTO_RUN_EXPERIMENT_H

#include "data/batcher.h"
#include "eval/evaluate.h"
#include "graph/trace.h"
#include "nn/paramset.h"
#include "rl/policy.h"
#include "run/knob.h"

enum model_call {
	MODEL_LOSS,	  /* training batch -> scalar loss (output 0), and named scalars to log (outputs 1..) */
	MODEL_SCORE,	  /* evaluation batch -> [examples, n_items] */
	MODEL_CANDIDATES, /* evaluation batch with candidate[E,C] -> [examples, C] */
	MODEL_RATING,	  /* user[E], item[E] -> [examples] */
	MODEL_CLICK,	  /* rows as in training, without labels -> [examples] logits of a click */
	MODEL_ACT,	  /* what is seen -> [examples, candidates] scores, or [examples, vector] */
	MODEL_OBSERVE,	  /* transitions -> sums that are added to the parameters of the outputs' names */
	MODEL_PLAYER, /* + k: training batch -> loss of the plan's player k; instead of MODEL_LOSS where there are players */
};
enum { MODEL_OUTPUTS_MAX = 8 };
struct model_outputs {
	int n;
	int value[MODEL_OUTPUTS_MAX];
	char name[MODEL_OUTPUTS_MAX][32]; /* "loss", "kl", ... */
};

/* Several programs that are trained in turn, each with parameters of its own: an actor and a critic, a generator and a discriminator. */
enum { PLAYERS_MAX = 4, TARGETS_MAX = 4, GROUPS_MAX = 4 };
struct player {
	char name[24];		    /* its series are train/<name>/loss, ...; a knob lr_<name> is its learning rate */
	int n_groups;		    /* 0: all trainable parameters */
	char group[GROUPS_MAX][64]; /* it trains "item" and what is below: "item/weight" */
	int32_t times;		    /* steps in a row; a knob of the name times_knob comes first */
	char times_knob[32];
};
/* A copy of some parameters that follows them slowly (knobs tau, target_every) and is never trained. */
struct follower {
	char to[64], from[64]; /* "target" follows "online" */
};
struct model_plan {
	int n_players; /* 0: one program, MODEL_LOSS, trains everything */
	struct player player[PLAYERS_MAX];
	int n_targets;
	struct follower target[TARGETS_MAX];
};

struct model_vtbl {
	/* Makes layers and parameters with these knob values (copies what it keeps of them) into an empty set.  The result is
	 * pending: trace() and fit() use it; settle(true) makes it the model, settle(false) drops it and goes back to what
	 * was before.  Where a reload is pending too, settle decides on both. */
	enum err_code (*build)(void *self, const struct knobset *k, struct paramset *fresh, struct err *e);
	void (*settle)(void *self, bool keep);
	bool (*has)(void *self, enum model_call what);
	/* Players and targets of the model being built; NULL: neither. */
	enum err_code (*plan)(void *self, struct model_plan *out, struct err *e);
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

/* What an experiment in an environment has instead of a split. */
struct world_options {
	struct env_options env; /* of training; the data set is a reference */
	struct env_spec spec;	/* of it */
	enum policy_kind policy;
	bool values;		  /* batches carry returns */
	int32_t capacity, warmup; /* frames of the replay buffer; frames of random actions before training */
	int32_t steps;		  /* of an epoch */
	int32_t eval_users, eval_episodes;
};

struct experiment {
	char name[64], model[64], *help, *source; /* source: paper and number it reproduces */
	char file[4096];			  /* the script */
	struct split *split;			  /* references data; NULL in an environment */
	struct world_options *world;		  /* NULL: learns from the split */
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
/* People of an evaluation's per-user values: users of the data, or of the evaluation environment. */
int32_t experiment_users(const struct experiment *x);
void experiment_free(struct experiment *x);

#endif
