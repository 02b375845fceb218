/* The same pictures without a terminal. */
#include "tui/tui.h"

#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "run/protocol.h"
#include "store/rundir.h"
#include "tui/export.h"
#include "tui/text.h"
#include "tui/ui.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { PROBE_MS = 60000 };

static void root_of(const char *run_dir, const struct show_options *o, char *buf, size_t size)
{
	const char *root = o->runs_root ? o->runs_root : rundir_root();
	snprintf(buf, size, "%s", root);
	if (o->runs_root || !run_dir)
		return;
	snprintf(buf, size, "%s", run_dir);
	for (size_t n = strlen(buf); n > 1 && buf[n - 1] == '/'; n--)
		buf[n - 1] = '\0';
	char *slash = strrchr(buf, '/');
	if (slash && slash != buf)
		*slash = '\0';
	else
		snprintf(buf, size, slash ? "/" : ".");
}

static enum err_code ask_live(const char *dir, const char *args, char **result, struct err *e)
{
	struct client *c;
	TRY(client_connect(dir, &c, e));
	enum err_code rc = client_call(c, "probe", args, PROBE_MS, result, e);
	client_close(c);
	return rc;
}

/* Carries out the queued questions, one after the other. */
static void answer_all(struct ui *ui, const struct show_options *o)
{
	while (ui->nrequests > 0) {
		struct request r = ui->request[0];
		struct err e = {0};
		char *result = NULL;
		const struct run_view *run = ui->model.open;
		enum err_code rc = ERR_STATE;
		if (r.kind != REQ_ATTENTION && r.kind != REQ_EXPLAIN)
			err_set(&e, ERR_STATE, "a picture sends no commands");
		else if (run->alive && r.step < 0)
			rc = ask_live(run->dir, r.args, &result, &e);
		else if (o->probe)
			rc = o->probe(o->probe_ctx, run->dir, r.args, &result, &e);
		ui_answer(ui, &r, r.step, rc == OK ? result : NULL, rc == OK ? NULL : e.text, 0);
		mem_free(result);
		ui_request_drop(ui, 0);
	}
}

static double wall_clock(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void press(struct ui *ui, const struct show_options *o, const char *keys)
{
	for (uint32_t key; keys && (key = text_next(&keys)) != 0;) {
		ui_key(ui, key == '\n' ? TKEY_ENTER : (int)key);
		answer_all(ui, o);
		ui_refresh(ui, 0, ui->model.wall);
	}
}

static void choose_map(struct ui *ui, const struct show_options *o)
{
	for (int i = 0; i < o->layer && i < 1000; i++)
		press(ui, o, "}");
	for (int i = 0; i <= o->head && i < 1000; i++)
		press(ui, o, "]");
}

static void prepare_question(struct ui *ui, const struct show_options *o)
{
	struct question *q = &ui->ask;
	if (o->user)
		snprintf(q->user, sizeof q->user, "%.63s", o->user);
	if (o->item)
		snprintf(q->item, sizeof q->item, "%.63s", o->item);
	q->step = o->step;
}

static enum err_code load(struct ui *ui, const char *run_dir, const struct show_options *o, struct err *e)
{
	struct model *m = &ui->model;
	if (run_dir)
		model_scan(m, NULL); /* its neighbours, where there are any */
	else
		TRY(model_scan(m, e));
	for (size_t i = 0; o->mark && o->mark[i]; i++) {
		TRY(model_open_run(m, o->mark[i], e));
		model_mark(m, m->open, true);
	}
	if (run_dir)
		TRY(model_open_run(m, run_dir, e));
	double wall = wall_clock();
	model_refresh(m, 0, wall);
	if (m->open && m->open->error[0])
		return err_set(e, ERR_NOTFOUND, "%s", m->open->error);
	ui_select_knob(ui, 0);
	return OK;
}

static enum err_code picture(struct ui *ui, const char *run_dir, const char *view, int width, int height,
	const struct show_options *o, struct canvas *c, struct err *e)
{
	if (!registry_need(&panel_registry, view, e))
		return ERR_NOTFOUND;
	ui->can_ask = o->probe != NULL;
	ui->plain_ago = o->plain;
	TRY(load(ui, run_dir, o, e));
	prepare_question(ui, o);
	ui_show_view(ui, panel_index(view));
	ui_refresh(ui, 0, ui->model.wall);
	answer_all(ui, o);
	choose_map(ui, o);
	press(ui, o, o->keys);
	ui_refresh(ui, 0, ui->model.wall);
	if (!canvas_resize(c, width, height))
		return err_set(e, ERR_NOMEM, "no memory for a picture of %d x %d cells", width, height);
	ui_draw(ui, c);
	return OK;
}

static enum err_code render(const char *run_dir, const char *view, int width, int height, const struct show_options *o,
	bool vector, struct str *out, struct err *e)
{
	char root[4096];
	struct ui ui;
	struct canvas c = {0};
	struct caps caps = {o->glyphs, vector ? COLOURS_256 : o->colours, vector};
	root_of(run_dir, o, root, sizeof root);
	TRY(ui_init(&ui, root, caps, e));
	enum err_code rc = picture(&ui, run_dir, view, width, height, o, &c, e);
	if (rc == OK && vector)
		export_svg(&c, out);
	else if (rc == OK)
		export_text(&c, o->colours, out);
	if (rc == OK && out->failed)
		rc = err_set(e, ERR_NOMEM, "no memory for the text of a picture");
	canvas_free(&c);
	ui_fini(&ui);
	return rc;
}

enum err_code tui_show(const char *run_dir, const char *view, int width, int height, const struct show_options *o,
	char **text, struct err *e)
{
	struct str out = {0};
	enum err_code rc = render(run_dir, view, width, height, o, false, &out, e);
	*text = rc == OK ? str_take(&out) : NULL;
	str_free(&out);
	return rc;
}

enum err_code tui_show_svg(const char *run_dir, const char *view, int width, int height, const struct show_options *o,
	const char *svg_path, struct err *e)
{
	struct str out = {0};
	enum err_code rc = render(run_dir, view, width, height, o, true, &out, e);
	if (rc == OK)
		rc = fs_write_atomic(svg_path, str_text(&out), out.len, e);
	str_free(&out);
	return rc;
}
