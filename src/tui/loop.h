/* The parts of the loop in tui.c that talk to the outside: the runner's socket, the thread that answers questions from
 * checkpoints, and the runner that was started for the person. */
#ifndef GUSTO_TUI_LOOP_H
#define GUSTO_TUI_LOOP_H

#include "run/protocol.h"
#include "tui/tui.h"
#include "tui/ui.h"

#include <pthread.h>
#include <sys/types.h>

/* ---- link.c: commands to the open run ---- */
enum { LINK_PENDING = 16 };
struct link {
	struct client *client;
	struct run_view *run; /* whose socket it is */
	double tried;
	struct request pending[LINK_PENDING];
	int npending;
};
void link_follow(struct link *l, struct ui *ui, double now); /* connects to the open run, leaves another one */
/* Sends what ui has queued for a live run. */
void link_send(struct link *l, struct ui *ui, double now);
bool link_receive(struct link *l, struct ui *ui, double now); /* true where an answer came */
void link_close(struct link *l, struct ui *ui);
int link_fd(const struct link *l); /* -1: none */

/* ---- worker.c: questions about checkpoints, one at a time ---- */
struct worker {
	tui_probe_fn *probe;
	void *ctx;
	pthread_t thread;
	bool busy;
	int done_fd; /* readable when the answer is there */
	struct request request;
	char dir[4096];
	struct run_view *run;
	double sent;
	char *result;
	enum err_code rc;
	struct err e;
};
enum err_code worker_init(struct worker *w, tui_probe_fn *probe, void *ctx, struct err *e);
void worker_take(struct worker *w, struct ui *ui, double now);	 /* starts the next question of ui's queue */
void worker_finish(struct worker *w, struct ui *ui, double now); /* done_fd was readable */
void worker_fini(struct worker *w);				 /* waits for a question that is under way */

/* ---- child.c: a runner of its own session ---- */
struct child {
	pid_t pid;  /* 0: none */
	int output; /* what it wrote, in memory; -1 */
	bool seen;  /* its run was opened */
};
enum err_code child_start(struct child *c, char *const *argv, struct err *e);
bool child_ended(struct child *c, char *last_words, size_t size); /* reaps it; its last line of output */
void child_release(struct child *c);				  /* it lives on */

#endif
