/* Private to the probes: the person a probe asks about, as the test evaluation sees it.  The history holds training and
 * validation items, what was seen is not recommended (where the protocol masks it), the held-out item is the first of the test part (or of the
 * validation part where there is no test part). */
#ifndef GUSTO_RUN_SUBJECT_H
#define GUSTO_RUN_SUBJECT_H

#include "explain/explain.h"
#include "run/rig.h"

#include <jansson.h>

struct subject {
	struct rig *r;
	const struct dataset *d;
	int32_t user;
	bool sees;	  /* the model sees the history */
	int32_t window;	  /* items of it at most */
	int query;	  /* 1: a token behind the history asks for the next item, so maps have n + 1 rows */
	int32_t *history; /* [n] oldest first: the model's window, or the last items where it sees none */
	int32_t n;
	int32_t *seen;		  /* [n_seen] sorted, each once; none where the protocol masks none */
	int32_t n_seen, held_out; /* -1: none */
	real *scores;		  /* [n_items] of the full history, after subject_score */
};
enum err_code subject_init(struct subject *s, struct rig *r, int32_t user, struct err *e);
void subject_fini(struct subject *s);

enum err_code subject_score(struct subject *s, struct err *e);
/* 1 + unseen items that score higher, and half of those that score the same. */
int32_t subject_rank(const struct subject *s, const real *scores, int32_t item);

/* The question why `target`, asked of the model itself through *scorer; both borrow from s. */
struct question subject_question(struct subject *s, int32_t target, struct scorer *scorer);

/* ---- looking inside: attention maps ---- */

struct map {
	const char *layer; /* "block 1/attention" */
	int heads;
	int32_t n;
	const real *w; /* [heads, n, n]: row = query */
};
/* Replays the model on the history and leaves every value readable in *out, until it is looked at again. */
enum err_code subject_look(struct subject *s, const struct rig_program **out, struct err *e);
/* The k-th op with attention weights; false: there are fewer. */
bool subject_map(const struct program *p, int k, struct map *out);
/* Mean over heads of the last row (what the prediction attends to) of one map, its first n weights into out[n]. */
void subject_last_row(const struct map *m, int32_t n, double *out);

/* ---- JSON; original ids may be any bytes, JSON takes UTF-8 only ---- */

json_t *subject_text_json(const char *s);
json_t *subject_id_json(const struct strtab *t, int32_t i);
json_t *subject_title_json(const struct dataset *d, int32_t item);
json_t *subject_item_json(const struct dataset *d, int32_t item); /* { id, title } */
const char *subject_id_text(const json_t *v, char *buf, size_t size);

/* ---- probe_causes.c ---- */

/* On data with a planted truth: how often an attribution puts the true cause of a held-out event first.  args: users (how many
 * at most, all by default).  *out gets events, and methods [{ name, first, reciprocal }]: the share of events whose cause
 * comes first, and the mean reciprocal rank of the cause. */
enum err_code probe_causes(struct rig *r, const json_t *args, json_t *out, struct err *e);

/* ---- probe_reviews.c ---- */

/* Which reviews the rating of user and item (args; item: the user's held-out or last one by default; k: how many of a map at most)
 * rests on.  *out: see run/protocol.h. */
enum err_code probe_reviews(struct rig *r, const json_t *args, json_t *out, struct err *e);
/* The answer of "explain" for a model that predicts ratings from reviews: its items are the pair's item, its effects those of
 * leaving out each review, whose text is the title. */
bool probe_reads_reviews(const struct rig *r);
enum err_code probe_explain_rating(struct rig *r, const json_t *args, json_t *out, struct err *e);

/* ---- probe_gates.c ---- */

/* Gates and states of the model's recurrent layers over the history; args: units (true: every number, else the mean over the
 * units).  *out gets layers [{ layer, cell, n, width, gates { name: numbers }, state }] and items. */
enum err_code probe_gates(struct subject *s, const json_t *args, json_t *out, struct err *e);

#endif
