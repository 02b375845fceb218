/* What everything registered has: a name, a usage line, help, and typed arguments.
 *
 * Ops, layers, optimizers, metrics, samplers, formats, panels and commands are constant structs whose first
 * member is a struct desc.  From it come the Lua constructors and their error messages, `gusto doc NAME`,
 * completion, forms, the validation of live tweaks, and the conformance tests. */
#ifndef GUSTO_BASE_DESC_H
#define GUSTO_BASE_DESC_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum arg_type { ARG_END = 0, ARG_INT, ARG_REAL, ARG_LOG, ARG_BOOL, ARG_STRING, ARG_CHOICE };

enum arg_flags {
	ARG_REQUIRED = 1, /* has no default */
	ARG_LIVE = 2,	  /* may change between two steps */
};

/* One argument.  For ARG_STRING and ARG_CHOICE the default is `text`, and `choices` lists "a|b|c".
 * ARG_LOG is a real on a logarithmic scale.  Rows end with {0}. */
struct arg_spec {
	const char *name;
	enum arg_type type;
	double def, min, max;
	unsigned flags;
	const char *help;
	const char *text;
	const char *choices;
};

struct desc {
	const char *name;  /* unique in its registry: letters, digits, '_' and '-' */
	const char *usage; /* one line: "linear { in, out, bias = true }" */
	const char *help;  /* one sentence or more, with the formula and the source */
	const struct arg_spec *args;
};

struct registry {
	const char *kind; /* "op", "layer", ... */
	const struct desc *const *rows;
	size_t n;
};

enum { ARGS_MAX = 16 };

/* Parsed arguments, parallel to desc.args. */
struct args {
	double num[ARGS_MAX];	    /* numbers and booleans; for ARG_CHOICE the index of the choice */
	const char *text[ARGS_MAX]; /* strings, owned by whoever filled the struct */
	bool given[ARGS_MAX];
};

const struct desc *registry_find(const struct registry *r, const char *name);
/* As registry_find, with an error sentence that proposes the closest name. */
const struct desc *registry_need(const struct registry *r, const char *name, struct err *e);

size_t arg_count(const struct desc *d);
int arg_index(const struct desc *d, const char *name); /* -1: no such argument */

/* Fills every argument with its default. */
void args_default(const struct desc *d, struct args *a);
/* Sets one argument and checks type and range:
 * "attention: heads must be in 1..64, got 0". */
enum err_code args_set_number(const struct desc *d, struct args *a, const char *name, double v, struct err *e);
enum err_code args_set_text(const struct desc *d, struct args *a, const char *name, const char *text, struct err *e);
/* Every ARG_REQUIRED argument was given. */
enum err_code args_complete(const struct desc *d, const struct args *a, struct err *e);

/* Checks one number against a row: type (whole numbers for ARG_INT) and range.  `owner` begins the sentence. */
enum err_code arg_check_number(const char *owner, const struct arg_spec *s, double v, struct err *e);
/* The index of `text` in "a|b|c", or -1. */
int arg_choice_index(const char *choices, const char *text);
/* And back: choice number `index` into out, "" where there is none.  Returns out. */
char *arg_choice_text(const char *choices, int index, char *out, size_t size);

#endif
