/* The answers to probes (run/protocol.h), parsed and checked: nothing in a malformed answer can lead out of bounds. */
#ifndef GUSTO_TUI_ANSWER_H
#define GUSTO_TUI_ANSWER_H

#include "base/err.h"
#include "base/mem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct attention_map {
	const char *layer;
	int heads, n;
	double *weights; /* [heads, n, n] */
};
struct attention {
	struct arena arena; /* owns everything below */
	const char *user;
	int64_t step;
	struct attention_map *map;
	int nmaps;
	const char **item; /* titles of positions, of the longest map */
	int nitems;
};
enum err_code attention_parse(const char *json, struct attention *out, struct err *e);
void attention_free(struct attention *a);

struct item_row {
	const char *id, *title;
	double score;
	int rank; /* 0: unknown */
};
struct effect_row {
	const char *id, *title;
	int position;
	double delta_score, delta_rank, attention; /* NaN: not given */
};
struct explanation {
	struct arena arena;
	const char *user;
	int64_t step;
	struct item_row *history, *item; /* history oldest first; items by rank */
	int nhistory, nitems;
	bool has_held_out, has_target;
	struct item_row held_out, target;
	struct effect_row *effect;
	int neffects;
};
enum err_code explanation_parse(const char *json, struct explanation *out, struct err *e);
void explanation_free(struct explanation *x);

/* A JSON string literal of text, in an arena (NULL: memory). */
char *json_quote(struct arena *a, const char *text);
/* The string member `key` of a JSON object, or false. */
bool json_member(const char *json, const char *key, char *buf, size_t size);

#endif
