/* The planted world: users, items with titles and genres, and time-stamped interactions from a known process.
 *
 *   tastes      each user is a mixture over genres (log-normal weights), drifting slowly over its events
 *   popularity  items of a genre have Zipf weights; a user never meets an item twice
 *   rules       an item is a cause, a follower or neither; every cause A has a follower B(A) and a lag of its own, and
 *               every follower one cause.  Watching A makes B the item of the event `lag` events later with
 *               probability `strength`, unless the user knows B or another follower is due at that event; a share
 *               `early` of the effects with a lag above 1 comes one event sooner.  Each caused event is written down
 *               with its cause.  Without cause followers are rare.
 *               (`early` makes "which item's removal changes the prediction most" a question with one answer: were the
 *               lag exact, then leaving out an item between A and B would move A to a lag at which B never follows,
 *               and undo the prediction as well as leaving out A.)
 *   ratings     1..5 from taste match, item quality and noise
 *
 * Streaming: user u's events are a pure function of the options (with the seed) and u: any size from 1,000 to 10^9
 * interactions, never in memory at once. */
#ifndef GUSTO_DATA_PLANTED_H
#define GUSTO_DATA_PLANTED_H

#include "data/dataset.h"

struct planted_options {
	uint64_t seed;
	int64_t interactions; /* about; users * mean length (60,000) */
	int32_t users, items; /* 0: chosen from interactions (40 events a user; the items grow with the square root) */
	int32_t genres;	      /* 1..16 (12) */
	double rules;	      /* share of items that are a cause, 0..0.5 (.4); as many are followers */
	double strength;      /* probability that a pending follower is chosen when due (.9) */
	int32_t lag;	      /* events between cause and effect: 1 = the very next; 0 = 1..3 by rule (0) */
	double early;	      /* share of effects one event before their lag, where that is above 1 (.25) */
	double drift;	      /* root-mean-square step per event of the logarithm of each taste weight (.02) */
};
void planted_defaults(struct planted_options *o);

struct planted;
enum err_code planted_new(const struct planted_options *o, struct planted **out, struct err *e);
void planted_free(struct planted *w);
int32_t planted_users(const struct planted *w);
int32_t planted_items(const struct planted *w);

struct planted_event {
	int32_t item;
	int32_t cause; /* index in this user's history of the event that caused this one, or -1 */
	float rating;
	int64_t time;
};
/* The events of one user, oldest first; returns the number (at most max: the oldest ones).  Any thread. */
int32_t planted_user(const struct planted *w, int32_t user, struct planted_event *out, int32_t max);
int32_t planted_length(const struct planted *w, int32_t user); /* number of events of one user */
int32_t planted_max_length(const struct planted *w);
/* Title ("The Silent Harbour (1987)", unique) and genre of an item. */
void planted_title(const struct planted *w, int32_t item, char *buf, size_t size);
const char *planted_genre(const struct planted *w, int32_t item);
/* The rule: follower of an item and its lag, or -1. */
int32_t planted_follower(const struct planted *w, int32_t item, int32_t *lag);

/* The world as a data set with title and genres columns.  Dense ids are the world's own: user u and item i there are user u and
 * item i here, and row start[u] + k is event k of planted_user. */
enum err_code planted_dataset(const struct planted_options *o, struct dataset **out, struct err *e);
/* The same, streamed into the cache file `path` and mapped from there: what is held in memory are the users' and items' names. */
enum err_code planted_cached(const struct planted_options *o, const char *path, struct dataset **out, struct err *e);
/* What the file depends on, for cache_path. */
void planted_recipe(const struct planted_options *o, char *buf, size_t size);

#endif
