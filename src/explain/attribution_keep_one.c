/* Keep-one: effect of item i = answer for the history that is item i alone - answer for the empty history. */
#include "base/mem.h"
#include "explain/explain.h"

static enum err_code run(const struct question *q, const struct args *a, struct effect *effect, struct err *e)
{
	int32_t n = q->n;
	bool *keep = mem_calloc(((size_t)n + 1) * (size_t)n, sizeof *keep);
	struct answer *answer = mem_alloc(((size_t)n + 1) * sizeof *answer);
	enum err_code rc = ERR_NOMEM;
	if (!keep || !answer) {
		err_set(e, rc, "no memory to explain an item");
		goto done;
	}
	for (int32_t i = 0; i < n; i++)
		keep[(int64_t)i * n + i] = true;
	rc = question_ask(q, keep, n + 1, answer, e);
	for (int32_t i = 0; rc == OK && i < n; i++)
		effect[i] = (struct effect){answer[i].score - answer[n].score, answer[n].rank - answer[i].rank};
done:
	mem_free(keep);
	mem_free(answer);
	return rc;
}

const struct attribution_class attribution_keep_one = {
	.desc = {"keep_one", "keep_one {}",
		"How much one item of the history alone says for the target, compared with no history.",
		(const struct arg_spec[]){{0}}},
	.run = run,
};
