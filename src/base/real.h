/* The engine's number.  The product uses float; the tests build a second tree with double
 * (-DGUSTO_DOUBLE), in which every op's gradient is checked against central differences. */
#ifndef GUSTO_BASE_REAL_H
#define GUSTO_BASE_REAL_H

#ifdef GUSTO_DOUBLE
typedef double real;
#define REAL_NAME "F64"
#else
typedef float real;
#define REAL_NAME "F32"
#endif

#endif
