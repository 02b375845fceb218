/* The lines that are always there: is it training, how fast, is it healthy, how good was it at best. */
#include "base/str.h"
#include "tui/text.h"
#include "tui/ui.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static uint8_t state_role(const char *state)
{
	if (strcmp(state, "TRAIN") == 0 || strcmp(state, "EVAL") == 0 || strcmp(state, "CKPT") == 0)
		return ROLE_GOOD;
	if (strcmp(state, "PAUSED") == 0 || strcmp(state, "STALLED") == 0)
		return ROLE_WARN;
	if (strcmp(state, "DIED") == 0 || strcmp(state, "FAILED") == 0 || strcmp(state, "UNREADABLE") == 0)
		return ROLE_BAD;
	return ROLE_ACCENT;
}

/* One "label value" of a header line; nothing where it no longer fits. */
static int item(struct pane p, int x, int y, const char *label, const char *value, struct style st)
{
	int lw = text_width(label), vw = text_width(value);
	if (x + lw + (lw ? 1 : 0) + vw > p.w)
		return x;
	if (lw) {
		x += pane_text(p, x, y, lw, STYLE(ROLE_DIM), label);
		x++;
	}
	x += pane_text(p, x, y, vw, st, value);
	return x + 2;
}

static int state_line(const struct ui *ui, const struct run_view *r, struct pane p, int y)
{
	char buf[64], word[24], step[96], total[32];
	const char *state = run_state(&ui->model, r, word);
	bool ascii = ui->caps.glyphs == GLYPHS_ASCII;
	int x = 1 + pane_text(p, 1, y, 2, STYLE_BOLD(state_role(state)), ascii ? "*" : "●");
	x = item(p, x + 1, y, "", state, STYLE_BOLD(state_role(state)));
	snprintf(buf, sizeof buf, "%.40s", r->id);
	x = item(p, x, y, "", buf, STYLE_BOLD(ROLE_TITLE));
	num_count(step, sizeof step, r->step);
	double all = run_total_steps(r);
	if (isfinite(all)) {
		size_t n = strlen(step);
		snprintf(step + n, sizeof step - n, "/%s",
			(all < 1e5 ? num_count : num_short)(total, sizeof total, all));
	}
	x = item(p, x, y, "step", step, STYLE(ROLE_TEXT));
	if (r->steps_per_epoch > 0) {
		snprintf(buf, sizeof buf, "%.1f", r->step / r->steps_per_epoch);
		x = item(p, x, y, "ep", buf, STYLE(ROLE_TEXT));
	}
	double speed = run_last(r, "perf/steps_per_s"), examples = run_last(r, "perf/examples_per_s");
	if (isfinite(speed))
		x = item(p, x, y, "st/s", num_short(buf, sizeof buf, speed), STYLE(ROLE_TEXT));
	if (isfinite(examples))
		x = item(p, x, y, "ex/s", num_short(buf, sizeof buf, examples), STYLE(ROLE_TEXT));
	if (isfinite(run_eta(r)))
		x = item(p, x, y, "ETA", num_duration(buf, sizeof buf, run_eta(r)), STYLE(ROLE_TEXT));
	return x;
}

static int others_alive(const struct ui *ui)
{
	int n = 0;
	for (size_t i = 0; i < ui->model.nruns; i++)
		n += ui->model.run[i]->alive && ui->model.run[i]->loaded && ui->model.run[i] != ui->model.open;
	return n;
}

static const char *trend(const struct series *s, bool ascii)
{
	if (!s || s->curve.n < 4)
		return "";
	double now = s->curve.smooth[s->curve.n - 1], then = s->curve.smooth[s->curve.n - 1 - s->curve.n / 4];
	if (!isfinite(now) || !isfinite(then) || fabs(now - then) < 1e-3 * fabs(then))
		return "";
	return now < then ? ascii ? " v" : " ↓" : ascii ? " ^" : " ↑";
}

static int health_line(const struct ui *ui, const struct run_view *r, struct pane p, int y)
{
	char buf[96], v[32], at[32];
	bool ascii = ui->caps.glyphs == GLYPHS_ASCII;
	int x = 1;
	const struct series *loss = run_series(r, "train/loss"), *monitor = run_monitor(r);
	if (loss && loss->info.n) {
		double last = loss->curve.n && isfinite(loss->curve.smooth[loss->curve.n - 1])
				      ? loss->curve.smooth[loss->curve.n - 1]
				      : loss->info.last;
		snprintf(buf, sizeof buf, "%s%s", num_value(v, sizeof v, last), trend(loss, ascii));
		x = item(p, x, y, "loss", buf, STYLE_BOLD(ROLE_TEXT));
	}
	double best;
	int64_t best_step;
	if (monitor && monitor->info.n)
		x = item(
			p, x, y, monitor->info.name, num_value(v, sizeof v, monitor->info.last), STYLE_BOLD(ROLE_TEXT));
	if (run_best(r, &best, &best_step)) {
		snprintf(buf, sizeof buf, "%s@%s", num_value(v, sizeof v, best),
			num_short(at, sizeof at, (double)best_step));
		x = item(p, x, y, monitor && !monitor->info.larger_is_better ? "best (low)" : "best", buf,
			STYLE(ROLE_GOOD));
	}
	int64_t first;
	const char *where;
	size_t bad = run_bad(r, &first, &where);
	snprintf(buf, sizeof buf, bad ? "[!] %zu in %s" : "%zu", bad, where);
	if (bad && x + 4 + text_width(buf) > p.w)
		snprintf(buf, sizeof buf, "[!] %zu", bad);
	x = item(p, x, y, "nan", buf, bad ? STYLE_BOLD(ROLE_BAD) : STYLE(ROLE_TEXT));
	double norm = run_last(r, "train/grad_norm");
	if (isfinite(norm))
		x = item(p, x, y, "|g|", num_short(v, sizeof v, norm), STYLE(ROLE_TEXT));
	const struct knob_row *lr = run_knob(r, "lr");
	if (lr)
		x = item(p, x, y, "lr", lr->value, STYLE(ROLE_TEXT));
	if (others_alive(ui) > 0) {
		snprintf(v, sizeof v, "%d", others_alive(ui));
		x = item(p, x, y, "other runs", v, STYLE(ROLE_TEXT));
	}
	if (r->protocol[0])
		x = item(p, x, y, "protocol", r->protocol, STYLE(ROLE_DIM));
	return x;
}

static void tab_line(const struct ui *ui, struct pane p, int y)
{
	int x = 1;
	for (int i = 0; i < panel_count(); i++) {
		const char *tab = panel_at(i)->tab;
		int w = text_width(tab);
		bool on = i == ui->view;
		if (x + w + 2 > p.w)
			return;
		if (on)
			pane_put(p, x - 1, y, '[', STYLE_BOLD(ROLE_ACCENT));
		pane_put(p, x, y, (uint32_t)tab[0], STYLE_BOLD(ROLE_ACCENT));
		pane_text(p, x + 1, y, w - 1, on ? STYLE_BOLD(ROLE_TITLE) : STYLE(ROLE_DIM), tab + 1);
		if (on)
			pane_put(p, x + w, y, ']', STYLE_BOLD(ROLE_ACCENT));
		x += w + 2;
	}
	if (ui->filter[ui->view][0]) {
		char buf[160];
		snprintf(buf, sizeof buf, "/%.120s", ui->filter[ui->view]);
		if (x + text_width(buf) + 1 < p.w)
			pane_right(p, p.w - 1, y, STYLE(ROLE_WARN), buf);
	} else if (p.w - x > 14 && ui->model.open) {
		pane_right(p, p.w - 1, y, STYLE(ROLE_DIM), ui->model.open->dataset);
	}
}

int header_draw(const struct ui *ui, struct pane p)
{
	const struct run_view *r = ui->model.open;
	bool small = p.h < 16;
	int y = 0;
	if (r) {
		state_line(ui, r, p, y++);
		if (!small)
			health_line(ui, r, p, y++);
	} else {
		pane_text(p, 1, y++, p.w, STYLE_BOLD(ROLE_TITLE), "gusto");
		if (!small)
			pane_printf(p, 1, y++, STYLE(ROLE_DIM), "%zu runs in %s", ui->model.nruns, ui->model.root);
	}
	tab_line(ui, p, y++);
	return y;
}
