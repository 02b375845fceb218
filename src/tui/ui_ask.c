/* Questions about a user: attention and explanation.  A live run answers about the weights of now; somebody else (the
 * command line, by opening a checkpoint) answers about finished runs and about earlier steps; what run.db holds is shown at once. */
#include "base/str.h"
#include "tui/text.h"
#include "tui/ui.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void ask_reset(struct ui *ui)
{
	attention_free(&ui->ask.attention);
	explanation_free(&ui->ask.explanation);
	ui->ask = (struct question){.step = -1};
}

/* Nobody has chosen a user yet: the one that the run names, else the ids with which data sets use to begin. */
static const char *const usual[] = {"1", "u1", "0", "u0"};
enum { USUAL = sizeof usual / sizeof *usual };

static void first_user(struct ui *ui)
{
	struct question *q = &ui->ask;
	if (q->user[0])
		return;
	snprintf(q->user, sizeof q->user, "%s", ui->model.open->user[0] ? ui->model.open->user : usual[0]);
	q->guess = 1;
}

/* True where another guess is worth a try: the question is put again. */
static bool guess_again(struct ui *ui, enum request_kind kind)
{
	struct question *q = &ui->ask;
	if (q->guess < 1 || q->guess >= USUAL || !ui->model.open)
		return false;
	snprintf(q->user, sizeof q->user, "%s", usual[q->guess++]);
	if (kind == REQ_ATTENTION)
		ask_attention(ui, true);
	else
		ask_explain(ui, true);
	return true;
}

void ask_answer(struct ui *ui, enum request_kind kind, const char *result, const char *error)
{
	struct question *q = &ui->ask;
	struct err e = {0};
	if (kind == REQ_ATTENTION) {
		struct attention a;
		q->waiting_attention = false;
		q->error_attention[0] = '\0';
		if (error && guess_again(ui, kind))
			return;
		if (error || attention_parse(result, &a, &e) != OK) {
			snprintf(q->error_attention, sizeof q->error_attention, "%.500s", error ? error : e.text);
			return;
		}
		attention_free(&q->attention);
		q->attention = a;
		q->has_attention = true;
		q->guess = -1;
		if (!q->user[0])
			snprintf(q->user, sizeof q->user, "%.63s", a.user);
	} else {
		struct explanation x;
		q->waiting_explanation = false;
		q->error_explanation[0] = '\0';
		if (error && guess_again(ui, kind))
			return;
		if (error || explanation_parse(result, &x, &e) != OK) {
			snprintf(q->error_explanation, sizeof q->error_explanation, "%.500s", error ? error : e.text);
			return;
		}
		explanation_free(&q->explanation);
		q->explanation = x;
		q->has_explanation = true;
		q->guess = -1;
		if (!q->user[0])
			snprintf(q->user, sizeof q->user, "%.63s", x.user);
	}
}

static char *args_of(const struct ui *ui, const char *kind, bool item)
{
	struct arena a = {0};
	struct str s = {0};
	const char *user = json_quote(&a, ui->ask.user), *id = json_quote(&a, ui->ask.item);
	str_printf(&s, "{\"kind\":\"%s\",\"user\":%s", kind, user ? user : "\"\"");
	if (item && ui->ask.item[0] && id)
		str_printf(&s, ",\"item\":%s", id);
	if (item)
		str_puts(&s, ",\"k\":10");
	if (ui->ask.step >= 0)
		str_printf(&s, ",\"step\":%lld", (long long)ui->ask.step);
	str_putc(&s, '}');
	arena_free(&a);
	return str_take(&s);
}

/* The last stored answer, where it is about the same user or nobody was chosen yet. */
static void use_stored(struct ui *ui, const char *kind, enum request_kind rk)
{
	struct run_view *r = ui->model.open;
	int64_t step;
	char user[64];
	char *json = r->reader ? reader_probe(r->reader, kind, NULL, &step) : NULL;
	if (json && json_member(json, "user", user, sizeof user) &&
		(!ui->ask.user[0] || strcmp(user, ui->ask.user) == 0))
		ask_answer(ui, rk, json, NULL);
	mem_free(json);
}

static bool answers(const struct ui *ui)
{
	return ui->can_ask || (ui->model.open->alive && ui->ask.step < 0);
}

static const char nobody[] = "the run has ended and nothing here can open its checkpoints";

void ask_attention(struct ui *ui, bool again)
{
	struct question *q = &ui->ask;
	if (!ui->model.open || q->waiting_attention || (!again && q->has_attention))
		return;
	if (!q->has_attention && !again)
		use_stored(ui, "attention", REQ_ATTENTION);
	if (q->has_attention && !again && !ui->model.open->alive)
		return;
	first_user(ui);
	if (!answers(ui)) {
		if (!q->has_attention || again)
			snprintf(q->error_attention, sizeof q->error_attention, "%s", nobody);
		return;
	}
	q->waiting_attention = true;
	q->error_attention[0] = '\0';
	ui_request(ui, REQ_ATTENTION, "probe", args_of(ui, "attention", false), q->step);
}

void ask_explain(struct ui *ui, bool again)
{
	struct question *q = &ui->ask;
	if (!ui->model.open || q->waiting_explanation || (!again && q->has_explanation))
		return;
	if (!q->has_explanation && !again)
		use_stored(ui, "explain", REQ_EXPLAIN);
	if (q->has_explanation && !again && !ui->model.open->alive)
		return;
	first_user(ui);
	if (!answers(ui)) {
		if (!q->has_explanation || again)
			snprintf(q->error_explanation, sizeof q->error_explanation, "%s", nobody);
		return;
	}
	q->waiting_explanation = true;
	q->error_explanation[0] = '\0';
	ui_request(ui, REQ_EXPLAIN, "probe", args_of(ui, "explain", true), q->step);
}

static void ask_visible(struct ui *ui)
{
	if (panel_at(ui->view)->scope == SCOPE_ATTENTION) {
		ui->ask.has_explanation = false;
		ask_attention(ui, true);
	} else {
		ui->ask.has_attention = false;
		ask_explain(ui, true);
	}
}

void ask_user(struct ui *ui, const char *user)
{
	while (*user == ' ')
		user++;
	if (!*user)
		return;
	snprintf(ui->ask.user, sizeof ui->ask.user, "%.63s", user);
	ui->ask.item[0] = '\0';
	ui->ask.guess = -1;
	ask_visible(ui);
}

/* "u17" -> "u18": the number at the end of the id. */
static void move_user(struct ui *ui, long by)
{
	char next[80];
	size_t n = strlen(ui->ask.user), digits = n;
	while (digits > 0 && ui->ask.user[digits - 1] >= '0' && ui->ask.user[digits - 1] <= '9' && n - digits < 15)
		digits--;
	if (digits == n) {
		ui_message(ui, ROLE_TEXT, "the id \"%s\" does not end in a number: u asks for a user", ui->ask.user);
		return;
	}
	long v = strtol(ui->ask.user + digits, NULL, 10) + by;
	if (v < 0)
		return;
	snprintf(next, sizeof next, "%.*s%ld", (int)digits, ui->ask.user, v);
	ask_user(ui, next);
}

/* Earlier and later checkpoints; behind the last one is now. */
static void move_step(struct ui *ui, int by)
{
	const struct run_view *r = ui->model.open;
	int n = r ? (int)r->ncheckpoints : 0, at = n;
	for (int i = 0; i < n; i++)
		if (ui->ask.step == r->checkpoint[i].step)
			at = i;
	if (n == 0) {
		ui_message(ui, ROLE_TEXT, "no checkpoint yet: ! k writes one");
		return;
	}
	at += by;
	if (at < 0 || at > n)
		return;
	ui->ask.step = at == n ? -1 : r->checkpoint[at].step;
	ask_visible(ui);
}

bool ask_act(struct ui *ui, enum action a)
{
	switch (a) {
	case ACT_USER_PREV:
		move_user(ui, -1);
		return true;
	case ACT_USER_NEXT:
		move_user(ui, 1);
		return true;
	case ACT_STEP_PREV:
		move_step(ui, -1);
		return true;
	case ACT_STEP_NEXT:
		move_step(ui, 1);
		return true;
	case ACT_ASK:
		ask_visible(ui);
		return true;
	default:
		return false;
	}
}

void ask_title(const struct ui *ui, int64_t step, char *buf, size_t size)
{
	char at[32];
	num_count(at, sizeof at, (double)step);
	const struct run_view *r = ui->model.open;
	bool now = ui->ask.step < 0;
	snprintf(buf, size, "@%s%s", at, now ? r && r->alive ? " (now)" : "" : " (checkpoint)");
}
