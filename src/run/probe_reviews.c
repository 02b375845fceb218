/* Which reviews a rating rests on: the model's attention over the other reviews of a user and of an item, with their texts;
 * and what becomes of the rating without each of them.  The model is asked for the rating of one pair; every op that keeps weights over AXIS_TOKEN (the user's reviews) or
 * AXIS_TOKEN2 (the item's) of a batch of kind "reviews" is a map. */
#include "run/subject.h"

#include "base/mem.h"
#include "data/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_SHOWN = 4000 };

struct asked {
	struct rig *r;
	const struct dataset *d;
	int32_t user, item;
	struct batch batch;
	const struct rig_program *looked;
	double rating;
};

static const int32_t *column(const struct batch *b, const char *name)
{
	for (int i = 0; i < b->nfields; i++)
		if (strcmp(b->spec[i].name, name) == 0)
			return b->column[i];
	return NULL;
}

/* The row of the data set that training text t of this user stands in. */
static int64_t row_of_text(const struct split *s, int32_t user, int32_t t)
{
	int64_t row = s->data->start[user];
	for (int64_t left = t - s->train_start[user]; left > 0 || s->part[row] != PART_TRAIN; row++)
		left -= s->part[row] == PART_TRAIN;
	return row;
}

static json_t *text_json(const struct dataset *d, int64_t row)
{
	static const char *const name = "review";
	const struct row_column *c = dataset_row_column(d, name);
	const char *bytes;
	char text[TEXT_SHOWN];
	size_t n = c ? strtab_get(&c->words, (int32_t)row, &bytes) : 0;
	return json_string(n ? text_clean(bytes, n, text, sizeof text) : "");
}

static json_t *review_json(const struct asked *a, bool of_user, int32_t text, int32_t other, double weight)
{
	int64_t row = row_of_text(a->r->x->split, of_user ? a->user : other, text);
	json_t *j = of_user ? subject_item_json(a->d, other)
			    : json_pack("{s:o}", "id", subject_id_json(&a->d->users, other));
	json_object_set_new(j, "weight", json_real(weight));
	if (a->d->rating)
		json_object_set_new(j, "rating", json_real((double)a->d->rating[row]));
	json_object_set_new(j, "text", text_json(a->d, row));
	return j;
}

struct weighed {
	double weight;
	int64_t place;
};

static int heaviest_first(const void *a, const void *b)
{
	const struct weighed *x = a, *y = b;
	return x->weight != y->weight ? (x->weight < y->weight) - (x->weight > y->weight)
				      : (x->place > y->place) - (x->place < y->place);
}

static enum err_code add_map(
	const struct asked *a, const struct program_probe *p, int64_t most, json_t *maps, struct err *e)
{
	bool of_user = p->io->out.shape.axis == AXIS_TOKEN;
	const int32_t *text = column(&a->batch, of_user ? "user_review" : "item_review");
	const int32_t *other = column(&a->batch, of_user ? "reviewed" : "reviewer");
	int64_t n = p->io->out.rows;
	struct weighed *w = mem_calloc((size_t)n + 1, sizeof *w);
	if (!w)
		return err_set(e, ERR_NOMEM, "no memory for %lld reviews", (long long)n);
	for (int64_t i = 0; i < n; i++)
		w[i] = (struct weighed){(double)p->io->aux[i], i};
	qsort(w, (size_t)n, sizeof *w, heaviest_first);
	json_t *list = json_array();
	for (int64_t i = 0; i < n && i < most; i++)
		json_array_append_new(list, review_json(a, of_user, text[w[i].place], other[w[i].place], w[i].weight));
	json_array_append_new(maps, json_pack("{s:o, s:s, s:I, s:o}", "layer", subject_text_json(p->scope), "of",
					    of_user ? "user" : "item", "n", (json_int_t)n, "reviews", list));
	mem_free(w);
	return OK;
}

/* Predicts, and leaves the weights readable. */
static enum err_code look(struct asked *a, struct err *e)
{
	struct operand rating;
	TRY(rig_program(a->r, MODEL_RATING, PROGRAM_KEEP, 0, 1, &a->looked, e));
	TRY(program_look(a->r->engine, a->looked->program, &a->batch, e));
	program_output(a->looked->program, 0, &rating);
	a->rating = (double)rating.v[0];
	return OK;
}

static enum err_code add_maps(struct asked *a, int64_t most, json_t *out, struct err *e)
{
	json_t *maps = json_array();
	json_object_set_new(out, "user", subject_id_json(&a->d->users, a->user));
	json_object_set_new(out, "item", subject_item_json(a->d, a->item));
	json_object_set_new(out, "rating", json_real(a->rating));
	json_object_set_new(out, "maps", maps);
	for (int k = 0; k < program_probe_count(a->looked->program); k++) {
		struct program_probe probe;
		program_probe_get(a->looked->program, k, &probe);
		if (strcmp(probe.what, "weights") == 0)
			TRY(add_map(a, &probe, most, maps, e));
	}
	if (json_array_size(maps) == 0)
		return err_set(e, ERR_STATE,
			"model %s weighs no reviews; gusto explain says what each does to a rating", a->r->x->model);
	return OK;
}

/* An id among the arguments. */
static enum err_code read_id(const json_t *args, const char *key, const struct dataset *d, int32_t *out, struct err *e)
{
	char buf[32];
	const char *id = subject_id_text(json_object_get(args, key), buf, sizeof buf);
	if (!id)
		return err_set(e, ERR_ARG, "this probe needs \"%s\", an id as in the data set", key);
	*out = strcmp(key, "user") == 0 ? dataset_find_user(d, id) : dataset_find_item(d, id);
	return *out >= 0 ? OK : err_set(e, ERR_NOTFOUND, "there is no %s '%s' in data set %s", key, id, d->name);
}

/* The item; where none is given the user's held-out one, and where there is none the last. */
static enum err_code read_item(struct asked *a, const json_t *args, struct err *e)
{
	const struct split *s = a->r->x->split;
	if (json_object_get(args, "item"))
		return read_id(args, "item", a->d, &a->item, e);
	if (a->d->start[a->user + 1] == a->d->start[a->user])
		return err_set(e, ERR_ARG, "this user has rated nothing: give an item");
	bool held_out = s->test_start[a->user + 1] > s->test_start[a->user];
	a->item = held_out ? s->test_item[s->test_start[a->user]] : a->d->item[a->d->start[a->user + 1] - 1];
	return OK;
}

/* Asks for the pair of the arguments: fills a->batch, which lives in *scratch. */
static enum err_code ask_pair(struct asked *a, const json_t *args, struct eval_scratch **scratch, struct err *e)
{
	struct eval_source src = rig_source(a->r, PART_TEST);
	if (!probe_reads_reviews(a->r))
		return err_set(e, ERR_STATE, "model %s reads no reviews; narre does", a->r->x->model);
	TRY(read_id(args, "user", a->d, &a->user, e));
	TRY(read_item(a, args, e));
	return eval_rating_batch(&src, &a->user, 1, &a->item, (const int64_t[]){0, 1}, scratch, &a->batch, e);
}

bool probe_reads_reviews(const struct rig *r)
{
	return strcmp(r->kind, "reviews") == 0 && r->x->vtbl->has(r->x->self, MODEL_RATING);
}

enum err_code probe_reviews(struct rig *r, const json_t *args, json_t *out, struct err *e)
{
	struct asked a = {.r = r, .d = r->x->split->data};
	struct eval_scratch *scratch = NULL;
	const json_t *k = json_object_get(args, "k");
	enum err_code rc = ask_pair(&a, args, &scratch, e);
	if (rc == OK)
		rc = look(&a, e);
	if (rc == OK)
		rc = add_maps(&a, k ? json_integer_value(k) : INT64_MAX, out, e);
	eval_scratch_free(scratch);
	return rc;
}

/* ---- what each review does to the rating ---- */

/* One example per review of the pair, in which that review is missing: those of the user first. */
static enum err_code leave_out(const struct asked *a, struct arena *memory, struct batch *out, struct err *e)
{
	const struct batch *b = &a->batch;
	int32_t of[AXIS_N] = {0}, n = 0;
	for (int axis = AXIS_TOKEN; axis <= AXIS_TOKEN2; axis++)
		n += of[axis] = b->offsets[axis][1];
	*out = *b;
	out->examples = n;
	for (int axis = AXIS_TOKEN; axis <= AXIS_TOKEN2; axis++) {
		int32_t *offsets = arena_alloc(memory, ((size_t)n + 1) * sizeof *offsets);
		int32_t first = axis == AXIS_TOKEN ? 0 : of[AXIS_TOKEN];
		if (!offsets)
			return err_set(e, ERR_NOMEM, "no memory for %d ratings", n);
		for (int32_t k = 0; k < n; k++)
			offsets[k + 1] = offsets[k] + of[axis] - (k >= first && k < first + of[axis]);
		out->offsets[axis] = offsets;
	}
	for (int i = 0; i < b->nfields; i++) {
		enum axis axis = b->spec[i].axis;
		const int32_t *from = b->column[i];
		if (axis == AXIS_FIXED)
			continue;
		int32_t *to = arena_alloc(memory, ((size_t)batch_rows(out, axis) + 1) * sizeof *to);
		int32_t rows = axis == AXIS_EXAMPLE ? 1 : of[axis], first = axis == AXIS_TOKEN2 ? of[AXIS_TOKEN] : 0;
		out->column[i] = to;
		if (!to)
			return err_set(e, ERR_NOMEM, "no memory for %d ratings", n);
		for (int32_t k = 0; k < n; k++)
			for (int32_t r = 0; r < rows; r++)
				if (axis == AXIS_EXAMPLE || k - first != r)
					*to++ = from[r];
	}
	return OK;
}

static void collect(void *ctx, int worker, int32_t first, int32_t n, const struct operand *o)
{
	(void)worker;
	memcpy((real *)ctx + first, o->v, (size_t)n * sizeof(real));
}

/* The weight of review i of the side in the first map over it, null: there is none. */
static json_t *weight_json(const struct asked *a, enum axis axis, int32_t i)
{
	for (int k = 0; k < program_probe_count(a->looked->program); k++) {
		struct program_probe p;
		program_probe_get(a->looked->program, k, &p);
		if (strcmp(p.what, "weights") == 0 && p.io->out.shape.axis == axis)
			return json_real((double)p.io->aux[i]);
	}
	return json_null();
}

static json_t *effect_json(const struct asked *a, int32_t k, double delta)
{
	int32_t of_user = a->batch.offsets[AXIS_TOKEN][1];
	bool user = k < of_user;
	int32_t i = user ? k : k - of_user;
	int32_t text = column(&a->batch, user ? "user_review" : "item_review")[i];
	int32_t other = column(&a->batch, user ? "reviewed" : "reviewer")[i];
	json_t *j = review_json(a, user, text, other, 0);
	json_object_del(j, "weight");
	char title[128];
	snprintf(title, sizeof title, "%s %.80s",
		user ? "user's:" : "item's:", json_string_value(json_object_get(j, "text")));
	json_object_set_new(j, "title", subject_text_json(title));
	json_object_set_new(j, "position", json_integer(k));
	json_object_set_new(j, "delta_score", json_real(delta));
	json_object_set_new(j, "delta_rank", json_null());
	json_object_set_new(j, "attention", weight_json(a, user ? AXIS_TOKEN : AXIS_TOKEN2, i));
	return j;
}

static enum err_code add_effects(struct asked *a, json_t *out, struct err *e)
{
	struct arena memory = {0};
	struct batch b;
	const struct rig_program *p;
	enum err_code rc = leave_out(a, &memory, &b, e);
	real *without = rc == OK ? arena_alloc(&memory, ((size_t)b.examples + 1) * sizeof *without) : NULL;
	if (rc == OK && !without)
		rc = err_set(e, ERR_NOMEM, "no memory for %d ratings", b.examples);
	if (rc == OK && b.examples)
		rc = rig_program(a->r, MODEL_RATING, PROGRAM_INFER, 0, b.examples, &p, e);
	if (rc == OK && b.examples)
		rc = program_infer(a->r->engine, p->program, &b, collect, without, e);
	json_t *effects = json_array();
	for (int32_t k = 0; rc == OK && k < b.examples; k++)
		json_array_append_new(effects, effect_json(a, k, a->rating - (double)without[k]));
	json_object_set_new(out, "effects", effects);
	arena_free(&memory);
	return rc;
}

enum err_code probe_explain_rating(struct rig *r, const json_t *args, json_t *out, struct err *e)
{
	struct asked a = {.r = r, .d = r->x->split->data};
	struct eval_scratch *scratch = NULL;
	enum err_code rc = ask_pair(&a, args, &scratch, e);
	if (rc == OK)
		rc = look(&a, e);
	if (rc == OK) {
		json_t *target = subject_item_json(a.d, a.item);
		json_object_set_new(target, "score", json_real(a.rating));
		json_object_set_new(target, "rank", json_integer(1));
		json_object_set_new(out, "history", json_array());
		json_object_set_new(out, "items", json_pack("[O]", target));
		json_object_set_new(out, "held_out", json_null());
		json_object_set_new(out, "target", target);
		rc = add_effects(&a, out, e);
	}
	eval_scratch_free(scratch);
	return rc;
}
