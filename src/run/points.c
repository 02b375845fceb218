#include "run/points.h"

enum { BLOCK = 4096 };

static enum err_code program(struct rig *r, const struct rig_program **out, struct err *e)
{
	const struct experiment *x = r->x;
	if (!x->vtbl->has(x->self, MODEL_CLICK))
		return err_set(e, ERR_SCRIPT,
			"model %s predicts no clicks: roc_auc and logloss need a click function (deepfm, widedeep, fm "
			"have "
			"one)",
			x->model);
	return rig_program(r, MODEL_CLICK, PROGRAM_INFER, 0, BLOCK, out, e);
}

enum err_code points_prepare(struct rig *r, struct err *e)
{
	const struct rig_program *p;
	return program(r, &p, e);
}

struct feed {
	struct evaluation *v;
	int64_t first;
};

static void sink(void *ctx, int worker, int32_t first, int32_t n, const struct operand *o)
{
	const struct feed *f = ctx;
	(void)worker;
	evaluation_feed_points(f->v, f->first + first, n, o[0].v);
}

enum err_code points_run(struct rig *r, enum part part, struct evaluation *v, struct eval_scratch **scratch,
	bool (*between)(void *ctx), void *ctx, struct err *e)
{
	const struct rig_program *p;
	const int32_t *user;
	const int64_t *row;
	int64_t n = evaluation_points(v, &user, &row);
	struct eval_source src = rig_source(r, part);
	TRY(program(r, &p, e));
	for (int64_t first = 0; first < n; first += BLOCK) {
		struct batch b;
		struct feed f = {v, first};
		int32_t m = (int32_t)(n - first < BLOCK ? n - first : BLOCK);
		if (between && !between(ctx))
			return err_set(e, ERR_CANCELLED, "the evaluation was cancelled");
		TRY(eval_points_batch(&src, user + first, row + first, m, scratch, &b, e));
		TRY(program_infer(r->engine, p->program, &b, sink, &f, e));
	}
	return OK;
}
