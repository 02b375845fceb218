/* Training from the command line: loading an experiment, printing what happens. */
#ifndef GUSTO_CLI_TRAIN_H
#define GUSTO_CLI_TRAIN_H

#include "run/runner.h"
#include "script/script.h"

struct printer {
	bool json, quiet;
	double next;  /* earliest time of the next progress line */
	int announce; /* file descriptor that gets the run's directory once it has started, or -1 */
};
/* An event callback for run_options: plain lines, or JSON lines with --json. */
void printer_event(void *ctx, const struct run_event *ev);
/* The final line or object. */
void printer_result(const struct printer *p, const struct run_result *r);

/* The experiment of a run, from the snapshot in its directory. */
enum err_code train_load_snapshot(const char *run_dir, bool trust, struct experiment **out, struct err *e);

/* Trains in a process of its own session; *dir gets the run directory as soon as it exists, or the error that came first. */
enum err_code train_detached(const char *file, const struct script_options *so, const struct run_options *ro, char *dir,
	size_t size, struct err *e);

#endif
