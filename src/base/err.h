/* Errors that are expected: one sentence that names the input, what was expected, and what to do.
 *
 * A function that can fail takes `struct err *e` last, returns an `enum err_code` (0 = OK), and fills *e.
 * e may be NULL.  Broken invariants are bugs and hit CHECK, which is compiled into every build. */
#ifndef GUSTO_BASE_ERR_H
#define GUSTO_BASE_ERR_H

enum err_code {
	OK = 0,
	ERR_ARG,       /* a wrong argument, option or knob */
	ERR_IO,	       /* the system refused: open, write, disk full, socket */
	ERR_FORMAT,    /* malformed input: data file, checkpoint, message */
	ERR_NOMEM,     /* an allocation failed */
	ERR_NOTFOUND,  /* a name, file, run, user or item that is not there */
	ERR_SHAPE,     /* shapes that do not fit each other */
	ERR_NUMERIC,   /* NaN or infinity where a number was expected */
	ERR_STATE,     /* not now: wrong moment or wrong state */
	ERR_CANCELLED, /* stopped on request */
	ERR_SCRIPT,    /* the Lua script raised an error */
};

struct err {
	enum err_code code;
	char text[1024];
};

/* Fills *e (cutting at its size) and returns code, so that `return err_set(e, ERR_IO, "...")` reads well. */
enum err_code err_set(struct err *e, enum err_code code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Puts "<fmt>: " before the text that *e already holds; returns e's code. */
enum err_code err_prefix(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Sets ERR_IO with "<fmt>: <strerror(errno)>". */
enum err_code err_errno(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#ifdef __clang_analyzer__ /* which looks at one file at a time: an error is never OK */
#define err_set(e, code, ...) ((err_set)((e), (code), __VA_ARGS__), (code) ? (code) : ERR_STATE)
#define err_errno(e, ...) ((err_errno)((e), __VA_ARGS__), ERR_IO)
#endif

/* A word for the code ("format", "io", ...), as the JSON output and the protocol print it. */
const char *err_code_name(enum err_code code);

_Noreturn void check_failed(const char *file, int line, const char *cond, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
#define CHECK(cond, ...) ((cond) ? (void)0 : check_failed(__FILE__, __LINE__, #cond, __VA_ARGS__))

/* Returns from the calling function where `call` fails. */
#define TRY(call)                                                                                                      \
	do {                                                                                                           \
		enum err_code try_code_ = (call);                                                                      \
		if (try_code_ != OK)                                                                                   \
			return try_code_;                                                                              \
	} while (0)

#endif
