/* Positives with sampled negatives, shuffled together (He et al. 2017).  Entry which * rows + row: which = 0 is the training
 * row itself, 1..negatives a negative for it. */
#include "data/kind.h"

static enum err_code begin(struct batcher *b, struct err *e)
{
	TRY(batcher_list_rows(b, e));
	b->entries = b->rows * (1 + (int64_t)b->o.negatives);
	return OK;
}

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
	double per_row = 1. / (double)b->rows;
	for (int32_t i = 0; i < n; i++) {
		/* row = entry mod rows, without a division: the quotient is off by one at most. */
		int64_t entry = b->order[i], row = entry - (int64_t)((double)entry * per_row) * b->rows;
		row += row >= b->rows ? -b->rows : row < 0 ? b->rows : 0;
		user[i] = b->row_user[row];
		label[i] = row == entry;
	}
	if (b->o.negatives)
		batcher_draw_negatives(b, user, n, 1, item);
	for (int32_t i = 0; i < n; i++)
		if (b->order[i] < b->rows)
			item[i] = b->split->train_item[b->order[i]];
}

extern const struct kind_class kind_points;
const struct kind_class kind_points = {
	.desc = {"points", "user[E] item[E] label[E]",
		"Positives (label 1) with `negatives` sampled negatives (label 0) each, redrawn every epoch, shuffled "
		"together (He et al. 2017).",
		(const struct arg_spec[]){{0}}},
	.flags = KIND_NEGATIVES | KIND_APART,
	.begin = begin,
	.columns = columns,
	.fill = fill,
};
