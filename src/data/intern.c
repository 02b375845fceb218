/* Open addressing with linear probing; slots keep 32 bits of the hash, so that a probe touches a string only where it
 * very likely matches.  The table of slots goes into the data set as it is (dataset.h, struct strindex). */
#include "data/intern.h"

#include "base/mem.h"

#include <stdbool.h>
#include <string.h>

void intern_fini(struct intern *t)
{
	mem_free(t->offset);
	mem_free(t->bytes);
	mem_free(t->slot);
	*t = (struct intern){0};
}

static struct strtab intern_view(const struct intern *t)
{
	return (struct strtab){t->n, t->offset, t->bytes};
}

int32_t intern_find(const struct intern *t, const char *bytes, size_t len)
{
	struct strtab view = intern_view(t);
	return strtab_find(&view, &(struct strindex){t->size, t->slot}, bytes, len);
}

static void slot_put(struct strslot *slot, uint32_t size, struct strslot s)
{
	uint32_t i = s.hash & (size - 1);
	while (slot[i].id >= 0)
		i = (i + 1) & (size - 1);
	slot[i] = s;
}

/* Keeps the table at most half full. */
static bool intern_widen(struct intern *t)
{
	if ((uint64_t)t->n * 2 + 2 <= t->size)
		return true;
	if (t->size > UINT32_MAX / 2)
		return false;
	uint32_t size = t->size ? t->size * 2 : 64;
	struct strslot *slot = mem_alloc((size_t)size * sizeof *slot);
	if (!slot)
		return false;
	for (uint32_t i = 0; i < size; i++)
		slot[i] = (struct strslot){0, -1};
	for (uint32_t i = 0; i < t->size; i++)
		if (t->slot[i].id >= 0)
			slot_put(slot, size, t->slot[i]);
	mem_free(t->slot);
	t->slot = slot;
	t->size = size;
	return true;
}

int32_t intern_put(struct intern *t, const char *bytes, size_t len)
{
	int32_t id = intern_find(t, bytes, len);
	if (id >= 0)
		return id;
	if (t->n >= INT32_MAX - 1 || !intern_widen(t))
		return -1;
	size_t n = (size_t)t->n, used = n ? (size_t)t->offset[n] : 0;
	if (!mem_grow(&t->offset, &t->offset_cap, n + 2, sizeof *t->offset) ||
		!mem_grow(&t->bytes, &t->bytes_cap, used + len + 1, 1))
		return -1;
	if (len)
		memcpy(t->bytes + used, bytes, len);
	t->offset[n] = (int64_t)used;
	t->offset[n + 1] = (int64_t)(used + len);
	slot_put(t->slot, t->size, (struct strslot){strtab_hash(bytes, len), t->n});
	return t->n++;
}
