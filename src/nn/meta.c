/* Key-value strings of a checkpoint. */
#include "nn/checkpoint.h"

#include "base/mem.h"

#include <string.h>

static struct meta_entry *find(const struct meta *m, const char *key)
{
	for (size_t i = 0; i < m->n; i++)
		if (strcmp(m->row[i].key, key) == 0)
			return &m->row[i];
	return NULL;
}

enum err_code meta_set(struct meta *m, const char *key, const char *value, struct err *e)
{
	struct meta_entry *old = find(m, key);
	char *k = old ? NULL : mem_strdup(key), *v = mem_strdup(value);
	if (!v || (!old && (!k || !mem_grow(&m->row, &m->cap, m->n + 1, sizeof *m->row)))) {
		mem_free(k);
		mem_free(v);
		return err_set(e, ERR_NOMEM, "no memory for the checkpoint entry '%s'", key);
	}
	if (old) {
		mem_free(old->value);
		old->value = v;
	} else {
		m->row[m->n++] = (struct meta_entry){k, v};
	}
	return OK;
}

const char *meta_get(const struct meta *m, const char *key)
{
	const struct meta_entry *row = find(m, key);
	return row ? row->value : NULL;
}

void meta_free(struct meta *m)
{
	for (size_t i = 0; i < m->n; i++) {
		mem_free(m->row[i].key);
		mem_free(m->row[i].value);
	}
	mem_free(m->row);
	*m = (struct meta){0};
}
