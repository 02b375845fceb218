/* The runner is its own session leader, without this terminal: closing or killing the workbench cannot reach it. */
#include "tui/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static _Noreturn void become(char *const *argv, int output)
{
	sigset_t none;
	setsid();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	int null = open("/dev/null", O_RDWR);
	dup2(null, STDIN_FILENO);
	dup2(output >= 0 ? output : null, STDOUT_FILENO);
	dup2(output >= 0 ? output : null, STDERR_FILENO);
	execvp(argv[0], argv);
	dprintf(STDERR_FILENO, "cannot start %s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

enum err_code child_start(struct child *c, char *const *argv, struct err *e)
{
	*c = (struct child){.output = memfd_create("runner-output", MFD_CLOEXEC)};
	if (c->output >= 0)
		fcntl(c->output, F_SETFL, O_APPEND);
	c->pid = fork();
	if (c->pid == 0)
		become(argv, c->output);
	if (c->pid < 0) {
		c->pid = 0;
		return err_errno(e, "cannot start %s", argv[0]);
	}
	return OK;
}

static void last_line(int fd, char *buf, size_t size)
{
	char text[4096];
	off_t end = lseek(fd, 0, SEEK_END), from = end > (off_t)sizeof text - 1 ? end - (off_t)sizeof text + 1 : 0;
	ssize_t n = pread(fd, text, sizeof text - 1, from);
	n = n < 0 ? 0 : n;
	text[n] = '\0';
	while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == ' '))
		text[--n] = '\0';
	const char *line = strrchr(text, '\n');
	snprintf(buf, size, "%s", line ? line + 1 : text);
}

bool child_ended(struct child *c, char *last_words, size_t size)
{
	int status;
	last_words[0] = '\0';
	if (c->pid <= 0 || waitpid(c->pid, &status, WNOHANG) != c->pid)
		return false;
	c->pid = 0;
	if (c->output >= 0)
		last_line(c->output, last_words, size);
	return true;
}

void child_release(struct child *c)
{
	if (c->output >= 0)
		close(c->output);
	c->output = -1;
}
