/* Files in a folder of the test's own, and the chunks that are run from them. */
#ifndef GUSTO_TESTS_SCRIPT_SUPPORT_H
#define GUSTO_TESTS_SCRIPT_SUPPORT_H

#include "script/script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];

static __attribute__((unused)) int make_folder(void **state)
{
	strcpy(folder, "/tmp/gusto-script-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static __attribute__((unused)) int remove_folder(void **state)
{
	char command[128];
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

/* Writes <folder>/<name> and returns its path (in a static buffer). */
static __attribute__((unused)) const char *write_file(const char *name, const char *text)
{
	static char path[256];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	for (char *p = path + strlen(folder) + 1; (p = strchr(p, '/')); p++) {
		*p = 0;
		mkdir(path, 0777);
		*p = '/';
	}
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	return path;
}

static __attribute__((unused)) struct experiment *load(const char *file, const struct script_options *o)
{
	struct experiment *x = NULL;
	struct err e;
	if (script_load(file, o, &x, &e) != OK)
		fail_msg("%s: %s", file ? file : "the snapshot", e.text);
	return x;
}

static __attribute__((unused)) void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("expected \"%s\" in: %s", part, text);
}

#endif
