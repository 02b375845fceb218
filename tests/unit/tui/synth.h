/* A run directory as the runner leaves it, made of closed forms: the same at every call. */
#ifndef TESTS_UNIT_TUI_SYNTH_H
#define TESTS_UNIT_TUI_SYNTH_H

#include "base/rng.h"
#include "base/str.h"
#include "store/store.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *const synth_titles[] = {"Alien (1979)", "Terminator, The (1984)", "Blade Runner (1982)",
	"Matrix, The (1999)", "Amélie (2001)", "千と千尋の神隠し", "Twelve Monkeys (1995)", "Brazil (1985)",
	"Solaris (1972)", "Stalker (1979)", "Dark City (1998)", "Gattaca (1997)"};
enum { SYNTH_POSITIONS = 12, SYNTH_STEPS_PER_EPOCH = 150 };

static inline void synth_attention(struct str *s)
{
	str_puts(s, "{\"user\":\"42\",\"step\":3000,\"maps\":[");
	for (int layer = 0; layer < 2; layer++) {
		str_printf(s, "%s{\"layer\":\"block %d/attention\",\"heads\":2,\"n\":%d,\"weights\":[",
			layer ? "," : "", layer + 1, SYNTH_POSITIONS);
		for (int h = 0; h < 2; h++)
			for (int r = 0; r < SYNTH_POSITIONS; r++) {
				double w[SYNTH_POSITIONS] = {0}, sum = 0;
				for (int c = 0; c <= r; c++)
					sum += w[c] = exp(-(r - c) * (0.3 + 0.4 * h) + 1.5 * sin(c * 2.1 + layer + h));
				for (int c = 0; c < SYNTH_POSITIONS; c++)
					str_printf(s, "%s%.6f", h + r + c ? "," : "", w[c] / sum);
			}
		str_puts(s, "]}");
	}
	str_puts(s, "],\"items\":[");
	for (int i = 0; i < SYNTH_POSITIONS; i++)
		str_printf(s, "%s\"%s\"", i ? "," : "", synth_titles[i]);
	str_puts(s, "],\"ids\":[]}");
}

static inline void synth_explanation(struct str *s)
{
	static const char *const top[] = {"Terminator 2: Judgment Day (1991)", "Predator (1987)", "Aliens (1986)",
		"RoboCop (1987)", "Total Recall (1990)", "Contact (1997)", "Akira (1988)", "Metropolis (1927)",
		"Moon (2009)", "Primer (2004)"};
	str_puts(s, "{\"user\":\"42\",\"step\":3000,\"history\":[");
	for (int i = 0; i < SYNTH_POSITIONS; i++)
		str_printf(s, "%s{\"id\":\"%d\",\"title\":\"%s\"}", i ? "," : "", i + 1, synth_titles[i]);
	str_puts(s, "],\"items\":[");
	for (int i = 0; i < 10; i++)
		str_printf(s, "%s{\"id\":\"%d\",\"title\":\"%s\",\"score\":%.4f,\"rank\":%d}", i ? "," : "", 100 + i,
			top[i], 9.1 - 0.37 * i, i + 1);
	str_puts(s, "],\"held_out\":{\"id\":\"102\",\"title\":\"Aliens (1986)\",\"rank\":3},"
		    "\"target\":{\"id\":\"102\",\"title\":\"Aliens (1986)\",\"score\":8.36,\"rank\":3},\"effects\":[");
	for (int i = 0; i < SYNTH_POSITIONS; i++)
		str_printf(s,
			"%s{\"id\":\"%d\",\"title\":\"%s\",\"position\":%d,\"delta_score\":%.4f,\"delta_rank\":%d,"
			"\"attention\":%.4f}",
			i ? "," : "", i + 1, synth_titles[i], i, i == 0 ? 2.31 : 0.8 * sin(i * 1.7) / (1 + i * 0.2),
			i == 0 ? 9 : (int)(2 * sin(i * 1.7)), 0.02 + 0.28 * fabs(cos(i * 0.9)));
	str_puts(s, "]}");
}

static inline void synth_knobs(struct store *s)
{
	static const struct store_knob knobs[] = {
		{"lr", "log", "learning rate", NULL, 1e-6, 1, "0.001", "0.0005", false},
		{"dropout", "real", "share of activations dropped", NULL, 0, 0.95, "0.2", "0.2", false},
		{"negatives", "int", "sampled negatives per positive", NULL, 1, 4096, "1", "100", false},
		{"blocks", "int", "attention blocks", NULL, 1, 16, "2", "2", true},
		{"heads", "int", "attention heads of a block", NULL, 1, 16, "2", "2", true},
		{"loss", "choice", "training loss", "bce|ce|bpr", 0, 0, "bce", "ce", true},
	};
	for (size_t i = 0; i < sizeof knobs / sizeof *knobs; i++)
		store_knob(s, &knobs[i], NULL);
}

static inline void synth_series(struct store *s, int steps, double speed, double floor_loss, int nan_at)
{
	int loss, norm, per_s, examples, ndcg, hr, test;
	store_series(s, "train/loss", false, &loss, NULL);
	store_series(s, "train/grad_norm", false, &norm, NULL);
	store_series(s, "perf/steps_per_s", true, &per_s, NULL);
	store_series(s, "perf/examples_per_s", true, &examples, NULL);
	store_series(s, "valid/ndcg@10", true, &ndcg, NULL);
	store_series(s, "valid/hr@10", true, &hr, NULL);
	store_series(s, "test/ndcg@10", true, &test, NULL);
	struct rng r = rng_stream(7, RNG_TEST, 1, 1);
	for (int i = 1; i <= steps; i++) {
		double base = floor_loss + 3.2 * exp(-i * speed / 900.0) -
			      (i > 2000 ? 0.12 * (1 - exp(-(i - 2000) / 150.0)) : 0);
		store_scalar(s, loss, i, base * (1 + 0.06 * rng_normal(&r)));
		store_scalar(s, norm, i, i == nan_at ? NAN : (1.1 + 4 * exp(-i / 200.0)) * exp(0.25 * rng_normal(&r)));
		if (i % 50 == 0) {
			store_scalar(s, per_s, i, 812 + 20 * rng_normal(&r));
			store_scalar(s, examples, i, 104e3 + 2e3 * rng_normal(&r));
		}
		if (i % SYNTH_STEPS_PER_EPOCH == 0) {
			double v = 0.14 * (1 - exp(-i * speed / 1100.0)) + 0.001 * rng_normal(&r);
			store_scalar(s, ndcg, i, v);
			store_scalar(s, hr, i, 1.9 * v);
			store_scalar(s, test, i, 0.93 * v);
		}
	}
}

static inline void synth_rows(struct store *s)
{
	int64_t id;
	struct str json = {0};
	store_tweak(s, 1200, "set", "dropout", "0.5", "0.2", "ada", "ok", &id, NULL);
	store_tweak(s, 2000, "set", "lr", "0.001", "0.0005", "ada", "ok", &id, NULL);
	store_event(s, 0, "info", "start", "SASRec on planted-2k: 2 blocks, 64 wide, 0.3M parameters", NULL);
	store_event(s, 700, "warn", "nan",
		"gradient norm is not finite at step 700: layer block 1/attention, step skipped", NULL);
	store_event(s, 1500, "info", "checkpoint", "checkpoints/1500.safetensors (best)", NULL);
	store_event(s, 2000, "info", "tweak", "lr 0.001 > 0.0005", NULL);
	store_event(s, 3000, "info", "evaluate", "valid ndcg@10 0.1301, hr@10 0.2477 in 0.4 s", NULL);
	store_checkpoint(s, 1500, "checkpoints/1500.safetensors", "aa", false, NULL);
	store_checkpoint(s, 3000, "checkpoints/3000.safetensors", "bb", true, NULL);
	synth_attention(&json);
	store_probe(s, 3000, "attention", "{\"kind\":\"attention\",\"user\":\"42\"}", str_text(&json), &id, NULL);
	str_clear(&json);
	synth_explanation(&json);
	store_probe(s, 3000, "explain", "{\"kind\":\"explain\",\"user\":\"42\"}", str_text(&json), &id, NULL);
	str_free(&json);
}

/* <root>/<name>; state: "done", "training", ... */
static inline enum err_code synth_run(
	const char *root, const char *name, const char *state, double speed, struct err *e)
{
	char dir[4096];
	struct store *s;
	snprintf(dir, sizeof dir, "%s/%s", root, name);
	mkdir(dir, 0700);
	enum err_code rc = store_open(dir, &s, e);
	if (rc != OK)
		return rc;
	static const char *const facts[][2] = {{"model", "SASRec"}, {"experiment", "demo"}, {"dataset", "planted-2k"},
		{"protocol", "full ranking, leave one out"}, {"monitor", "ndcg@10"}, {"steps_per_epoch", "150"},
		{"epochs", "20"}, {"batch", "128"}, {"seed", "7"}, {"started", "1700000000"}};
	for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
		store_set(s, facts[i][0], facts[i][1], NULL);
	store_set(s, "state", state, NULL);
	synth_knobs(s);
	synth_series(s, 3000, speed, speed > 1 ? 0.62 : 0.8, speed > 1 ? 700 : 0);
	synth_rows(s);
	return store_close(s, e);
}

#endif
