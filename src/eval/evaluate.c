/* Feeding writes per-user values into the user's own place and list counts into the worker's own arrays; finishing adds
 * them up in a fixed order.  So threads need no locks and the result does not depend on who came first. */
#include "eval/evaluate.h"

#include "base/mem.h"
#include "eval/evaluation.h"
#include "eval/rank.h"

#include <math.h>
#include <string.h>

static int32_t max_cutoff(const struct evaluation *v)
{
	int k = 0;
	for (int m = 0; m < v->protocol.n_metrics; m++)
		if (v->protocol.metric[m].class->needs == METRIC_LISTS && v->protocol.metric[m].k > k)
			k = v->protocol.metric[m].k;
	return k;
}

static enum err_code worker_init(struct evaluation *v, struct eval_worker *w, struct err *e)
{
	size_t t = (size_t)v->max_targets, k = (size_t)max_cutoff(v), n_items = (size_t)v->split->data->n_items;
	bool ok = (w->t = mem_alloc(t * sizeof *w->t)) && (w->above = mem_alloc(t * sizeof *w->above)) &&
		  (w->equal = mem_alloc(t * sizeof *w->equal)) && (w->rank = mem_alloc(t * sizeof *w->rank)) &&
		  (w->top = mem_alloc(k * sizeof *w->top)) && (w->top_value = mem_alloc(k * sizeof *w->top_value));
	for (int m = 0; ok && m < v->protocol.n_metrics; m++)
		if (v->protocol.metric[m].class->needs == METRIC_LISTS)
			ok = (w->count[m] = mem_calloc(n_items, sizeof(int32_t)));
	return ok ? OK : err_set(e, ERR_NOMEM, "no memory for an evaluation thread");
}

static void worker_fini(struct eval_worker *w)
{
	mem_free(w->t);
	mem_free(w->above);
	mem_free(w->equal);
	mem_free(w->rank);
	mem_free(w->top);
	mem_free(w->top_value);
	for (int m = 0; m < METRICS_MAX; m++)
		mem_free(w->count[m]);
}

static enum err_code init_values(struct evaluation *v, struct err *e)
{
	size_t n_users = (size_t)v->split->data->n_users;
	for (int m = 0; m < v->protocol.n_metrics; m++) {
		v->value[m] = mem_alloc((size_t)v->n * sizeof(double));
		v->per_user[m] = mem_alloc(n_users * sizeof(float));
		if (!v->value[m] || !v->per_user[m])
			return err_set(e, ERR_NOMEM, "no memory for the values of %d users", v->n);
	}
	v->worker = mem_calloc((size_t)v->workers, sizeof *v->worker);
	if (!v->worker)
		return err_set(e, ERR_NOMEM, "no memory for %d evaluation threads", v->workers);
	for (int w = 0; w < v->workers; w++)
		TRY(worker_init(v, &v->worker[w], e));
	return OK;
}

static enum err_code check_protocol(struct evaluation *v, struct err *e)
{
	const struct protocol *p = &v->protocol;
	if (p->n_metrics < 1 || p->n_metrics > METRICS_MAX)
		return err_set(e, ERR_ARG, "a protocol has 1 to %d metrics, got %d", METRICS_MAX, p->n_metrics);
	for (int m = 0; m < p->n_metrics; m++) {
		if (p->metric[m].class->needs == METRIC_EPISODES)
			return err_set(e, ERR_ARG,
				"%s is a metric of episodes in an environment; an experiment on data ranks or rates: "
				"ndcg@10, "
				"hr@10, rmse, ...",
				p->metric[m].name);
		v->ratings |= p->metric[m].class->needs == METRIC_RATINGS;
		v->points |= p->metric[m].class->needs == METRIC_POINTS;
		v->ranks |= p->metric[m].class->needs == METRIC_RANKS || p->metric[m].class->needs == METRIC_LISTS;
	}
	return OK;
}

enum err_code evaluation_new(const struct split *s, enum part part, const struct protocol *p, int workers,
	struct evaluation **out, struct err *e)
{
	CHECK(part == PART_VALID || part == PART_TEST, "evaluation of part %d", part);
	CHECK(workers >= 1, "evaluation with %d workers", workers);
	struct evaluation *v = mem_calloc(1, sizeof *v);
	if (!v)
		return err_set(e, ERR_NOMEM, "no memory for an evaluation");
	v->split = split_ref((struct split *)s);
	v->part = part;
	v->protocol = *p;
	v->workers = workers;
	enum err_code rc = check_protocol(v, e);
	if (rc == OK)
		rc = evaluation_build(v, e);
	if (rc == OK)
		rc = init_values(v, e);
	if (rc != OK) {
		evaluation_free(v);
		return rc;
	}
	evaluation_reset(v);
	*out = v;
	return OK;
}

void evaluation_free(struct evaluation *v)
{
	if (!v)
		return;
	for (int w = 0; v->worker && w < v->workers; w++)
		worker_fini(&v->worker[w]);
	for (int m = 0; m < METRICS_MAX; m++) {
		mem_free(v->value[m]);
		mem_free(v->per_user[m]);
	}
	mem_free(v->worker);
	mem_free(v->users);
	mem_free(v->target_start);
	mem_free(v->target);
	mem_free(v->mask_start);
	mem_free(v->mask);
	mem_free(v->candidate);
	mem_free(v->n_candidates);
	mem_free(v->truth_start);
	mem_free(v->truth);
	points_free(v);
	product_free(v);
	split_unref(v->split);
	mem_free(v);
}

void evaluation_reset(struct evaluation *v)
{
	points_reset(v);
	for (int m = 0; m < v->protocol.n_metrics; m++) {
		for (int32_t i = 0; i < v->n; i++)
			v->value[m][i] = (double)NAN;
		for (int w = 0; w < v->workers; w++)
			if (v->worker[w].count[m])
				memset(v->worker[w].count[m], 0, (size_t)v->split->data->n_items * sizeof(int32_t));
	}
	for (int w = 0; w < v->workers; w++)
		v->worker[w].bad_user = v->n;
}

int32_t evaluation_users(const struct evaluation *v, const int32_t **users)
{
	*users = v->users;
	return v->n;
}

const int32_t *evaluation_candidates(const struct evaluation *v, int32_t *width)
{
	*width = v->width;
	return v->candidate;
}

/* ---- feeding ---- */

void evaluation_bad(struct eval_worker *w, int32_t pos, int32_t item)
{
	if (pos < w->bad_user) {
		w->bad_user = pos;
		w->bad_item = item;
	}
}

/* Ranks of one user's targets into w->rank; -1, or the item with a NaN. */
static int32_t rank_full(const struct evaluation *v, struct eval_worker *w, int32_t pos, const real *row)
{
	const int32_t *target = v->target + v->target_start[pos], *mask = v->mask + v->mask_start[pos];
	int32_t n = (int32_t)(v->target_start[pos + 1] - v->target_start[pos]);
	for (int32_t i = 0; i < n; i++)
		w->t[i] = row[target[i]];
	int32_t bad = rank_count(row, v->width, w->t, n, w->above, w->equal);
	if (bad >= 0)
		return bad;
	int32_t n_mask = (int32_t)(v->mask_start[pos + 1] - v->mask_start[pos]);
	rank_exclude(row, mask, n_mask, w->t, n, w->above, w->equal);
	rank_targets(w->t, n, w->above, w->equal, true, w->rank);
	rank_settle(&(struct rank_row){row, NULL, v->width, mask, n_mask}, v->protocol.ties == TIE_FIRST, target, w->t,
		n, w->rank);
	return -1;
}

static int32_t rank_listed(const struct evaluation *v, struct eval_worker *w, int32_t pos, const real *row)
{
	const int32_t *list = v->candidate + (int64_t)pos * v->width;
	int32_t n = (int32_t)(v->target_start[pos + 1] - v->target_start[pos]), others = v->n_candidates[pos] - n;
	for (int32_t i = 0; i < n; i++)
		if (row[i] != row[i])
			return list[i];
	int32_t bad = rank_count(row + n, others, row, n, w->above, w->equal);
	if (bad >= 0)
		return list[n + bad];
	rank_targets(row, n, w->above, w->equal, false, w->rank);
	rank_settle(&(struct rank_row){row + n, list + n, others, NULL, 0}, v->protocol.ties == TIE_FIRST, list, row, n,
		w->rank);
	return -1;
}

static int32_t candidates_of(const struct evaluation *v, int32_t pos)
{
	return v->full ? v->width - (int32_t)(v->mask_start[pos + 1] - v->mask_start[pos]) : v->n_candidates[pos];
}

static void count_list(const struct evaluation *v, struct eval_worker *w, int m, int32_t pos, const real *row)
{
	int k = v->protocol.metric[m].k;
	int64_t mask = v->full ? v->mask_start[pos] : 0;
	int32_t n = v->full ? top_k(row, v->width, v->mask + mask, (int32_t)(v->mask_start[pos + 1] - mask), k, w->top,
				      w->top_value)
			    : top_k(row, v->n_candidates[pos], NULL, 0, k, w->top, w->top_value);
	for (int32_t i = 0; i < n; i++)
		w->count[m][v->full ? w->top[i] : v->candidate[(int64_t)pos * v->width + w->top[i]]]++;
}

void evaluation_note(struct evaluation *v, const struct eval_worker *w, int32_t pos)
{
	struct user_ranks r = {
		w->rank, (int32_t)(v->target_start[pos + 1] - v->target_start[pos]), candidates_of(v, pos)};
	for (int m = 0; m < v->protocol.n_metrics; m++) {
		const struct metric *metric = &v->protocol.metric[m];
		if (metric->class->needs == METRIC_RANKS)
			v->value[m][pos] = metric->class->user(&r, metric->k, v->protocol.ties);
	}
}

static void feed_user(struct evaluation *v, struct eval_worker *w, int32_t pos, const real *row)
{
	int32_t bad = v->full ? rank_full(v, w, pos, row) : rank_listed(v, w, pos, row);
	if (bad >= 0) {
		evaluation_bad(w, pos, bad);
		return;
	}
	evaluation_note(v, w, pos);
	for (int m = 0; m < v->protocol.n_metrics; m++) {
		if (v->protocol.metric[m].class->needs != METRIC_LISTS)
			continue;
		/* zero marks the user as fed */
		v->value[m][pos] = 0;
		count_list(v, w, m, pos, row);
	}
}

void evaluation_feed(struct evaluation *v, int worker, int32_t first, int32_t count, const real *scores, int64_t stride)
{
	CHECK(worker >= 0 && worker < v->workers, "worker %d of %d", worker, v->workers);
	CHECK(first >= 0 && count >= 0 && first <= v->n - count, "users %d+%d of %d", first, count, v->n);
	for (int32_t i = 0; v->ranks && i < count; i++)
		feed_user(v, &v->worker[worker], first + i, scores + (int64_t)i * stride);
}

void evaluation_feed_ratings(
	struct evaluation *v, int worker, int32_t first, int32_t count, const int64_t *start, const real *predicted)
{
	CHECK(worker >= 0 && worker < v->workers, "worker %d of %d", worker, v->workers);
	CHECK(first >= 0 && count >= 0 && first <= v->n - count, "users %d+%d of %d", first, count, v->n);
	for (int32_t i = 0; v->ratings && i < count; i++) {
		int32_t pos = first + i;
		const float *truth = v->truth + v->truth_start[pos];
		int64_t n = v->truth_start[pos + 1] - v->truth_start[pos];
		CHECK(start[i + 1] - start[i] == n, "user %d has %lld ratings", v->users[pos], (long long)n);
		for (int m = 0; m < v->protocol.n_metrics; m++) {
			const struct metric_class *c = v->protocol.metric[m].class;
			double sum = 0;
			if (c->needs != METRIC_RATINGS)
				continue;
			for (int64_t j = 0; j < n; j++)
				sum += c->pair(predicted[start[i] + j], truth[j]);
			v->value[m][pos] = sum / (double)n;
			if (isnan(sum))
				evaluation_bad(&v->worker[worker], pos, -1);
		}
	}
}

/* ---- finishing ---- */

static double finish_ranks(const struct evaluation *v, int m)
{
	double sum = 0;
	for (int32_t i = 0; i < v->n; i++) {
		v->per_user[m][v->users[i]] = (float)v->value[m][i];
		sum += v->value[m][i];
	}
	return sum / v->n;
}

static double finish_ratings(const struct evaluation *v, int m)
{
	const struct metric_class *c = v->protocol.metric[m].class;
	double sum = 0;
	for (int32_t i = 0; i < v->n; i++) {
		v->per_user[m][v->users[i]] = (float)c->finish(v->value[m][i]);
		sum += v->value[m][i] * (double)(v->truth_start[i + 1] - v->truth_start[i]);
	}
	return c->finish(sum / (double)v->truth_start[v->n]);
}

/* Adds the other workers' counts to the first one's; they are zero afterwards, so that finishing twice is harmless. */
static double finish_lists(const struct evaluation *v, int m)
{
	int32_t n_items = v->split->data->n_items, *all = v->worker[0].count[m];
	for (int w = 1; w < v->workers; w++) {
		int32_t *count = v->worker[w].count[m];
		for (int32_t i = 0; i < n_items; i++)
			all[i] += count[i];
		memset(count, 0, (size_t)n_items * sizeof *count);
	}
	return v->protocol.metric[m].class->lists(all, n_items);
}

static enum err_code check_fed(const struct evaluation *v, struct err *e)
{
	const struct eval_worker *bad = &v->worker[0];
	for (int w = 1; w < v->workers; w++)
		if (v->worker[w].bad_user < bad->bad_user)
			bad = &v->worker[w];
	if (bad->bad_user < v->n && bad->bad_item >= 0)
		return err_set(e, ERR_NUMERIC, "the score of item %d for user %d is NaN", bad->bad_item,
			v->users[bad->bad_user]);
	if (bad->bad_user < v->n)
		return err_set(e, ERR_NUMERIC, "a predicted rating of user %d is NaN", v->users[bad->bad_user]);
	TRY(points_check(v, e));
	for (int m = 0; m < v->protocol.n_metrics; m++)
		for (int32_t i = 0; i < v->n && v->protocol.metric[m].class->needs != METRIC_POINTS; i++)
			if (isnan(v->value[m][i]))
				return err_set(e, ERR_STATE, "%s: user %d was not scored", v->protocol.metric[m].name,
					v->users[i]);
	return OK;
}

static enum err_code finish_metric(const struct evaluation *v, int m, double *out, struct err *e)
{
	const struct metric_class *c = v->protocol.metric[m].class;
	switch (c->needs) {
	case METRIC_RANKS:
		*out = finish_ranks(v, m);
		return OK;
	case METRIC_RATINGS:
		*out = finish_ratings(v, m);
		return OK;
	case METRIC_LISTS:
		*out = finish_lists(v, m);
		return OK;
	case METRIC_POINTS:
		return c->points(v->label, v->score, v->n_points, out, e);
	case METRIC_EPISODES: /* evaluated elsewhere, see check_protocol */
		break;
	}
	return OK;
}

enum err_code evaluation_finish(struct evaluation *v, struct evaluation_result *out, struct err *e)
{
	TRY(check_fed(v, e));
	*out = (struct evaluation_result){.n = v->protocol.n_metrics, .users = v->n};
	for (int m = 0; m < out->n; m++) {
		for (int32_t u = 0; u < v->split->data->n_users; u++)
			v->per_user[m][u] = NAN;
		out->metric[m] = v->protocol.metric[m];
		TRY(finish_metric(v, m, &out->value[m], e));
		out->per_user[m] = v->per_user[m];
	}
	return OK;
}
