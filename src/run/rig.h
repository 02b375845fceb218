/* A rig: everything that a structural change replaces as a whole; parameters, batches, and the programs traced for them.
 * A new one is made beside the old one, so that a change that fails leaves nothing changed. */
#ifndef GUSTO_RUN_RIG_H
#define GUSTO_RUN_RIG_H

#include "graph/program.h"
#include "run/experiment.h"

struct rig_program {
	enum model_call call;
	enum program_mode mode;
	int32_t candidates; /* width of the candidate column; 0: none */
	struct model_outputs outputs;
	struct program *program;
};
enum { RIG_PROGRAMS_MAX = 12 };

struct rig {
	struct experiment *x;
	struct engine *engine;
	struct paramset *params;
	struct batcher *batcher; /* NULL: no gradient training, or an environment */
	struct model_plan plan;
	union {
		struct rig_program loss; /* where there are no players */
		struct rig_program losses[PLAYERS_MAX];
	};
	int n_losses; /* 0: no gradient training; 1 where there are no players */
	struct rig_program other[RIG_PROGRAMS_MAX];
	int n_other;
	char kind[24];
	struct args kind_args;
	int32_t length; /* window of histories */
};

/* The training batches under these knobs. */
struct batch_options rig_batch_options(const struct experiment *x, const struct knobset *k);

/* Builds the model (pending: the caller settles) into fresh parameters; values of `old` (may be NULL) are carried by name and
 * shape, fresh[] as in paramset_carry; then closed-form parts are fitted where fit is set.  Traces the loss. */
enum err_code rig_build(struct experiment *x, struct engine *g, const struct knobset *k, const struct paramset *old,
	bool fit, struct rig **out, struct err *e);
/* Tries whether the knobs reach the model as live numbers only (graph/program.h): builds it anew over the parameters of `old`
 * (pending: the caller settles) and traces again every program that `old` has.  *out is NULL where more than live numbers
 * differ, or where closed-form parts would have to be fitted again; else what rig_take_live needs. */
enum err_code rig_live(const struct rig *old, const struct knobset *k, struct rig **out, struct err *e);
/* Puts the live numbers of `from` into the programs of r. */
void rig_take_live(struct rig *r, const struct rig *from);
/* New batches and programs for the parameters of `old`, which keeps them until rig_take_params. */
enum err_code rig_rebatch(const struct rig *old, const struct knobset *k, struct rig **out, struct err *e);
/* Whose turn step n is: players take `times` steps each, one after the other.  turns: length of a round. */
int rig_turn(const struct rig *r, int64_t step, int64_t *turns);
void rig_take_params(struct rig *to, struct rig *from);
void rig_free(struct rig *r);

/* What evaluation batches of this model hold: `source` for a part of the split. */
struct eval_source rig_source(const struct rig *r, enum part part);
/* And histories by hand: history h is items[offsets[h]..offsets[h+1]) of users[h]; all are borrowed. */
struct eval_histories rig_histories(
	const struct rig *r, const int32_t *items, const int32_t *offsets, int32_t n, const int32_t *users);

/* A program for evaluation or probes, traced and reserved for `examples` when first asked for. */
enum err_code rig_program(struct rig *r, enum model_call call, enum program_mode mode, int32_t candidates,
	int32_t examples, const struct rig_program **out, struct err *e);

#endif
