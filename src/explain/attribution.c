#include "explain/explain.h"

#define ATTRIBUTION(name) extern const struct attribution_class attribution_##name;
#include "explain/attributions.def"
#undef ATTRIBUTION

static const struct desc *const rows[] = {
#define ATTRIBUTION(name) &attribution_##name.desc,
#include "explain/attributions.def"
#undef ATTRIBUTION
};

const struct registry attribution_registry = {"attribution", rows, sizeof rows / sizeof rows[0]};

static enum err_code check(const struct question *q, struct err *e)
{
	int32_t n = q->scorer->n_items;
	if (q->target < 0 || q->target >= n)
		return err_set(
			e, ERR_ARG, "item %d cannot be explained: the model knows items 0..%d", q->target, n - 1);
	for (int32_t i = 0; i < q->n; i++)
		if (q->history[i] < 0 || q->history[i] >= n)
			return err_set(
				e, ERR_ARG, "history item %d: the model knows items 0..%d", q->history[i], n - 1);
	return OK;
}

enum err_code attribution_run(
	const char *name, const struct question *q, const struct args *a, struct effect *effect, struct err *e)
{
	struct args defaults;
	const struct desc *d = registry_need(&attribution_registry, name, e);
	if (!d)
		return ERR_NOTFOUND;
	TRY(check(q, e));
	args_default(d, &defaults);
	return ((const struct attribution_class *)d)->run(q, a ? a : &defaults, effect, e);
}
