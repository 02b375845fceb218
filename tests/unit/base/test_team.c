/* The team: every member works once a run, and sees what was written before it began. */
#include "base/team.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

enum { MEMBERS_MAX = 9 };

struct count {
	int64_t of[MEMBERS_MAX][8]; /* a line each */
	pthread_t thread[MEMBERS_MAX];
	int64_t last; /* written by the caller between runs, without a lock */
};

static void add(void *ctx, int member)
{
	struct count *c = ctx;
	c->of[member][0] += c->last;
	c->thread[member] = pthread_self();
}

static struct team *team_of(int members)
{
	struct team *t;
	assert_int_equal(team_new(members, &t, NULL), OK);
	assert_int_equal(team_size(t), members);
	return t;
}

/* Many short runs, with more members than cores too: nobody is left out, called twice, or late. */
static void each_member_works_once_a_run(void **state)
{
	(void)state;
	for (int members = 1; members <= MEMBERS_MAX; members += 2) {
		struct team *t = team_of(members);
		struct count c = {.last = 0};
		int64_t sum = 0;
		for (int64_t run = 1; run <= (members > 2 ? 200 : 2000); run++) {
			c.last = run;
			sum += run;
			team_run(t, add, &c);
			for (int m = 0; m < members; m++)
				assert_int_equal(c.of[m][0], sum);
		}
		assert_true(pthread_equal(c.thread[0], pthread_self()));
		for (int m = 1; m < members; m++)
			assert_false(pthread_equal(c.thread[m], c.thread[m - 1]));
		team_free(t);
	}
}

static void pause_for(long nanoseconds)
{
	nanosleep(&(struct timespec){.tv_nsec = nanoseconds}, NULL);
}

static void late(void *ctx, int member)
{
	struct count *c = ctx;
	if (member == c->last)
		pause_for(2000000);
	c->of[member][0]++;
}

/* Those who wait longer than they spin sleep, and are woken: at the end of a run (one is late) and between runs (the caller is). */
static void sleepers_are_woken(void **state)
{
	(void)state;
	struct team *t = team_of(4);
	struct count c = {.last = 0};
	for (int64_t run = 1; run <= 40; run++) {
		c.last = run % 4;
		team_run(t, late, &c);
		for (int m = 0; m < 4; m++)
			assert_int_equal(c.of[m][0], run);
		if (run % 8 == 0)
			pause_for(2000000);
	}
	team_free(t);
}

static void block_of(void *ctx, int member)
{
	sigset_t *mask = ctx;
	pthread_sigmask(SIG_SETMASK, NULL, &mask[member]);
}

/* A signal to the process goes to a thread that expects it. */
static void signals_are_left_to_the_caller(void **state)
{
	(void)state;
	struct team *t = team_of(3);
	sigset_t mask[3];
	team_run(t, block_of, mask);
	for (int m = 0; m < 3; m++)
		assert_int_equal(sigismember(&mask[m], SIGTERM), m > 0);
	team_free(t);
}

static void a_team_may_never_run(void **state)
{
	(void)state;
	for (int k = 0; k < 50; k++)
		team_free(team_of(1 + k % 5));
	team_free(NULL);
}

static void cores_are_those_allowed(void **state)
{
	(void)state;
	cpu_set_t before, one;
	assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
	assert_int_equal(team_cores(), CPU_COUNT(&before));
	CPU_ZERO(&one);
	for (int c = 0; c < CPU_SETSIZE && !CPU_COUNT(&one); c++)
		if (CPU_ISSET(c, &before))
			CPU_SET(c, &one);
	assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
	assert_int_equal(team_cores(), 1);
	sched_setaffinity(0, sizeof before, &before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_member_works_once_a_run),
		cmocka_unit_test(sleepers_are_woken),
		cmocka_unit_test(signals_are_left_to_the_caller),
		cmocka_unit_test(a_team_may_never_run),
		cmocka_unit_test(cores_are_those_allowed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
