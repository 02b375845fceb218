/* The process, event by event, of one user:
 *
 *   1. one taste weight is multiplied or divided by exp(drift * sqrt(genres)): seen over all genres, every log weight
 *      does a random walk with steps of root mean square `drift`;
 *   2. if a follower is due at this event and still unknown to the user, it is chosen;
 *   3. else a genre is drawn from the taste, an item from that genre's alias table, again where it is known;
 *   4. if the item is a cause, then with probability `strength` its follower is put into the slot `lag` events ahead,
 *      or one less, unless that slot is taken.
 *
 * Item i has genre i % genres.  Within a genre a seeded shuffle names causes, followers and neutral items, a second one
 * their popularity ranks.  Followers share FOLLOWER_MASS of their genre: enough to be seen without cause now and
 * then, too little to blur whose follower they are. */
#include "data/planted.h"

#include "base/mem.h"
#include "base/rng.h"
#include "data/alias.h"
#include "data/planted_words.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define ZIPF 0.7
#define FOLLOWER_MASS 0.01
#define TASTE_SPREAD 1.2		/* standard deviation of the log weights */
#define EPOCH_START INT64_C(1577836800) /* 2020-01-01 */
#define THREE_YEARS (3 * 365 * 86400)

enum {
	MEAN_LENGTH = 40,
	MEAN_LENGTH_MAX = 400,
	LAG_MAX = 15,
	SLOTS = LAG_MAX + 1, /* ring of the events ahead */
	KNOWN_SLOTS = 2048,  /* twice the longest history */
	TRIES = 12,
};
/* Steps of the streams under RNG_PLANTED. */
enum { STREAM_USER, STREAM_ROLES, STREAM_RANKS, STREAM_RULES, STREAM_ITEM };

struct planted {
	struct planted_options o;
	double mean_length, step_up;
	struct alias genre[PLANTED_GENRES_MAX];
	int32_t *follower; /* [items] -1: none */
	uint8_t *lag;	   /* [items] */
	float *quality;	   /* [items] */
};

void planted_defaults(struct planted_options *o)
{
	*o = (struct planted_options){.seed = 1,
		.interactions = 60000,
		.genres = 12,
		.rules = .4,
		.strength = .9,
		.early = .25,
		.drift = .02};
}

static enum err_code check(const struct planted_options *o, struct err *e)
{
	if (o->interactions < 1 || o->interactions > INT64_C(100000000000))
		return err_set(
			e, ERR_ARG, "planted: interactions must be in 1..1e11, got %lld", (long long)o->interactions);
	if (o->users < 0 || o->items < 0)
		return err_set(e, ERR_ARG, "planted: users and items must be 0 (chosen) or more, got %d and %d",
			o->users, o->items);
	if (o->genres < 1 || o->genres > PLANTED_GENRES_MAX)
		return err_set(e, ERR_ARG, "planted: genres must be in 1..%d, got %d", PLANTED_GENRES_MAX, o->genres);
	if (!(o->rules >= 0 && o->rules <= .5))
		return err_set(e, ERR_ARG, "planted: rules must be in 0..0.5 (every cause needs a follower), got %g",
			o->rules);
	if (!(o->strength >= 0 && o->strength <= 1))
		return err_set(e, ERR_ARG, "planted: strength must be in 0..1, got %g", o->strength);
	if (!(o->early >= 0 && o->early <= 1))
		return err_set(e, ERR_ARG, "planted: early must be in 0..1, got %g", o->early);
	if (o->lag < 0 || o->lag > LAG_MAX)
		return err_set(e, ERR_ARG, "planted: lag must be in 0..%d, got %d", LAG_MAX, o->lag);
	if (!(o->drift >= 0 && o->drift <= .5))
		return err_set(e, ERR_ARG, "planted: drift must be in 0..0.5, got %g", o->drift);
	return OK;
}

/* Users and items where they are left open: 60,000 interactions give 1,500 users and 600 items. */
static enum err_code choose_sizes(struct planted *w, struct err *e)
{
	struct planted_options *o = &w->o;
	if (o->users == 0) {
		int64_t users = (o->interactions + MEAN_LENGTH / 2) / MEAN_LENGTH;
		if (users > INT32_MAX)
			return err_set(e, ERR_ARG, "planted: %lld interactions need more than 2^31 users; give users",
				(long long)o->interactions);
		o->users = users < 1 ? 1 : (int32_t)users;
	}
	w->mean_length = (double)o->interactions / o->users;
	if (w->mean_length < 1 || w->mean_length > MEAN_LENGTH_MAX)
		return err_set(e, ERR_ARG, "planted: %lld interactions of %d users are %g each; 1..%d are possible",
			(long long)o->interactions, o->users, w->mean_length, MEAN_LENGTH_MAX);
	int32_t room = 2 * planted_max_length(w);
	if (o->items == 0) {
		o->items = (int32_t)lround(2.4495 * sqrt((double)o->interactions));
		o->items = o->items < room ? room : o->items;
		o->items = o->items < 4 * o->genres ? 4 * o->genres : o->items;
	}
	if (o->items < room || o->items < o->genres)
		return err_set(e, ERR_ARG,
			"planted: %d items are too few for %g events a user and %d genres; give %d or more", o->items,
			w->mean_length, o->genres, room > o->genres ? room : o->genres);
	return OK;
}

static void shuffle(int32_t *x, int32_t n, struct rng *r)
{
	for (int32_t i = n - 1; i > 0; i--) {
		int32_t j = (int32_t)rng_below(r, (uint64_t)i + 1), t = x[i];
		x[i] = x[j];
		x[j] = t;
	}
}

static int32_t genre_size(const struct planted *w, int32_t g)
{
	return (w->o.items - g + w->o.genres - 1) / w->o.genres;
}

/* Deals the roles of genre g: returns k, with the k causes first in `item`, the k followers next, the rest after. */
static int32_t deal_roles(const struct planted *w, int32_t g, int32_t *item)
{
	int32_t n = genre_size(w, g);
	struct rng r = rng_stream(w->o.seed, RNG_PLANTED, STREAM_ROLES, (uint64_t)g);
	for (int32_t i = 0; i < n; i++)
		item[i] = g + i * w->o.genres;
	shuffle(item, n, &r);
	int32_t k = (int32_t)lround(w->o.rules * n);
	return 2 * k > n ? n / 2 : k;
}

/* The alias table of genre g over its items in id order; `item` as dealt, `weight` is scratch. */
static enum err_code weigh_genre(struct planted *w, int32_t g, int32_t *item, int32_t k, double *weight, struct err *e)
{
	int32_t n = genre_size(w, g);
	for (int32_t i = k; i < 2 * k; i++)
		weight[item[i] / w->o.genres] = -1;
	for (int32_t i = 0; i < n - 2 * k; i++)
		item[k + i] = item[2 * k + i];
	struct rng r = rng_stream(w->o.seed, RNG_PLANTED, STREAM_RANKS, (uint64_t)g);
	shuffle(item, n - k, &r);
	double sum = 0;
	for (int32_t i = 0; i < n - k; i++)
		sum += weight[item[i] / w->o.genres] = pow(i + 1, -ZIPF);
	for (int32_t i = 0; i < n; i++)
		if (weight[i] < 0)
			weight[i] = sum * FOLLOWER_MASS / (1 - FOLLOWER_MASS) / k;
	return alias_init(&w->genre[g], weight, n, e);
}

static void pair_rules(struct planted *w, const int32_t *cause, int32_t *follower, int32_t n)
{
	struct rng r = rng_stream(w->o.seed, RNG_PLANTED, STREAM_RULES, 0);
	shuffle(follower, n, &r);
	for (int32_t i = 0; i < n; i++) {
		uint64_t lag = 1 + rng_below(&r, 3);
		w->follower[cause[i]] = follower[i];
		w->lag[cause[i]] = (uint8_t)(w->o.lag ? (uint64_t)w->o.lag : lag);
	}
}

static enum err_code make_items(struct planted *w, struct err *e)
{
	size_t n = (size_t)w->o.items;
	enum err_code code = OK;
	int32_t *item = mem_calloc(n, sizeof *item), *cause = mem_calloc(n, sizeof *cause);
	int32_t *follower = mem_calloc(n, sizeof *follower), rules = 0;
	double *weight = mem_calloc(n, sizeof *weight);
	w->follower = mem_calloc(n, sizeof *w->follower);
	w->lag = mem_calloc(n, sizeof *w->lag);
	w->quality = mem_calloc(n, sizeof *w->quality);
	if (!item || !cause || !follower || !weight || !w->follower || !w->lag || !w->quality) {
		code = err_set(e, ERR_NOMEM, "no memory for a planted world of %d items", w->o.items);
		goto done;
	}
	for (int32_t g = 0; g < w->o.genres && code == OK; g++) {
		int32_t k = deal_roles(w, g, item);
		memcpy(cause + rules, item, (size_t)k * sizeof *item);
		memcpy(follower + rules, item + k, (size_t)k * sizeof *item);
		rules += k;
		code = weigh_genre(w, g, item, k, weight, e);
	}
	for (size_t i = 0; i < n; i++) {
		struct rng r = rng_stream(w->o.seed, RNG_PLANTED, STREAM_ITEM, i);
		w->quality[i] = (float)(.5 * rng_normal(&r));
		w->follower[i] = -1;
	}
	pair_rules(w, cause, follower, rules);
done:
	mem_free(item);
	mem_free(cause);
	mem_free(follower);
	mem_free(weight);
	return code;
}

enum err_code planted_new(const struct planted_options *o, struct planted **out, struct err *e)
{
	*out = NULL;
	TRY(check(o, e));
	struct planted *w = mem_calloc(1, sizeof *w);
	if (!w)
		return err_set(e, ERR_NOMEM, "no memory for a planted world");
	w->o = *o;
	w->step_up = exp(o->drift * sqrt(o->genres));
	enum err_code code = choose_sizes(w, e);
	if (code == OK)
		code = make_items(w, e);
	if (code != OK) {
		planted_free(w);
		return code;
	}
	*out = w;
	return OK;
}

void planted_free(struct planted *w)
{
	if (!w)
		return;
	for (int32_t g = 0; g < w->o.genres; g++)
		alias_fini(&w->genre[g]);
	mem_free(w->follower);
	mem_free(w->lag);
	mem_free(w->quality);
	mem_free(w);
}

int32_t planted_users(const struct planted *w)
{
	return w->o.users;
}

int32_t planted_items(const struct planted *w)
{
	return w->o.items;
}

/* Lengths are mean * (0.4 + 1.8 u^2), u uniform: mean as asked, many short histories and few long ones. */
static int32_t length_at(const struct planted *w, double u)
{
	int32_t n = (int32_t)lround(w->mean_length * (.4 + 1.8 * u * u));
	return n < 1 ? 1 : n;
}

int32_t planted_length(const struct planted *w, int32_t user)
{
	struct rng r = rng_stream(w->o.seed, RNG_PLANTED, STREAM_USER, (uint64_t)user);
	return length_at(w, rng_unit(&r));
}

int32_t planted_max_length(const struct planted *w)
{
	return length_at(w, 1);
}

/* ---- one user ---- */

struct walk {
	const struct planted *w;
	struct rng r;
	double taste[PLANTED_GENRES_MAX], total;
	int32_t due[SLOTS], cause[SLOTS]; /* follower due at event t in slot t % SLOTS, or -1 */
	int32_t mask, known[KNOWN_SLOTS]; /* open addressing over the items met, -1 = free */
};

static void walk_begin(struct walk *k, const struct planted *w, int32_t length)
{
	int32_t size = 16;
	while (size < 2 * length)
		size *= 2;
	CHECK(size <= KNOWN_SLOTS, "a history of %d events", length);
	k->mask = size - 1;
	memset(k->known, -1, (size_t)size * sizeof *k->known);
	memset(k->due, -1, sizeof k->due);
	for (int32_t g = 0; g < w->o.genres; g++)
		k->taste[g] = exp(TASTE_SPREAD * rng_normal(&k->r));
}

/* The slot of an item among the known: its own or the free one it would take. */
static int32_t *known_slot(struct walk *k, int32_t item)
{
	uint32_t h = (uint32_t)item * 2654435769u;
	for (h ^= h >> 15;; h++) {
		int32_t *slot = &k->known[h & (uint32_t)k->mask];
		if (*slot < 0 || *slot == item)
			return slot;
	}
}

static void drift(struct walk *k)
{
	const struct planted *w = k->w;
	uint64_t x = rng_below(&k->r, 2 * (uint64_t)w->o.genres);
	k->taste[x >> 1] *= x & 1 ? w->step_up : 1 / w->step_up;
	k->total = 0;
	for (int32_t g = 0; g < w->o.genres; g++)
		k->total += k->taste[g];
}

static int32_t draw_genre(struct walk *k)
{
	double x = rng_unit(&k->r) * k->total;
	int32_t g = 0;
	for (; g < k->w->o.genres - 1 && x >= k->taste[g]; g++)
		x -= k->taste[g];
	return g;
}

/* An unknown item by taste and popularity.  Who has met nearly all of a genre turns to another one. */
static int32_t draw_item(struct walk *k)
{
	const struct planted *w = k->w;
	for (int32_t round = 0; round < 4; round++) {
		int32_t g = draw_genre(k);
		for (int32_t i = 0; i < TRIES; i++) {
			int32_t item = g + w->o.genres * alias_draw(&w->genre[g], &k->r);
			if (*known_slot(k, item) < 0)
				return item;
		}
	}
	int32_t item = (int32_t)rng_below(&k->r, (uint64_t)w->o.items);
	while (*known_slot(k, item) >= 0)
		item = item + 1 < w->o.items ? item + 1 : 0;
	return item;
}

static void plan_follower(struct walk *k, int32_t item, int32_t t)
{
	const struct planted *w = k->w;
	int32_t b = w->follower[item], lag = w->lag[item];
	if (b < 0 || rng_unit(&k->r) >= w->o.strength)
		return;
	if (lag > 1 && rng_unit(&k->r) < w->o.early)
		lag--;
	int32_t slot = (t + lag) % SLOTS;
	if (k->due[slot] >= 0)
		return;
	k->due[slot] = b;
	k->cause[slot] = t;
}

/* 3.2 + taste match in -1.2..1.2 + quality + noise of standard deviation .5, rounded to 1..5. */
static float rate(struct walk *k, int32_t item)
{
	const struct planted *w = k->w;
	double share = k->taste[item % w->o.genres] / k->total * w->o.genres;
	uint64_t x = rng_u64(&k->r);
	double four =
		(double)(x & 0xffff) + (double)(x >> 16 & 0xffff) + (double)(x >> 32 & 0xffff) + (double)(x >> 48);
	double noise = .5 * (four * 0x1p-16 - 2) * 1.7320508075688772;
	double v = rint(3.2 + 1.2 * (share - 1) / (share + 1) + (double)w->quality[item] + noise);
	return (float)(v < 1 ? 1 : v > 5 ? 5 : v);
}

int32_t planted_user(const struct planted *w, int32_t user, struct planted_event *out, int32_t max)
{
	struct walk k = {.w = w, .r = rng_stream(w->o.seed, RNG_PLANTED, STREAM_USER, (uint64_t)user)};
	int32_t length = length_at(w, rng_unit(&k.r));
	int64_t time = EPOCH_START + (int64_t)rng_below(&k.r, THREE_YEARS);
	walk_begin(&k, w, length);
	int32_t n = length < max ? length : max;
	for (int32_t t = 0; t < n; t++) {
		drift(&k);
		int32_t slot = t % SLOTS, item = k.due[slot], cause = k.cause[slot];
		k.due[slot] = -1;
		if (item < 0 || *known_slot(&k, item) >= 0) {
			item = draw_item(&k);
			cause = -1;
		}
		*known_slot(&k, item) = item;
		plan_follower(&k, item, t);
		/* Mostly the same evening, sometimes days later. */
		double u = rng_unit(&k.r);
		time += 600 + (int64_t)(4 * 86400 * u * u * u * u);
		out[t] = (struct planted_event){.item = item, .cause = cause, .rating = rate(&k, item), .time = time};
	}
	return n;
}

/* ---- names ---- */

void planted_title(const struct planted *w, int32_t item, char *buf, size_t size)
{
	struct rng r = rng_stream(w->o.seed, RNG_PLANTED, STREAM_ITEM, (uint64_t)item + (UINT64_C(1) << 32));
	double u = rng_unit(&r);
	words_title(item % w->o.genres, item / w->o.genres, 2024 - (int)(90 * u * u), buf, size);
}

const char *planted_genre(const struct planted *w, int32_t item)
{
	return words_genre(item % w->o.genres);
}

int32_t planted_follower(const struct planted *w, int32_t item, int32_t *lag)
{
	if (lag)
		*lag = w->lag[item];
	return w->follower[item];
}
