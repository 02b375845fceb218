/* exp, log, tanh and friends as inline polynomials that the compiler vectorises, in float and in double.
 *
 * Relative errors, checked by tests/unit/tensor/test_vmath.c: a few units in the last place (float: below 4e-7 for exp
 * and log, 8e-7 for the rest).  NaN in gives NaN out; infinities give the limits.  Branches are selects that let a NaN
 * through.  Sources: range reduction after Cody and Waite; coefficients of tanh, erf and the float exp from Cephes
 * (Moshier, 1989); log and log1p by the series of artanh. */
#ifndef GUSTO_TENSOR_VMATH_H
#define GUSTO_TENSOR_VMATH_H

#include "base/real.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#ifdef GUSTO_DOUBLE
typedef int64_t vmath_int;
#define VMATH_FRACTION 52
#define VMATH_BIAS 1023
#define VMATH_ROUND 0x1.8p52
#define VMATH_LN2_HI 6.93145751953125e-1
#define VMATH_LN2_LO 1.42860682030941723212e-6
#define VMATH_EXP_MAX 709.782712893384
#define VMATH_EXP_MIN -708.049
#define VMATH_MIN_NORMAL 0x1p-1022
#define VMATH_SUBNORMAL_SCALE 0x1p54
#define VMATH_SUBNORMAL_SHIFT 54
#define VMATH_LOG_TERMS 11
#define VMATH_LOG1P_TERMS 17
#else
typedef int32_t vmath_int;
#define VMATH_FRACTION 23
#define VMATH_BIAS 127
#define VMATH_ROUND 0x1.8p23
#define VMATH_LN2_HI 0.693359375
#define VMATH_LN2_LO -2.12194440e-4
#define VMATH_EXP_MAX 88.7228394
#define VMATH_EXP_MIN -86.9899
#define VMATH_MIN_NORMAL 0x1p-126
#define VMATH_SUBNORMAL_SCALE 0x1p25
#define VMATH_SUBNORMAL_SHIFT 25
#define VMATH_LOG_TERMS 5
#define VMATH_LOG1P_TERMS 8
#endif

static inline vmath_int vmath_bits(real x)
{
	vmath_int i;
	memcpy(&i, &x, sizeof i);
	return i;
}

static inline real vmath_from_bits(vmath_int i)
{
	real x;
	memcpy(&x, &i, sizeof x);
	return x;
}

static inline real vm_sqrt(real x)
{
#ifdef GUSTO_DOUBLE
	return sqrt(x);
#else
	return sqrtf(x);
#endif
}

/* exp(r) for |r| <= ln 2 / 2. */
static inline real vmath_exp_core(real r)
{
#ifdef GUSTO_DOUBLE
	real p = 1 / 6227020800.0;
	p = p * r + 1 / 479001600.0;
	p = p * r + 1 / 39916800.0;
	p = p * r + 1 / 3628800.0;
	p = p * r + 1 / 362880.0;
	p = p * r + 1 / 40320.0;
	p = p * r + 1 / 5040.0;
	p = p * r + 1 / 720.0;
	p = p * r + 1 / 120.0;
	p = p * r + 1 / 24.0;
	p = p * r + 1 / 6.0;
	p = p * r + 0.5;
#else
	real p = 1.9875691500e-4f;
	p = p * r + 1.3981999507e-3f;
	p = p * r + 8.3334519073e-3f;
	p = p * r + 4.1665795894e-2f;
	p = p * r + 1.6666665459e-1f;
	p = p * r + 5.0000001201e-1f;
#endif
	return p * r * r + r + 1;
}

/* exp(x) = 2^n exp(r); below 2^-125.5 (double: 2^-1021.5) the result is 0. */
static inline real vm_exp(real x)
{
	const real round = (real)VMATH_ROUND;
	real y = x > (real)VMATH_EXP_MAX ? (real)VMATH_EXP_MAX : x;
	y = y < (real)VMATH_EXP_MIN ? (real)VMATH_EXP_MIN : y;
	real t = y * (real)1.44269504088896340736 + round; /* n stands in the low bits of t */
	real n = t - round;
	real r = y - n * (real)VMATH_LN2_HI - n * (real)VMATH_LN2_LO;
	/* n = 128 has no exponent of its own: 2^n is built as 2 * 2^(n-1) */
	vmath_int scale = (vmath_int)((uint64_t)(vmath_bits(t) - vmath_bits(round) + VMATH_BIAS - 1) << VMATH_FRACTION);
	real e = vmath_exp_core(r) * 2 * vmath_from_bits(scale);
	e = x < (real)VMATH_EXP_MIN ? 0 : e;
	return x > (real)VMATH_EXP_MAX ? (real)INFINITY : e;
}

/* 2 artanh(s) = 2 s (1 + s^2/3 + s^4/5 + ...), `terms` of them (a constant). */
static inline __attribute__((always_inline)) real vmath_artanh2(real s, int terms)
{
	real z = s * s, p = 1 / (real)(2 * terms + 1);
#pragma GCC unroll 20
	for (int k = terms - 1; k >= 0; k--)
		p = p * z + 1 / (real)(2 * k + 1);
	return 2 * s * p;
}

/* log(x): -inf at 0, NaN below.  x = 2^e m with m in [sqrt(1/2), sqrt(2)), log m = 2 artanh((m - 1) / (m + 1)). */
static inline real vm_log(real x)
{
	const vmath_int root_half = vmath_bits((real)0.70710678118654752440);
	int small = x < (real)VMATH_MIN_NORMAL;
	real y = small ? x * (real)VMATH_SUBNORMAL_SCALE : x;
	vmath_int e = (vmath_bits(y) - root_half) >> VMATH_FRACTION;
	real m = vmath_from_bits((vmath_int)((uint64_t)vmath_bits(y) - ((uint64_t)e << VMATH_FRACTION)));
	real n = (real)(small ? e - VMATH_SUBNORMAL_SHIFT : e);
	real l = vmath_artanh2((m - 1) / (m + 1), VMATH_LOG_TERMS);
	l = n * (real)VMATH_LN2_HI + (l + n * (real)VMATH_LN2_LO);
	l = x == (real)INFINITY ? x : l;
	l = x == 0 ? -(real)INFINITY : l;
	return x >= 0 ? l : (real)NAN;
}

/* log(1 + u) for u in [0, 1]. */
static inline real vm_log1p_unit(real u)
{
	return vmath_artanh2(u / (2 + u), VMATH_LOG1P_TERMS);
}

/* log(1 + exp(x)) = max(x, 0) + log1p(exp(-|x|)) */
static inline real vm_softplus(real x)
{
	real a = x < 0 ? -x : x;
	return (x > 0 ? x : 0) + vm_log1p_unit(vm_exp(-a));
}

static inline real vm_sigmoid(real x)
{
	return 1 / (1 + vm_exp(-x));
}

static inline real vm_tanh(real x)
{
	real a = x < 0 ? -x : x, z = x * x;
	real big = 1 - 2 / (1 + vm_exp(2 * a));
	big = x < 0 ? -big : big;
#ifdef GUSTO_DOUBLE
	real p = ((-9.64399179425052238628e-1 * z - 9.92877231001918586564e1) * z - 1.61468768441708447952e3);
	real q = ((z + 1.12811678491632931402e2) * z + 2.23548839060100448583e3) * z + 4.84406305325125486048e3;
	real near = x + x * z * (p / q);
#else
	real p = -5.70498872745e-3f * z + 2.06390887954e-2f;
	p = p * z - 5.37397155531e-2f;
	p = p * z + 1.33314422036e-1f;
	p = p * z - 3.33332819422e-1f;
	real near = x + x * z * p;
#endif
	return a > (real)0.625 ? big : near;
}

static inline real vm_erf(real x)
{
	real a = x < 0 ? -x : x;
	a = a > 6 ? 6 : a; /* erf(6) = 1 - 2e-17 */
	real z = a * a;
	real t = (real)9.60497373987051638749e0;
	t = t * z + (real)9.00260197203842689217e1;
	t = t * z + (real)2.23200534594684319226e3;
	t = t * z + (real)7.00332514112805075473e3;
	t = t * z + (real)5.55923013010394962768e4;
	real u = z + (real)3.35617141647503099647e1;
	u = u * z + (real)5.21357949780152679795e2;
	u = u * z + (real)4.59432382970980127987e3;
	u = u * z + (real)2.26290000613890934246e4;
	u = u * z + (real)4.92673942608635921086e4;
	real p = (real)2.46196981473530512524e-10;
	p = p * a + (real)5.64189564831068821977e-1;
	p = p * a + (real)7.46321056442269912687e0;
	p = p * a + (real)4.86371970985681366614e1;
	p = p * a + (real)1.96520832956077098242e2;
	p = p * a + (real)5.26445194995477358631e2;
	p = p * a + (real)9.34528527171957607540e2;
	p = p * a + (real)1.02755188689515710272e3;
	p = p * a + (real)5.57535335369399327526e2;
	real q = a + (real)1.32281951154744992508e1;
	q = q * a + (real)8.67072140885989742329e1;
	q = q * a + (real)3.54937778887819891062e2;
	q = q * a + (real)9.75708501743205489753e2;
	q = q * a + (real)1.82390916687909736289e3;
	q = q * a + (real)2.24633760818710981792e3;
	q = q * a + (real)1.65666309194161350182e3;
	q = q * a + (real)5.57535340817727675546e2;
	real r = a < 1 ? a * t / u : 1 - vm_exp(-z) * p / q;
	return x < 0 ? -r : r;
}

#endif
