#include "base/str.h"

#include "base/mem.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

void str_free(struct str *s)
{
	mem_free(s->data);
	*s = (struct str){0};
}

void str_clear(struct str *s)
{
	s->len = 0;
	s->failed = false;
	if (s->data)
		s->data[0] = '\0';
}

static bool str_room(struct str *s, size_t more)
{
	if (s->failed || more > SIZE_MAX / 2 || !mem_grow(&s->data, &s->cap, s->len + more + 1, 1))
		s->failed = true;
	return !s->failed;
}

void str_add(struct str *s, const char *bytes, size_t n)
{
	if (!str_room(s, n))
		return;
	if (n)
		memcpy(s->data + s->len, bytes, n);
	s->len += n;
	s->data[s->len] = '\0';
}

void str_puts(struct str *s, const char *text)
{
	str_add(s, text, strlen(text));
}

void str_putc(struct str *s, char c)
{
	str_add(s, &c, 1);
}

void str_vprintf(struct str *s, const char *fmt, va_list ap)
{
	va_list again;
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	if (n >= 0 && str_room(s, (size_t)n)) {
		vsnprintf(s->data + s->len, (size_t)n + 1, fmt, again);
		s->len += (size_t)n;
	} else {
		s->failed = true;
	}
	va_end(again);
}

void str_printf(struct str *s, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	str_vprintf(s, fmt, ap);
	va_end(ap);
}

const char *str_text(const struct str *s)
{
	return s->data ? s->data : "";
}

char *str_take(struct str *s)
{
	if (!s->failed && !s->data)
		str_puts(s, "");
	char *p = s->failed ? NULL : s->data;
	if (!p)
		mem_free(s->data);
	*s = (struct str){0};
	return p;
}

bool str_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool str_ends(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);
	return n >= m && strcmp(s + n - m, suffix) == 0;
}

/* Levenshtein distance over at most 63 characters of each. */
static size_t edit_distance(const char *a, const char *b)
{
	size_t n = strnlen(a, 63), m = strnlen(b, 63), row[64];
	for (size_t j = 0; j <= m; j++)
		row[j] = j;
	for (size_t i = 1; i <= n; i++) {
		size_t diag = row[0];
		row[0] = i;
		for (size_t j = 1; j <= m; j++) {
			size_t best = diag + (a[i - 1] != b[j - 1]);
			diag = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[m];
}

const char *str_closest(const char *given, const char *const *names, size_t n)
{
	const char *best = NULL;
	size_t limit = strlen(given) / 3 + 2;
	for (size_t i = 0; i < n; i++) {
		size_t d = edit_distance(given, names[i]);
		if (d < limit) {
			limit = d;
			best = names[i];
		}
	}
	return best;
}
