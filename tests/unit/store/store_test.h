/* A run directory that is removed afterwards, for the tests of this folder. */
#ifndef GUSTO_TESTS_STORE_TEST_H
#define GUSTO_TESTS_STORE_TEST_H

#include "base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <ftw.h>

#define must(call)                                                                                                     \
	do {                                                                                                           \
		if ((call) != OK)                                                                                      \
			fail_msg("%s: %s", #call, err.text);                                                           \
	} while (0)

static inline void temp_dir(char *path, size_t size)
{
	const char *tmp = getenv("TMPDIR");
	snprintf(path, size, "%s/gusto-store-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(path));
}

static inline int temp_unlink(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st, (void)flag, (void)ftw;
	return remove(path);
}

static inline void temp_remove(const char *path)
{
	nftw(path, temp_unlink, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
