/* UTF-8 and column widths, independent of the process's locale, so that the same text is laid out alike on a
 * terminal, in a file and in a test.  Malformed bytes become U+FFFD; control characters have width 0 and are never
 * drawn (titles come from data and could carry escape sequences). */
#ifndef GUSTO_TUI_TEXT_H
#define GUSTO_TUI_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

uint32_t text_next(const char **s);		       /* decodes one code point and moves on; 0 at the end */
size_t text_encode(uint32_t cp, char out[4]);	       /* bytes used */
int text_char_width(uint32_t cp);		       /* 0 (control, combining), 1 or 2 */
int text_width(const char *s);			       /* columns */
uint32_t text_ascii(uint32_t cp);		       /* the closest ASCII character: accents dropped, '?' if none */
size_t text_prev(const char *s, size_t at);	       /* the byte offset of the character before `at` */
bool text_contains(const char *s, const char *needle); /* ignores case of ASCII letters */

/* Numbers as people read them.  Each fills buf and returns it. */
char *num_value(char *buf, size_t size, double v);    /* four digits: 0.4127, 3e-4, 12.31, nan */
char *num_short(char *buf, size_t size, double v);    /* at most five columns: 48k, 1.2M, 3e-4, .41 */
char *num_count(char *buf, size_t size, double n);    /* 48 210 */
char *num_duration(char *buf, size_t size, double s); /* 45s, 1:28, 2h05 */
char *num_age(char *buf, size_t size, double s);      /* 5m ago */

#endif
