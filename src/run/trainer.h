/* What the parts of a run share.  Private to run/.
 *
 * "Step" is everywhere the number of steps done; the loop (runner.c) goes
 *
 *     evaluate, where due at this step
 *     safe point: plan (plan.c), journal, then socket and signals (obey.c)
 *     one step
 *
 * so that what happens at one step has one order, live, in replay and after a resume. */
#ifndef GUSTO_RUN_TRAINER_H
#define GUSTO_RUN_TRAINER_H

#include "nn/average.h"
#include "nn/schedule.h"
#include "run/agent.h"
#include "run/evaluator.h"
#include "run/journal.h"
#include "run/rig.h"
#include "run/runner.h"
#include "run/server.h"
#include "store/store.h"

/* Where training is: all that a checkpoint must know beside weights, optimizer state and knobs. */
struct position {
	int64_t step, epoch, index; /* steps done; epoch, and batches of it done */
	int64_t evals;		    /* scheduled evaluations done */
	int64_t last_eval;	    /* step of the last one, -1: none */
	double best;		    /* of the monitor, NaN: none */
	int64_t best_step, bad;	    /* evaluations since without improvement */
	bool finished;		    /* stopped early */
	int64_t tweak_step, tweaks; /* journal entries obeyed at tweak_step */
	int64_t planned;	    /* rows of the plan that are in force */
	int64_t flat;		    /* evaluations since an improvement, or since the rate was cut */
};

/* The knobs that are read before each step. */
struct live {
	double lr, clip, average;
	int64_t epochs, patience;
};

struct trainer {
	struct experiment *x;
	const struct run_options *o;
	char dir[4096], id[96], checkpoints[4200];
	struct engine *engine;
	struct rig *rig;
	struct agent *agent;	 /* NULL: batches come from the split */
	struct optim *optim;	 /* NULL: no gradient training */
	struct average *average; /* NULL: the weights themselves are evaluated and kept */
	const struct schedule_class *schedule;
	struct position at;
	struct live live;

	struct evaluator *monitor, *test; /* test: all users, made when needed */
	enum part part;			  /* of the monitor */
	int metric;			  /* the monitor, in protocol.metric */
	struct evaluation_result result;  /* the last one, of result_part */
	enum part result_part;
	bool have_result;

	struct store *store;
	struct {
		int output[PLAYERS_MAX][MODEL_OUTPUTS_MAX], episodes[16], lr, norm, steps_per_s, examples_per_s, eta;
	} series;
	double loss; /* of the last step */
	struct {
		int64_t steps;
		double seconds, loading;
	} profile; /* where o->profile */

	struct {
		int64_t warm, steps; /* steps that were not timed and that were */
		double warm_seconds, seconds;
		bool told;
	} estimate;

	struct server *server; /* NULL: none */
	int signals;	       /* signalfd, -1: none */
	struct journal journal;
	bool replaying; /* obeys the journal of another run: refuses tweaks */

	const char *state; /* "running", "paused", "evaluating", ... */
	bool paused, stop, checkpoint_wanted;
	int64_t steps_left; /* > 0: run so many steps, then pause and answer `stepping` */
	struct request stepping;
	struct {
		size_t n, cap;
		struct {
			char name[64];
			char *value;
		} * row;
	} staged; /* knobs that a chunk of Lua has set */

	double started, idle; /* wall clock; seconds spent paused */
	int64_t first_step;   /* of this process */
	double looked;	      /* when the socket was last looked at */
	double told, saved;   /* when progress was last told, a checkpoint last saved */
	int64_t told_step, told_examples, examples;
	int64_t checkpoint_bytes;
};

double trainer_now(void);

/* trainer.c */
enum err_code trainer_series(struct trainer *t, struct err *e); /* again after the model's outputs changed */
/* The optimizer takes the values that these knobs have. */
enum err_code trainer_check(const struct trainer *t, const struct knobset *k, struct err *e);
enum err_code trainer_live(struct trainer *t, struct err *e); /* knobs -> live values and optimizer */
int64_t trainer_steps_per_epoch(const struct trainer *t);
int64_t trainer_steps_total(const struct trainer *t);
bool trainer_done(const struct trainer *t);
enum err_code trainer_step(struct trainer *t, struct err *e);
void trainer_progress(struct trainer *t, bool now);

/* estimate.c: how long the run will take and how much memory, from the first steps that it makes.  Says nothing where batches come
 * from an agent, whose steps change with what it has seen. */
bool estimate_wanted(const struct trainer *t);
void estimate_step(struct trainer *t, double seconds); /* a step took so long; tells once there were enough */

/* watch.c: evaluations of the run and what follows from them */
enum err_code watch_begin(struct trainer *t, struct err *e);
bool watch_due(const struct trainer *t);
/* The scheduled evaluation: early stopping, best checkpoint. */
enum err_code watch_scheduled(struct trainer *t, struct err *e);
/* Evaluates now, changes nothing of training.  step: under which it is stored. */
enum err_code watch_evaluate(struct trainer *t, struct evaluator *v, enum part part, int64_t step, struct err *e);
enum err_code watch_test(struct trainer *t, struct err *e); /* at the end: best checkpoint, test part */

/* keep.c: checkpoints */
enum err_code keep_save(struct trainer *t, bool best, struct err *e);
/* State beside the weights, of what the trainer has at present: the agent. */
enum err_code keep_load_blocks(struct trainer *t, int64_t step, struct err *e);
void keep_file(const struct trainer *t, char *buf, size_t size); /* "checkpoints/<step>.safetensors" */
enum err_code keep_meta(const char *checkpoints, int64_t step, struct meta *m, struct err *e);
enum err_code keep_knobs(const struct meta *m, struct knobset *k, struct err *e);
enum err_code keep_position(const struct meta *m, struct position *at, struct err *e);
/* The weights belong to the state beside them and the state says where training was; needs no model. */
enum err_code keep_verify(const char *checkpoints, int64_t step, struct err *e);
/* Brings the experiment (script, knobs) to what it was when the checkpoint was saved. */
enum err_code keep_restore(struct experiment *x, const struct meta *m, const char *run_dir, struct err *e);

/* change.c: knobs, chunks, scripts.  *result gets the protocol's result object where not NULL. */
struct change {
	const char *name, *value;
};
enum err_code change_set(struct trainer *t, const struct change *c, size_t n, const char *by, bool record,
	json_t **result, struct err *e);
enum err_code change_eval(
	struct trainer *t, const char *chunk, const char *by, bool record, json_t **result, struct err *e);
enum err_code change_reload(
	struct trainer *t, const char *text, const char *by, bool record, json_t **result, struct err *e);

/* plan.c: what the experiment planned for the epoch at hand, or for a plateau of the monitor */
enum err_code plan_obey(struct trainer *t, struct err *e);

/* obey.c */
enum err_code obey_safe_point(struct trainer *t, struct err *e); /* returns when the next step may run, or to stop */
bool obey_between(void *trainer); /* between evaluation batches; false: give up the evaluation */
void obey_state(struct trainer *t, const char *state);

/* facts.c */
enum err_code facts_begin(struct trainer *t, struct err *e);
enum err_code facts_knobs(struct trainer *t, struct err *e);
enum err_code facts_snapshot(struct trainer *t, struct err *e);
void facts_event(struct trainer *t, const char *level, const char *kind, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* signals.c */
int signals_open(void *old_mask); /* sigset_t; -1: failed */
void signals_close(int fd, const void *old_mask);
enum signals_seen { SIGNAL_NONE, SIGNAL_STOP, SIGNAL_SAVE };
enum signals_seen signals_read(int fd, const char **name);

#endif
