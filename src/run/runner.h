/* The runner: trains one experiment in one process and obeys its control socket at safe points.
 *
 * Order at every safe point (before step n): journalled commands (replay, resume) that took effect at n, then commands from
 * the socket, in order of arrival.  A tweak is committed to run.db before step n runs.  Random streams are keyed by
 * (seed, step), so checkpoint + journal determine everything that follows. */
#ifndef GUSTO_RUN_RUNNER_H
#define GUSTO_RUN_RUNNER_H

#include "run/experiment.h"

struct run_event {
	enum { RUN_STARTED, RUN_PROGRESS, RUN_EVALUATED, RUN_NOTE, RUN_DONE } kind;
	const char *run_id, *dir;
	int64_t step, steps_total;
	double epoch, loss, steps_per_s, examples_per_s, eta;
	const char *part; /* RUN_EVALUATED, RUN_DONE */
	const struct evaluation_result *result;
	double seconds;
	const char *text, *weights_sha256, *state; /* "done", "stopped" */
};

struct run_options {
	const char *runs_root; /* NULL: rundir_root() */
	const char *replay_of; /* a run directory: obey its journal from step 0, in a new run */
	const char *resume;    /* a run directory: continue it from its last good checkpoint */
	int threads;	       /* 0: all */
	int64_t slice_rows;    /* 0: chosen */
	bool quiet_socket;     /* no control socket (tests) */
	bool profile;	       /* tells on stdout, at the end, where the time of the steps went */
	void (*event)(void *ctx, const struct run_event *ev);
	void *ctx;
};
struct run_result {
	char id[96], dir[4096], state[16], weights_sha256[65];
	int64_t steps;
	int n_metrics;
	char metric[16][48];
	double value[16]; /* of the final evaluation */
	char part[16];
};

/* weights_sha256 is that of the weights as training left them, before the best checkpoint is loaded for the test part: what
 * replay and resume must reproduce.
 *
 * Trains to the end (or stop).  SIGTERM: finishes the step, checkpoints, state "stopped"; SIGUSR1: checkpoint. */
enum err_code runner_train(struct experiment *x, const struct run_options *o, struct run_result *out, struct err *e);

/* A finished (or any) run opened for questions: its model at a checkpoint (step -1: the best, else the last). */
struct session;
enum err_code session_open(
	struct experiment *x, const char *run_dir, int64_t step, int threads, struct session **out, struct err *e);
void session_close(struct session *s);
/* What it has open; of the session. */
struct rig;
struct rig *session_rig(struct session *s);
/* The probe of run/protocol.h; *result_json mem_free'd. */
enum err_code session_probe(struct session *s, const char *args_json, char **result_json, struct err *e);
enum err_code session_evaluate(struct session *s, enum part part, struct evaluation_result *out, struct err *e);

#endif
