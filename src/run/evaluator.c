/* Users are scored in blocks: one batch of users per block, cut by the engine into slices of about a megabyte of scores,
 * which the workers rank while they are still in cache.
 *
 *   protocol      model has        how
 *   full          score = x W^T    slices of x; the evaluation multiplies and counts tile by tile (eval/product.c)
 *   full          score            slices [users, items] go straight to the evaluation
 *   full          candidates only  the catalogue in chunks of items; a block's rows are put together, then ranked
 *   candidates    candidates       slices [users, C]
 *   candidates    score only       slices [users, items], gathered per worker into [users, C] */
#include "run/evaluator.h"

#include "base/mem.h"
#include "run/points.h"
#include "run/rating_plan.h"
#include "run/returns.h"

#include <string.h>

enum {
	SLICE_BYTES = 1 << 20,
	SLICES_PER_WORKER = 4,
	BLOCK_MIN = 64,
	BLOCK_MAX = 4096,
	CHUNK_ITEMS = 1024,
	RATINGS_MAX = 1 << 16
};

enum way { WAY_PRODUCT, WAY_FULL, WAY_CHUNKS, WAY_CANDIDATES, WAY_GATHER };

struct evaluator {
	const struct experiment *x;
	enum part part;
	struct returns *returns; /* in an environment: all there is */
	struct evaluation *evaluation;
	const int32_t *users, *candidates;
	int32_t n_users, width; /* width of the candidate lists */
	int32_t n_items;
	bool ranks, ratings, points;
	struct eval_scratch *scratch;
	int threads;
	real **gathered; /* [threads] */
	size_t *gathered_size;
	real *block; /* WAY_CHUNKS: [block users, n_items] */
	int32_t *chunk, chunk_users;
	bool used;
};

const char *part_name(enum part part)
{
	return part == PART_TRAIN ? "train" : part == PART_VALID ? "valid" : "test";
}

bool evaluator_has_part(const struct experiment *x, enum part part)
{
	return x->world || x->split->count[part] > 0;
}

enum part evaluator_monitor_part(const struct experiment *x)
{
	return evaluator_has_part(x, PART_VALID) ? PART_VALID : PART_TEST;
}

/* In an environment there is nothing to rank: people live. */
static enum err_code new_in_world(const struct experiment *x, enum part part, struct evaluator **out, struct err *e)
{
	struct evaluator *v = mem_calloc(1, sizeof *v);
	if (!v)
		return err_set(e, ERR_NOMEM, "no memory for an evaluation");
	enum err_code rc = returns_new(x, part, &v->returns, e);
	if (rc == OK)
		*out = v;
	else
		mem_free(v);
	return rc;
}

enum err_code evaluator_new(
	const struct experiment *x, enum part part, bool all_users, int threads, struct evaluator **out, struct err *e)
{
	struct protocol p = x->protocol;
	*out = NULL;
	if (x->world)
		return new_in_world(x, part, out, e);
	struct evaluator *v = mem_calloc(1, sizeof *v);
	if (!v)
		return err_set(e, ERR_NOMEM, "no memory for an evaluation");
	*v = (struct evaluator){.x = x, .part = part, .threads = threads, .n_items = x->split->data->n_items};
	for (int i = 0; i < p.n_metrics; i++) {
		v->ratings |= p.metric[i].class->needs == METRIC_RATINGS;
		v->points |= p.metric[i].class->needs == METRIC_POINTS;
		v->ranks |= p.metric[i].class->needs == METRIC_RANKS || p.metric[i].class->needs == METRIC_LISTS;
	}
	if (all_users)
		p.max_users = 0;
	v->gathered = mem_calloc((size_t)threads, sizeof *v->gathered);
	v->gathered_size = mem_calloc((size_t)threads, sizeof *v->gathered_size);
	enum err_code rc = v->gathered && v->gathered_size
				   ? evaluation_new(x->split, part, &p, threads, &v->evaluation, e)
				   : err_set(e, ERR_NOMEM, "no memory for an evaluation");
	if (rc != OK) {
		evaluator_free(v);
		return rc;
	}
	v->n_users = evaluation_users(v->evaluation, &v->users);
	v->candidates = evaluation_candidates(v->evaluation, &v->width);
	*out = v;
	return OK;
}

void evaluator_free(struct evaluator *v)
{
	if (!v)
		return;
	returns_free(v->returns);
	evaluation_free(v->evaluation);
	eval_scratch_free(v->scratch);
	for (int w = 0; v->gathered && w < v->threads; w++)
		mem_aligned_free(v->gathered[w]);
	mem_free(v->gathered);
	mem_free(v->gathered_size);
	mem_aligned_free(v->block);
	mem_free(v->chunk);
	mem_free(v);
}

static enum err_code choose_way(const struct evaluator *v, const struct rig *r, enum way *out, struct err *e)
{
	const struct experiment *x = v->x;
	bool score = x->vtbl->has(x->self, MODEL_SCORE), some = x->vtbl->has(x->self, MODEL_CANDIDATES);
	if (eval_by_item(&(struct eval_source){.kind = r->kind, .args = &r->kind_args}))
		return err_set(e, ERR_SCRIPT,
			"model %s reads columns of items and predicts ratings: it cannot rank, give rating metrics "
			"(rmse, mae)",
			x->model);
	if (!score && !some)
		return err_set(e, ERR_SCRIPT,
			"model %s cannot be ranked: it has neither a score nor a candidates function", x->model);
	*out = v->candidates ? (some ? WAY_CANDIDATES : WAY_GATHER) : (score ? WAY_FULL : WAY_CHUNKS);
	return OK;
}

/* Users per batch: some slices for every worker. */
static int32_t block_users(const struct evaluator *v, enum way way)
{
	int64_t width = way == WAY_PRODUCT ? 0 : way == WAY_CANDIDATES ? v->width : v->n_items;
	int64_t slice = SLICE_BYTES / (int64_t)sizeof(real) / (width > 0 ? width : 1);
	int64_t n = (slice > 0 ? slice : 1) * v->threads * SLICES_PER_WORKER;
	n = n < BLOCK_MIN ? BLOCK_MIN : n > BLOCK_MAX ? BLOCK_MAX : n;
	return (int32_t)(n < v->n_users ? n : v->n_users > 0 ? v->n_users : 1);
}

static int32_t chunk_width(const struct evaluator *v)
{
	return v->n_items < CHUNK_ITEMS ? v->n_items : CHUNK_ITEMS;
}

/* The program, and WAY_PRODUCT instead of WAY_FULL where it ends in a product. */
static enum err_code program_for(
	struct evaluator *v, struct rig *r, enum way *way, const struct rig_program **out, struct err *e)
{
	struct program_product product;
	int32_t users = block_users(v, *way);
	if (*way == WAY_CHUNKS || *way == WAY_CANDIDATES)
		return rig_program(r, MODEL_CANDIDATES, PROGRAM_INFER, *way == WAY_CHUNKS ? chunk_width(v) : v->width,
			users, out, e);
	bool may = *way == WAY_FULL && evaluation_takes_product(v->evaluation);
	TRY(rig_program(r, MODEL_SCORE, may ? PROGRAM_FACTORS : PROGRAM_INFER, 0, users, out, e));
	if (!may || !program_product((*out)->program, &product))
		return OK;
	if (product.n < v->n_items) /* not scores of all items: what is wrong with them is told as elsewhere */
		return rig_program(r, MODEL_SCORE, PROGRAM_INFER, 0, users, out, e);
	*way = WAY_PRODUCT;
	return evaluation_product(v->evaluation, product.d, e);
}

static enum err_code rating_program(
	const struct evaluator *v, struct rig *r, const struct rig_program **out, struct err *e)
{
	const struct experiment *x = v->x;
	if (!x->vtbl->has(x->self, MODEL_RATING))
		return err_set(
			e, ERR_SCRIPT, "model %s predicts no ratings: rmse and mae need a rating function", x->model);
	return rig_program(r, MODEL_RATING, PROGRAM_INFER, 0, BLOCK_MAX, out, e);
}

enum err_code evaluator_prepare(struct evaluator *v, struct rig *r, struct err *e)
{
	const struct rig_program *p;
	enum way way = WAY_FULL;
	if (v->returns)
		return rig_program(r, MODEL_ACT, PROGRAM_INFER, 0, r->x->world->eval_users, &p, e);
	if (v->ranks) {
		TRY(choose_way(v, r, &way, e));
		TRY(program_for(v, r, &way, &p, e));
	}
	if (v->ratings)
		TRY(rating_program(v, r, &p, e));
	return v->points ? points_prepare(r, e) : OK;
}

/* ---- ranking ---- */

struct feed {
	struct evaluator *v;
	int32_t first;	     /* position of the batch's first user */
	int32_t item, items; /* WAY_CHUNKS: the chunk */
	struct eval_product product;
	bool failed[64]; /* by worker, no memory */
};

static void sink_direct(void *ctx, int worker, int32_t first, int32_t n, const struct operand *o)
{
	const struct feed *f = ctx;
	evaluation_feed(f->v->evaluation, worker, f->first + first, n, o[0].v, shape_width(&o[0].shape));
}

static void sink_product(void *ctx, int worker, int32_t first, int32_t n, const struct operand *o)
{
	const struct feed *f = ctx;
	evaluation_feed_product(f->v->evaluation, worker, f->first + first, n, o[0].v, &f->product);
}

static real *gather_room(struct evaluator *v, int worker, size_t need)
{
	if (v->gathered_size[worker] < need) {
		mem_aligned_free(v->gathered[worker]);
		v->gathered[worker] = mem_aligned(need * sizeof(real));
		v->gathered_size[worker] = v->gathered[worker] ? need : 0;
	}
	return v->gathered[worker];
}

static void sink_gather(void *ctx, int worker, int32_t first, int32_t n, const struct operand *o)
{
	struct feed *f = ctx;
	struct evaluator *v = f->v;
	int64_t stride = shape_width(&o[0].shape);
	real *to = gather_room(v, worker, (size_t)n * (size_t)v->width);
	if (!to) {
		f->failed[worker % 64] = true;
		return;
	}
	for (int32_t u = 0; u < n; u++) {
		const int32_t *c = v->candidates + (int64_t)(f->first + first + u) * v->width;
		const real *scores = o[0].v + u * stride;
		for (int32_t k = 0; k < v->width; k++)
			to[(int64_t)u * v->width + k] = c[k] >= 0 ? scores[c[k]] : (real)0;
	}
	evaluation_feed(v->evaluation, worker, f->first + first, n, to, v->width);
}

static void sink_chunk(void *ctx, int worker, int32_t first, int32_t n, const struct operand *o)
{
	const struct feed *f = ctx;
	int64_t stride = shape_width(&o[0].shape);
	for (int32_t u = 0; u < n; u++)
		memcpy(f->v->block + (int64_t)(first + u) * f->v->n_items + f->item, o[0].v + u * stride,
			(size_t)f->items * sizeof(real));
}

static enum err_code chunks_reserve(struct evaluator *v, int32_t users, struct err *e)
{
	if (v->chunk_users >= users)
		return OK;
	mem_aligned_free(v->block);
	mem_free(v->chunk);
	v->block = mem_aligned((size_t)users * (size_t)v->n_items * sizeof(real));
	v->chunk = mem_calloc((size_t)users * (size_t)chunk_width(v), sizeof *v->chunk);
	v->chunk_users = v->block && v->chunk ? users : 0;
	return v->chunk_users ? OK : err_set(e, ERR_NOMEM, "no memory for the scores of %d users", users);
}

/* The block's users against the whole catalogue, a chunk of items at a time; the last chunk repeats its last item. */
static enum err_code run_chunks(
	struct evaluator *v, struct rig *r, const struct rig_program *p, struct feed *f, int32_t n, struct err *e)
{
	struct eval_source src = rig_source(r, v->part);
	int32_t width = chunk_width(v);
	TRY(chunks_reserve(v, n, e));
	for (f->item = 0; f->item < v->n_items; f->item += width) {
		struct batch b;
		f->items = v->n_items - f->item < width ? v->n_items - f->item : width;
		for (int32_t u = 0; u < n; u++)
			for (int32_t k = 0; k < width; k++)
				v->chunk[(int64_t)u * width + k] = f->item + (k < f->items ? k : f->items - 1);
		TRY(eval_batch(&src, v->users + f->first, n, v->chunk, width, &v->scratch, &b, e));
		TRY(program_infer(r->engine, p->program, &b, sink_chunk, f, e));
	}
	evaluation_feed(v->evaluation, 0, f->first, n, v->block, v->n_items);
	return OK;
}

static enum err_code run_block(struct evaluator *v, struct rig *r, enum way way, const struct rig_program *p,
	struct feed *f, int32_t n, struct err *e)
{
	struct eval_source src = rig_source(r, v->part);
	struct batch b;
	if (way == WAY_CHUNKS)
		return run_chunks(v, r, p, f, n, e);
	const int32_t *list = way == WAY_CANDIDATES ? v->candidates + (int64_t)f->first * v->width : NULL;
	TRY(eval_batch(&src, v->users + f->first, n, list, list ? v->width : 0, &v->scratch, &b, e));
	program_sink sink = way == WAY_PRODUCT ? sink_product : way == WAY_GATHER ? sink_gather : sink_direct;
	TRY(program_infer(r->engine, p->program, &b, sink, f, e));
	for (int w = 0; w < 64; w++)
		if (f->failed[w])
			return err_set(e, ERR_NOMEM, "no memory for the scores of %d users", n);
	return OK;
}

static struct eval_product product_of(const struct program *p)
{
	struct program_product x;
	CHECK(program_product(p, &x), "the program ends in no product");
	return (struct eval_product){x.d, x.table, x.bias};
}

static enum err_code run_ranks(struct evaluator *v, struct rig *r, bool (*between)(void *ctx), void *ctx, struct err *e)
{
	const struct rig_program *p;
	enum way way = WAY_FULL;
	TRY(choose_way(v, r, &way, e));
	TRY(program_for(v, r, &way, &p, e));
	int32_t block = block_users(v, way);
	struct eval_product product = way == WAY_PRODUCT ? product_of(p->program) : (struct eval_product){0};
	for (int32_t first = 0; first < v->n_users; first += block) {
		struct feed f = {.v = v, .first = first, .product = product};
		if (between && !between(ctx))
			return err_set(e, ERR_CANCELLED, "the evaluation was cancelled");
		TRY(run_block(v, r, way, p, &f, v->n_users - first < block ? v->n_users - first : block, e));
	}
	return OK;
}

/* ---- ratings ---- */

struct rating_feed {
	const struct rating_plan *plan;
	const struct batch *batch;
	int64_t first; /* query */
};

/* A prediction per row: of AXIS_TOKEN2 where the examples hold histories, else of AXIS_EXAMPLE. */
static void sink_ratings(void *ctx, int worker, int32_t first, int32_t n, const struct operand *o)
{
	const struct rating_feed *f = ctx;
	(void)worker, (void)n;
	const int32_t *offsets = f->batch->offsets[AXIS_TOKEN2];
	int64_t at = f->first + (o[0].shape.axis == AXIS_TOKEN2 ? offsets[first] : first);
	for (int64_t i = 0; i < o[0].rows; i++)
		f->plan->predicted[f->plan->place[at + i]] = o[0].v[i];
}

/* Examples from `first` on that fit into one batch. */
static int32_t rating_block(const struct rating_plan *p, int32_t first)
{
	int32_t n = 1;
	while (first + n < p->examples && n < BLOCK_MAX && p->start[first + n + 1] - p->start[first] <= RATINGS_MAX)
		n++;
	return n;
}

static enum err_code predict(
	struct evaluator *v, struct rig *r, struct rating_plan *p, bool (*between)(void *ctx), void *ctx, struct err *e)
{
	const struct rig_program *program;
	struct eval_source src = rig_source(r, v->part);
	TRY(rating_program(v, r, &program, e));
	for (int32_t first = 0, n; first < p->examples; first += n) {
		struct batch b;
		struct rating_feed f = {p, &b, p->start[first]};
		if (between && !between(ctx))
			return err_set(e, ERR_CANCELLED, "the evaluation was cancelled");
		n = rating_block(p, first);
		TRY(eval_rating_batch(&src, p->example + first, n, p->query, p->start + first, &v->scratch, &b, e));
		TRY(program_infer(r->engine, program->program, &b, sink_ratings, &f, e));
	}
	return OK;
}

static enum err_code run_ratings(
	struct evaluator *v, struct rig *r, bool (*between)(void *ctx), void *ctx, struct err *e)
{
	struct rating_plan p = {0};
	struct eval_source src = rig_source(r, v->part);
	enum err_code rc = rating_plan_init(&p, v->x->split, v->part, v->users, v->n_users, eval_by_item(&src), e);
	if (rc == OK)
		rc = predict(v, r, &p, between, ctx, e);
	if (rc == OK)
		evaluation_feed_ratings(v->evaluation, 0, 0, v->n_users, p.of_user, p.predicted);
	rating_plan_fini(&p);
	return rc;
}

enum err_code evaluator_run(struct evaluator *v, struct rig *r, bool (*between)(void *ctx), void *ctx,
	struct evaluation_result *out, struct err *e)
{
	if (v->returns)
		return returns_run(v->returns, r, NULL, between, ctx, out, e);
	if (v->used)
		evaluation_reset(v->evaluation);
	v->used = true;
	if (v->ranks)
		TRY(run_ranks(v, r, between, ctx, e));
	if (v->ratings)
		TRY(run_ratings(v, r, between, ctx, e));
	if (v->points)
		TRY(points_run(r, v->part, v->evaluation, &v->scratch, between, ctx, e));
	return evaluation_finish(v->evaluation, out, e);
}
