/* Signals come through a file descriptor, so that they are obeyed at safe points and wake a paused run:
 * TERM and INT end the run after the step, USR1 saves a checkpoint, HUP (the terminal has gone) is ignored. */
#include "run/trainer.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

static sigset_t ours(void)
{
	sigset_t s;
	sigemptyset(&s);
	sigaddset(&s, SIGTERM);
	sigaddset(&s, SIGINT);
	sigaddset(&s, SIGUSR1);
	sigaddset(&s, SIGHUP);
	return s;
}

int signals_open(void *old_mask)
{
	sigset_t s = ours();
	int fd = signalfd(-1, &s, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd >= 0)
		pthread_sigmask(SIG_BLOCK, &s, old_mask);
	return fd;
}

enum signals_seen signals_read(int fd, const char **name)
{
	struct signalfd_siginfo i;
	enum signals_seen seen = SIGNAL_NONE;
	while (fd >= 0 && read(fd, &i, sizeof i) == sizeof i) {
		if (i.ssi_signo == SIGTERM || i.ssi_signo == SIGINT) {
			seen = SIGNAL_STOP;
			*name = i.ssi_signo == SIGTERM ? "SIGTERM" : "SIGINT";
		} else if (i.ssi_signo == SIGUSR1 && seen != SIGNAL_STOP) {
			seen = SIGNAL_SAVE;
		}
	}
	return seen;
}

void signals_close(int fd, const void *old_mask)
{
	const char *name;
	if (fd < 0)
		return;
	signals_read(fd, &name); /* what came too late must not kill the process */
	close(fd);
	pthread_sigmask(SIG_SETMASK, old_mask, NULL);
}
