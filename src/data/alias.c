#include "data/alias.h"

#include "base/mem.h"

/* Each cell holds 1/n of the mass: cells with less than that are topped up from one with more, which joins the poor
 * once it has given enough.  `todo` is filled with the poor from the left and the rich from the right. */
enum err_code alias_init(struct alias *a, const double *weight, int32_t n, struct err *e)
{
	double sum = 0;
	for (int32_t i = 0; i < n; i++)
		sum += weight[i];
	CHECK(n > 0 && sum > 0 && isfinite(sum), "alias table of %d weights with sum %g", n, sum);
	enum err_code code = OK;
	a->n = n;
	a->cell = mem_calloc((size_t)n, sizeof *a->cell);
	double *mass = mem_calloc((size_t)n, sizeof *mass);
	int32_t *todo = mem_calloc((size_t)n, sizeof *todo), poor = 0, rich = n;
	if (!a->cell || !mass || !todo) {
		code = err_set(e, ERR_NOMEM, "no memory for a table of %d weights", n);
		alias_fini(a);
		goto done;
	}
	for (int32_t i = 0; i < n; i++) {
		mass[i] = weight[i] / sum * n;
		a->cell[i] = (struct alias_cell){UINT32_MAX, i};
		if (mass[i] < 1)
			todo[poor++] = i;
		else
			todo[--rich] = i;
	}
	while (poor > 0 && rich < n) {
		int32_t p = todo[--poor], r = todo[rich];
		a->cell[p] = (struct alias_cell){(uint32_t)(mass[p] * 0x1p32), r};
		mass[r] -= 1 - mass[p];
		if (mass[r] < 1) {
			rich++;
			todo[poor++] = r;
		}
	}
	/* Rounding may leave poor cells of mass almost 1 (they keep their own index) but none that weighs nothing. */
	int32_t heavy = 0;
	for (int32_t i = 0; i < n; i++)
		if (weight[i] > weight[heavy])
			heavy = i;
	for (; poor > 0; poor--)
		if (weight[todo[poor - 1]] == 0)
			a->cell[todo[poor - 1]] = (struct alias_cell){0, heavy};
done:
	mem_free(mass);
	mem_free(todo);
	return code;
}

void alias_fini(struct alias *a)
{
	mem_free(a->cell);
	*a = (struct alias){0};
}
