/* Slot t % (frames + 1) holds frame t.  The newest slot has only what is seen; its action comes with the next push. */
#include "rl/buffer.h"

#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum field {
	OBSERVATION,
	CANDIDATE,
	FEATURE,
	HISTORY,
	SEEN, /* columns below are what is seen */
	ACTION = SEEN,
	ITEM,
	VECTOR,
	CHOSEN,
	REWARD,
	GOING, /* 1, 0 where the episode ended */
	PROPENSITY,
	VALUE, /* NaN until the episode has ended */
	COLUMNS,
};
enum { TRIES = 64, AHEAD = 4, LINE = 64 };

static const struct {
	const char *name, *next;
	enum field_type type;
} info[COLUMNS] = {
	[OBSERVATION] = {"observation", "next_observation", FIELD_REAL},
	[CANDIDATE] = {"candidate", "next_candidate", FIELD_INT},
	[FEATURE] = {"feature", "next_feature", FIELD_REAL},
	[HISTORY] = {"history", "next_history", FIELD_INT},
	[ACTION] = {"action", NULL, FIELD_INT},
	[ITEM] = {"item", NULL, FIELD_INT},
	[VECTOR] = {"action", NULL, FIELD_REAL},
	[CHOSEN] = {"chosen", NULL, FIELD_INT},
	[REWARD] = {"reward", NULL, FIELD_REAL},
	[GOING] = {"discount", NULL, FIELD_REAL},
	[PROPENSITY] = {"propensity", NULL, FIELD_REAL},
	[VALUE] = {"value", NULL, FIELD_REAL},
};

struct buffer {
	int32_t users, slots; /* slots = frames + 1 */
	bool values, fixed;
	int32_t items;
	int32_t width[COLUMNS];
	void *column[COLUMNS]; /* [slots, users, width], [1, 1, width] where fixed */
	int64_t *pushed;       /* one number, so that it is a block */
};

struct buffer_room {
	int32_t batch;
	void *now[COLUMNS], *next[SEEN];
	int64_t *place; /* [batch] drawn */
};

static size_t size_of(enum field c)
{
	return info[c].type == FIELD_INT ? sizeof(int32_t) : sizeof(real);
}

static bool is_fixed(const struct buffer *b, enum field c)
{
	return b->fixed && (c == CANDIDATE || c == FEATURE);
}

static size_t bytes_of(const struct buffer *b, enum field c)
{
	size_t rows = is_fixed(b, c) ? 1 : (size_t)b->slots * (size_t)b->users;
	return rows * (size_t)b->width[c] * size_of(c);
}

static void set_widths(struct buffer *b, const struct env_spec *s)
{
	const int32_t width[COLUMNS] = {[OBSERVATION] = s->observation,
		[CANDIDATE] = s->candidates,
		[FEATURE] = s->candidates * s->features,
		[HISTORY] = s->history,
		[ACTION] = s->slate,
		[ITEM] = s->slate,
		[VECTOR] = s->vector,
		[CHOSEN] = s->slate ? 1 : 0,
		[REWARD] = 1,
		[GOING] = 1,
		[PROPENSITY] = 1,
		[VALUE] = b->values ? 1 : 0};
	memcpy(b->width, width, sizeof width);
	b->items = s->items;
}

enum err_code buffer_new(const struct env_spec *s, const struct buffer_options *o, struct buffer **out, struct err *e)
{
	struct buffer *b = mem_calloc(1, sizeof *b);
	*out = NULL;
	bool ok = b && (b->pushed = mem_calloc(1, sizeof *b->pushed));
	if (b) {
		b->users = s->users;
		b->slots = o->frames + 1;
		b->values = o->values;
		b->fixed = s->fixed;
		set_widths(b, s);
	}
	for (int c = 0; ok && c < COLUMNS; c++)
		ok = b->width[c] == 0 || (b->column[c] = mem_aligned(bytes_of(b, (enum field)c)));
	if (!ok) {
		buffer_free(b);
		return err_set(e, ERR_NOMEM,
			"no memory for a replay buffer of %d steps of %d users; set a smaller capacity", o->frames,
			s->users);
	}
	*out = b;
	return OK;
}

void buffer_free(struct buffer *b)
{
	if (!b)
		return;
	for (int c = 0; c < COLUMNS; c++)
		mem_aligned_free(b->column[c]);
	mem_free(b->pushed);
	mem_free(b);
}

/* Column c of user u in frame t. */
static void *at(const struct buffer *b, enum field c, int64_t t, int32_t u)
{
	int64_t row = is_fixed(b, c) ? 0 : t % b->slots * b->users + u;
	return (char *)b->column[c] + (size_t)row * (size_t)b->width[c] * size_of(c);
}

static real *number(const struct buffer *b, enum field c, int64_t t, int32_t u)
{
	return at(b, c, t, u);
}

/* ---- pushing ---- */

static void put_seen(struct buffer *b, const struct env *env, int64_t t)
{
	const void *from[SEEN] = {env->observation, env->candidate, env->feature, env->history};
	for (int c = 0; c < SEEN; c++) {
		size_t rows = is_fixed(b, (enum field)c) ? 1 : (size_t)b->users;
		if (b->width[c])
			memcpy(at(b, (enum field)c, t, 0), from[c],
				rows * (size_t)b->width[c] * size_of((enum field)c));
	}
}

void buffer_begin(struct buffer *b, const struct env *env)
{
	put_seen(b, env, 0);
}

/* Frames that can be drawn begin here. */
static int64_t oldest(const struct buffer *b)
{
	return *b->pushed > b->slots - 1 ? *b->pushed - (b->slots - 1) : 0;
}

/* The episode of user u ended with frame `last`: returns back to its beginning. */
static void put_values(struct buffer *b, int32_t u, int64_t last, double gamma)
{
	double value = 0;
	int64_t first = *b->pushed + 1 > b->slots - 1 ? *b->pushed + 1 - (b->slots - 1) : 0;
	for (int64_t t = last; t >= first; t--) {
		if (t < last && *number(b, GOING, t, u) == 0)
			break;
		value = (double)*number(b, REWARD, t, u) + gamma * value;
		*number(b, VALUE, t, u) = (real)value;
	}
}

static real propensity_of(
	const struct buffer *b, const int32_t *slate, const real *propensity, int32_t u, int32_t chosen)
{
	int32_t k = b->width[ACTION];
	if (!slate || k == 0)
		return propensity[u];
	for (int32_t j = 0; j < k; j++)
		if (slate[(int64_t)u * k + j] == chosen)
			return propensity[(int64_t)u * k + j];
	return propensity[(int64_t)u * k];
}

/* The items of a slate, while their candidates are those that were seen. */
static void put_items(struct buffer *b, int64_t t, const int32_t *slate)
{
	int32_t k = b->width[ACTION];
	for (int32_t u = 0; u < b->users; u++) {
		const int32_t *candidate = at(b, CANDIDATE, t, u);
		int32_t *item = at(b, ITEM, t, u);
		for (int32_t j = 0; j < k; j++)
			item[j] = candidate[slate[(int64_t)u * k + j]];
	}
}

void buffer_push(struct buffer *b, const struct env *env, const int32_t *slate, const real *vector,
	const real *propensity, double gamma)
{
	int64_t t = *b->pushed;
	if (slate)
		memcpy(at(b, ACTION, t, 0), slate, (size_t)b->users * (size_t)b->width[ACTION] * sizeof *slate);
	if (slate)
		put_items(b, t, slate);
	if (vector)
		memcpy(at(b, VECTOR, t, 0), vector, (size_t)b->users * (size_t)b->width[VECTOR] * sizeof *vector);
	for (int32_t u = 0; u < b->users; u++) {
		const struct outcome *o = &env->outcome[u];
		if (b->width[CHOSEN])
			*(int32_t *)at(b, CHOSEN, t, u) = o->chosen;
		*number(b, REWARD, t, u) = (real)o->reward;
		*number(b, GOING, t, u) = !o->done;
		*number(b, PROPENSITY, t, u) = propensity ? propensity_of(b, slate, propensity, u, o->chosen) : 1;
		if (b->values)
			*number(b, VALUE, t, u) = (real)NAN;
		if (b->values && o->done)
			put_values(b, u, t, gamma);
	}
	put_seen(b, env, t + 1);
	++*b->pushed;
}

int64_t buffer_frames(const struct buffer *b)
{
	return *b->pushed;
}

static bool can_draw(const struct buffer *b, int64_t t, int32_t u)
{
	return !b->values || !isnan((double)*number(b, VALUE, t, u));
}

bool buffer_ready(const struct buffer *b)
{
	for (int64_t t = oldest(b); t < *b->pushed; t++)
		for (int32_t u = 0; u < b->users; u++)
			if (can_draw(b, t, u))
				return true;
	return false;
}

/* ---- drawing ---- */

static void add_field(struct batch *out, const char *name, enum field_type type, int32_t width, int32_t below)
{
	struct field_spec *f = &out->spec[out->nfields++];
	*f = (struct field_spec){.type = type, .axis = AXIS_EXAMPLE, .width = width, .below = below};
	snprintf(f->name, sizeof f->name, "%s", name);
}

static int32_t below(const struct buffer *b, enum field c)
{
	return c == ACTION || c == CHOSEN ? b->width[CANDIDATE] : info[c].type == FIELD_INT ? b->items : 0;
}

static void signature(const struct buffer *b, struct batch *out)
{
	*out = (struct batch){0};
	for (int c = 0; c < COLUMNS; c++)
		if (b->width[c])
			add_field(out, info[c].name, info[c].type, b->width[c], below(b, (enum field)c));
	for (int c = 0; c < SEEN; c++)
		if (b->width[c])
			add_field(out, info[c].next, info[c].type, b->width[c], below(b, (enum field)c));
}

void transitions_signature(const struct env_spec *s, bool values, struct batch *out)
{
	struct buffer b = {.values = values};
	set_widths(&b, s);
	signature(&b, out);
}

enum err_code buffer_room_new(const struct buffer *b, int32_t batch, struct buffer_room **out, struct err *e)
{
	struct buffer_room *r = mem_calloc(1, sizeof *r);
	bool ok = r && (r->place = mem_calloc((size_t)batch + 1, sizeof *r->place));
	*out = NULL;
	for (int c = 0; ok && c < COLUMNS; c++) {
		size_t bytes = (size_t)batch * (size_t)b->width[c] * size_of((enum field)c);
		ok = !bytes || (r->now[c] = mem_aligned(bytes));
		if (ok && bytes && c < SEEN)
			ok = (r->next[c] = mem_aligned(bytes));
	}
	if (!ok) {
		buffer_room_free(r);
		return err_set(e, ERR_NOMEM, "no memory for batches of %d transitions", batch);
	}
	r->batch = batch;
	*out = r;
	return OK;
}

void buffer_room_free(struct buffer_room *r)
{
	if (!r)
		return;
	for (int c = 0; c < COLUMNS; c++)
		mem_aligned_free(r->now[c]);
	for (int c = 0; c < SEEN; c++)
		mem_aligned_free(r->next[c]);
	mem_free(r->place);
	mem_free(r);
}

static void copy_row(const struct buffer *b, struct buffer_room *r, int32_t i, int64_t t, int32_t u, struct reading how)
{
	for (int c = 0; c < COLUMNS; c++) {
		size_t bytes = (size_t)b->width[c] * size_of((enum field)c);
		if (bytes)
			memcpy((char *)r->now[c] + (size_t)i * bytes, at(b, (enum field)c, t, u), bytes);
		if (bytes && c < SEEN)
			memcpy((char *)r->next[c] + (size_t)i * bytes, at(b, (enum field)c, t + 1, u), bytes);
	}
	((real *)r->now[GOING])[i] *= (real)how.gamma;
	((real *)r->now[REWARD])[i] *= (real)how.scale;
	if (b->values)
		((real *)r->now[VALUE])[i] *= (real)how.scale;
}

static void prefetch_row(const struct buffer *b, int64_t t, int32_t u)
{
	for (int c = 0; c < COLUMNS; c++) {
		size_t bytes = (size_t)b->width[c] * size_of((enum field)c);
		const char *now = at(b, (enum field)c, t, u), *next = at(b, (enum field)c, t + 1, u);
		for (size_t k = 0; k < bytes + LINE - 1; k += LINE) {
			__builtin_prefetch(now + k);
			if (c < SEEN)
				__builtin_prefetch(next + k);
		}
	}
}

static void bind(const struct buffer *b, const struct buffer_room *r, int32_t n, struct batch *out)
{
	int k = 0;
	signature(b, out);
	out->examples = n;
	for (int c = 0; c < COLUMNS; c++)
		if (b->width[c])
			out->column[k++] = r->now[c];
	for (int c = 0; c < SEEN; c++)
		if (b->width[c])
			out->column[k++] = r->next[c];
}

/* A place that can be drawn: tried at random, then the next one from the last try on. */
static int64_t find(const struct buffer *b, struct rng *r, int64_t first, int64_t places)
{
	int64_t p = 0;
	for (int i = 0; i < TRIES; i++) {
		p = (int64_t)rng_below(r, (uint64_t)places);
		if (can_draw(b, first + p / b->users, (int32_t)(p % b->users)))
			return p;
	}
	for (int64_t i = 0; i < places; i++, p = (p + 1) % places)
		if (can_draw(b, first + p / b->users, (int32_t)(p % b->users)))
			return p;
	return p;
}

void buffer_draw(const struct buffer *b, struct buffer_room *r, int32_t n, uint64_t seed, uint64_t step,
	struct reading how, struct batch *out)
{
	int64_t first = oldest(b), places = (*b->pushed - first) * b->users;
	CHECK(n <= r->batch && places > 0, "%d transitions of %lld", n, (long long)places);
	for (int32_t i = 0; i < n + AHEAD; i++) {
		if (i < n) {
			struct rng draws = rng_stream(seed, RNG_REPLAY, step, (uint64_t)i);
			r->place[i] = find(b, &draws, first, places);
			prefetch_row(b, first + r->place[i] / b->users, (int32_t)(r->place[i] % b->users));
		}
		int64_t p = i >= AHEAD ? r->place[i - AHEAD] : 0;
		if (i >= AHEAD)
			copy_row(b, r, i - AHEAD, first + p / b->users, (int32_t)(p % b->users), how);
	}
	bind(b, r, n, out);
}

void buffer_last(const struct buffer *b, struct buffer_room *r, struct reading how, struct batch *out)
{
	CHECK(r->batch >= b->users && *b->pushed > 0, "there is no last frame");
	for (int32_t u = 0; u < b->users; u++)
		copy_row(b, r, u, *b->pushed - 1, u, how);
	bind(b, r, b->users, out);
}

int buffer_blocks(struct buffer *b, struct env_block *out)
{
	int n = 0;
	out[n++] = (struct env_block){"pushed", b->pushed, sizeof *b->pushed};
	for (int c = 0; c < COLUMNS; c++)
		if (b->width[c]) {
			snprintf(out[n].name, sizeof out[n].name, "%d %s", c, info[c].name);
			out[n].data = b->column[c];
			out[n++].bytes = bytes_of(b, (enum field)c);
		}
	return n;
}
