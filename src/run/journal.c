#include "run/journal.h"

#include "base/mem.h"
#include "base/str.h"
#include "store/reader.h"

#include <stdlib.h>
#include <string.h>

static bool kind_of(const char *text, enum journal_kind *out)
{
	static const char *const names[] = {"set", "eval", "reload", "stop"};
	for (int i = 0; i < 4; i++)
		if (strcmp(text, names[i]) == 0) {
			*out = (enum journal_kind)i;
			return true;
		}
	return false;
}

bool journal_again(const char *by)
{
	return strcmp(by, JOURNAL_BY_EVAL) == 0 || strcmp(by, JOURNAL_BY_PLAN) == 0;
}

/* Moves the row's strings over. */
static void take(struct journal *j, struct tweak_row *row, int64_t stop_at)
{
	struct journal_entry *x = &j->entry[j->n];
	*x = (struct journal_entry){.step = row->step, .id = row->id};
	bool known = kind_of(row->kind, &x->kind);
	if (!known || (x->kind == JOURNAL_STOP && row->step != stop_at))
		return;
	if (x->kind == JOURNAL_SET && row->by && journal_again(row->by))
		return;
	x->together = x->kind == JOURNAL_SET && row->answer && str_starts(row->answer, JOURNAL_TOGETHER);
	x->name = row->name;
	x->value = row->new_value;
	x->by = row->by;
	row->name = row->new_value = row->by = NULL;
	j->n++;
}

static int in_order(const void *a, const void *b)
{
	const struct journal_entry *x = a, *y = b;
	if (x->step != y->step)
		return x->step < y->step ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

enum err_code journal_load(const char *run_dir, int64_t stop_at, struct journal *out, struct err *e)
{
	struct reader_db *db = NULL;
	struct tweak_row *rows = NULL;
	size_t n = 0;
	*out = (struct journal){0};
	enum err_code rc = reader_open(run_dir, &db, e);
	if (rc == OK)
		rc = reader_tweaks(db, 0, &rows, &n, e);
	if (rc == OK) {
		out->entry = mem_calloc(n + 1, sizeof *out->entry);
		if (!out->entry)
			rc = err_set(e, ERR_NOMEM, "no memory for the journal of %s", run_dir);
	}
	for (size_t i = 0; rc == OK && i < n; i++)
		take(out, &rows[i], stop_at);
	if (rc == OK && out->n)
		qsort(out->entry, out->n, sizeof *out->entry, in_order);
	reader_tweaks_free(rows, n);
	reader_close(db);
	return rc;
}

void journal_free(struct journal *j)
{
	for (size_t i = 0; i < j->n; i++) {
		mem_free(j->entry[i].name);
		mem_free(j->entry[i].value);
		mem_free(j->entry[i].by);
	}
	mem_free(j->entry);
	*j = (struct journal){0};
}

void journal_seek(struct journal *j, int64_t step, int64_t done)
{
	for (j->next = 0; j->next < j->n; j->next++) {
		const struct journal_entry *x = &j->entry[j->next];
		if (x->step > step || (x->step == step && done-- <= 0))
			return;
	}
}

const struct journal_entry *journal_due(struct journal *j, int64_t step, size_t *n)
{
	if (j->next == j->n || j->entry[j->next].step > step)
		return NULL;
	const struct journal_entry *first = &j->entry[j->next];
	*n = 1;
	while (j->next + *n < j->n && first[*n].together && first[*n].step == first->step)
		++*n;
	j->next += *n;
	return first;
}
