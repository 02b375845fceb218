/* A positive with its negatives (Rendle et al. 2009).  Entries are the training rows. */
#include "data/kind.h"

static void columns(const struct batcher *b, struct batch *out)
{
	field_add(out, "user", FIELD_INT, AXIS_EXAMPLE, 1);
	field_add(out, "item", FIELD_INT, AXIS_EXAMPLE, 1);
	if (b->o.negatives)
		field_add(out, "negative", FIELD_INT, AXIS_EXAMPLE, b->o.negatives);
}

static void fill(struct batcher *b, int32_t n)
{
	int32_t *user = b->column[0], *item = b->column[1], *negative = b->column[2];
	for (int32_t i = 0; i < n; i++) {
		int64_t row = b->order[i];
		user[i] = b->row_user[row];
		item[i] = b->split->train_item[row];
	}
	batcher_draw_negatives(b, user, n, b->o.negatives, negative);
}

extern const struct kind_class kind_pairs;
const struct kind_class kind_pairs = {
	.desc = {"pairs", "user[E] item[E] negative[E,k]",
		"One positive with k = `negatives` sampled negatives, redrawn every epoch (Rendle et al. 2009).",
		(const struct arg_spec[]){{0}}},
	.flags = KIND_NEGATIVES | KIND_APART,
	.begin = batcher_list_rows,
	.columns = columns,
	.fill = fill,
};
