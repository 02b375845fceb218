/* Click-through batches: the fields (data/fields.h) of an interaction and whether it was liked.  Entry which * rows + row, as in
 * kind points: which = 0 is a training row with its own label, 1..negatives the same user and context with an item drawn
 * for it, label 0.  `redraw = false` draws the negatives of every epoch as those of the first: a published training file
 * with its fixed negatives is imitated so.  `history = N` adds the user's last N liked items before the interaction, as features
 * of the field "item": of the training rows, in evaluation of all rows that are known by then. */
#include "base/mem.h"
#include "data/fields.h"
#include "data/kind.h"

#include <string.h>

enum { REDRAW, HISTORY };
static const char *const list_name[FIELDSET_LISTS] = {"list", "list2"};
static const enum axis list_axis[FIELDSET_LISTS] = {AXIS_TOKEN, AXIS_TOKEN2};

/* The fields of the lists, in order. */
static int lists(const struct fieldset *f, const struct fieldset_field *out[FIELDSET_LISTS])
{
	int n = 0;
	for (int i = 0; i < f->n; i++)
		if (f->field[i].kind == FIELDSET_LIST)
			out[n++] = &f->field[i];
	return n;
}

/* Where the columns of one example begin; NULL where there is none of the kind. */
struct cells {
	int32_t *field, *cross;
	real *number;
};

/* One category of n examples: to[e * width]. */
static void write_category(const struct fieldset_field *x, int32_t n, const int32_t *user, const int32_t *item,
	const int64_t *row, int64_t width, int32_t *restrict to)
{
	const int32_t *restrict code = x->code, first = x->first;
	for (int32_t e = 0; e < n && !(code && x->owner == OWNER_ROW); e++)
		to[e * width] = fieldset_category(x, user[e], item[e], row[e]);
	for (int32_t e = 0; e < n && code && x->owner == OWNER_ROW; e++) /* the usual one */
		to[e * width] = code[row[e]] < 0 ? -1 : first + code[row[e]];
}

/* Fields of n examples, one field after the other: the codes of a field stand close together, those of a row do not. */
static void write(const struct fieldset *f, const struct cells *to, int32_t n, const int32_t *user, const int32_t *item,
	const int64_t *row)
{
	int at[4] = {0};
	for (int i = 0; i < f->n; i++) {
		const struct fieldset_field *x = &f->field[i];
		int64_t k = at[x->kind]++, width = f->n_kind[x->kind];
		if (x->kind == FIELDSET_CATEGORY) {
			CHECK(to->field, "no column for category '%s'", x->name);
			write_category(x, n, user, item, row, width, to->field + k);
		} else if (x->kind == FIELDSET_CROSS) {
			CHECK(to->cross, "no column for cross '%s'", x->name);
			for (int32_t e = 0; e < n; e++)
				to->cross[e * width + k] = fieldset_cross(f, x, user[e], item[e], row[e]);
		} else if (x->kind == FIELDSET_NUMBER) {
			CHECK(to->number, "no column for number '%s'", x->name);
			for (int32_t e = 0; e < n; e++)
				to->number[e * width + k] =
					(real)x->value[fieldset_owner_of(x, user[e], item[e], row[e])];
		}
	}
}

static int32_t write_list(const struct fieldset_field *f, int32_t *to, int32_t user, int32_t item, int64_t row)
{
	int64_t at = fieldset_owner_of(f, user, item, row);
	int32_t n = (int32_t)(f->start[at + 1] - f->start[at]);
	for (int32_t j = 0; j < n; j++)
		to[j] = f->first + f->code[f->start[at] + j];
	return n;
}

/* ---- histories ---- */

static const struct fieldset_field *item_field(const struct fieldset *f)
{
	for (int i = 0; i < f->n; i++)
		if (strcmp(f->field[i].name, "item") == 0 && f->field[i].kind == FIELDSET_CATEGORY)
			return &f->field[i];
	return NULL;
}

static enum err_code check_history(const struct split *s, const struct args *a, struct err *e)
{
	if (a->num[HISTORY] == 0)
		return OK;
	if (!item_field(s->fields))
		return err_set(e, ERR_ARG, "a history needs the field \"item\" among the fields of data set '%s'",
			s->data->name);
	if (s->fields->n_kind[FIELDSET_LIST] == FIELDSET_LISTS)
		return err_set(e, ERR_ARG, "a history leaves room for one list among the fields of data set '%s'",
			s->data->name);
	return OK;
}

/* The last `most` liked items of the user before the row, oldest first, of rows whose part is in `parts`; `to` may be NULL. */
static int32_t history(const struct split *s, unsigned parts, int32_t user, int64_t row, int32_t most, int32_t *to)
{
	const struct fieldset_field *item = item_field(s->fields);
	int32_t n = 0;
	int64_t from = row;
	while (from > s->data->start[user] && n < most) {
		from--;
		n += (parts >> s->part[from] & 1) && split_label(s, from);
	}
	for (int32_t k = 0; to && from < row; from++)
		if ((parts >> s->part[from] & 1) && split_label(s, from))
			to[k++] = fieldset_category(item, user, s->data->item[from], from);
	return n;
}

/* Adds a column of ids below `below`. */
static void add_ids(struct batch *out, const char *name, enum axis axis, int32_t width, int32_t below)
{
	field_add(out, name, FIELD_INT, axis, width);
	out->spec[out->nfields - 1].below = below;
}

static void add_columns(const struct fieldset *f, const struct args *a, struct batch *out)
{
	const int *n = f->n_kind;
	field_add(out, "user", FIELD_INT, AXIS_EXAMPLE, 1);
	field_add(out, "item", FIELD_INT, AXIS_EXAMPLE, 1);
	if (n[FIELDSET_CATEGORY])
		add_ids(out, "field", AXIS_EXAMPLE, n[FIELDSET_CATEGORY], f->features);
	if (n[FIELDSET_NUMBER])
		field_add(out, "number", FIELD_REAL, AXIS_EXAMPLE, n[FIELDSET_NUMBER]);
	if (n[FIELDSET_CROSS])
		add_ids(out, "cross", AXIS_EXAMPLE, n[FIELDSET_CROSS], f->crossed);
	for (int k = 0; k < n[FIELDSET_LIST]; k++)
		add_ids(out, list_name[k], list_axis[k], 1, f->features);
	if (a->num[HISTORY] > 0)
		add_ids(out, "history", AXIS_TOKEN2, 1, f->features);
}

/* ---- training ---- */

static int64_t points_rows(const struct split *s, const struct args *args, enum axis a)
{
	const struct fieldset_field *list[FIELDSET_LISTS];
	int n = lists(s->fields, list);
	for (int k = 0; k < n; k++)
		if (list_axis[k] == a)
			return list[k]->most > 0 ? list[k]->most : 1;
	return a == AXIS_TOKEN2 ? (int64_t)args->num[HISTORY] : a <= AXIS_EXAMPLE;
}

static enum err_code begin(struct batcher *b, struct err *e)
{
	const struct split *s = b->split;
	/* behind the training rows: those of the batch at hand */
	int64_t *row = mem_calloc((size_t)s->count[PART_TRAIN] + (size_t)b->o.batch, sizeof *row), n = 0;
	b->state = row;
	TRY(check_history(s, &b->o.args, e));
	if (!row)
		return err_set(e, ERR_NOMEM, "no memory for %lld training rows", (long long)s->count[PART_TRAIN]);
	for (int64_t i = 0; i < s->data->n; i++)
		if (s->part[i] == PART_TRAIN)
			row[n++] = i;
	TRY(batcher_list_rows(b, e));
	b->entries = b->rows * (1 + (int64_t)b->o.negatives);
	for (int a = AXIS_TOKEN; a < AXIS_N; a++)
		b->max_rows[a] = points_rows(s, &b->o.args, (enum axis)a) * b->o.batch;
	return OK;
}

static void columns(const struct batcher *b, struct batch *out)
{
	add_columns(b->split->fields, &b->o.args, out);
	field_add(out, "label", FIELD_REAL, AXIS_EXAMPLE, 1);
}

static void draw_items(struct batcher *b, int32_t n, int32_t *user, int32_t *item)
{
	uint64_t key = b->negative_key;
	for (int32_t i = 0; i < n; i++)
		user[i] = b->row_user[b->order[i] % b->rows];
	if (b->o.negatives == 0)
		return;
	if (b->o.args.num[REDRAW] == 0)
		b->negative_key = rng_key(b->o.seed, RNG_NEGATIVE, 0, 0);
	batcher_draw_negatives(b, user, n, 1, item);
	b->negative_key = key;
}

static void fill_lists(struct batcher *b, int32_t n, const int32_t *user, const int32_t *item)
{
	const struct fieldset_field *list[FIELDSET_LISTS];
	const int64_t *row = b->state;
	int count = lists(b->split->fields, list);
	for (int k = 0; k < count; k++) {
		int32_t *to = batcher_column(b, list_name[k]), *offsets = b->offsets[list_axis[k]];
		offsets[0] = 0;
		for (int32_t i = 0; i < n; i++)
			offsets[i + 1] = offsets[i] + write_list(list[k], to + offsets[i], user[i], item[i],
							      row[b->order[i] % b->rows]);
	}
}

static void fill_histories(struct batcher *b, int32_t n, const int32_t *user)
{
	const int64_t *row = b->state;
	int32_t *to = batcher_column(b, "history"), *offsets = b->offsets[AXIS_TOKEN2];
	unsigned parts = 1u << PART_TRAIN | 1u << PART_HISTORY;
	offsets[0] = 0;
	for (int32_t i = 0; i < n; i++)
		offsets[i + 1] = offsets[i] + history(b->split, parts, user[i], row[b->order[i] % b->rows],
						      (int32_t)b->o.args.num[HISTORY], to + offsets[i]);
}

static void fill(struct batcher *b, int32_t n)
{
	const struct split *s = b->split;
	const struct fieldset *f = s->fields;
	const int64_t *row = b->state;
	int64_t *at = (int64_t *)b->state + b->rows + b->from;
	int32_t *user = b->column[0], *item = b->column[1];
	int32_t *field = batcher_column(b, "field"), *cross = batcher_column(b, "cross");
	real *number = batcher_column(b, "number"), *label = batcher_column(b, "label");
	draw_items(b, n, user, item);
	for (int32_t i = 0; i < n; i++) {
		bool own = b->order[i] < b->rows;
		at[i] = row[b->order[i] % b->rows];
		if (own)
			item[i] = s->data->item[at[i]];
		label[i] = own ? (real)split_label(s, at[i]) : 0;
	}
	write(f, &(struct cells){field, cross, number}, n, user, item, at);
	fill_lists(b, n, user, item);
	if (b->o.args.num[HISTORY] > 0)
		fill_histories(b, n, user);
}

/* ---- evaluation ---- */

static void points_columns(const struct split *s, const struct args *a, struct batch *out)
{
	add_columns(s->fields, a, out);
}

static enum err_code no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "no memory for a batch of fields");
}

static enum err_code point_cells(struct eval_writer *w, const struct split *s, int32_t user, int64_t row, struct err *e)
{
	const struct fieldset *f = s->fields;
	int32_t item = s->data->item[row], *ids[2] = {eval_writer_ints(w, "user", 1), eval_writer_ints(w, "item", 1)};
	const int *n = f->n_kind;
	struct cells to = {n[FIELDSET_CATEGORY] ? eval_writer_ints(w, "field", n[FIELDSET_CATEGORY]) : NULL,
		n[FIELDSET_CROSS] ? eval_writer_ints(w, "cross", n[FIELDSET_CROSS]) : NULL,
		n[FIELDSET_NUMBER] ? eval_writer_reals(w, "number", n[FIELDSET_NUMBER]) : NULL};
	if (!ids[0] || !ids[1] || (!to.field && n[FIELDSET_CATEGORY]) || (!to.cross && n[FIELDSET_CROSS]) ||
		(!to.number && n[FIELDSET_NUMBER]))
		return no_memory(e);
	*ids[0] = user;
	*ids[1] = item;
	write(f, &to, 1, &user, &item, &row);
	return OK;
}

static enum err_code point_lists(struct eval_writer *w, const struct split *s, int32_t user, int64_t row, struct err *e)
{
	const struct fieldset_field *list[FIELDSET_LISTS];
	int32_t item = s->data->item[row];
	int count = lists(s->fields, list);
	for (int k = 0; k < count; k++) {
		int64_t at = fieldset_owner_of(list[k], user, item, row);
		int32_t *cell =
			eval_writer_ints(w, list_name[k], (int32_t)(list[k]->start[at + 1] - list[k]->start[at]));
		if (!cell)
			return no_memory(e);
		write_list(list[k], cell, user, item, row);
	}
	return OK;
}

static enum err_code point(
	struct eval_writer *w, const struct eval_source *src, int32_t user, int64_t row, struct err *e)
{
	const struct split *s = src->split;
	int32_t most = (int32_t)src->args->num[HISTORY];
	bool validation = src->part == PART_TEST && src->with_validation;
	unsigned parts = 1u << PART_TRAIN | 1u << PART_HISTORY | (unsigned)validation << PART_VALID;
	TRY(check_history(s, src->args, e));
	TRY(point_cells(w, s, user, row, e));
	TRY(point_lists(w, s, user, row, e));
	if (most == 0)
		return OK;
	int32_t n = history(s, parts, user, row, most, NULL), *to = eval_writer_ints(w, "history", n);
	if (!to)
		return no_memory(e);
	history(s, parts, user, row, most, to);
	return OK;
}

static const struct arg_spec args[] = {
	{"redraw", ARG_BOOL, 1, 0, 1, 0, "draw the negatives anew each epoch", NULL, NULL},
	{"history", ARG_INT, 0, 0, 4096, 0, "liked items before the interaction; 0: none", NULL, NULL},
	{0},
};

extern const struct kind_class kind_fields;
const struct kind_class kind_fields = {
	.desc = {"fields", "user[E] item[E] field[E,F] number[E,N] cross[E,C] list[T] list2[T2] history[T2] label[E]",
		"Click-through: the fields of an interaction (categories, numbers, crosses and lists as far as the "
		"data "
		"have them) and its label; `negatives` items are drawn for each row, in its context.",
		args},
	.flags = KIND_NEGATIVES | KIND_FIELDS | KIND_APART,
	.begin = begin,
	.columns = columns,
	.fill = fill,
	.points_columns = points_columns,
	.points_rows = points_rows,
	.point = point,
};
