/* A split is made in two passes: `assign` names the part of every row, `collect` gathers training rows and targets
 * by user.  Random assignments are selection sampling (Knuth 3.4.2, algorithm S): exact counts, one draw a row, no
 * permutation in memory. */
#include "data/split.h"

#include "base/mem.h"
#include "data/corpus.h"
#include "base/rng.h"
#include "data/fields.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Steps of the streams under RNG_SPLIT. */
enum { STREAM_ROWS, STREAM_VALID_USERS };

/* Catalogue bits of every user beside the sorted lists, where they fit in this many bytes. */
#define SEEN_BYTES_MAX (64 << 20)

struct memory {
	uint8_t *part;
	int64_t *train_start, *valid_start, *test_start, *history_start;
	int32_t *train_item, *valid_item, *test_item, *history_item, *train_sorted;
	float *train_rating;
	uint64_t *seen_bits;
	struct corpus *corpus;
};

static void memory_free(struct memory *m)
{
	mem_free(m->part);
	mem_free(m->train_start);
	mem_free(m->valid_start);
	mem_free(m->test_start);
	mem_free(m->history_start);
	mem_aligned_free(m->train_item);
	mem_free(m->valid_item);
	mem_free(m->test_item);
	mem_free(m->history_item);
	mem_aligned_free(m->train_sorted);
	mem_free(m->train_rating);
	mem_aligned_free(m->seen_bits);
	corpus_free(m->corpus);
	mem_free(m);
}

/* ---- which part ---- */

struct job {
	const struct dataset *d;
	const struct split_options *o;
	uint8_t *part;
};

static enum err_code check_shares(const struct split_options *o, struct err *e)
{
	if (!(o->valid >= 0 && o->test >= 0 && o->valid + o->test < 1))
		return err_set(e, ERR_ARG,
			"split %s: shares must be 0 or more with a sum below 1, got valid=%g test=%g", o->kind,
			o->valid, o->test);
	return OK;
}

/* The last row of each user with `need` or more rows is its test. */
static void hold_out_last(const struct job *j, int64_t need)
{
	for (int32_t u = 0; u < j->d->n_users; u++)
		if (j->d->start[u + 1] - j->d->start[u] >= need)
			j->part[j->d->start[u + 1] - 1] = PART_TEST;
}

/* The last training row of a user that has `least` rows and two for training; else -1. */
static int64_t valid_row(const struct job *j, int32_t u, int64_t least)
{
	int64_t from = j->d->start[u], to = j->d->start[u + 1], last = -1, n = 0;
	for (int64_t i = from; i < to; i++)
		if (j->part[i] == PART_TRAIN) {
			last = i;
			n++;
		}
	return to - from >= least && n >= 2 ? last : -1;
}

/* Holds out that row of `need` random users (0: of all). */
static void hold_out_valid(const struct job *j, int64_t need, int64_t least)
{
	int64_t left = 0;
	for (int32_t u = 0; u < j->d->n_users; u++)
		left += valid_row(j, u, least) >= 0;
	need = need == 0 || need > left ? left : need;
	struct rng r = rng_stream(j->o->seed, RNG_SPLIT, STREAM_VALID_USERS, 0);
	for (int32_t u = 0; u < j->d->n_users; u++) {
		int64_t row = valid_row(j, u, least);
		if (row < 0 || (int64_t)rng_below(&r, (uint64_t)left--) >= need)
			continue;
		need--;
		j->part[row] = PART_VALID;
	}
}

static enum err_code check_valid_users(const struct job *j, struct err *e)
{
	return j->o->valid_users >= 0 ? OK
				      : err_set(e, ERR_ARG, "split %s: valid_users must be 0 or more, got %d",
						j->o->kind, j->o->valid_users);
}

static enum err_code assign_leave_one_out(const struct job *j, struct err *e)
{
	TRY(check_valid_users(j, e));
	hold_out_last(j, 3);
	hold_out_valid(j, j->o->valid_users, 3);
	return OK;
}

static enum err_code assign_leave_last(const struct job *j, struct err *e)
{
	hold_out_last(j, 2);
	return OK;
}

static enum err_code assign_given(const struct job *j, struct err *e)
{
	if (!j->d->held_out && !j->d->part)
		return err_set(e, ERR_ARG,
			"split given: data set '%s' publishes no split (held-out items, or files for parts); use "
			"leave_one_out or ratio",
			j->d->name);
	TRY(check_valid_users(j, e));
	if (j->d->part)
		memcpy(j->part, j->d->part, (size_t)j->d->n);
	if (j->o->valid_users > 0)
		hold_out_valid(j, j->o->valid_users, 2);
	return OK;
}

/* Deals n rows: exactly `test` and `valid` of them, each subset equally likely. */
static void deal(uint8_t *part, int64_t n, int64_t valid, int64_t test, struct rng *r)
{
	for (int64_t i = 0; i < n; i++) {
		int64_t x = (int64_t)rng_below(r, (uint64_t)(n - i));
		if (x < test) {
			part[i] = PART_TEST;
			test--;
		} else if (x < test + valid) {
			part[i] = PART_VALID;
			valid--;
		}
	}
}

static enum err_code assign_ratio(const struct job *j, struct err *e)
{
	const struct split_options *o = j->o;
	TRY(check_shares(o, e));
	if (!o->per_user) {
		struct rng r = rng_stream(o->seed, RNG_SPLIT, STREAM_ROWS, 0);
		int64_t test = llround(o->test * (double)j->d->n),
			both = llround((o->test + o->valid) * (double)j->d->n);
		deal(j->part, j->d->n, both - test, test, &r);
		return OK;
	}
	for (int32_t u = 0; u < j->d->n_users; u++) {
		struct rng r = rng_stream(o->seed, RNG_SPLIT, STREAM_ROWS, (uint64_t)u + 1);
		int64_t n = j->d->start[u + 1] - j->d->start[u];
		int64_t both = llround((o->test + o->valid) * (double)n), test = llround(o->test * (double)n);
		both = both < n ? both : n - 1;
		test = test < both ? test : both;
		if (n > 0)
			deal(j->part + j->d->start[u], n, both - test, test, &r);
	}
	return OK;
}

/* The k-th smallest (from 0) of x[n], which is reordered (Hoare 1961). */
static int64_t nth_smallest(int64_t *x, int64_t n, int64_t k)
{
	for (int64_t lo = 0, hi = n - 1; lo < hi;) {
		int64_t pivot = x[lo + (hi - lo) / 2], i = lo, j = hi;
		while (i <= j) {
			while (x[i] < pivot)
				i++;
			while (x[j] > pivot)
				j--;
			if (i <= j) {
				int64_t t = x[i];
				x[i++] = x[j];
				x[j--] = t;
			}
		}
		if (k <= j)
			hi = j;
		else if (k >= i)
			lo = i;
		else
			break;
	}
	return x[k];
}

static enum err_code assign_time(const struct job *j, struct err *e)
{
	const struct dataset *d = j->d;
	TRY(check_shares(j->o, e));
	if (!d->time)
		return err_set(
			e, ERR_ARG, "split time: data set '%s' has no times; use leave_one_out or ratio", d->name);
	if (d->n == 0)
		return OK;
	int64_t *t = mem_calloc((size_t)d->n, sizeof *t);
	if (!t)
		return err_set(e, ERR_NOMEM, "no memory for the times of %lld interactions", (long long)d->n);
	memcpy(t, d->time, (size_t)d->n * sizeof *t);
	int64_t valid_at = llround((1 - j->o->valid - j->o->test) * (double)d->n);
	int64_t test_at = llround((1 - j->o->test) * (double)d->n);
	int64_t valid_from = valid_at < d->n ? nth_smallest(t, d->n, valid_at) : INT64_MAX;
	int64_t test_from = test_at < d->n ? nth_smallest(t, d->n, test_at) : INT64_MAX;
	mem_free(t);
	for (int64_t i = 0; i < d->n; i++) {
		if (test_at < d->n && d->time[i] >= test_from)
			j->part[i] = PART_TEST;
		else if (valid_at < d->n && d->time[i] >= valid_from)
			j->part[i] = PART_VALID;
	}
	return OK;
}

static const struct kind {
	const char *name;
	enum err_code (*assign)(const struct job *j, struct err *e);
} kinds[] = {
	{"leave_one_out", assign_leave_one_out},
	{"leave_last", assign_leave_last},
	{"given", assign_given},
	{"ratio", assign_ratio},
	{"time", assign_time},
};

static const struct kind *find_kind(const char *name, struct err *e)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (name && strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	err_set(e, ERR_ARG, "there is no split '%s'; there are leave_one_out, leave_last, given, ratio and time",
		name ? name : "");
	return NULL;
}

/* ---- gathering ---- */

/* start[n_users + 1] of the rows of one part. */
static void count_rows(const struct dataset *d, const uint8_t *part, enum part which, int64_t *start)
{
	for (int32_t u = 0; u < d->n_users; u++) {
		int64_t n = 0;
		for (int64_t i = d->start[u]; i < d->start[u + 1]; i++)
			n += part[i] == which;
		start[u + 1] = start[u] + n;
	}
}

static void copy_rows(const struct dataset *d, const uint8_t *part, enum part which, int32_t *item, float *rating)
{
	for (int64_t i = 0, k = 0; i < d->n; i++) {
		if (part[i] != which)
			continue;
		if (rating)
			rating[k] = d->rating[i];
		item[k++] = d->item[i];
	}
}

static void count_held_out(const struct dataset *d, int64_t *start)
{
	for (int32_t u = 0; u < d->n_users; u++)
		start[u + 1] = start[u] + (d->held_out[u] >= 0);
}

static void copy_held_out(const struct dataset *d, int32_t *item)
{
	for (int32_t u = 0; u < d->n_users; u++)
		if (d->held_out[u] >= 0)
			*item++ = d->held_out[u];
}

static int compare_items(const void *a, const void *b)
{
	int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
	return (x > y) - (x < y);
}

static void sort_seen(const struct dataset *d, struct memory *m, int64_t words)
{
	for (int32_t u = 0; u < d->n_users; u++) {
		int64_t from = m->train_start[u], n = m->train_start[u + 1] - from;
		memcpy(m->train_sorted + from, m->train_item + from, (size_t)n * sizeof *m->train_sorted);
		qsort(m->train_sorted + from, (size_t)n, sizeof *m->train_sorted, compare_items);
		for (int64_t i = from; m->seen_bits && i < from + n; i++)
			m->seen_bits[u * words + (m->train_item[i] >> 6)] |= UINT64_C(1) << (m->train_item[i] & 63);
	}
}

static bool allocate_starts(const struct dataset *d, struct memory *m)
{
	size_t users = (size_t)d->n_users + 1;
	m->part = mem_calloc((size_t)d->n + 1, sizeof *m->part);
	m->train_start = mem_calloc(users, sizeof *m->train_start);
	m->valid_start = mem_calloc(users, sizeof *m->valid_start);
	m->test_start = mem_calloc(users, sizeof *m->test_start);
	m->history_start = mem_calloc(users, sizeof *m->history_start);
	return m->part && m->train_start && m->valid_start && m->test_start && m->history_start;
}

/* What the samplers and batchers read at random is in huge pages: a page walk costs more than the read. */
static bool allocate_rows(const struct dataset *d, struct memory *m, int64_t words)
{
	size_t train = (size_t)m->train_start[d->n_users] + 1;
	m->train_item = mem_aligned(train * sizeof *m->train_item);
	m->train_sorted = mem_aligned(train * sizeof *m->train_sorted);
	m->valid_item = mem_calloc((size_t)m->valid_start[d->n_users] + 1, sizeof *m->valid_item);
	m->test_item = mem_calloc((size_t)m->test_start[d->n_users] + 1, sizeof *m->test_item);
	m->history_item = mem_calloc((size_t)m->history_start[d->n_users] + 1, sizeof *m->history_item);
	if (d->rating)
		m->train_rating = mem_calloc(train, sizeof *m->train_rating);
	if (words > 0)
		m->seen_bits = mem_aligned(((size_t)d->n_users * (size_t)words + 1) * sizeof *m->seen_bits);
	return m->train_item && m->train_sorted && m->valid_item && m->test_item && m->history_item &&
	       (m->train_rating || !d->rating) && (m->seen_bits || words <= 0);
}

static enum err_code collect(const struct dataset *d, bool given, struct memory *m, int64_t words, struct err *e)
{
	count_rows(d, m->part, PART_TRAIN, m->train_start);
	count_rows(d, m->part, PART_VALID, m->valid_start);
	count_rows(d, m->part, PART_HISTORY, m->history_start);
	if (given)
		count_held_out(d, m->test_start);
	else
		count_rows(d, m->part, PART_TEST, m->test_start);
	if (!allocate_rows(d, m, words))
		return err_set(e, ERR_NOMEM, "no memory to split %lld interactions", (long long)d->n);
	copy_rows(d, m->part, PART_TRAIN, m->train_item, m->train_rating);
	copy_rows(d, m->part, PART_VALID, m->valid_item, NULL);
	copy_rows(d, m->part, PART_HISTORY, m->history_item, NULL);
	if (given)
		copy_held_out(d, m->test_item);
	else
		copy_rows(d, m->part, PART_TEST, m->test_item, NULL);
	sort_seen(d, m, words);
	return OK;
}

/* Words of catalogue bits a user, or 0 where they would take too much. */
static int64_t seen_words(const struct dataset *d)
{
	int64_t words = ((int64_t)d->n_items + 63) / 64;
	return words * 8 * d->n_users <= SEEN_BYTES_MAX ? words : 0;
}

enum err_code split_new(struct dataset *d, const struct split_options *o, struct split **out, struct err *e)
{
	*out = NULL;
	const struct kind *kind = find_kind(o->kind, e);
	if (!kind)
		return ERR_ARG;
	struct split *s = mem_calloc(1, sizeof *s);
	struct memory *m = mem_calloc(1, sizeof *m);
	enum err_code code;
	if (!s || !m || !allocate_starts(d, m)) {
		code = err_set(e, ERR_NOMEM, "no memory to split %lld interactions", (long long)d->n);
		goto fail;
	}
	int64_t words = seen_words(d);
	code = kind->assign(&(struct job){.d = d, .o = o, .part = m->part}, e);
	if (code == OK)
		code = collect(d, kind->assign == assign_given && d->held_out, m, words, e);
	if (code != OK)
		goto fail;
	*s = (struct split){.refs = 1, .data = dataset_ref(d), .part = m->part, .positive = o->positive};
	s->count[PART_TRAIN] = m->train_start[d->n_users];
	s->count[PART_VALID] = m->valid_start[d->n_users];
	s->count[PART_TEST] = m->test_start[d->n_users];
	s->count[PART_HISTORY] = m->history_start[d->n_users];
	s->history_start = m->history_start;
	s->history_item = m->history_item;
	s->train_start = m->train_start;
	s->train_item = m->train_item;
	s->train_rating = m->train_rating;
	s->valid_start = m->valid_start;
	s->valid_item = m->valid_item;
	s->test_start = m->test_start;
	s->test_item = m->test_item;
	s->train_sorted = m->train_sorted;
	s->seen_bits = m->seen_bits;
	s->seen_words = words;
	s->corpus = &m->corpus;
	s->owner = m;
	*out = s;
	return OK;
fail:
	if (m)
		memory_free(m);
	mem_free(s);
	return code;
}

struct split *split_ref(struct split *s)
{
	__atomic_add_fetch(&s->refs, 1, __ATOMIC_RELAXED);
	return s;
}

void split_unref(struct split *s)
{
	if (!s || __atomic_sub_fetch(&s->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	fieldset_free(s->fields);
	memory_free(s->owner);
	dataset_unref(s->data);
	mem_free(s);
}

enum err_code split_add_fields(struct split *s, const char *spec, struct err *e)
{
	CHECK(!s->fields, "the split of %s has fields already", s->data->name);
	return fieldset_new(s, spec, &s->fields, e);
}
