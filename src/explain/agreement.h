/* How far two attributions of the same history agree, and whether an attribution finds a known cause. */
#ifndef GUSTO_EXPLAIN_AGREEMENT_H
#define GUSTO_EXPLAIN_AGREEMENT_H

#include <stdint.h>

/* Kendall's tau-b (1945): (concordant - discordant) / sqrt(pairs untied in x * pairs untied in y); NaN where one of
 * the two is constant. */
double agreement_kendall(const double *x, const double *y, int32_t n);

/* Probability that `cause` comes first when values fall and ties are broken at random: 1 / ties where it is among the
 * largest, else 0. */
double agreement_first(const double *x, int32_t n, int32_t cause);

/* Expected reciprocal rank of the cause under the same order. */
double agreement_reciprocal(const double *x, int32_t n, int32_t cause);

/* Share of the k largest of x that are among the k largest of y (ties by position: earlier first); k is cut to n. */
double agreement_overlap(const double *x, const double *y, int32_t n, int32_t k);

#endif
