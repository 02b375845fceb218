#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In parentheses, as err.h makes macros of these names for the analyser. */
/* clang-format off */
enum err_code (err_set)(struct err *e, enum err_code code, const char *fmt, ...)
/* clang-format on */
{
	if (e) {
		va_list ap;
		va_start(ap, fmt);
		vsnprintf(e->text, sizeof e->text, fmt, ap);
		va_end(ap);
		e->code = code;
	}
	return code;
}

enum err_code err_prefix(struct err *e, const char *fmt, ...)
{
	if (!e)
		return ERR_STATE;
	char head[512], tail[sizeof e->text];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(head, sizeof head, fmt, ap);
	va_end(ap);
	memcpy(tail, e->text, sizeof tail);
	int n = snprintf(e->text, sizeof e->text, "%s: ", head);
	size_t room = sizeof e->text - (size_t)n - 1, len = strlen(tail);
	if (len > room)
		len = room;
	memcpy(e->text + n, tail, len);
	e->text[(size_t)n + len] = '\0';
	return e->code;
}

/* clang-format off */
enum err_code (err_errno)(struct err *e, const char *fmt, ...)
/* clang-format on */
{
	int saved = errno;
	char head[512];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(head, sizeof head, fmt, ap);
	va_end(ap);
	return err_set(e, ERR_IO, "%s: %s", head, strerror(saved));
}

const char *err_code_name(enum err_code code)
{
	static const char *const names[] = {
		[OK] = "ok",
		[ERR_ARG] = "argument",
		[ERR_IO] = "io",
		[ERR_FORMAT] = "format",
		[ERR_NOMEM] = "memory",
		[ERR_NOTFOUND] = "not found",
		[ERR_SHAPE] = "shape",
		[ERR_NUMERIC] = "numeric",
		[ERR_STATE] = "state",
		[ERR_CANCELLED] = "cancelled",
		[ERR_SCRIPT] = "script",
	};
	return (size_t)code < sizeof names / sizeof *names ? names[code] : "unknown";
}

void check_failed(const char *file, int line, const char *cond, const char *fmt, ...)
{
	va_list ap;
	fprintf(stderr, "gusto: bug at %s:%d: (%s) is false: ", file, line, cond);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	abort();
}
