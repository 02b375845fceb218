/* Staging and sending tweaks.  Nothing is applied by moving a cursor: a value is staged, shown, sent by `a`, and answered with
 * the step at which it took effect.  What is risky (a new structure, a factor above ten, several knobs at once) is asked about. */
#include "base/str.h"
#include "tui/text.h"
#include "tui/ui.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct staged *ui_staged(const struct ui *ui, const char *knob)
{
	for (int i = 0; i < ui->nstaged; i++)
		if (strcmp(ui->staged[i].name, knob) == 0)
			return &ui->staged[i];
	return NULL;
}

int ui_waiting(const struct ui *ui)
{
	int n = 0;
	for (int i = 0; i < ui->nstaged; i++)
		n += ui->staged[i].state == STAGED_NEW;
	return n;
}

void ui_unstage(struct ui *ui, const char *knob)
{
	int kept = 0;
	for (int i = 0; i < ui->nstaged; i++) {
		bool drop = ui->staged[i].state == STAGED_NEW && (!knob || strcmp(ui->staged[i].name, knob) == 0);
		if (!drop)
			ui->staged[kept++] = ui->staged[i];
	}
	ui->nstaged = kept;
}

void ui_select_knob(struct ui *ui, int move)
{
	const struct run_view *r = ui->model.open;
	int n = r ? (int)r->nknobs : 0, at = -1;
	for (int i = 0; i < n; i++)
		if (strcmp(r->knob[i].name, ui->knob) == 0)
			at = i;
	for (int i = 0; i < n && at < 0; i++)
		if (strcmp(r->knob[i].name, "lr") == 0)
			at = i;
	if (n == 0)
		return;
	at = at < 0 ? 0 : at + move;
	at = move == 1 ? at % n : at < 0 ? 0 : at >= n ? n - 1 : at;
	snprintf(ui->knob, sizeof ui->knob, "%.63s", r->knob[at].name);
}

static bool is_number(const struct knob_row *k)
{
	return strcmp(k->type, "int") == 0 || strcmp(k->type, "real") == 0 || strcmp(k->type, "log") == 0;
}

static bool lookup(void *ctx, const char *name, double *v)
{
	const struct knob_row *k = run_knob(ctx, name);
	char *end;
	if (!k || !is_number(k))
		return false;
	*v = strtod(k->value, &end);
	return end != k->value;
}

static bool value_of(struct ui *ui, const struct knob_row *k, const char *text, char *value, size_t size, struct err *e)
{
	if (!is_number(k)) {
		if (!text[0]) {
			err_set(e, ERR_ARG, "%s needs a value", k->name);
			return false;
		}
		snprintf(value, size, "%s", text);
		return true;
	}
	double v;
	if (form_eval(text, strtod(k->value, NULL), lookup, ui->model.open, &v, e) != OK)
		return false;
	if (strcmp(k->type, "int") == 0)
		v = round(v);
	if (k->max > k->min && (v < k->min || v > k->max)) {
		err_set(e, ERR_ARG, "%s must be in %g..%g, got %g", k->name, k->min, k->max, v);
		return false;
	}
	snprintf(value, size, "%.7g", v);
	return true;
}

static void say_staged(struct ui *ui, const struct staged *s)
{
	ui_message(ui, ROLE_WARN, "staged  %s  %s > %s     a sends, Esc drops", s->name, s->old_value, s->value);
}

void ui_stage(struct ui *ui, const char *knob, const char *expression)
{
	const struct knob_row *k = run_knob(ui->model.open, knob);
	struct err e = {0};
	char value[64];
	if (!k)
		return;
	if (!value_of(ui, k, expression, value, sizeof value, &e)) {
		ui_message(ui, ROLE_BAD, "%s", e.text);
		return;
	}
	int at = 0;
	while (at < ui->nstaged && strcmp(ui->staged[at].name, knob) != 0)
		at++;
	if (at == UI_STAGED) {
		ui_message(ui, ROLE_BAD, "at most %d knobs can be staged at once", UI_STAGED);
		return;
	}
	struct staged *s = &ui->staged[at];
	if (at < ui->nstaged && s->state == STAGED_SENT) {
		ui_message(ui, ROLE_WARN, "%s was sent; wait for its answer", knob);
		return;
	}
	ui->nstaged = at == ui->nstaged ? at + 1 : ui->nstaged;
	*s = (struct staged){.state = STAGED_NEW};
	snprintf(s->name, sizeof s->name, "%.63s", k->name);
	snprintf(s->old_value, sizeof s->old_value, "%.63s", k->value);
	snprintf(s->value, sizeof s->value, "%s", value);
	if (strcmp(s->old_value, s->value) == 0) {
		ui_unstage(ui, knob);
		ui_message(ui, ROLE_TEXT, "%s is %s already", k->name, k->value);
		return;
	}
	say_staged(ui, s);
}

static void nudge_choice(struct ui *ui, const struct knob_row *k, const char *now, bool up)
{
	char list[512], *save = NULL, *first = NULL, *last = NULL, *pick = NULL;
	snprintf(list, sizeof list, "%s", strcmp(k->type, "bool") == 0 ? "false|true" : k->choices ? k->choices : "");
	bool found = false;
	for (char *c = strtok_r(list, "|", &save); c; c = strtok_r(NULL, "|", &save)) {
		if (!first)
			first = c;
		if (found && up && !pick)
			pick = c;
		if (strcmp(c, now) == 0) {
			found = true;
			if (!up)
				pick = last;
		}
		last = c;
	}
	pick = pick ? pick : up ? first : last;
	if (pick)
		ui_stage(ui, k->name, pick);
	else
		ui_message(ui, ROLE_TEXT, "%s is text: Enter in Tweak (3) edits it", k->name);
}

void ui_nudge(struct ui *ui, double factor)
{
	const struct knob_row *k = run_knob(ui->model.open, ui->knob);
	if (!k) {
		ui_message(ui, ROLE_WARN, "the run has no knobs");
		return;
	}
	const struct staged *s = ui_staged(ui, k->name);
	const char *now = s && s->state == STAGED_NEW ? s->value : k->value;
	if (!is_number(k)) {
		nudge_choice(ui, k, now, factor > 1);
		return;
	}
	double v = strtod(now, NULL), up = factor > 1 ? 1 : -1;
	bool whole = strcmp(k->type, "int") == 0;
	double next = v * factor;
	if (whole && fabs(v) <= 8)
		next = v + up;
	else if (v == 0)
		next = strcmp(k->type, "log") == 0 ? k->min : up * (k->max > k->min ? (k->max - k->min) / 20 : 0.1);
	if (k->max > k->min)
		next = next < k->min ? k->min : next > k->max ? k->max : next;
	char text[64];
	snprintf(text, sizeof text, "%.7g", next);
	ui_stage(ui, k->name, text);
}

static bool risky(const struct ui *ui, const struct staged *s)
{
	const struct knob_row *k = run_knob(ui->model.open, s->name);
	double a = strtod(s->old_value, NULL), b = strtod(s->value, NULL);
	bool far = k && is_number(k) && a > 0 && b > 0 && (b / a > 10.001 || a / b > 10.001);
	return !k || k->structural || far;
}

static bool confirm_first(struct ui *ui)
{
	struct str diff = {0};
	bool ask = ui_waiting(ui) > 1;
	for (int i = 0; i < ui->nstaged; i++) {
		const struct staged *s = &ui->staged[i];
		if (s->state != STAGED_NEW)
			continue;
		const struct knob_row *k = run_knob(ui->model.open, s->name);
		ask |= risky(ui, s);
		str_printf(&diff, "%s%s %s>%s%s", diff.len ? ", " : "", s->name, s->old_value, s->value,
			k && k->structural ? " (rebuilds the model)" : "");
	}
	if (ask) {
		ui->prompt = PROMPT_SEND;
		ui_message(ui, ROLE_WARN, "send %s?  y/n", str_text(&diff));
	}
	str_free(&diff);
	return ask;
}

void ui_send(struct ui *ui, bool confirmed)
{
	struct arena a = {0};
	struct str args = {0};
	bool first = true;
	if (ui_waiting(ui) == 0) {
		ui_message(ui, ROLE_TEXT, "nothing is staged: - and + stage the selected knob (%s)", ui->knob);
		return;
	}
	if (!confirmed && confirm_first(ui))
		return;
	str_puts(&args, "{\"knobs\":{");
	for (int i = 0; i < ui->nstaged; i++) {
		struct staged *s = &ui->staged[i];
		if (s->state != STAGED_NEW)
			continue;
		const char *name = json_quote(&a, s->name), *value = json_quote(&a, s->value);
		str_printf(&args, "%s%s:%s", first ? "" : ",", name ? name : "", value ? value : "");
		s->state = STAGED_SENT;
		snprintf(s->note, sizeof s->note, "sent...");
		first = false;
	}
	str_puts(&args, "},\"by\":\"workbench\"}");
	arena_free(&a);
	ui_message(ui, ROLE_TEXT, "sent ...");
	ui_request(ui, REQ_SET, "set", str_take(&args), -1);
}

void ui_tweak_answer(struct ui *ui, int64_t step, const char *result, const char *error, double seconds)
{
	char at[32], what[256] = "", rebuilt[16] = "";
	num_count(at, sizeof at, (double)step);
	for (int i = 0; i < ui->nstaged; i++) {
		struct staged *s = &ui->staged[i];
		if (s->state != STAGED_SENT)
			continue;
		s->state = error ? STAGED_NACK : STAGED_ACK;
		snprintf(s->note, sizeof s->note, error ? "refused: %.140s" : "ack @%.24s %.2fs", error ? error : at,
			seconds);
		size_t n = strlen(what);
		snprintf(what + n, sizeof what - n, "%s%s %s > %s", n ? ", " : "", s->name, s->old_value, s->value);
	}
	if (error) {
		ui_message(ui, ROLE_BAD, "refused: %s", error);
		return;
	}
	bool new_model = json_member(result, "rebuilt", rebuilt, sizeof rebuilt) && strcmp(rebuilt, "true") == 0;
	ui_message(ui, ROLE_GOOD, "%s   ack @%s  %.2fs%s", what, at, seconds, new_model ? "  model rebuilt" : "");
}

void ui_tweak_lost(struct ui *ui)
{
	for (int i = 0; i < ui->nstaged; i++)
		if (ui->staged[i].state == STAGED_SENT) {
			ui->staged[i].state = STAGED_LOST;
			snprintf(ui->staged[i].note, sizeof ui->staged[i].note, "lost: no answer (see journal)");
		}
}
