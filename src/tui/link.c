#include "tui/loop.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

enum { RETRY_SECONDS = 1 };

int link_fd(const struct link *l)
{
	return l->client ? client_fd(l->client) : -1;
}

static void forget(struct link *l, int i)
{
	mem_free(l->pending[i].args);
	l->npending--;
	memmove(&l->pending[i], &l->pending[i + 1], (size_t)(l->npending - i) * sizeof *l->pending);
}

/* What was sent and not answered is lost for us; the journal in run.db says whether it was obeyed. */
static void lose(struct link *l, struct ui *ui)
{
	bool same = l->run == ui->model.open;
	while (l->npending > 0) {
		if (same && l->pending[0].kind == REQ_SET)
			ui_tweak_lost(ui);
		else if (same)
			ui_answer(ui, &l->pending[0], -1, NULL, "the runner has gone", 0);
		forget(l, 0);
	}
}

void link_close(struct link *l, struct ui *ui)
{
	client_close(l->client);
	l->client = NULL;
	lose(l, ui);
	l->run = NULL;
}

static bool connect_now(struct link *l, struct ui *ui, double now)
{
	struct run_view *r = ui->model.open;
	l->tried = now;
	l->run = r;
	bool there = client_connect(r->dir, &l->client, NULL) == OK;
	if (!there)
		l->client = NULL;
	snprintf(ui->live, sizeof ui->live, "%s", there ? "attached" : "");
	return there;
}

void link_follow(struct link *l, struct ui *ui, double now)
{
	struct run_view *r = ui->model.open;
	if (l->run && l->run != r)
		link_close(l, ui);
	if (!r || !r->alive) {
		if (l->client)
			link_close(l, ui);
		ui->live[0] = '\0';
		return;
	}
	if (!l->client && (l->run != r || now - l->tried >= RETRY_SECONDS))
		connect_now(l, ui, now);
}

static void send_one(struct link *l, struct ui *ui, struct request *r, double now)
{
	struct err e = {0};
	if (!l->client && !connect_now(l, ui, now)) {
		ui_answer(ui, r, -1, NULL, "the run does not listen on its control socket (yet): try again", 0);
		return;
	}
	if (l->npending == LINK_PENDING || client_send(l->client, r->cmd, r->args, &r->id, &e) != OK) {
		ui_answer(ui, r, -1, NULL, e.text[0] ? e.text : "too many commands are waiting for an answer", 0);
		return;
	}
	r->sent = now;
	l->pending[l->npending++] = *r;
	r->args = NULL; /* moved */
}

void link_send(struct link *l, struct ui *ui, double now)
{
	for (int i = 0; i < ui->nrequests;) {
		struct request *r = &ui->request[i];
		bool question = r->kind == REQ_ATTENTION || r->kind == REQ_EXPLAIN;
		bool live = ui->model.open && ui->model.open->alive && (!question || r->step < 0);
		if (!live) {
			if (!question) {
				ui_answer(ui, r, -1, NULL, "the run has ended", 0);
				ui_request_drop(ui, i);
			} else {
				i++; /* the worker's */
			}
			continue;
		}
		struct request one = *r;
		r->args = NULL;
		ui_request_drop(ui, i);
		send_one(l, ui, &one, now);
		mem_free(one.args);
	}
}

static void dispatch(struct link *l, struct ui *ui, const struct protocol_answer *a, double now)
{
	for (int i = 0; i < l->npending; i++) {
		if (l->pending[i].id != a->id)
			continue;
		if (l->run == ui->model.open)
			ui_answer(ui, &l->pending[i], a->step, a->ok ? a->result : NULL,
				a->ok	   ? NULL
				: a->error ? a->error
					   : "refused",
				now - l->pending[i].sent);
		forget(l, i);
		return;
	}
}

bool link_receive(struct link *l, struct ui *ui, double now)
{
	bool any = false;
	while (l->client) {
		char *line = NULL;
		if (client_receive(l->client, 0, &line, NULL) != OK) {
			link_close(l, ui);
			return true;
		}
		if (!line)
			return any;
		struct protocol_answer a = {0};
		if (protocol_answer_parse(line, &a, NULL) == OK)
			dispatch(l, ui, &a, now);
		protocol_answer_free(&a);
		mem_free(line);
		any = true;
	}
	return any;
}
