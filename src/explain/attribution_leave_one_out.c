/* Leave-one-out: effect of item i = answer with the whole history - answer without its i-th item.  Exact for what it
 * asks ("what if this had not happened?"), n + 1 histories; misses causes that stand in for each other. */
#include "base/mem.h"
#include "explain/explain.h"

static enum err_code run(const struct question *q, const struct args *a, struct effect *effect, struct err *e)
{
	int32_t n = q->n;
	bool *keep = mem_alloc(((size_t)n + 1) * (size_t)n * sizeof *keep);
	struct answer *answer = mem_alloc(((size_t)n + 1) * sizeof *answer);
	enum err_code rc = ERR_NOMEM;
	if (!keep || !answer) {
		err_set(e, rc, "no memory to explain an item");
		goto done;
	}
	for (int32_t h = 0; h <= n; h++)
		for (int32_t i = 0; i < n; i++)
			keep[(int64_t)h * n + i] = h == n || h != i;
	rc = question_ask(q, keep, n + 1, answer, e);
	for (int32_t i = 0; rc == OK && i < n; i++)
		effect[i] = (struct effect){answer[n].score - answer[i].score, answer[i].rank - answer[n].rank};
done:
	mem_free(keep);
	mem_free(answer);
	return rc;
}

const struct attribution_class attribution_leave_one_out = {
	.desc = {"leave_one_out", "leave_one_out {}",
		"How much the target's score and rank lose when one item of the history had not happened.",
		(const struct arg_spec[]){{0}}},
	.run = run,
};
