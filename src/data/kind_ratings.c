/* Observed ratings.  Entries are the training rows. */
#include "data/kind.h"

static void columns(const struct batcher *b, struct batch *out)
{
	field_add(out, "user", FIELD_INT, AXIS_EXAMPLE, 1);
	field_add(out, "item", FIELD_INT, AXIS_EXAMPLE, 1);
	field_add(out, "label", FIELD_REAL, AXIS_EXAMPLE, 1);
}

static void fill(struct batcher *b, int32_t n)
{
	int32_t *user = b->column[0], *item = b->column[1];
	real *label = b->column[2];
	for (int32_t i = 0; i < n; i++) {
		int64_t row = b->order[i];
		user[i] = b->row_user[row];
		item[i] = b->split->train_item[row];
		label[i] = (real)b->split->train_rating[row];
	}
}

extern const struct kind_class kind_ratings;
const struct kind_class kind_ratings = {
	.desc = {"ratings", "user[E] item[E] label[E]", "Observed ratings, one an example.",
		(const struct arg_spec[]){{0}}},
	.flags = KIND_RATINGS,
	.begin = batcher_list_rows,
	.columns = columns,
	.fill = fill,
};
