#include "tui/ui.h"

#include "base/mem.h"
#include "tui/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum err_code ui_init(struct ui *ui, const char *root, struct caps caps, struct err *e)
{
	*ui = (struct ui){.caps = caps, .view = panel_index("runs")};
	ui->previous_view = ui->view;
	ui->ask.step = -1;
	CHECK(panel_count() <= UI_PANELS, "%d panels", panel_count());
	TRY(model_init(&ui->model, root, e));
	for (int i = 0; i < panel_count(); i++) {
		const struct panel_class *p = panel_at(i);
		ui->panel[i] = mem_calloc(1, p->size ? p->size : 1);
		if (!ui->panel[i]) {
			ui_fini(ui);
			return err_set(e, ERR_NOMEM, "no memory for the %s panel", p->desc.name);
		}
		if (p->open)
			p->open(ui->panel[i]);
	}
	static const char *const always[] = {
		"train/loss", "train/grad_norm", "perf/steps_per_s", "perf/examples_per_s"};
	for (size_t i = 0; i < sizeof always / sizeof *always; i++)
		model_want(&ui->model, always[i]);
	return OK;
}

void ui_fini(struct ui *ui)
{
	while (ui->nrequests > 0)
		ui_request_drop(ui, 0);
	ask_reset(ui);
	for (int i = 0; i < UI_PANELS; i++)
		mem_free(ui->panel[i]);
	model_fini(&ui->model);
	*ui = (struct ui){0};
}

void ui_message(struct ui *ui, uint8_t role, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(ui->message, sizeof ui->message, fmt, ap);
	va_end(ap);
	ui->message_role = role;
}

static const struct panel_class *current(const struct ui *ui)
{
	return panel_at(ui->view);
}

static void enter(struct ui *ui)
{
	if (current(ui)->enter)
		current(ui)->enter(ui->panel[ui->view], ui);
	if (current(ui)->update)
		current(ui)->update(ui->panel[ui->view], ui);
}

void ui_show_view(struct ui *ui, int view)
{
	if (view < 0 || view >= panel_count())
		return;
	if (view != ui->view)
		ui->previous_view = ui->view;
	ui->view = view;
	enter(ui);
}

void ui_open_run(struct ui *ui, struct run_view *r)
{
	if (ui->model.open == r)
		return;
	ui->nstaged = 0;
	ask_reset(ui);
	model_open_view(&ui->model, r);
	model_refresh(&ui->model, ui->model.now, ui->model.wall);
	ui->knob[0] = '\0';
	ui_select_knob(ui, 0);
	enter(ui);
}

bool ui_refresh(struct ui *ui, double now, double wall)
{
	bool changed = model_refresh(&ui->model, now, wall);
	if (changed && !ui->knob[0])
		ui_select_knob(ui, 0);
	int wanted = ui->model.nwanted;
	if (current(ui)->update)
		current(ui)->update(ui->panel[ui->view], ui);
	if (ui->model.nwanted != wanted)
		changed |= model_refresh(&ui->model, now, wall);
	return changed;
}

void ui_request(struct ui *ui, enum request_kind kind, const char *cmd, char *args, int64_t step)
{
	if (!args || ui->nrequests == UI_REQUESTS) {
		mem_free(args);
		ui_message(ui, ROLE_BAD, "too many commands are waiting");
		return;
	}
	struct request *r = &ui->request[ui->nrequests++];
	*r = (struct request){.kind = kind, .args = args, .step = step};
	snprintf(r->cmd, sizeof r->cmd, "%s", cmd);
}

void ui_request_drop(struct ui *ui, int i)
{
	mem_free(ui->request[i].args);
	ui->nrequests--;
	memmove(&ui->request[i], &ui->request[i + 1], (size_t)(ui->nrequests - i) * sizeof *ui->request);
}

static void command_answer(
	struct ui *ui, const struct request *r, int64_t step, const char *result, const char *error, double seconds)
{
	char at[32], what[512] = "";
	num_count(at, sizeof at, (double)step);
	if (error) {
		ui_message(ui, ROLE_BAD, "%s: %s", r->cmd, error);
		return;
	}
	if (!json_member(result, "file", what, sizeof what))
		json_member(result, "state", what, sizeof what);
	ui_message(ui, ROLE_GOOD, "%s: ack @%s  %.2fs  %s", r->cmd, at, seconds, what);
}

void ui_answer(
	struct ui *ui, const struct request *r, int64_t step, const char *result, const char *error, double seconds)
{
	if (r->kind == REQ_SET)
		ui_tweak_answer(ui, step, result, error, seconds);
	else if (r->kind == REQ_COMMAND)
		command_answer(ui, r, step, result, error, seconds);
	else
		ask_answer(ui, r->kind, result, error);
}

/* ---- prompts ---- */

static void prompt_open(struct ui *ui, enum prompt p, const char *text)
{
	ui->prompt = p;
	edit_set(&ui->edit, text);
}

static void prompt_done(struct ui *ui)
{
	enum prompt p = ui->prompt;
	ui->prompt = PROMPT_NONE;
	if (p == PROMPT_USER)
		ask_user(ui, ui->edit.text);
	else if (p == PROMPT_KNOB)
		ui_stage(ui, ui->knob, ui->edit.text);
}

static void prompt_confirm(struct ui *ui, bool yes)
{
	enum prompt p = ui->prompt;
	ui->prompt = PROMPT_NONE;
	if (!yes)
		ui_message(ui, ROLE_TEXT, p == PROMPT_STOP ? "not stopped" : "nothing sent; still staged");
	else if (p == PROMPT_STOP)
		ui_request(ui, REQ_COMMAND, "stop", mem_strdup("{}"), -1);
	else
		ui_send(ui, true);
}

static void prompt_key(struct ui *ui, int key)
{
	bool question = ui->prompt == PROMPT_STOP || ui->prompt == PROMPT_SEND;
	if (question) {
		prompt_confirm(ui, key == 'y' || key == 'Y');
		return;
	}
	if (key == TKEY_ENTER) {
		prompt_done(ui);
	} else if (key == TKEY_ESC || key == CTRL_KEY('c')) {
		if (ui->prompt == PROMPT_FILTER)
			ui->filter[ui->view][0] = '\0';
		ui->prompt = PROMPT_NONE;
	} else {
		edit_key(&ui->edit, key);
		if (ui->prompt == PROMPT_FILTER)
			snprintf(ui->filter[ui->view], sizeof ui->filter[0], "%.127s", ui->edit.text);
	}
}

/* ---- actions ---- */

static bool need_live(struct ui *ui)
{
	const struct run_view *r = ui->model.open;
	if (r && r->alive)
		return true;
	ui_message(ui, ROLE_WARN, r ? "%s has ended: there is nobody to command" : "no run is open%s", r ? r->id : "");
	return false;
}

static void menu_act(struct ui *ui, enum action a)
{
	static const struct {
		enum action action;
		const char *cmd, *args;
	} commands[] = {{ACT_RUN_STEP, "step", "{\"n\":1}"}, {ACT_RUN_CHECKPOINT, "checkpoint", "{}"},
		{ACT_RUN_EVAL, "evaluate", "{}"}};
	ui->menu = a == ACT_NONE;
	if (a == ACT_NONE || a == ACT_CLOSE_MENU || !need_live(ui))
		return;
	char buf[24];
	bool paused = strcmp(run_state(&ui->model, ui->model.open, buf), "PAUSED") == 0;
	if (a == ACT_RUN_PAUSE)
		ui_request(ui, REQ_COMMAND, paused ? "resume" : "pause", mem_strdup("{}"), -1);
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (commands[i].action == a)
			ui_request(ui, REQ_COMMAND, commands[i].cmd, mem_strdup(commands[i].args), -1);
	if (a == ACT_RUN_STOP)
		prompt_open(ui, PROMPT_STOP, "");
	else
		ui_message(ui, ROLE_TEXT, "sent ...");
}

static void other_run(struct ui *ui)
{
	struct model *m = &ui->model;
	size_t at = 0;
	for (size_t i = 0; i < m->nruns; i++)
		at = m->run[i] == m->open ? i : at;
	for (size_t k = 1; k <= m->nruns; k++) {
		struct run_view *r = m->run[(at + k) % m->nruns];
		if (r->alive && r->loaded && r != m->open) {
			ui_open_run(ui, r);
			ui_message(ui, ROLE_TEXT, "opened %s", r->id);
			return;
		}
	}
	ui_message(ui, ROLE_TEXT, "no other run is alive");
}

static void back(struct ui *ui)
{
	if (ui_waiting(ui) > 0) {
		ui_unstage(ui, NULL);
		ui_message(ui, ROLE_TEXT, "dropped what was staged");
	} else if (ui->filter[ui->view][0]) {
		ui->filter[ui->view][0] = '\0';
	} else if (ui->message[0]) {
		ui->message[0] = '\0';
	} else {
		ui_show_view(ui, ui->previous_view);
	}
}

static void edit_knob(struct ui *ui)
{
	const struct knob_row *k = run_knob(ui->model.open, ui->knob);
	const struct staged *s = ui_staged(ui, ui->knob);
	if (k && need_live(ui))
		prompt_open(ui, PROMPT_KNOB, s && s->state == STAGED_NEW ? s->value : k->value);
}

static void global_act(struct ui *ui, enum action a)
{
	if (a >= ACT_VIEW_1 && a <= ACT_VIEW_6) {
		ui_show_view(ui, a - ACT_VIEW_1);
		return;
	}
	switch (a) {
	case ACT_HELP:
		ui_show_view(ui, current(ui)->scope == SCOPE_HELP ? ui->previous_view : panel_index("help"));
		break;
	case ACT_NEXT:
		ui_show_view(ui, (ui->view + 1) % panel_count());
		break;
	case ACT_PREVIOUS:
		ui_show_view(ui, (ui->view + panel_count() - 1) % panel_count());
		break;
	case ACT_QUIT:
		ui->quit = true;
		break;
	case ACT_BACK:
		back(ui);
		break;
	case ACT_FILTER:
		prompt_open(ui, PROMPT_FILTER, ui->filter[ui->view]);
		break;
	case ACT_MENU:
		ui->menu = true;
		break;
	case ACT_GLYPHS:
		if (ui->only_ascii)
			ui_message(ui, ROLE_TEXT, "the locale is not UTF-8: only ASCII arrives");
		else
			ui->caps.glyphs = ui->caps.glyphs == GLYPHS_ASCII ? GLYPHS_BRAILLE : GLYPHS_ASCII;
		ui->redraw = true;
		break;
	case ACT_REDRAW:
		ui->redraw = true;
		break;
	case ACT_NUDGE_DOWN:
	case ACT_NUDGE_UP:
		if (need_live(ui))
			ui_nudge(ui, a == ACT_NUDGE_DOWN ? 0.5 : 2);
		break;
	case ACT_SEND:
		if (need_live(ui))
			ui_send(ui, false);
		break;
	case ACT_NEXT_KNOB:
		ui_select_knob(ui, 1);
		ui_message(ui, ROLE_TEXT, "- and + turn %s", ui->knob[0] ? ui->knob : "nothing: the run has no knobs");
		break;
	case ACT_OTHER_RUN:
		other_run(ui);
		break;
	case ACT_USER:
		prompt_open(ui, PROMPT_USER, ui->ask.user);
		break;
	case ACT_EDIT:
		edit_knob(ui);
		break;
	default:
		break;
	}
}

static void key_to_view(struct ui *ui, int key)
{
	enum action a = keymap_find(current(ui)->scope, key);
	if (a == ACT_NONE)
		return;
	bool staged_first = a == ACT_BACK && ui_waiting(ui) > 0;
	if (staged_first || !current(ui)->act || !current(ui)->act(ui->panel[ui->view], ui, a))
		global_act(ui, a);
}

void ui_key(struct ui *ui, int key)
{
	if (ui->prompt != PROMPT_NONE)
		prompt_key(ui, key);
	else if (ui->menu)
		menu_act(ui, keymap_find(SCOPE_MENU, key));
	else
		key_to_view(ui, key);
	if (current(ui)->update)
		current(ui)->update(ui->panel[ui->view], ui);
}
