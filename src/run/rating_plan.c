#include "run/rating_plan.h"

#include "base/mem.h"

#include <string.h>

/* The targets of the users, in order. */
struct targets {
	const int32_t *users, *item;
	const int64_t *start;
	int32_t n_users, n_items;
};

void rating_plan_fini(struct rating_plan *p)
{
	mem_free(p->of_user);
	mem_free(p->example);
	mem_free(p->query);
	mem_free(p->start);
	mem_free(p->place);
	mem_free(p->predicted);
}

static enum err_code reserve(struct rating_plan *p, const struct targets *t, bool by_item, struct err *e)
{
	for (int32_t i = 0; i < t->n_users; i++)
		p->targets += t->start[t->users[i] + 1] - t->start[t->users[i]];
	size_t examples = (size_t)(by_item ? t->n_items : t->n_users) + 1, n = (size_t)p->targets + 1;
	p->of_user = mem_calloc((size_t)t->n_users + 1, sizeof *p->of_user);
	p->example = mem_calloc(examples, sizeof *p->example);
	p->start = mem_calloc(examples, sizeof *p->start);
	p->query = mem_calloc(n, sizeof *p->query);
	p->place = mem_calloc(n, sizeof *p->place);
	p->predicted = mem_calloc(n, sizeof *p->predicted);
	if (p->of_user && p->example && p->start && p->query && p->place && p->predicted)
		return OK;
	return err_set(e, ERR_NOMEM, "no memory for %lld ratings", (long long)p->targets);
}

static void count_users(struct rating_plan *p, const struct targets *t)
{
	for (int32_t i = 0; i < t->n_users; i++)
		p->of_user[i + 1] = p->of_user[i] + t->start[t->users[i] + 1] - t->start[t->users[i]];
}

static void fill_by_user(struct rating_plan *p, const struct targets *t)
{
	p->examples = t->n_users;
	memcpy(p->example, t->users, (size_t)t->n_users * sizeof *p->example);
	memcpy(p->start, p->of_user, ((size_t)t->n_users + 1) * sizeof *p->start);
	for (int32_t i = 0; i < t->n_users; i++)
		memcpy(p->query + p->start[i], t->item + t->start[t->users[i]],
			(size_t)(p->start[i + 1] - p->start[i]) * sizeof *p->query);
	for (int64_t n = 0; n < p->targets; n++)
		p->place[n] = n;
}

/* Leaves in start[i] where item i begins. */
static void count_items(struct rating_plan *p, const struct targets *t)
{
	int64_t before = 0;
	for (int32_t i = 0; i < t->n_users; i++)
		for (int64_t k = t->start[t->users[i]]; k < t->start[t->users[i] + 1]; k++)
			p->start[t->item[k]]++;
	for (int32_t i = 0; i <= t->n_items; i++) {
		int64_t count = p->start[i];
		p->start[i] = before;
		before += count;
	}
}

/* Items without targets need no example. */
static void drop_empty(struct rating_plan *p, int32_t n_items)
{
	for (int32_t i = 0; i < n_items; i++)
		if (p->start[i + 1] > p->start[i]) {
			p->example[p->examples++] = i;
			p->start[p->examples] = p->start[i + 1];
		}
}

/* A counting sort by item, stable in the users; after it start[i] is where item i + 1 begins. */
static void fill_by_item(struct rating_plan *p, const struct targets *t)
{
	count_items(p, t);
	int64_t n = 0;
	for (int32_t i = 0; i < t->n_users; i++)
		for (int64_t k = t->start[t->users[i]]; k < t->start[t->users[i] + 1]; k++) {
			int64_t at = p->start[t->item[k]]++;
			p->query[at] = t->users[i];
			p->place[at] = n++;
		}
	memmove(p->start + 1, p->start, (size_t)t->n_items * sizeof *p->start);
	p->start[0] = 0;
	drop_empty(p, t->n_items);
}

enum err_code rating_plan_init(struct rating_plan *p, const struct split *s, enum part part, const int32_t *users,
	int32_t n_users, bool by_item, struct err *e)
{
	bool valid = part == PART_VALID;
	struct targets t = {.users = users,
		.n_users = n_users,
		.n_items = s->data->n_items,
		.item = valid ? s->valid_item : s->test_item,
		.start = valid ? s->valid_start : s->test_start};
	*p = (struct rating_plan){0};
	TRY(reserve(p, &t, by_item, e));
	count_users(p, &t);
	(by_item ? fill_by_item : fill_by_user)(p, &t);
	return OK;
}
