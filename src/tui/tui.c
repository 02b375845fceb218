/* The loop: one thread owns the screen.  It sleeps in ppoll on the keyboard, signals, changes of run directories, the runner's
 * socket and the worker, and wakes for nothing else: with nothing new it neither wakes nor writes.  Keys are shown at once; what
 * comes from a run is drawn at most ten times a second. */
#include "tui/tui.h"

#include "base/fs.h"
#include "store/rundir.h"
#include "tui/loop.h"
#include "tui/term.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

static const double frame_seconds = 0.1;

struct loop {
	const struct tui_options *o;
	struct ui ui;
	struct terminal *term;
	struct canvas canvas;
	struct link link;
	struct worker worker;
	struct child child;
	int signals, changes;
	int root_watch;
	sigset_t old_mask;
	struct sigaction old_pipe;
	bool stale; /* something was committed: refresh when the frame is due */
	bool rescan, dirty, quiet;
	double read_at; /* when the model was read last */
};

static double clock_of(clockid_t id)
{
	struct timespec t;
	clock_gettime(id, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double now(void)
{
	return clock_of(CLOCK_MONOTONIC);
}

/* ---- setting up ---- */

static enum err_code open_signals(struct loop *l, struct err *e)
{
	static const int caught[] = {SIGWINCH, SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGTSTP, SIGCONT, SIGCHLD};
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	sigset_t set;
	sigemptyset(&set);
	for (size_t i = 0; i < sizeof caught / sizeof *caught; i++)
		sigaddset(&set, caught[i]);
	sigprocmask(SIG_BLOCK, &set, &l->old_mask);
	sigaction(SIGPIPE, &ignore, &l->old_pipe);
	l->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return l->signals < 0 ? err_errno(e, "cannot listen to signals") : OK;
}

static void close_signals(struct loop *l)
{
	if (l->signals >= 0) {
		struct signalfd_siginfo si; /* what is pending must not fire when unblocked */
		while (read(l->signals, &si, sizeof si) == sizeof si)
			;
		close(l->signals);
	}
	sigaction(SIGPIPE, &l->old_pipe, NULL);
	sigprocmask(SIG_SETMASK, &l->old_mask, NULL);
}

/* Adding a watch twice is the same as once. */
static void watch_runs(struct loop *l)
{
	struct model *m = &l->ui.model;
	if (l->changes < 0)
		return;
	l->root_watch = inotify_add_watch(l->changes, m->root, IN_CREATE | IN_MOVED_TO | IN_DELETE);
	for (size_t i = 0; i < m->nruns; i++)
		if (m->run[i]->alive || m->run[i] == m->open || m->run[i]->marked)
			inotify_add_watch(l->changes, m->run[i]->dir, IN_MODIFY | IN_CREATE | IN_MOVED_TO);
}

static struct run_view *newest_alive(struct model *m)
{
	for (size_t i = 0; i < m->nruns; i++)
		if (m->run[i]->alive && m->run[i]->loaded)
			return m->run[i];
	return NULL;
}

static struct run_view *newest(struct model *m)
{
	for (size_t i = 0; i < m->nruns; i++)
		if (m->run[i]->loaded)
			return m->run[i];
	return NULL;
}

static enum err_code open_first(struct loop *l, struct err *e)
{
	struct ui *ui = &l->ui;
	struct model *m = &ui->model;
	if (l->o->start)
		TRY(fs_mkdirs(m->root, e));
	model_scan(m, NULL); /* a folder that is not there yet is an empty one */
	if (l->o->run_dir)
		TRY(model_open_run(m, l->o->run_dir, e));
	ui_refresh(ui, now(), clock_of(CLOCK_REALTIME));
	if (l->o->run_dir && m->open->error[0])
		return err_set(e, ERR_NOTFOUND, "%s", m->open->error);
	struct run_view *living = newest_alive(m);
	if (!l->o->run_dir && !l->o->start && (living || newest(m)))
		ui_open_run(ui, living ? living : newest(m));
	ui_select_knob(ui, 0);
	bool curves = l->o->run_dir || l->o->start || living;
	int view = panel_index(l->o->view ? l->o->view : curves ? "curves" : "runs");
	if (view < 0)
		return err_set(e, ERR_NOTFOUND, "there is no view named %s", l->o->view);
	ui_show_view(ui, view);
	ui->previous_view = panel_index("runs");
	return OK;
}

static enum err_code loop_open(struct loop *l, struct err *e)
{
	struct term_facts facts;
	TRY(open_signals(l, e));
	TRY(worker_init(&l->worker, l->o->probe, l->o->probe_ctx, e));
	l->changes = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	TRY(ui_init(&l->ui, l->o->runs_root ? l->o->runs_root : rundir_root(), (struct caps){0}, e));
	l->ui.can_ask = l->o->probe != NULL;
	TRY(open_first(l, e));
	TRY(term_open(l->o->ascii, l->o->no_color, &l->term, &facts, e));
	l->ui.caps = facts.caps;
	l->ui.only_ascii = !facts.utf8;
	if (l->o->start) {
		TRY(child_start(&l->child, l->o->start, e));
		ui_message(&l->ui, ROLE_TEXT, "starting %s ...", l->o->start[0]);
	}
	if (facts.notice[0])
		ui_message(&l->ui, ROLE_WARN, "%s", facts.notice);
	watch_runs(l);
	l->dirty = true;
	return OK;
}

static void loop_close(struct loop *l)
{
	link_close(&l->link, &l->ui);
	term_close(l->term);
	worker_fini(&l->worker);
	child_release(&l->child);
	const struct run_view *r = l->ui.model.open;
	if (l->term && r && r->alive && !l->quiet) {
		printf("run continues: gusto attach %s\n", r->id);
		fflush(stdout);
	}
	if (l->changes >= 0)
		close(l->changes);
	canvas_free(&l->canvas);
	ui_fini(&l->ui);
	close_signals(l);
}

/* ---- events ---- */

static void interrupt(struct ui *ui)
{
	if (ui->prompt != PROMPT_NONE || ui->menu)
		ui_key(ui, TKEY_ESC);
	else
		ui_message(ui, ROLE_TEXT, "Ctrl-C stops nothing here: q leaves (the run continues), ! x stops the run");
}

static void child_event(struct loop *l)
{
	char words[512];
	if (!child_ended(&l->child, words, sizeof words))
		return;
	l->stale = true;
	if (!l->child.seen)
		ui_message(&l->ui, ROLE_BAD, "the run did not start: %s", words[0] ? words : "it ended without a word");
}

static void on_signal(struct loop *l, uint32_t sig)
{
	l->dirty = true;
	switch (sig) {
	case SIGHUP:
		l->quiet = true;
		l->ui.quit = true;
		break;
	case SIGTERM:
	case SIGQUIT:
		l->ui.quit = true;
		break;
	case SIGINT:
		interrupt(&l->ui);
		break;
	case SIGTSTP:
		term_suspend(l->term);
		l->ui.redraw = l->stale = true;
		break;
	case SIGCONT:
		l->ui.redraw = l->stale = true;
		break;
	case SIGCHLD:
		child_event(l);
		break;
	default: /* SIGWINCH: a new picture is enough */
		break;
	}
}

static void read_signals(struct loop *l)
{
	struct signalfd_siginfo si;
	while (read(l->signals, &si, sizeof si) == sizeof si)
		on_signal(l, si.ssi_signo);
}

static void read_changes(struct loop *l)
{
	_Alignas(struct inotify_event) char buf[8192];
	for (ssize_t n; (n = read(l->changes, buf, sizeof buf)) > 0;)
		for (char *p = buf; p < buf + n;) {
			struct inotify_event ev;
			memcpy(&ev, p, sizeof ev);
			l->rescan |= ev.wd == l->root_watch;
			p += sizeof ev + ev.len;
		}
	l->stale = true;
}

static void read_keys(struct loop *l, short revents)
{
	bool any = false;
	for (int key; (key = term_key(l->term)) != 0; any = true) {
		if (!l->ui.prompt)
			l->ui.message[0] = '\0';
		ui_key(&l->ui, key);
	}
	l->dirty |= any;
	if (!any && (revents & (POLLHUP | POLLERR))) { /* the terminal has gone */
		l->quiet = true;
		l->ui.quit = true;
	}
}

/* ---- what follows from events ---- */

static void open_started(struct loop *l)
{
	struct model *m = &l->ui.model;
	for (size_t i = 0; l->child.pid > 0 && !l->child.seen && i < m->nruns; i++)
		if (m->run[i]->loaded && m->run[i]->pid == (double)l->child.pid) {
			l->child.seen = true;
			l->ui.message[0] = '\0';
			ui_open_run(&l->ui, m->run[i]);
			l->dirty = true;
		}
}

static void refresh(struct loop *l)
{
	if (l->rescan)
		model_scan(&l->ui.model, NULL);
	l->dirty |= l->rescan;
	l->dirty |= ui_refresh(&l->ui, now(), clock_of(CLOCK_REALTIME));
	open_started(l);
	watch_runs(l);
	l->stale = l->rescan = false;
	l->read_at = now();
}

static void draw(struct loop *l)
{
	int w, h;
	term_size(l->term, &w, &h);
	if ((w != l->canvas.w || h != l->canvas.h) && !canvas_resize(&l->canvas, w, h))
		return;
	ui_draw(&l->ui, &l->canvas);
	term_draw(l->term, &l->canvas, l->ui.redraw, l->ui.prompt != PROMPT_NONE);
	l->ui.redraw = l->dirty = false;
}

/* Milliseconds until something is due; -1: only an event wakes. */
static int sleep_ms(const struct loop *l)
{
	double wait = -1;
	if (l->stale)
		wait = fmax(0, l->read_at + frame_seconds - now());
	double deadline = model_deadline(&l->ui.model);
	if (deadline >= 0 && (wait < 0 || deadline < wait))
		wait = deadline;
	return wait < 0 ? -1 : (int)ceil(wait * 1000);
}

static void step(struct loop *l)
{
	struct pollfd fds[] = {{STDIN_FILENO, POLLIN, 0}, {l->signals, POLLIN, 0}, {l->changes, POLLIN, 0},
		{l->worker.done_fd, POLLIN, 0}, {link_fd(&l->link), POLLIN, 0}};
	int n = poll(fds, sizeof fds / sizeof *fds, sleep_ms(l));
	if (n < 0 && errno != EINTR)
		l->ui.quit = true;
	if (fds[1].revents)
		read_signals(l);
	if (fds[0].revents)
		read_keys(l, fds[0].revents);
	if (fds[2].revents)
		read_changes(l);
	if (fds[3].revents) {
		worker_finish(&l->worker, &l->ui, now());
		l->dirty = true;
	}
	if (fds[4].revents) {
		l->dirty |= link_receive(&l->link, &l->ui, now());
		l->stale = true;
	}
	if (n == 0)
		l->stale = true; /* a deadline: STALLED may be due */
	if (l->stale && now() >= l->read_at + frame_seconds) {
		l->dirty |= n == 0;
		refresh(l);
	}
	link_follow(&l->link, &l->ui, now());
	if (l->ui.nrequests > 0) {
		link_send(&l->link, &l->ui, now());
		worker_take(&l->worker, &l->ui, now());
		l->dirty = true;
	}
}

enum err_code tui_main(const struct tui_options *o, struct err *e)
{
	struct loop l = {
		.o = o, .signals = -1, .changes = -1, .root_watch = -1, .worker.done_fd = -1, .child.output = -1};
	enum err_code rc = loop_open(&l, e);
	while (rc == OK && !l.ui.quit) {
		if (l.dirty)
			draw(&l);
		step(&l);
	}
	loop_close(&l);
	return rc;
}
