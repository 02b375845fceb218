/* Opening a checkpoint and asking it takes a second or more: a thread does it, so that the screen stays alive.  The two threads
 * share nothing but the struct: the main one writes it before pthread_create and reads it after pthread_join. */
#include "tui/loop.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum err_code worker_init(struct worker *w, tui_probe_fn *probe, void *ctx, struct err *e)
{
	*w = (struct worker){.probe = probe, .ctx = ctx, .done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
	return w->done_fd < 0 ? err_errno(e, "cannot make an event descriptor") : OK;
}

static void *work(void *arg)
{
	struct worker *w = arg;
	uint64_t one = 1;
	w->rc = w->probe(w->ctx, w->dir, w->request.args, &w->result, &w->e);
	ssize_t ignored = write(w->done_fd, &one, sizeof one);
	(void)ignored;
	return NULL;
}

void worker_take(struct worker *w, struct ui *ui, double now)
{
	if (w->busy || ui->nrequests == 0 || !ui->model.open)
		return;
	w->request = ui->request[0];
	ui->request[0].args = NULL;
	ui_request_drop(ui, 0);
	w->run = ui->model.open;
	w->sent = now;
	w->result = NULL;
	w->e = (struct err){0};
	snprintf(w->dir, sizeof w->dir, "%s", w->run->dir);
	w->busy = w->probe && pthread_create(&w->thread, NULL, work, w) == 0;
	if (!w->busy) {
		ui_answer(ui, &w->request, -1, NULL, "nothing here can open the checkpoints of this run", 0);
		mem_free(w->request.args);
	}
}

void worker_finish(struct worker *w, struct ui *ui, double now)
{
	uint64_t n;
	if (!w->busy || read(w->done_fd, &n, sizeof n) != sizeof n)
		return;
	pthread_join(w->thread, NULL);
	w->busy = false;
	if (w->run == ui->model.open)
		ui_answer(ui, &w->request, w->request.step, w->rc == OK ? w->result : NULL,
			w->rc == OK ? NULL : w->e.text, now - w->sent);
	mem_free(w->result);
	mem_free(w->request.args);
	w->result = NULL;
}

void worker_fini(struct worker *w)
{
	if (w->busy) {
		pthread_join(w->thread, NULL);
		mem_free(w->result);
		mem_free(w->request.args);
	}
	if (w->done_fd >= 0)
		close(w->done_fd);
}
