/* cmocka's assert_float_equal compares floats; this compares doubles. */
#ifndef GUSTO_TESTS_CLOSE_H
#define GUSTO_TESTS_CLOSE_H

#include <math.h>

#define assert_close(got, want, tolerance)                                                                             \
	do {                                                                                                           \
		double got_ = (got), want_ = (want);                                                                   \
		if (!(fabs(got_ - want_) <= (tolerance)))                                                              \
			fail_msg("%s = %.17g, expected %.17g", #got, got_, want_);                                     \
	} while (0)

#endif
