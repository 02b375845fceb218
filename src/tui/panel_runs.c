#include "tui/table.h"
#include "tui/text.h"
#include "tui/ui.h"

#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	COL_MARK,
	COL_ID,
	COL_STATE,
	COL_BEST,
	COL_AT,
	COL_SPARK,
	COL_EPOCH,
	COL_STEP,
	COL_MODEL,
	COL_DATA,
	COL_AGE,
	COL_N
};
static const struct table_column columns[COL_N] = {
	[COL_MARK] = {" ", 2, 0},
	[COL_ID] = {"run", 16, 0, .grow = true},
	[COL_STATE] = {"state", 10, 0},
	[COL_BEST] = {"best", 7, 0, .right = true},
	[COL_AT] = {"@step", 6, 2, .right = true},
	[COL_SPARK] = {"metric", 12, 1},
	[COL_EPOCH] = {"epoch", 6, 3, .right = true},
	[COL_STEP] = {"steps", 6, 4, .right = true},
	[COL_MODEL] = {"model", 10, 2},
	[COL_DATA] = {"data", 14, 5},
	[COL_AGE] = {"age", 5, 3, .right = true},
};

struct runs {
	int selected, sort; /* sort: a column, COL_MARK: newest first */
	bool reverse;
	char chosen[96]; /* the id of the selected run, so that it stays selected when rows move */
};

static bool shown(const struct ui *ui, const struct run_view *r)
{
	const char *f = ui->filter[panel_index("runs")];
	return !f[0] || text_contains(r->id, f) || text_contains(r->model, f) || text_contains(r->dataset, f) ||
	       text_contains(r->state, f);
}

static double best_of(const struct run_view *r)
{
	double v;
	int64_t step;
	return run_best(r, &v, &step) ? v : NAN;
}

static double sort_number(const struct run_view *r, int column)
{
	switch (column) {
	case COL_BEST:
		return best_of(r);
	case COL_EPOCH:
		return r->step / r->steps_per_epoch;
	case COL_STEP:
		return r->step;
	default:
		return 0;
	}
}

static int by_text(const struct run_view *a, const struct run_view *b, int column)
{
	switch (column) {
	case COL_ID:
		return strcmp(a->id, b->id);
	case COL_STATE:
		return strcmp(a->state, b->state);
	case COL_MODEL:
		return strcmp(a->model, b->model);
	case COL_DATA:
		return strcmp(a->dataset, b->dataset);
	default:
		return 0;
	}
}

/* Best first for numbers (by the metric's own direction), unknown ones last. */
static int compare(const struct run_view *a, const struct run_view *b, int column)
{
	double x = sort_number(a, column), y = sort_number(b, column);
	if (isfinite(x) != isfinite(y))
		return isfinite(x) ? -1 : 1;
	if (isfinite(x) && x != y) {
		const struct series *s = column == COL_BEST ? run_monitor(a) : NULL;
		bool larger_first = !s || s->info.larger_is_better;
		return (x > y) == larger_first ? -1 : 1;
	}
	return by_text(a, b, column);
}

/* The rows to show, sorted (stable: newest first among equals); mem_free. */
static struct run_view **rows_of(const struct runs *s, const struct ui *ui, int *n)
{
	const struct model *m = &ui->model;
	struct run_view **rows = mem_alloc((m->nruns + 1) * sizeof(*rows));
	*n = 0;
	for (size_t i = 0; rows && i < m->nruns; i++) {
		if (!shown(ui, m->run[i]))
			continue;
		int at = (*n)++;
		for (; s->sort != COL_MARK && at > 0; at--) {
			int c = compare(m->run[i], rows[at - 1], s->sort);
			if ((s->reverse ? -c : c) >= 0)
				break;
			rows[at] = rows[at - 1];
		}
		rows[at] = m->run[i];
	}
	return rows;
}

static void row_texts(
	const struct ui *ui, const struct run_view *r, const struct table *t, struct pane p, int y, bool here)
{
	char buf[128], word[24];
	double best;
	int64_t step;
	const char *state = run_state(&ui->model, r, word);
	struct style st = here ? STYLE_BOLD(ROLE_TITLE) : STYLE(ROLE_TEXT), dim = STYLE(here ? ROLE_TEXT : ROLE_DIM);
	bool ascii = ui->caps.glyphs == GLYPHS_ASCII;
	snprintf(buf, sizeof buf, "%c%s", r->letter ? r->letter : ' ', here ? ascii ? ">" : "▸" : " ");
	table_cell(t, p, y, COL_MARK, STYLE_BOLD(theme_series(r->colour)), buf);
	table_cell(t, p, y, COL_ID, st, r->id);
	uint8_t role = strcmp(state, "DIED") == 0 || strcmp(state, "FAILED") == 0 || strcmp(state, "UNREADABLE") == 0
			       ? ROLE_BAD
		       : r->alive ? ROLE_GOOD
				  : ROLE_DIM;
	table_cell(t, p, y, COL_STATE, STYLE(here && role == ROLE_DIM ? ROLE_TEXT : role), state);
	if (run_best(r, &best, &step)) {
		table_cell(t, p, y, COL_BEST, st, num_value(buf, sizeof buf, best));
		table_cell(t, p, y, COL_AT, dim, step >= 0 ? num_short(buf, sizeof buf, (double)step) : "");
	}
	const struct series *s = run_monitor(r);
	if (s && t->w[COL_SPARK])
		pane_spark(p, t->x[COL_SPARK], y, t->w[COL_SPARK], s->curve.value, s->curve.n,
			theme_series(r->letter ? r->colour : 7));
	if (r->steps_per_epoch > 0) {
		snprintf(buf, sizeof buf, "%.1f", r->step / r->steps_per_epoch);
		table_cell(t, p, y, COL_EPOCH, dim, buf);
	}
	table_cell(t, p, y, COL_STEP, dim, num_short(buf, sizeof buf, r->step));
	table_cell(t, p, y, COL_MODEL, dim, r->model);
	table_cell(t, p, y, COL_DATA, dim, r->dataset);
	if (isfinite(r->started) && !ui->plain_ago)
		table_cell(t, p, y, COL_AGE, dim, num_age(buf, sizeof buf, ui->model.wall - r->started));
}

/* Keys of knobs in which the marked runs differ. */
static void differences(const struct ui *ui, struct pane p)
{
	const struct run_view *a = ui->model.open;
	int y = 0;
	for (size_t k = 0; a && k < a->nknobs && y < p.h; k++) {
		char line[512];
		int n = snprintf(line, sizeof line, "%c %s", a->letter, a->knob[k].value);
		bool differ = false;
		for (size_t i = 0; i < ui->model.nruns; i++) {
			const struct run_view *b = ui->model.run[i];
			const struct knob_row *kb = b != a && b->marked ? run_knob(b, a->knob[k].name) : NULL;
			if (!kb || n >= (int)sizeof line)
				continue;
			differ |= strcmp(kb->value, a->knob[k].value) != 0;
			n += snprintf(line + n, sizeof line - (size_t)n, "   %c %s", b->letter, kb->value);
		}
		if (!differ)
			continue;
		pane_text(p, 0, y, 14, STYLE(ROLE_DIM), a->knob[k].name);
		pane_text(p, 15, y++, p.w - 15, STYLE(ROLE_TEXT), line);
	}
	bool marked = false;
	for (size_t i = 0; i < ui->model.nruns; i++)
		marked |= ui->model.run[i]->marked && ui->model.run[i] != a;
	if (y == 0)
		pane_text(p, 1, 0, p.w - 1, STYLE(ROLE_DIM),
			marked ? "none: the open run and the marked ones have the same knobs"
			       : "Space marks runs: their curves are drawn together, their knobs compared here");
}

static void empty(const struct ui *ui, struct pane p)
{
	pane_printf(p, 1, 1, STYLE(ROLE_TEXT), ui->model.nruns ? "no run matches the filter" : "no runs in %s yet",
		ui->model.root);
	if (!ui->model.nruns)
		pane_keys(p, 1, 3, "*make run* trains a demo;  *gusto run experiments/demo.lua* trains an experiment");
	else
		pane_keys(p, 1, 3, "*Esc* clears it");
}

static void runs_draw(const void *self, const struct ui *ui, struct pane p)
{
	const struct runs *s = self;
	char note[96];
	int n;
	struct run_view **rows = rows_of(s, ui, &n);
	snprintf(note, sizeof note, "%d of %zu%s%s", n, ui->model.nruns, s->sort != COL_MARK ? ", by " : "",
		s->sort != COL_MARK ? columns[s->sort].title : "");
	int extra = p.h >= 14 ? 6 : 0;
	struct pane in = pane_frame(pane_sub(p, 0, 0, p.w, p.h - extra), "Runs", note, true);
	struct table t = table_layout(columns, COL_N, in.w);
	if (n == 0)
		empty(ui, in);
	else
		table_header(&t, in, 0, s->sort == COL_MARK ? -1 : s->sort);
	int selected = s->selected < n ? s->selected : n - 1, first = table_scroll(n, in.h - 1, selected);
	for (int i = first; rows && i < n && i - first < in.h - 1; i++) {
		int y = 1 + i - first;
		if (i == selected) {
			pane_background(in, y, ROLE_SELECT);
			pane_cursor(in, 0, y);
		}
		row_texts(ui, rows[i], &t, in, y, i == selected);
		if (i == selected && rows[i]->error[0] && in.h > 3)
			pane_text(in, 2, in.h - 1, in.w - 2, STYLE(ROLE_BAD), rows[i]->error);
	}
	mem_free(rows);
	if (extra)
		differences(ui, pane_frame(pane_sub(p, 0, p.h - extra, p.w, extra), "Knobs that differ", NULL, false));
}

static bool runs_act(void *self, struct ui *ui, enum action a)
{
	struct runs *s = self;
	int n, page = 10;
	struct run_view **rows = rows_of(s, ui, &n);
	bool mine = true;
	int at = s->selected < n ? s->selected : n - 1;
	switch (a) {
	case ACT_UP:
	case ACT_PAGE_UP:
		at -= a == ACT_UP ? 1 : page;
		break;
	case ACT_DOWN:
	case ACT_PAGE_DOWN:
		at += a == ACT_DOWN ? 1 : page;
		break;
	case ACT_TOP:
		at = 0;
		break;
	case ACT_BOTTOM:
		at = n - 1;
		break;
	case ACT_OPEN:
		if (rows && at >= 0) {
			ui_open_run(ui, rows[at]);
			ui_show_view(ui, panel_index("curves"));
		}
		break;
	case ACT_MARK:
		if (rows && at >= 0)
			model_mark(&ui->model, rows[at], !rows[at]->marked);
		break;
	case ACT_SORT:
		do
			s->sort = (s->sort + 1) % COL_N;
		while (s->sort == COL_AT || s->sort == COL_SPARK || s->sort == COL_AGE);
		break;
	case ACT_REVERSE:
		s->reverse = !s->reverse;
		break;
	default:
		mine = false;
	}
	at = at >= n ? n - 1 : at;
	s->selected = at < 0 ? 0 : at;
	snprintf(s->chosen, sizeof s->chosen, "%s",
		rows && at >= 0 && a != ACT_SORT && a != ACT_REVERSE ? rows[at]->id : s->chosen);
	mem_free(rows);
	return mine;
}

/* The selection follows its run when new runs come in or the order changes. */
static void runs_update(void *self, struct ui *ui)
{
	struct runs *s = self;
	int n;
	struct run_view **rows = rows_of(s, ui, &n);
	if (!s->chosen[0] && ui->model.open)
		snprintf(s->chosen, sizeof s->chosen, "%.95s", ui->model.open->id);
	for (int i = 0; rows && i < n; i++)
		if (strcmp(rows[i]->id, s->chosen) == 0)
			s->selected = i;
	mem_free(rows);
}

const struct panel_class panel_runs = {
	.desc = {"runs", "Runs",
		"Every run under the folder of runs: state, best value of its monitored metric, and marks for "
		"comparison."},
	.tab = "1Runs",
	.scope = SCOPE_RUNS,
	.size = sizeof(struct runs),
	.act = runs_act,
	.update = runs_update,
	.draw = runs_draw,
};
