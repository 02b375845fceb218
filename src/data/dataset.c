/* A frozen data set: ownership, look-ups, labels and the content hash.
 *
 * All arrays of a data set live in one arena (a set that was built) or in one read-only map (a set from the cache);
 * both hang from `owner` and go with the last reference.  Reference counts are atomic: trainer and Lua share sets. */
#include "data/dataset.h"

#include "base/mem.h"
#include "base/rng.h"
#include "data/text.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

struct owner {
	struct arena arena;
	void *map;
	size_t map_bytes;
};

struct dataset *dataset_new(const char *name)
{
	struct dataset *d = mem_calloc(1, sizeof *d);
	struct owner *o = mem_calloc(1, sizeof *o);
	if (!d || !o) {
		mem_free(d);
		mem_free(o);
		return NULL;
	}
	d->refs = 1;
	d->owner = o;
	snprintf(d->name, sizeof d->name, "%s", name);
	return d;
}

void *dataset_alloc(struct dataset *d, size_t bytes)
{
	struct owner *o = d->owner;
	return arena_alloc(&o->arena, bytes);
}

void dataset_own_map(struct dataset *d, void *map, size_t bytes)
{
	struct owner *o = d->owner;
	CHECK(!o->map, "the data set %s owns a map already", d->name);
	o->map = map;
	o->map_bytes = bytes;
}

void dataset_forget(const struct dataset *d)
{
	struct owner *o = d ? d->owner : NULL;
	if (o && o->map)
		(void)madvise(o->map, o->map_bytes, MADV_DONTNEED);
}

struct dataset *dataset_ref(struct dataset *d)
{
	__atomic_add_fetch(&d->refs, 1, __ATOMIC_RELAXED);
	return d;
}

void dataset_unref(struct dataset *d)
{
	if (!d || __atomic_sub_fetch(&d->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	struct owner *o = d->owner;
	if (o->map)
		munmap(o->map, o->map_bytes);
	arena_free(&o->arena);
	mem_free(o);
	mem_free(d);
}

/* ---- strings ---- */

static void hash_lanes(uint64_t lane[4], const unsigned char *p, size_t n)
{
	uint64_t w;
	for (; n >= 32; n -= 32)
		for (int k = 0; k < 4; k++, p += 8) {
			memcpy(&w, p, 8);
			lane[k] = (lane[k] ^ w) * RNG_WEYL;
			lane[k] ^= lane[k] >> 29;
		}
}

/* Four independent lanes of 8 bytes for long inputs, so that the multiplications overlap; the tail in 8-byte steps.  An array of a
 * map that is longer than a window is let go of window by window. */
static uint64_t hash_array(const struct dataset *d, uint64_t h, const void *data, size_t n)
{
	const unsigned char *p = data;
	uint64_t w;
	h ^= (uint64_t)n * RNG_WEYL;
	if (n >= 32) {
		uint64_t lane[4] = {h, h ^ 1, h ^ 2, h ^ 3};
		while (n >= 32) {
			size_t piece = n < DATASET_WINDOW ? n / 32 * 32 : DATASET_WINDOW;
			hash_lanes(lane, p, piece);
			p += piece;
			n -= piece;
			if (piece == DATASET_WINDOW)
				dataset_forget(d);
		}
		h = rng_mix(lane[0]) ^ rng_mix(lane[1] + 1) ^ rng_mix(lane[2] + 2) ^ rng_mix(lane[3] + 3);
	}
	for (; n >= 8; n -= 8, p += 8) {
		memcpy(&w, p, 8);
		h = rng_mix(h ^ w);
	}
	if (n) {
		w = 0;
		memcpy(&w, p, n);
		h = rng_mix(h ^ w);
	}
	return h;
}

static uint64_t hash_bytes(uint64_t h, const void *data, size_t n)
{
	return hash_array(NULL, h, data, n);
}

uint32_t strtab_hash(const char *bytes, size_t len)
{
	return (uint32_t)hash_bytes(0, bytes, len);
}

size_t strtab_get(const struct strtab *t, int32_t i, const char **bytes)
{
	*bytes = t->bytes + t->offset[i];
	return (size_t)(t->offset[i + 1] - t->offset[i]);
}

int32_t strtab_find(const struct strtab *t, const struct strindex *x, const char *bytes, size_t len)
{
	if (x->size == 0)
		return -1;
	uint32_t h = strtab_hash(bytes, len), mask = x->size - 1;
	for (uint32_t i = h & mask; x->slot[i].id >= 0; i = (i + 1) & mask) {
		if (x->slot[i].hash != h)
			continue;
		const char *s;
		size_t n = strtab_get(t, x->slot[i].id, &s);
		if (n == len && (len == 0 || memcmp(s, bytes, len) == 0))
			return x->slot[i].id;
	}
	return -1;
}

int32_t dataset_find_user(const struct dataset *d, const char *id)
{
	return strtab_find(&d->users, &d->user_index, id, strlen(id));
}

int32_t dataset_find_item(const struct dataset *d, const char *id)
{
	return strtab_find(&d->items, &d->item_index, id, strlen(id));
}

char *strtab_copy(const struct strtab *t, int32_t i, char *buf, size_t size)
{
	CHECK(size > 0, "strtab_copy needs room");
	size_t n = 0;
	if (i >= 0 && i < t->n) {
		const char *s;
		n = strtab_get(t, i, &s);
		n = n < size ? n : size - 1;
		if (n)
			memcpy(buf, s, n);
	}
	buf[n] = '\0';
	return buf;
}

/* ---- columns and labels ---- */

static const struct column *find_column(const struct column *c, int n, const char *name)
{
	for (int i = 0; i < n; i++)
		if (strcmp(c[i].name, name) == 0)
			return &c[i];
	return NULL;
}

const struct column *dataset_item_column(const struct dataset *d, const char *name)
{
	return find_column(d->item_columns, d->n_item_columns, name);
}

const struct column *dataset_user_column(const struct dataset *d, const char *name)
{
	return find_column(d->user_columns, d->n_user_columns, name);
}

const struct row_column *dataset_row_column(const struct dataset *d, const char *name)
{
	for (int i = 0; i < d->n_row_columns; i++)
		if (strcmp(d->row_columns[i].name, name) == 0)
			return &d->row_columns[i];
	return NULL;
}

char *dataset_item_label(const struct dataset *d, int32_t item, char *buf, size_t size)
{
	CHECK(size > 0, "dataset_item_label needs room");
	buf[0] = '\0';
	if (item < 0 || item >= d->n_items)
		return buf;
	const struct column *title = dataset_item_column(d, "title");
	const char *s = NULL;
	size_t n = 0;
	if (title && title->type != COLUMN_REAL)
		n = strtab_get(&title->text, item, &s);
	if (n == 0)
		n = strtab_get(&d->items, item, &s);
	return text_clean(s, n, buf, size);
}

void dataset_popularity(const struct dataset *d, const bool *keep, int64_t *count)
{
	memset(count, 0, (size_t)d->n_items * sizeof *count);
	for (int64_t i = 0; i < d->n; i++)
		count[d->item[i]] += !keep || keep[i];
}

/* ---- content hash ---- */

static uint64_t hash_strtab(const struct dataset *d, uint64_t h, const struct strtab *t)
{
	h = hash_array(d, h, t->offset, ((size_t)t->n + 1) * sizeof *t->offset);
	return hash_array(d, h, t->bytes, (size_t)t->offset[t->n]);
}

static uint64_t hash_columns(const struct dataset *d, uint64_t h, const struct column *c, int n, int32_t rows)
{
	for (int i = 0; i < n; i++) {
		h = hash_bytes(h, c[i].name, strlen(c[i].name));
		h = rng_mix(h ^ (uint64_t)c[i].type);
		if (c[i].type == COLUMN_REAL)
			h = hash_array(d, h, c[i].real, (size_t)rows * sizeof *c[i].real);
		else
			h = hash_strtab(d, h, &c[i].text);
	}
	return h;
}

static uint64_t hash_row_columns(uint64_t h, const struct dataset *d)
{
	size_t n = (size_t)d->n;
	for (int i = 0; i < d->n_row_columns; i++) {
		const struct row_column *c = &d->row_columns[i];
		h = hash_bytes(h, c->name, strlen(c->name));
		h = rng_mix(h ^ (uint64_t)c->type);
		if (c->type == COLUMN_REAL)
			h = hash_array(d, h, c->real, n * sizeof *c->real);
		else
			h = hash_strtab(d, h, &c->words);
		if (c->first)
			h = hash_array(d, h, c->first, (n + 1) * sizeof *c->first);
		if (c->code)
			h = hash_array(d, h, c->code, (c->first ? (size_t)c->first[n] : n) * sizeof *c->code);
	}
	return h;
}

static uint64_t hash_optional(const struct dataset *d, uint64_t h, const void *p, size_t bytes)
{
	return p ? hash_array(d, h, p, bytes) : rng_mix(h);
}

uint64_t dataset_content_hash(const struct dataset *d)
{
	size_t users = (size_t)d->n_users, n = (size_t)d->n;
	uint64_t size[3] = {(uint64_t)d->n_users, (uint64_t)d->n_items, (uint64_t)d->n};
	uint64_t h = hash_bytes(0, size, sizeof size);
	h = hash_array(d, h, d->start, (users + 1) * sizeof *d->start);
	h = hash_array(d, h, d->item, n * sizeof *d->item);
	h = hash_optional(d, h, d->rating, n * sizeof *d->rating);
	h = hash_optional(d, h, d->time, n * sizeof *d->time);
	h = hash_optional(d, h, d->part, n * sizeof *d->part);
	h = hash_strtab(d, h, &d->users);
	h = hash_strtab(d, h, &d->items);
	h = hash_columns(d, h, d->user_columns, d->n_user_columns, d->n_users);
	h = hash_columns(d, h, d->item_columns, d->n_item_columns, d->n_items);
	h = hash_row_columns(h, d);
	h = hash_optional(d, h, d->candidate_start, (users + 1) * sizeof *d->candidate_start);
	if (d->candidate_start)
		h = hash_array(d, h, d->candidate, (size_t)d->candidate_start[users] * sizeof *d->candidate);
	return hash_optional(d, h, d->held_out, users * sizeof *d->held_out);
}
