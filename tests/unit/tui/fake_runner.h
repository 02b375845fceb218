/* A process that behaves like a runner as far as a workbench can see: it holds the lock, writes run.db, and answers on the
 * control socket.  It ends by `stop`, by SIGTERM, or after a minute. */
#ifndef TESTS_UNIT_TUI_FAKE_RUNNER_H
#define TESTS_UNIT_TUI_FAKE_RUNNER_H

#include "run/protocol.h"
#include "store/rundir.h"
#include "unit/tui/synth.h"

#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

struct fake {
	struct store *store;
	int64_t step, loss, speed;
	const char *state;
	bool stop;
};

static inline json_t *fake_set(struct fake *f, const json_t *args)
{
	const char *name;
	json_t *value, *knobs = json_object_get(args, "knobs");
	int64_t id;
	json_object_foreach(knobs, name, value)
	{
		const char *text = json_string_value(value);
		struct store_knob k = {name, "log", "learning rate", NULL, 1e-6, 1, "0.001", text, false};
		store_tweak(
			f->store, f->step, "set", name, "0.0005", text, "workbench", "from the next step", &id, NULL);
		store_knob(f->store, &k, NULL);
	}
	return json_pack("{s:[], s:b}", "tweaks", "rebuilt", 0);
}

static inline json_t *fake_probe(const json_t *args)
{
	struct str s = {0};
	const char *kind = json_string_value(json_object_get(args, "kind"));
	if (kind && strcmp(kind, "attention") == 0)
		synth_attention(&s);
	else
		synth_explanation(&s);
	json_t *j = json_loads(str_text(&s), 0, NULL);
	str_free(&s);
	return j;
}

static inline json_t *fake_obey(struct fake *f, const char *cmd, const json_t *args)
{
	if (strcmp(cmd, "set") == 0)
		return fake_set(f, args);
	if (strcmp(cmd, "probe") == 0)
		return fake_probe(args);
	if (strcmp(cmd, "pause") == 0)
		f->state = "paused";
	if (strcmp(cmd, "resume") == 0)
		f->state = "training";
	if (strcmp(cmd, "stop") == 0) {
		f->state = "stopped";
		f->stop = true;
	}
	store_set(f->store, "state", f->state, NULL);
	return json_pack("{s:s}", "state", f->state);
}

static inline bool fake_serve(struct fake *f, int fd)
{
	char line[8192];
	ssize_t n = read(fd, line, sizeof line - 1);
	for (char *at = line; n > 0 && at < line + n;) {
		char *end = memchr(at, '\n', (size_t)(line + n - at));
		if (!end)
			break;
		*end = '\0';
		json_t *j = json_loads(at, 0, NULL);
		const char *cmd = json_string_value(json_object_get(j, "cmd"));
		json_t *answer = json_pack("{s:i, s:I, s:b, s:I, s:o}", "v", 1, "id",
			json_integer_value(json_object_get(j, "id")), "ok", 1, "step", (json_int_t)f->step, "result",
			fake_obey(f, cmd ? cmd : "", json_object_get(j, "args")));
		char *text = json_dumps(answer, JSON_COMPACT);
		dprintf(fd, "%s\n", text);
		free(text);
		json_decref(answer);
		json_decref(j);
		at = end + 1;
	}
	return n > 0;
}

static inline int fake_listen(const char *dir)
{
	struct sockaddr_un addr;
	int dirfd, fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (protocol_address(dir, &addr, &dirfd, NULL) != OK)
		return -1;
	unlink(addr.sun_path);
	int rc = bind(fd, (struct sockaddr *)&addr, sizeof addr) || listen(fd, 4);
	close(dirfd);
	return rc ? -1 : fd;
}

static inline void fake_train(struct fake *f, int loss, int speed)
{
	if (strcmp(f->state, "training") != 0)
		return;
	f->step++;
	store_scalar(f->store, loss, f->step, 0.5 + 1.0 / (double)f->step);
	if (f->step % 10 == 0)
		store_scalar(f->store, speed, f->step, 20);
	store_flush(f->store, NULL);
}

/* Steps twenty times a second; `quiet` only answers. */
static inline int fake_main(const char *dir, bool quiet)
{
	struct fake f = {.state = "training", .step = 3000};
	int lock, loss, speed, client = -1, clients[8], n = 0;
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* never outlives the test */
	if (rundir_lock(dir, &lock, NULL) != OK || store_open(dir, &f.store, NULL) != OK)
		return 1;
	store_set(f.store, "state", "training", NULL);
	store_setf(f.store, "pid", NULL, "%d", (int)getpid());
	store_series(f.store, "train/loss", false, &loss, NULL);
	store_series(f.store, "perf/steps_per_s", true, &speed, NULL);
	int server = fake_listen(dir);
	for (int tick = 0; tick < 1200 && !f.stop && server >= 0; tick++) {
		struct pollfd p[9] = {{server, POLLIN, 0}};
		for (int i = 0; i < n; i++)
			p[i + 1] = (struct pollfd){clients[i], POLLIN, 0};
		poll(p, (nfds_t)(n + 1), 50);
		if (p[0].revents && n < 8 && (client = accept(server, NULL, NULL)) >= 0)
			clients[n++] = client;
		for (int i = n - 1; i >= 0; i--)
			if (p[i + 1].fd == clients[i] && p[i + 1].revents && !fake_serve(&f, clients[i])) {
				close(clients[i]);
				clients[i] = clients[--n];
			}
		if (!quiet)
			fake_train(&f, loss, speed);
	}
	store_close(f.store, NULL);
	return 0;
}

#endif
