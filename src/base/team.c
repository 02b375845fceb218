#include "base/team.h"

#include "base/mem.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { SPIN_ALONE = 300000, SPIN_CROWDED = 10000, WINDOW = 50000000 }; /* nanoseconds */
/* A quiet machine preempts members two to four times in a window, a busy neighbour ten times where they spin long, a hundred times where
 * they sleep. */
enum { PREEMPTIONS = 8, WINDOWS = 3 };
enum { SPINS_PER_LOOK = 32 };

/* A number that members wait for to change, on a cache line of its own. */
struct word {
	_Alignas(64) atomic_uint n;
};

struct team {
	struct word round, finished;
	_Alignas(64) atomic_int spin; /* nanoseconds */
	atomic_int sleepers;
	team_fn f;
	void *ctx;
	bool ends;
	pthread_mutex_t lock;
	pthread_cond_t woken;
	int members, threads; /* threads: that are there, the caller included */
	pthread_t *thread;
	int64_t looked; /* when the preemptions were counted last */
	long preemptions;
	int pressed; /* windows with preemptions, in a row */
};

struct start {
	struct team *team;
	int member;
};

static int64_t now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static inline void relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#endif
}

int team_cores(void)
{
	cpu_set_t set;
	if (sched_getaffinity(0, sizeof set, &set) == 0)
		return CPU_COUNT(&set);
	long online = sysconf(_SC_NPROCESSORS_ONLN); /* more cores than a set has room for */
	return online > 0 ? (int)online : 1;
}

/* ---- waiting ---- */

static bool spin_while(struct team *t, const struct word *w, unsigned seen)
{
	int64_t limit = atomic_load_explicit(&t->spin, memory_order_relaxed), until = 0;
	while (limit > 0) {
		for (int k = 0; k < SPINS_PER_LOOK; k++) {
			if (atomic_load_explicit(&w->n, memory_order_acquire) != seen)
				return true;
			relax();
		}
		int64_t at = now();
		until = until ? until : at + limit;
		if (at >= until)
			return false;
	}
	return false;
}

/* A sleeper counts itself before it looks once more, who changes the word looks for sleepers afterwards: one of them sees the other. */
static void wait_while(struct team *t, struct word *w, unsigned seen)
{
	if (spin_while(t, w, seen))
		return;
	pthread_mutex_lock(&t->lock);
	atomic_fetch_add(&t->sleepers, 1);
	while (atomic_load(&w->n) == seen)
		pthread_cond_wait(&t->woken, &t->lock);
	atomic_fetch_sub(&t->sleepers, 1);
	pthread_mutex_unlock(&t->lock);
}

static void wake(struct team *t)
{
	if (atomic_load(&t->sleepers) == 0)
		return;
	pthread_mutex_lock(&t->lock);
	pthread_cond_broadcast(&t->woken);
	pthread_mutex_unlock(&t->lock);
}

/* ---- neighbours ---- */

/* A neighbour is there when members are preempted in three windows in a row (short processes come and go), and until they are not. */
static void look_around(struct team *t)
{
	struct rusage u;
	int64_t at = now();
	if (at - t->looked < WINDOW || getrusage(RUSAGE_SELF, &u) != 0)
		return;
	bool pressed = at - t->looked < 2 * WINDOW && u.ru_nivcsw - t->preemptions >= PREEMPTIONS;
	bool cores = t->members <= team_cores();
	t->looked = at;
	t->preemptions = u.ru_nivcsw;
	t->pressed = pressed ? t->pressed + 1 : 0;
	int spin = !cores ? 0 : t->pressed >= WINDOWS ? SPIN_CROWDED : SPIN_ALONE;
	atomic_store_explicit(&t->spin, spin, memory_order_relaxed);
}

/* ---- members ---- */

static void *member(void *arg)
{
	struct start *s = arg;
	struct team *t = s->team;
	int me = s->member;
	unsigned round = 0;
	mem_free(s);
	for (;;) {
		wait_while(t, &t->round, round++);
		if (t->ends)
			return NULL;
		t->f(t->ctx, me);
		if (atomic_fetch_add(&t->finished.n, 1) + 1 == (unsigned)t->members - 1)
			wake(t);
	}
}

static bool start(struct team *t, int m)
{
	struct start *s = mem_alloc(sizeof *s);
	if (!s)
		return false;
	*s = (struct start){t, m};
	if (pthread_create(&t->thread[m], NULL, member, s) == 0)
		return true;
	mem_free(s);
	return false;
}

/* Signals stay with the threads that expect them. */
static bool start_all(struct team *t)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (t->threads < t->members && start(t, t->threads))
		t->threads++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return t->threads == t->members;
}

enum err_code team_new(int members, struct team **out, struct err *e)
{
	CHECK(members >= 1, "a team of %d", members);
	struct team *t = mem_aligned(sizeof *t);
	if (t)
		t->thread = mem_calloc((size_t)members, sizeof *t->thread);
	if (!t || !t->thread) {
		mem_aligned_free(t);
		return err_set(e, ERR_NOMEM, "no memory for a team of %d threads", members);
	}
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->woken, NULL);
	t->members = members;
	t->threads = 1;
	if (!start_all(t)) {
		int got = t->threads;
		team_free(t);
		return err_set(e, ERR_NOMEM,
			"the system gives no more than %d of %d threads; ask for fewer (--threads)", got, members);
	}
	*out = t;
	return OK;
}

static void begin(struct team *t)
{
	atomic_fetch_add(&t->round.n, 1);
	wake(t);
}

void team_free(struct team *t)
{
	if (!t)
		return;
	t->ends = true;
	begin(t);
	for (int m = 1; m < t->threads; m++)
		pthread_join(t->thread[m], NULL);
	pthread_cond_destroy(&t->woken);
	pthread_mutex_destroy(&t->lock);
	mem_free(t->thread);
	mem_aligned_free(t);
}

int team_size(const struct team *t)
{
	return t->members;
}

void team_run(struct team *t, team_fn f, void *ctx)
{
	unsigned others = (unsigned)t->members - 1, n;
	if (others) {
		look_around(t);
		t->f = f;
		t->ctx = ctx;
		atomic_store(&t->finished.n, 0);
		begin(t);
	}
	f(ctx, 0);
	while ((n = atomic_load(&t->finished.n)) < others)
		wait_while(t, &t->finished, n);
}
