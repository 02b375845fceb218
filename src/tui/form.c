#include "tui/form.h"

#include "tui/keymap.h"
#include "tui/text.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void edit_set(struct edit *e, const char *text)
{
	snprintf(e->text, sizeof e->text, "%s", text);
	e->at = strlen(e->text);
}

static void erase(struct edit *e, size_t from, size_t to)
{
	memmove(e->text + from, e->text + to, strlen(e->text + to) + 1);
	e->at = from;
}

static size_t after(const struct edit *e)
{
	const char *s = e->text + e->at;
	text_next(&s);
	return (size_t)(s - e->text);
}

static void insert(struct edit *e, uint32_t cp)
{
	char bytes[4];
	size_t n = text_encode(cp, bytes), len = strlen(e->text);
	if (len + n >= sizeof e->text)
		return;
	memmove(e->text + e->at + n, e->text + e->at, len - e->at + 1);
	memcpy(e->text + e->at, bytes, n);
	e->at += n;
}

static size_t word_start(const struct edit *e)
{
	size_t at = e->at;
	while (at > 0 && e->text[at - 1] == ' ')
		at--;
	while (at > 0 && e->text[at - 1] != ' ')
		at--;
	return at;
}

bool edit_key(struct edit *e, int key)
{
	switch (key) {
	case TKEY_LEFT:
	case CTRL_KEY('b'):
		e->at = text_prev(e->text, e->at);
		return true;
	case TKEY_RIGHT:
	case CTRL_KEY('f'):
		e->at = after(e);
		return true;
	case TKEY_HOME:
	case CTRL_KEY('a'):
		e->at = 0;
		return true;
	case TKEY_END:
	case CTRL_KEY('e'):
		e->at = strlen(e->text);
		return true;
	case TKEY_BACKSPACE:
		erase(e, text_prev(e->text, e->at), e->at);
		return true;
	case TKEY_DELETE:
	case CTRL_KEY('d'):
		erase(e, e->at, after(e));
		return true;
	case CTRL_KEY('u'):
		erase(e, 0, e->at);
		return true;
	case CTRL_KEY('k'):
		e->text[e->at] = '\0';
		return true;
	case CTRL_KEY('w'):
		erase(e, word_start(e), e->at);
		return true;
	default:
		if (key < ' ' || key >= TKEY_FIRST || text_char_width((uint32_t)key) == 0)
			return false;
		insert(e, (uint32_t)key);
		return true;
	}
}

void edit_draw(const struct edit *e, struct pane p, int y, const char *label)
{
	int x = pane_text(p, 0, y, p.w, STYLE_BOLD(ROLE_ACCENT), label);
	char before[sizeof e->text];
	snprintf(before, sizeof before, "%.*s", (int)e->at, e->text);
	int room = p.w - x - 1, skip = 0, at = text_width(before);
	const char *s = e->text;
	while (at - skip > room && *s)
		skip += text_char_width(text_next(&s));
	pane_text(p, x, y, p.w - x, STYLE(ROLE_TEXT), s);
	pane_cursor(p, x + at - skip, y);
}

/* ---- arithmetic: expr = term {(+|-) term}, term = power {(*|/) power}, power = unary [^ power] ---- */

struct parser {
	const char *start, *s;
	bool (*lookup)(void *ctx, const char *name, double *v);
	void *ctx;
	int depth;
	struct err *e;
	bool failed;
};

static double fail(struct parser *p, const char *what)
{
	if (!p->failed)
		err_set(p->e, ERR_ARG, "column %d of \"%s\": %s", (int)(p->s - p->start) + 1, p->start, what);
	p->failed = true;
	return NAN;
}

static char peek(struct parser *p)
{
	while (*p->s == ' ')
		p->s++;
	return *p->s;
}

static double parse_sum(struct parser *p);

static double parse_atom(struct parser *p)
{
	char c = peek(p), name[64];
	double v = 0;
	if (c == '(') {
		p->s++;
		v = parse_sum(p);
		if (peek(p) != ')')
			return fail(p, "expected )");
		p->s++;
		return v;
	}
	if (isdigit((unsigned char)c) || c == '.') {
		char *end;
		v = strtod(p->s, &end);
		if (end == p->s)
			return fail(p, "expected a number");
		p->s = end;
		return v;
	}
	size_t n = 0;
	while (n + 1 < sizeof name && (isalnum((unsigned char)p->s[n]) || p->s[n] == '_' || p->s[n] == '.'))
		name[n] = p->s[n], n++;
	name[n] = '\0';
	if (n == 0)
		return fail(p, "expected a number, a knob or (");
	if (!p->lookup || !p->lookup(p->ctx, name, &v))
		return fail(p, "no knob with a number of that name");
	p->s += n;
	return v;
}

static double parse_power(struct parser *p)
{
	if (++p->depth > 64)
		return fail(p, "nested too deeply");
	double v;
	if (peek(p) == '-') {
		p->s++;
		v = -parse_power(p);
	} else {
		v = parse_atom(p);
		if (peek(p) == '^') {
			p->s++;
			v = pow(v, parse_power(p));
		}
	}
	p->depth--;
	return v;
}

static double parse_product(struct parser *p, double v)
{
	while (!p->failed && (peek(p) == '*' || peek(p) == '/')) {
		char op = *p->s++;
		double w = parse_power(p);
		v = op == '*' ? v * w : v / w;
	}
	return v;
}

static double parse_rest(struct parser *p, double v)
{
	v = parse_product(p, v);
	while (!p->failed && (peek(p) == '+' || peek(p) == '-')) {
		char op = *p->s++;
		double w = parse_product(p, parse_power(p));
		v = op == '+' ? v + w : v - w;
	}
	return v;
}

static double parse_sum(struct parser *p)
{
	if (++p->depth > 64)
		return fail(p, "nested too deeply");
	double v = parse_rest(p, parse_power(p));
	p->depth--;
	return v;
}

enum err_code form_eval(const char *text, double current, bool (*lookup)(void *ctx, const char *name, double *v),
	void *ctx, double *out, struct err *e)
{
	struct parser p = {.start = text, .s = text, .lookup = lookup, .ctx = ctx, .e = e};
	char c = peek(&p);
	*out = c == '*' || c == '/' || c == '+' ? parse_rest(&p, current) : parse_sum(&p);
	if (!p.failed && peek(&p))
		fail(&p, "expected an operator or the end");
	if (!p.failed && !isfinite(*out))
		fail(&p, "the result is not a finite number");
	return p.failed ? ERR_ARG : OK;
}
