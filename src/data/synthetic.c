#include "data/synthetic.h"

#include "base/mem.h"
#include "base/rng.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

bool synthetic_shape(const char *name, struct synthetic_options *o)
{
	static const struct {
		const char *name;
		struct synthetic_options o;
	} shapes[] = {
		{"ml1m", {1, 6040, 3706, 1000209, 96, 20, 2314, 1.9, 180, true}},
		{"beauty", {1, 22363, 12101, 198502, 6, 5, 200, 1.0, 40, false}},
		{"ml20m", {1, 20000, 20108, 1460000, 37, 5, 2000, 1.2, 100, false}},
		{"rsc15", {1, 20000, 37200, 1020000, 51, 51, 51, 1.0, 5, false, .groups = 400, .repeats = true}},
		{"catalogue", {1, 4000, 10000, 160000, 38, 31, 60, 1.0, 10, false, .repeats = true}},
		{"big", {1, 200000, 100000, 4000000, 10, 3, 1000, 1.05, 50, false}},
	};
	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
		if (strcmp(name, shapes[i].name) == 0) {
			*o = shapes[i].o;
			return true;
		}
	return false;
}

static int32_t clip(double x, int32_t low, int32_t high)
{
	return x < low ? low : x > high ? high : (int32_t)x;
}

/* Log-normal lengths within bounds, scaled by bisection so that their sum is about the wanted one. */
static void draw_lengths(const struct synthetic_options *o, double *raw, int32_t *length)
{
	double ratio = (double)o->interactions / o->users / o->median,
	       sigma = sqrt(2 * log(ratio > 1.01 ? ratio : 1.01));
	double low = 1e-3, high = 1e6;
	for (int32_t u = 0; u < o->users; u++) {
		struct rng r = rng_stream(o->seed, RNG_PLANTED, 1, (uint64_t)u);
		raw[u] = exp(sigma * rng_normal(&r));
	}
	for (int round = 0; round < 60; round++) {
		double middle = sqrt(low * high);
		int64_t sum = 0;
		for (int32_t u = 0; u < o->users; u++)
			sum += clip(raw[u] * middle, o->shortest, o->longest);
		*(sum < o->interactions ? &low : &high) = middle;
	}
	for (int32_t u = 0; u < o->users; u++)
		length[u] = clip(raw[u] * low, o->shortest, o->longest);
}

/* cumulative[r]: sum of the weights of ranks 0..r; item[r]: which item has that rank.  (With groups all have the weights of the
 * first ranks, and group g's items are item[g * size] and on.) */
static void rank_items(const struct synthetic_options *o, double *cumulative, int32_t *item)
{
	struct rng r = rng_stream(o->seed, RNG_PLANTED, 2, 0);
	double sum = 0;
	for (int32_t i = 0; i < o->items; i++) {
		cumulative[i] = sum += pow(i + o->zipf_shift, -o->zipf_exponent);
		item[i] = i;
	}
	for (int32_t i = o->items - 1; i > 0; i--) {
		int32_t j = (int32_t)rng_below(&r, (uint64_t)i + 1), t = item[i];
		item[i] = item[j];
		item[j] = t;
	}
}

static int32_t find_rank(const double *cumulative, int32_t n, double x)
{
	int32_t low = 0, high = n - 1;
	while (low < high) {
		int32_t middle = low + (high - low) / 2;
		if (cumulative[middle] > x)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static enum err_code add_user(struct builder *b, const struct synthetic_options *o, int32_t u, int32_t n,
	const double *cumulative, const int32_t *item, int32_t *seen, struct err *e)
{
	struct rng r = rng_stream(o->seed, RNG_PLANTED, 3, (uint64_t)u);
	char user[16], text[16];
	int32_t groups = o->groups > 1 ? o->groups : 1, size = o->items / groups, group = 0;
	for (int32_t k = 0; k < n && k < o->items;) {
		if (groups > 1 && k % 3 == 0)
			group = (int32_t)rng_below(&r, (uint64_t)groups);
		int32_t i = item[group * size + find_rank(cumulative, size, rng_unit(&r) * cumulative[size - 1])];
		if (seen[i] == u + 1 && !o->repeats)
			continue;
		seen[i] = u + 1;
		struct builder_row row = {.user = user, .item = text, .time = k++};
		row.user_len = (size_t)snprintf(user, sizeof user, "%d", u + 1);
		row.item_len = (size_t)snprintf(text, sizeof text, "%d", i + 1);
		row.rating = o->ratings ? (float)(1 + rng_below(&r, 5)) : NAN;
		TRY(builder_add(b, &row, e));
	}
	return OK;
}

enum err_code synthetic_dataset(
	const char *name, const struct synthetic_options *o, struct dataset **out, struct err *e)
{
	if (o->users < 1 || o->items < 1 || o->longest < o->shortest || o->longest > o->items || !(o->median > 0))
		return err_set(e, ERR_ARG,
			"synthetic data need users, items >= 1 and shortest <= longest <= items, got %d, %d, %d, %d",
			o->users, o->items, o->shortest, o->longest);
	enum err_code code = ERR_NOMEM;
	struct builder *b = builder_new(name);
	double *raw = mem_calloc((size_t)o->users, sizeof *raw),
	       *cumulative = mem_calloc((size_t)o->items, sizeof *cumulative);
	int32_t *length = mem_calloc((size_t)o->users, sizeof *length),
		*item = mem_calloc((size_t)o->items, sizeof *item);
	int32_t *seen = mem_calloc((size_t)o->items, sizeof *seen);
	if (!b || !raw || !cumulative || !length || !item || !seen) {
		err_set(e, ERR_NOMEM, "no memory for %d users and %d items", o->users, o->items);
		goto done;
	}
	draw_lengths(o, raw, length);
	rank_items(o, cumulative, item);
	code = OK;
	for (int32_t u = 0; code == OK && u < o->users; u++)
		code = add_user(b, o, u, length[u], cumulative, item, seen, e);
	if (code == OK)
		code = builder_finish(b, out, e);
done:
	builder_free(b);
	mem_free(raw);
	mem_free(cumulative);
	mem_free(length);
	mem_free(item);
	mem_free(seen);
	return code;
}
