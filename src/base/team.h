/* A team of threads that work on one thing together, again and again: the workers of the engine.
 *
 * A training step may take fifty microseconds and be several runs of the team, while waking a thread that sleeps takes about as long.  So who
 * waits spins for a while before it sleeps; how long follows from what is going on: some hundred microseconds where the cores are the
 * team's own, a few where the members are being preempted (there is a neighbour, whom spinning would rob, and who would keep a spinning
 * member from the core that the late one needs), none where there are more members than cores. */
#ifndef GUSTO_BASE_TEAM_H
#define GUSTO_BASE_TEAM_H

#include "base/err.h"

/* Cores that this process may use. */
int team_cores(void);

struct team;
typedef void (*team_fn)(void *ctx, int member);

/* A team of 1 or more members; the caller of team_run is member 0, the others are threads of their own.  ERR_NOMEM: the system gives
 * fewer threads. */
enum err_code team_new(int members, struct team **out, struct err *e);
void team_free(struct team *t);
int team_size(const struct team *t);

/* Calls f(ctx, m) for every member m, each on its own thread, and returns when all have returned.  What was written before is seen by
 * all members, what they write by the caller afterwards.  One run at a time, and never from inside f. */
void team_run(struct team *t, team_fn f, void *ctx);

#endif
