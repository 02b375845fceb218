/* A crash must not leave a terminal without echo on its alternate screen.  The handler does tcsetattr and one write, both
 * async-signal-safe, then raises the signal again with its default action, so that core dumps and exit codes are as without it.
 * A signal handler has no argument of its own: this file holds the one static record of the workbench. */
#include "tui/term.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { ALTERNATE_STACK = 16384 };
static const int fatal[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
enum { FATAL = sizeof fatal / sizeof *fatal };

static struct {
	struct termios saved;
	char restore[256];
	size_t len;
	struct sigaction before[FATAL];
	bool known, on;
	char stack[ALTERNATE_STACK];
} crash;

static void on_crash(int sig)
{
	tcsetattr(STDIN_FILENO, TCSANOW, &crash.saved);
	ssize_t ignored = write(STDOUT_FILENO, crash.restore, crash.len);
	(void)ignored;
	raise(sig); /* SA_RESETHAND: the default action now */
}

void term_crash_prepare(void)
{
	crash.known = tcgetattr(STDIN_FILENO, &crash.saved) == 0;
}

void term_crash_install(const char *restore)
{
	stack_t ss = {.ss_sp = crash.stack, .ss_size = sizeof crash.stack};
	crash.len = strlen(restore);
	if (crash.on || !crash.known || crash.len > sizeof crash.restore)
		return;
	memcpy(crash.restore, restore, crash.len);
	sigaltstack(&ss, NULL);
	struct sigaction sa = {.sa_handler = on_crash, .sa_flags = (int)(SA_RESETHAND | SA_ONSTACK | SA_NODEFER)};
	for (int i = 0; i < FATAL; i++)
		sigaction(fatal[i], &sa, &crash.before[i]);
	crash.on = true;
}

void term_crash_remove(void)
{
	stack_t off = {.ss_flags = SS_DISABLE};
	if (!crash.on)
		return;
	for (int i = 0; i < FATAL; i++)
		sigaction(fatal[i], &crash.before[i], NULL);
	sigaltstack(&off, NULL);
	crash.on = false;
}
