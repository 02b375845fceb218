#include "explain/agreement.h"

#include <math.h>

double agreement_kendall(const double *x, const double *y, int32_t n)
{
	int64_t sum = 0, untied_x = 0, untied_y = 0;
	for (int32_t i = 0; i < n; i++) {
		for (int32_t j = 0; j < i; j++) {
			int a = (x[i] > x[j]) - (x[i] < x[j]), b = (y[i] > y[j]) - (y[i] < y[j]);
			sum += a * b;
			untied_x += a != 0;
			untied_y += b != 0;
		}
	}
	return untied_x && untied_y ? (double)sum / sqrt((double)untied_x * (double)untied_y) : (double)NAN;
}

static void count(const double *x, int32_t n, int32_t cause, int32_t *above, int32_t *equal)
{
	*above = *equal = 0;
	for (int32_t i = 0; i < n; i++) {
		*above += x[i] > x[cause];
		*equal += x[i] == x[cause];
	}
}

double agreement_first(const double *x, int32_t n, int32_t cause)
{
	int32_t above, equal;
	count(x, n, cause, &above, &equal);
	return above ? 0 : 1.0 / equal;
}

double agreement_reciprocal(const double *x, int32_t n, int32_t cause)
{
	int32_t above, equal;
	double sum = 0;
	count(x, n, cause, &above, &equal);
	for (int32_t i = 1; i <= equal; i++)
		sum += 1.0 / (above + i);
	return sum / equal;
}

/* The place of i when values fall, earlier ones first among equals. */
static int32_t place(const double *x, int32_t n, int32_t i)
{
	int32_t p = 0;
	for (int32_t j = 0; j < n; j++)
		p += x[j] > x[i] || (j < i && x[j] == x[i]);
	return p;
}

double agreement_overlap(const double *x, const double *y, int32_t n, int32_t k)
{
	int32_t both = 0;
	k = k < n ? k : n;
	for (int32_t i = 0; i < n; i++)
		both += place(x, n, i) < k && place(y, n, i) < k;
	return k > 0 ? (double)both / k : 0;
}
