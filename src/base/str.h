/* Growing strings.  A failed allocation sets `failed` and drops what follows; check it once at the end. */
#ifndef GUSTO_BASE_STR_H
#define GUSTO_BASE_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct str {
	char *data; /* NUL-terminated once anything was added; NULL before */
	size_t len, cap;
	bool failed;
};

void str_free(struct str *s);
void str_clear(struct str *s);
void str_add(struct str *s, const char *bytes, size_t n);
void str_puts(struct str *s, const char *text);
void str_putc(struct str *s, char c);
void str_printf(struct str *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void str_vprintf(struct str *s, const char *fmt, va_list ap);
const char *str_text(const struct str *s); /* never NULL */
char *str_take(struct str *s);		   /* the caller frees with mem_free; NULL where it failed */

bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);

/* The row of names[0..n) closest to `given` by edit distance, for "did you mean"; NULL if none is close. */
const char *str_closest(const char *given, const char *const *names, size_t n);

#endif
