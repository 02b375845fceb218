/* The runner's side of the control protocol (run/protocol.h): a Unix socket, any number of clients, no blocking.
 *
 * Requests wait in their client's buffer until server_next hands them out, so that those which must wait for a safe
 * point do.  Malformed ones are answered at once and never seen by the caller.  One thread. */
#ifndef GUSTO_RUN_SERVER_H
#define GUSTO_RUN_SERVER_H

#include "run/protocol.h"

#include <jansson.h>

struct request {
	int64_t client; /* who asked; a client that has gone is no error */
	int64_t id;
	char cmd[24];
	json_t *args; /* an object, owned */
};
void request_free(struct request *r);
/* One line without its newline.  On failure out->id holds the request's id where it could be read, else 0. */
enum err_code request_parse(const char *line, size_t n, struct request *out, struct err *e);

struct server;
/* Binds <run_dir>/control.sock (0600); a stale socket is replaced.  The caller holds the run's lock. */
enum err_code server_open(const char *run_dir, struct server **out, struct err *e);
/* Without an address of its own: clients come through server_attach only (tests, fuzzing). */
struct server *server_new(void);
/* Sends what is pending for a moment, closes, removes the socket. */
void server_close(struct server *s);
/* Adds a connected socket; owned by the server. */
enum err_code server_attach(struct server *s, int fd, struct err *e);

/* Accepts, reads and writes what is possible; waits up to timeout_ms (-1: for ever) for something to happen, also on
 * wake_fd where it is >= 0. */
void server_poll(struct server *s, int timeout_ms, int wake_fd);
/* The next request whose command `may` accepts (NULL: any); false where there is none.  Requests of one client keep their
 * order: a refused one holds back those behind it. */
bool server_next(struct server *s, bool (*may)(const char *cmd), struct request *out);
/* Answers; result is stolen (NULL: {}). */
void server_answer(struct server *s, const struct request *r, int64_t step, json_t *result);
void server_refuse(struct server *s, const struct request *r, int64_t step, const char *why);

#endif
