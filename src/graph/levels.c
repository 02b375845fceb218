#include "graph/levels.h"

enum err_code levels_need_table(const char *op, const struct op_sig *s, int k, const char *what, struct err *e)
{
	TRY(op_need_fixed(op, s, k, what, 2, e));
	if (levels_dim(&s->shape[k], s->attr) < 1)
		return err_set(e, ERR_SHAPE, "%s: %s must hold %d vectors per row, but its rows have %d numbers", op,
			what, (int)s->attr[LEVELS_ATTR], s->shape[k].dim[1]);
	return OK;
}

static bool on_tokens(const struct shape *s)
{
	return (s->axis == AXIS_TOKEN || s->axis == AXIS_TOKEN2) && shape_width(s) == 1;
}

enum err_code levels_need_ratings(const char *op, const struct op_sig *s, int ids, int ratings, struct err *e)
{
	char text[80];
	TRY(op_need_int(op, s, ids, "ids", e));
	TRY(op_need_real(op, s, ratings, "the ratings", e));
	if (!on_tokens(&s->shape[ids]))
		return err_set(e, ERR_SHAPE, "%s: ids must be a plain column on tokens, got %s", op,
			shape_text(&s->shape[ids], text, sizeof text));
	return op_need_same(op, s, ids, "ids", ratings, "the ratings", e);
}

/* [n + 1] places by id, then tokens and their examples, as int32, which is no larger than a real. */
size_t levels_visit_size(const struct op_io *io, int table, int ids)
{
	return (size_t)io->in[table].shape.dim[0] + 1 + 2 * (size_t)io->in[ids].rows;
}

enum { CACHE_BYTES = 8 << 20 };

static bool fits_cache(const struct operand *table)
{
	return shape_width(&table->shape) * (int64_t)sizeof(real) <= CACHE_BYTES;
}

/* As they stand. */
static struct visit visit_in_order(const struct op_io *io, int ids, int32_t *token, int32_t *example)
{
	const int32_t *at = io->offsets[io->in[ids].shape.axis], *id = io->in[ids].i;
	int64_t n = 0;
	for (int32_t e = 0; e < io->examples; e++)
		for (int32_t t = at[e]; t < at[e + 1]; t++) {
			token[n] = t;
			example[n] = e;
			n += id[t] >= 0;
		}
	return (struct visit){token, example, n};
}

/* By id, with a counting sort. */
struct visit levels_visit(const struct op_io *io, int table, int ids, real *scratch)
{
	const int32_t n = io->in[table].shape.dim[0], *at = io->offsets[io->in[ids].shape.axis], *id = io->in[ids].i;
	int64_t tokens = at[io->examples];
	int32_t *place = (int32_t *)(void *)scratch, *token = place + n + 1, *example = token + tokens;
	if (fits_cache(&io->in[table]))
		return visit_in_order(io, ids, token, example);
	memset(place, 0, (size_t)(n + 1) * sizeof *place);
	for (int64_t t = 0; t < tokens; t++)
		if (id[t] >= 0)
			place[id[t] + 1]++;
	for (int32_t i = 0; i < n; i++)
		place[i + 1] += place[i];
	int64_t count = place[n];
	for (int32_t e = 0; e < io->examples; e++)
		for (int32_t t = at[e]; t < at[e + 1]; t++) {
			if (id[t] < 0)
				continue;
			int32_t p = place[id[t]]++;
			token[p] = t;
			example[p] = e;
		}
	return (struct visit){token, example, count};
}
