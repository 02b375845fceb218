/* Curves and charts against brute force: sums over spans, coverage of every sample, NaN marks, and no cell outside. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/rng.h"
#include "tui/chart.h"
#include "tui/heatmap.h"
#include "tui/theme.h"

enum { SAMPLES_MAX = 5000 };

static void random_curve(struct curve *c, struct rng *r, size_t n, double bad_share)
{
	static int64_t step[SAMPLES_MAX];
	static double value[SAMPLES_MAX];
	int64_t at = 0;
	for (size_t i = 0; i < n; i++) {
		at += 1 + (int64_t)rng_below(r, 3);
		step[i] = at;
		value[i] = rng_unit(r) < bad_share ? (rng_unit(r) < 0.5 ? NAN : INFINITY) : exp(rng_normal(r));
	}
	assert_true(curve_append(c, step, value, n));
}

static void spans_equal_brute_force(void **state)
{
	struct rng r = rng_stream(3, RNG_TEST, 1, 1);
	for (int round = 0; round < 60; round++) {
		struct curve c = {.alpha = 0.9};
		random_curve(&c, &r, rng_below(&r, SAMPLES_MAX), 0.02);
		for (int k = 0; k < 60; k++) {
			size_t a = rng_below(&r, c.n + 1), b = a + rng_below(&r, c.n + 1 - a);
			struct bucket got = curve_span(&c, false, a, b);
			double lo = INFINITY, hi = -INFINITY;
			size_t bad = 0;
			for (size_t i = a; i < b; i++) {
				bad += !isfinite(c.value[i]);
				if (isfinite(c.value[i])) {
					lo = fmin(lo, c.value[i]);
					hi = fmax(hi, c.value[i]);
				}
			}
			assert_true(got.min == lo && got.max == hi && got.bad == bad && got.n == b - a);
		}
		curve_free(&c);
	}
}

/* The bias-corrected average is the weighted mean with weights alpha^age over finite samples. */
static void smoothing_is_the_weighted_mean(void **state)
{
	struct rng r = rng_stream(4, RNG_TEST, 1, 1);
	struct curve c = {.alpha = 0.5};
	random_curve(&c, &r, 300, 0.1);
	assert_true(curve_smooth(&c, 0.93));
	for (size_t i = 0; i < c.n; i++) {
		double sum = 0, weight = 0, w = 1;
		for (size_t k = i + 1; k-- > 0;) {
			if (!isfinite(c.value[k]))
				continue;
			sum += w * c.value[k];
			weight += w;
			w *= 0.93;
		}
		assert_true(weight > 0 ? fabs(c.smooth[i] - sum / weight) < 1e-9 * fabs(c.smooth[i]) + 1e-12
				       : isnan(c.smooth[i]));
	}
	curve_free(&c);
}

static bool dot_at(struct pane p, const struct chart_frame *f, int x, int y)
{
	static const uint8_t braille[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
	if (x < 0 || y < 0 || x >= f->w * f->sx || y >= f->h * f->sy)
		return false;
	struct cell *c = pane_cell(p, f->x + x / f->sx, f->y + y / f->sy);
	return c && c->ch >= 0x2800 && c->ch < 0x2900 && (c->ch & braille[y % 4][x % 2]);
}

static bool covered(struct pane p, const struct chart_frame *f, double x, double y)
{
	int cx = (int)lround(x), cy = (int)lround(y);
	for (int dx = -1; dx <= 1; dx++)
		for (int dy = -1; dy <= 1; dy++)
			if (dot_at(p, f, cx + dx, cy + dy))
				return true;
	struct cell *c = pane_cell(p, f->x + cx / f->sx, f->y + cy / f->sy);
	return c && c->ch == 'x'; /* a NaN mark took the cell's place */
}

static void every_sample_is_covered(void **state)
{
	struct rng r = rng_stream(5, RNG_TEST, 1, 1);
	struct canvas cv = {.caps = {GLYPHS_BRAILLE, COLOURS_256, false}};
	for (int round = 0; round < 300; round++) {
		struct curve c = {0};
		random_curve(&c, &r, 1 + rng_below(&r, round % 10 ? 400 : SAMPLES_MAX), round % 3 ? 0 : 0.01);
		assert_true(canvas_resize(&cv, 14 + (int)rng_below(&r, 120), 5 + (int)rng_below(&r, 30)));
		double last = (double)c.step[c.n - 1], x0 = rng_unit(&r) < 0.5 ? 0 : rng_unit(&r) * last * 0.7;
		struct chart ch = {.title = "t",
			.line = {{&c, ROLE_SERIES, 0}},
			.nlines = 1,
			.x0 = x0,
			.x1 = last,
			.x_unit = 1,
			.log_x = round % 4 == 0,
			.log_y = round % 2 == 0,
			.cursor = NAN};
		struct chart_frame f;
		chart_layout(&ch, canvas_pane(&cv), &f);
		chart_draw(&ch, canvas_pane(&cv));
		for (size_t i = 0; i < c.n; i++) {
			if (!isfinite(c.value[i]) || (double)c.step[i] < f.x0 || f.w == 0)
				continue;
			double x = chart_dot_x(&f, (double)c.step[i]), y = chart_dot_y(&f, c.value[i]);
			assert_true(covered(canvas_pane(&cv), &f, x, y));
		}
		curve_free(&c);
	}
	canvas_free(&cv);
}

static void one_spike_in_a_million_is_seen(void **state)
{
	struct curve c = {0};
	struct canvas cv = {.caps = {GLYPHS_BRAILLE, COLOURS_256, false}};
	for (int64_t i = 0; i < 1000000; i++) {
		double v = i == 654321 ? 50 : 1;
		assert_true(curve_append(&c, &i, &v, 1));
	}
	assert_true(canvas_resize(&cv, 80, 20));
	struct chart ch = {
		.title = "t", .line = {{&c, ROLE_SERIES, 0}}, .nlines = 1, .x1 = 1e6, .x_unit = 1, .cursor = NAN};
	struct chart_frame f;
	chart_layout(&ch, canvas_pane(&cv), &f);
	chart_draw(&ch, canvas_pane(&cv));
	assert_true(covered(canvas_pane(&cv), &f, chart_dot_x(&f, 654321), chart_dot_y(&f, 50)));
	canvas_free(&cv);
	curve_free(&c);
}

/* A learning rate that stays is a level line, though its smoothed values differ by rounding. */
static void a_constant_is_level(void **state)
{
	static int64_t step[200];
	static double value[200];
	struct curve c = {.alpha = 0.9};
	for (int i = 0; i < 200; i++) {
		step[i] = i;
		value[i] = 1e-3 * (1 + (i % 7) * 1e-15);
	}
	assert_true(curve_append(&c, step, value, 200));
	struct canvas cv = {.caps = {GLYPHS_BRAILLE, COLOURS_256, false}};
	assert_true(canvas_resize(&cv, 40, 12));
	struct chart ch = {
		.title = "t", .line = {{&c, ROLE_SERIES, 0}}, .nlines = 1, .x1 = 199, .x_unit = 1, .cursor = NAN};
	struct chart_frame f;
	chart_layout(&ch, canvas_pane(&cv), &f);
	assert_true(fabs(chart_dot_y(&f, value[0]) - chart_dot_y(&f, value[6])) < 1e-6);
	canvas_free(&cv);
	curve_free(&c);
}

static void nan_marks_are_counted(void **state)
{
	struct canvas cv = {.caps = {GLYPHS_ASCII, COLOURS_NONE, false}};
	struct curve c = {0};
	for (int64_t i = 0; i < 400; i++) {
		double v = i % 80 == 40 ? NAN : 5 + sin((double)i);
		assert_true(curve_append(&c, &i, &v, 1));
	}
	assert_true(canvas_resize(&cv, 90, 12));
	struct chart ch = {
		.title = "", .line = {{&c, ROLE_SERIES, 0}}, .nlines = 1, .x1 = 399, .x_unit = 1, .cursor = NAN};
	chart_draw(&ch, canvas_pane(&cv));
	int marks = 0;
	for (int i = 0; i < cv.w * cv.h; i++)
		marks += cv.cell[i].ch == 'x';
	assert_int_equal(marks, 5);
	assert_int_equal((int)c.bad, 5);
	assert_int_equal((int)c.first_bad, 40);
	canvas_free(&cv);
	curve_free(&c);
}

/* Draws into a window of a larger canvas filled with a sentinel; nothing else may change. */
static void stays_inside(struct canvas *cv, int w, int h, void (*draw)(void *ctx, struct pane p), void *ctx)
{
	struct style sentinel = {ROLE_BAD, ROLE_BAR, ATTR_REVERSE};
	canvas_clear(cv);
	pane_fill(canvas_pane(cv), 'Z', sentinel);
	struct pane p = pane_sub(canvas_pane(cv), 3, 2, w, h);
	draw(ctx, p);
	for (int y = 0; y < cv->h; y++)
		for (int x = 0; x < cv->w; x++) {
			bool inside = x >= p.x && x < p.x + p.w && y >= p.y && y < p.y + p.h;
			const struct cell *c = &cv->cell[y * cv->w + x];
			if (!inside)
				assert_true(c->ch == 'Z' && memcmp(&c->st, &sentinel, sizeof sentinel) == 0);
		}
}

static void draw_chart(void *ctx, struct pane p)
{
	chart_draw(ctx, p);
}

static void draw_heatmap(void *ctx, struct pane p)
{
	heatmap_draw(ctx, p);
}

static void nothing_outside_the_rectangle(void **state)
{
	struct rng r = rng_stream(6, RNG_TEST, 1, 1);
	struct curve c = {.alpha = 0.9};
	random_curve(&c, &r, 700, 0.01);
	struct chart_mark mark = {300, "T1"};
	struct chart ch = {.title = "train/loss",
		.note = "0.4127  ema 0.9",
		.line = {{&c, ROLE_SERIES, 'A'}},
		.nlines = 1,
		.x1 = 1400,
		.x_unit = 10,
		.x_name = "epoch",
		.smooth = true,
		.band = true,
		.mark = &mark,
		.nmarks = 1,
		.cursor = 900};
	double v[9] = {1, 0, 0, .4, .6, 0, .1, .2, .7};
	const char *label[] = {"Alien (1979)", "Terminator", "千と千尋の神隠し"};
	struct heatmap m = {v, 3, 3, label, label, 1, true, 1, 1};
	for (int glyphs = 0; glyphs < 2; glyphs++)
		for (int h = 0; h <= 60; h += h < 12 ? 1 : 7)
			for (int w = 0; w <= 200; w += w < 30 ? 1 : 13) {
				struct canvas cv = {.caps = {(enum glyphs)glyphs, COLOURS_256, false}};
				assert_true(canvas_resize(&cv, w + 6, h + 4));
				ch.log_y = w % 2;
				stays_inside(&cv, w, h, draw_chart, &ch);
				stays_inside(&cv, w, h, draw_heatmap, &m);
				canvas_free(&cv);
			}
	curve_free(&c);
}

static double lightness(uint32_t rgb)
{
	return 0.2126 * pow((rgb >> 16 & 255) / 255.0, 2.2) + 0.7152 * pow((rgb >> 8 & 255) / 255.0, 2.2) +
	       0.0722 * pow((rgb & 255) / 255.0, 2.2);
}

static uint32_t cube(int index)
{
	static const uint32_t level[] = {0, 95, 135, 175, 215, 255};
	if (index >= 232)
		return (uint32_t)(8 + 10 * (index - 232)) * 0x010101;
	index -= 16;
	return level[index / 36] << 16 | level[index / 6 % 6] << 8 | level[index % 6];
}

static void heat_grows_lighter(void **state)
{
	for (int i = 1; i < THEME_HEAT; i++) {
		assert_true(lightness(theme_rgb((uint8_t)(ROLE_HEAT + i), 0)) >
			    lightness(theme_rgb((uint8_t)(ROLE_HEAT + i - 1), 0)));
		struct style a = {ROLE_DIM, (uint8_t)(ROLE_HEAT + i - 1), 0},
			     b = {ROLE_DIM, (uint8_t)(ROLE_HEAT + i), 0};
		assert_true(lightness(cube(theme_resolve(b, COLOURS_256).bg)) >=
			    lightness(cube(theme_resolve(a, COLOURS_256).bg)));
	}
	for (int i = 0; i < ROLE_N; i++)
		for (int colours = COLOURS_NONE; colours <= COLOURS_256; colours++) {
			struct resolved r =
				theme_resolve((struct style){(uint8_t)i, (uint8_t)i, 0}, (enum colours)colours);
			int limit = colours == COLOURS_NONE ? 0 : colours == COLOURS_8 ? 8 : 256;
			assert_true(r.fg < limit && r.bg < limit);
		}
}

static void axes_grow_in_jumps(void **state)
{
	for (double x = 1; x < 1e6; x *= 1.07) {
		double g = chart_grow(x);
		assert_true(g >= x * (1 - 1e-9) && g <= x * 1.34);
		assert_true(chart_grow(g) == g);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spans_equal_brute_force),
		cmocka_unit_test(smoothing_is_the_weighted_mean),
		cmocka_unit_test(every_sample_is_covered),
		cmocka_unit_test(one_spike_in_a_million_is_seen),
		cmocka_unit_test(a_constant_is_level),
		cmocka_unit_test(nan_marks_are_counted),
		cmocka_unit_test(nothing_outside_the_rectangle),
		cmocka_unit_test(heat_grows_lighter),
		cmocka_unit_test(axes_grow_in_jumps),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
