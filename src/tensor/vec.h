/* Vectors of the width of the machine, for the few kernels that the compiler does not find by itself. */
#ifndef GUSTO_TENSOR_VEC_H
#define GUSTO_TENSOR_VEC_H

#include "base/real.h"

#include <string.h>

#ifdef __AVX512F__
#define VEC_BYTES 64
#else
#define VEC_BYTES 32
#endif

enum { VEC = VEC_BYTES / sizeof(real) };

typedef real vec __attribute__((vector_size(VEC_BYTES)));
typedef real vec_half __attribute__((vector_size(32)));
typedef real vec_quarter __attribute__((vector_size(16)));

#define VEC_INLINE static inline __attribute__((always_inline))

VEC_INLINE vec vec_load(const real *p)
{
	vec v;
	memcpy(&v, p, sizeof v);
	return v;
}

VEC_INLINE void vec_store(real *p, vec v)
{
	memcpy(p, &v, sizeof v);
}

VEC_INLINE vec_half vec_half_load(const real *p)
{
	vec_half v;
	memcpy(&v, p, sizeof v);
	return v;
}

/* The two halves added; the vector itself where it is no longer than that. */
VEC_INLINE vec_half vec_fold(vec v)
{
	vec_half lo, hi;
	memcpy(&lo, &v, sizeof lo);
	memcpy(&hi, (const char *)&v + VEC_BYTES - sizeof hi, sizeof hi);
	return VEC_BYTES > sizeof lo ? lo + hi : lo;
}

VEC_INLINE real vec_half_sum(vec_half v)
{
	vec_quarter a, b;
	memcpy(&a, &v, sizeof a);
	memcpy(&b, (const char *)&v + sizeof a, sizeof b);
	a += b;
#ifdef GUSTO_DOUBLE
	return a[0] + a[1];
#else
	return (a[0] + a[2]) + (a[1] + a[3]);
#endif
}

VEC_INLINE real vec_sum(vec v)
{
	return vec_half_sum(vec_fold(v));
}

#endif
