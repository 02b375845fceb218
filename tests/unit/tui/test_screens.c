/* The screens of a stored run: golden text at 80x24 in plain ASCII, any size without a crash, the same pictures as SVG, and what
 * keys do to the state.  GUSTO_GOLDEN=write rewrites tests/tui/golden. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "tui/export.h"
#include "tui/text.h"
#include "tui/tui.h"
#include "tui/ui.h"
#include "unit/tui/synth.h"

static char root[64];

static int make_runs(void **state)
{
	struct err e = {0};
	snprintf(root, sizeof root, "/tmp/gusto-screens-XXXXXX");
	if (!mkdtemp(root) || synth_run(root, "demo-1", "done", 0.7, &e) != OK ||
		synth_run(root, "demo-2", "done", 1.3, &e) != OK) {
		fprintf(stderr, "%s\n", e.text);
		return -1;
	}
	return 0;
}

static int remove_runs(void **state)
{
	char cmd[128];
	snprintf(cmd, sizeof cmd, "rm -rf '%s'", root);
	return system(cmd);
}

static char *run_dir(const char *id)
{
	static char dir[128];
	snprintf(dir, sizeof dir, "%s/%s", root, id);
	return dir;
}

/* ---- golden screens ---- */

static char *read_golden(const char *name)
{
	char path[256];
	snprintf(path, sizeof path, "tests/tui/golden/%s.txt", name);
	FILE *f = fopen(path, "r");
	char *text = mem_calloc(1, 1 << 16);
	if (f && text) {
		size_t n = fread(text, 1, (1 << 16) - 1, f);
		text[n] = '\0';
	}
	if (f)
		fclose(f);
	return text;
}

static void write_golden(const char *name, const char *text)
{
	char path[256];
	snprintf(path, sizeof path, "tests/tui/golden/%s.txt", name);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void golden(const char *name, const char *view, int w, int h, const char *keys, const char *mark)
{
	struct show_options o = SHOW_OPTIONS_DEFAULT;
	struct err e = {0};
	char *text, marked[128];
	const char *marks[] = {marked, NULL};
	o.glyphs = GLYPHS_ASCII;
	o.plain = true;
	o.keys = keys;
	if (mark) {
		snprintf(marked, sizeof marked, "%s/%s", root, mark);
		o.mark = marks;
	}
	if (tui_show(run_dir("demo-2"), view, w, h, &o, &text, &e) != OK)
		fail_msg("%s: %s", name, e.text);
	const char *mode = getenv("GUSTO_GOLDEN");
	if (mode && strcmp(mode, "write") == 0)
		write_golden(name, text);
	char *want = read_golden(name);
	if (strcmp(text, want) != 0)
		fail_msg("the screen %s differs from tests/tui/golden/%s.txt; it is now\n%s", name, name, text);
	mem_free(want);
	mem_free(text);
}

static void golden_screens(void **state)
{
	golden("runs-80x24", "runs", 80, 24, "s", "demo-1");
	golden("curves-80x24", "curves", 80, 24, NULL, NULL);
	golden("curves-marked-100x30", "curves", 100, 30, "Ychh", "demo-1");
	golden("tweak-80x24", "tweak", 80, 24, NULL, NULL);
	golden("attention-80x24", "attention", 80, 24, "}]]kkh", NULL);
	golden("explain-80x24", "explain", 80, 24, "jj", NULL);
	golden("log-80x24", "log", 80, 24, NULL, NULL);
	golden("help-80x24", "help", 80, 24, NULL, NULL);
	golden("small-40x10", "curves", 40, 10, NULL, NULL);
}

/* Nothing that a screen says is said by colour alone: with colours, the characters are the same but for heat cells. */
static void colour_changes_no_character(void **state)
{
	static const char *const views[] = {"runs", "curves", "tweak", "explain", "log", "help"};
	for (size_t i = 0; i < sizeof views / sizeof *views; i++) {
		struct show_options o = SHOW_OPTIONS_DEFAULT;
		char *plain, *coloured;
		o.plain = true;
		assert_int_equal(tui_show(run_dir("demo-2"), views[i], 90, 30, &o, &plain, NULL), OK);
		o.colours = COLOURS_256;
		assert_int_equal(tui_show(run_dir("demo-2"), views[i], 90, 30, &o, &coloured, NULL), OK);
		char *to = coloured;
		for (const char *s = coloured; *s; s++)
			if (*s == '\x1b')
				s = strchr(s, 'm');
			else
				*to++ = *s;
		*to = '\0';
		if (strcmp(views[i], "help") != 0) {	/* whose colour card is made of backgrounds */
			char *a = plain, *b = coloured; /* coloured lines may keep spaces at their end */
			while (*a || *b) {
				while (*b == ' ' && *a == '\n')
					b++;
				assert_int_equal(*a, *b);
				a++;
				b++;
			}
		}
		mem_free(plain);
		mem_free(coloured);
	}
}

static void any_size_is_drawn(void **state)
{
	struct ui ui;
	struct canvas c = {0};
	assert_int_equal(ui_init(&ui, root, (struct caps){GLYPHS_BRAILLE, COLOURS_256, false}, NULL), OK);
	assert_int_equal(model_scan(&ui.model, NULL), OK);
	assert_int_equal(model_open_run(&ui.model, run_dir("demo-2"), NULL), OK);
	ui_refresh(&ui, 0, 0);
	for (int view = 0; view < panel_count(); view++) {
		ui_show_view(&ui, view);
		ui_refresh(&ui, 0, 0);
		for (int h = 0; h <= 60; h += h < 20 ? 1 : 11)
			for (int w = 0; w <= 200; w += w < 34 ? 1 : 17) {
				ui.caps.glyphs = (enum glyphs)(w % 2);
				ui.caps.vector = w % 3 == 0;
				assert_true(canvas_resize(&c, w, h));
				ui_draw(&ui, &c);
				assert_true(c.cursor_x < c.w && c.cursor_y < c.h);
			}
	}
	canvas_free(&c);
	ui_fini(&ui);
}

static void random_keys_are_harmless(void **state)
{
	struct ui ui;
	struct canvas c = {0};
	struct rng r = rng_stream(11, RNG_TEST, 1, 1);
	assert_int_equal(ui_init(&ui, root, (struct caps){GLYPHS_BRAILLE, COLOURS_256, false}, NULL), OK);
	assert_int_equal(model_scan(&ui.model, NULL), OK);
	ui_refresh(&ui, 0, 0);
	for (int i = 0; i < 6000; i++) {
		int key = rng_below(&r, 4) ? (int)(1 + rng_below(&r, 126))
					   : TKEY_FIRST + (int)rng_below(&r, TKEY_F10 + 1 - TKEY_FIRST);
		ui_key(&ui, key);
		while (ui.nrequests > 0) {
			ui_answer(&ui, &ui.request[0], 5, rng_below(&r, 2) ? "{}" : NULL, "no", 0);
			ui_request_drop(&ui, 0);
		}
		ui_refresh(&ui, i * 0.1, 0);
		assert_true(canvas_resize(&c, 20 + (int)rng_below(&r, 100), 4 + (int)rng_below(&r, 40)));
		ui_draw(&ui, &c);
	}
	canvas_free(&c);
	ui_fini(&ui);
}

static void svg_holds_real_lines(void **state)
{
	char path[128];
	struct show_options o = SHOW_OPTIONS_DEFAULT;
	snprintf(path, sizeof path, "%s/curves.svg", root);
	assert_int_equal(tui_show_svg(run_dir("demo-2"), "curves", 120, 36, &o, path, NULL), OK);
	FILE *f = fopen(path, "r");
	char *text = mem_calloc(1, 1 << 22);
	assert_true(f && text && fread(text, 1, (1 << 22) - 1, f) > 1000);
	fclose(f);
	assert_true(str_starts(text, "<svg ") && str_ends(text, "</svg>\n"));
	assert_non_null(strstr(text, "<polyline"));
	assert_non_null(strstr(text, "<polygon"));
	assert_non_null(strstr(text, "train/loss"));
	assert_null(strstr(text, "nan,"));
	long open = 0;
	for (const char *s = text; *s; s++) {
		open += *s == '<';
		open -= *s == '>';
		assert_true(open == 0 || open == 1); /* no character of the data broke a tag */
	}
	mem_free(text);
}

static void says_what_is_missing(void **state)
{
	struct show_options o = SHOW_OPTIONS_DEFAULT;
	struct err e = {0};
	char *text;
	assert_int_equal(tui_show(run_dir("demo-2"), "kurves", 80, 24, &o, &text, &e), ERR_NOTFOUND);
	assert_non_null(strstr(e.text, "curves"));
	assert_int_equal(tui_show(run_dir("absent-9"), "curves", 80, 24, &o, &text, &e), ERR_NOTFOUND);
	assert_true(e.text[0] && !text);
	o.user = "43"; /* nobody can answer */
	assert_int_equal(tui_show(run_dir("demo-2"), "attention", 80, 24, &o, &text, &e), OK);
	assert_non_null(strstr(text, "nothing here can open its checkpoints"));
	mem_free(text);
}

/* ---- staging and sending ---- */

static void open_ui(struct ui *ui)
{
	assert_int_equal(ui_init(ui, root, (struct caps){GLYPHS_ASCII, COLOURS_NONE, false}, NULL), OK);
	assert_int_equal(model_open_run(&ui->model, run_dir("demo-2"), NULL), OK);
	ui_refresh(ui, 0, 0);
	ui->model.open->alive = true; /* as if its runner lived */
	ui_show_view(ui, panel_index("curves"));
}

static void type(struct ui *ui, const char *keys)
{
	for (uint32_t k; (k = text_next(&keys)) != 0;)
		ui_key(ui, k == '\n' ? TKEY_ENTER : (int)k);
}

static void two_keys_turn_the_learning_rate_down(void **state)
{
	struct ui ui;
	open_ui(&ui);
	type(&ui, "-");
	assert_int_equal(ui.nrequests, 0);
	assert_string_equal(ui_staged(&ui, "lr")->value, "0.00025");
	type(&ui, "a");
	assert_int_equal(ui.nrequests, 1);
	assert_string_equal(ui.request[0].cmd, "set");
	assert_string_equal(ui.request[0].args, "{\"knobs\":{\"lr\":\"0.00025\"},\"by\":\"workbench\"}");
	ui_answer(&ui, &ui.request[0], 48211, "{\"tweaks\":[],\"rebuilt\":false}", NULL, 0.3);
	assert_int_equal(ui_staged(&ui, "lr")->state, STAGED_ACK);
	assert_non_null(strstr(ui.message, "ack @48 211  0.30s"));
	ui_fini(&ui);
}

static void what_is_risky_is_asked(void **state)
{
	struct ui ui;
	open_ui(&ui);
	type(&ui, "3j"); /* from lr to dropout */
	assert_string_equal(ui.knob, "dropout");
	type(&ui, "jj\x0d");
	assert_string_equal(ui.knob, "blocks");
	type(&ui, "\x15"
		  "3\na");
	assert_int_equal(ui.prompt, PROMPT_SEND); /* a new structure */
	type(&ui, "n");
	assert_int_equal(ui.nrequests, 0);
	assert_int_equal(ui_waiting(&ui), 1);
	type(&ui, "ay");
	assert_int_equal(ui.nrequests, 1);
	ui_answer(&ui, &ui.request[0], -1, NULL, "heads=2 does not divide dim=3", 0.1);
	assert_int_equal(ui_staged(&ui, "blocks")->state, STAGED_NACK);
	assert_non_null(strstr(ui.message, "does not divide"));
	ui_fini(&ui);
}

static void values_out_of_range_are_refused(void **state)
{
	struct ui ui;
	open_ui(&ui);
	type(&ui, "3\x0d");
	assert_int_equal(ui.prompt, PROMPT_KNOB);
	type(&ui, "\x15"
		  "lr*1e9\n");
	assert_null(ui_staged(&ui, "lr"));
	assert_non_null(strstr(ui.message, "lr must be in 1e-06..1"));
	type(&ui, "\x0d\x15*0.1\n");
	assert_string_equal(ui_staged(&ui, "lr")->value, "5e-05");
	ui_key(&ui, TKEY_ESC);
	assert_int_equal(ui_waiting(&ui), 0);
	ui_fini(&ui);
}

static void nothing_is_sent_to_a_finished_run(void **state)
{
	struct ui ui;
	open_ui(&ui);
	ui.model.open->alive = false;
	type(&ui, "-a!p");
	assert_int_equal(ui.nrequests, 0);
	assert_int_equal(ui.nstaged, 0);
	ui_fini(&ui);
}

static void stopping_is_asked(void **state)
{
	struct ui ui;
	open_ui(&ui);
	type(&ui, "!x");
	assert_int_equal(ui.prompt, PROMPT_STOP);
	type(&ui, "n");
	assert_int_equal(ui.nrequests, 0);
	type(&ui, "!xy");
	assert_int_equal(ui.nrequests, 1);
	assert_string_equal(ui.request[0].cmd, "stop");
	ui_fini(&ui);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden_screens),
		cmocka_unit_test(colour_changes_no_character),
		cmocka_unit_test(any_size_is_drawn),
		cmocka_unit_test(random_keys_are_harmless),
		cmocka_unit_test(svg_holds_real_lines),
		cmocka_unit_test(says_what_is_missing),
		cmocka_unit_test(two_keys_turn_the_learning_rate_down),
		cmocka_unit_test(what_is_risky_is_asked),
		cmocka_unit_test(values_out_of_range_are_refused),
		cmocka_unit_test(nothing_is_sent_to_a_finished_run),
		cmocka_unit_test(stopping_is_asked),
	};
	return cmocka_run_group_tests(tests, make_runs, remove_runs);
}
