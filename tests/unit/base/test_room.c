/* What is too large is refused with the numbers; what fits, and everything small, passes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/room.h"

#include <string.h>

static void too_much_is_refused_with_the_numbers(void **state)
{
	struct err e = {0};
	if (room_available() == 0) {
		print_message("skipped: the free memory is not known here\n");
		return;
	}
	assert_int_equal(room_for(5e15, &e, "matrix [%d, %d]", 7, 9), ERR_NOMEM);
	assert_true(strncmp(e.text, "matrix [7, 9] needs 5000000.0 GB of memory, ", 44) == 0);
	assert_non_null(strstr(e.text, " GB are free"));
	assert_int_equal(room_for(1e8, &e, "a little"), room_available() > 100000000 ? OK : ERR_NOMEM);
	assert_int_equal(room_for(1000, &e, "nothing"), OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(too_much_is_refused_with_the_numbers)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
