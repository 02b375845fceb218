/* The client's side of the control protocol.
 *
 * The socket never blocks; waiting is done in poll().  What a busy runner does not take yet stays in `out` and leaves
 * with the next call.  Answers come in the order of the runner, so a call puts those to other requests aside (`kept`)
 * and client_receive hands them out later. */
#include "run/protocol.h"

#include "base/mem.h"
#include "base/str.h"

#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* Attention maps of long histories are large; a runner that sends more than this without a newline is broken. */
enum { ANSWER_MAX = 256 << 20, READ_BYTES = 65536 };

struct client {
	int fd;
	bool gone; /* the runner closed its end */
	int64_t next_id;
	struct str in, out;
	size_t seen; /* bytes of `in` known to hold no newline */
	char **kept;
	size_t nkept, kept_cap;
};

static enum err_code connect_error(const char *run_dir, struct err *e)
{
	if (errno == ENOENT)
		return err_set(e, ERR_STATE, "%s is not running (it has no control socket)", run_dir);
	if (errno == ECONNREFUSED)
		return err_set(e, ERR_STATE,
			"%s is not running: its runner has gone and left a stale socket; `gusto resume` continues the "
			"run",
			run_dir);
	return err_errno(e, "cannot connect to the runner of %s", run_dir);
}

static enum err_code socket_connect(const char *run_dir, int *fd, struct err *e)
{
	struct sockaddr_un addr;
	int dirfd;
	TRY(protocol_address(run_dir, &addr, &dirfd, e));
	enum err_code code = OK;
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (*fd < 0)
		code = err_errno(e, "cannot make a socket");
	else if (connect(*fd, (const struct sockaddr *)&addr, sizeof addr))
		code = connect_error(run_dir, e);
	close(dirfd);
	if (code != OK && *fd >= 0)
		close(*fd);
	return code;
}

enum err_code client_connect(const char *run_dir, struct client **out, struct err *e)
{
	int fd;
	*out = NULL;
	TRY(socket_connect(run_dir, &fd, e));
	struct client *c = mem_calloc(1, sizeof *c);
	if (!c) {
		close(fd);
		return err_set(e, ERR_NOMEM, "no memory for a connection");
	}
	c->fd = fd;
	c->next_id = 1;
	*out = c;
	return OK;
}

void client_close(struct client *c)
{
	if (!c)
		return;
	close(c->fd);
	str_free(&c->in);
	str_free(&c->out);
	for (size_t i = 0; i < c->nkept; i++)
		mem_free(c->kept[i]);
	mem_free(c->kept);
	mem_free(c);
}

int client_fd(const struct client *c)
{
	return c->fd;
}

/* Removes the first n bytes. */
static void str_drop(struct str *s, size_t n)
{
	memmove(s->data, s->data + n, s->len - n + 1);
	s->len -= n;
}

/* Sends what the socket takes. */
static enum err_code client_push(struct client *c, struct err *e)
{
	while (c->out.len) {
		ssize_t n = send(c->fd, c->out.data, c->out.len, MSG_NOSIGNAL);
		if (n >= 0)
			str_drop(&c->out, (size_t)n);
		else if (errno == EAGAIN || errno == EWOULDBLOCK)
			return OK;
		else if (errno != EINTR)
			return err_errno(e, "the runner has gone");
	}
	return OK;
}

static enum err_code request_text(struct client *c, const char *cmd, const char *args_json, struct err *e)
{
	json_error_t why;
	json_t *args = json_loads(args_json ? args_json : "{}", 0, &why), *request = NULL;
	char *line = NULL;
	enum err_code code = OK;
	if (!json_is_object(args)) {
		code = err_set(e, ERR_ARG, "the arguments of \"%s\" must be a JSON object (column %d: %s)", cmd,
			args ? 1 : why.column, args ? "it is something else" : why.text);
		goto done;
	}
	request = json_pack(
		"{s:i, s:I, s:s, s:O}", "v", PROTOCOL_VERSION, "id", (json_int_t)c->next_id, "cmd", cmd, "args", args);
	line = request ? json_dumps(request, JSON_COMPACT) : NULL;
	if (!line) {
		code = err_set(e, ERR_ARG, "the command \"%s\" is not valid text", cmd);
	} else if (strlen(line) >= PROTOCOL_LINE_MAX) {
		code = err_set(e, ERR_ARG, "the command \"%s\" has %zu bytes; at most %d are allowed", cmd,
			strlen(line), PROTOCOL_LINE_MAX - 1);
	} else {
		str_puts(&c->out, line);
		str_putc(&c->out, '\n');
		if (c->out.failed)
			code = err_set(e, ERR_NOMEM, "no memory to send \"%s\"", cmd);
	}
done:
	free(line);
	json_decref(request);
	json_decref(args);
	return code;
}

enum err_code client_send(struct client *c, const char *cmd, const char *args_json, int64_t *id, struct err *e)
{
	TRY(request_text(c, cmd, args_json, e));
	int64_t mine = c->next_id++;
	if (id)
		*id = mine;
	return client_push(c, e);
}

/* Takes the first whole line out of `in`; NULL where there is none. */
static char *line_take(struct client *c)
{
	char *end = c->in.len > c->seen ? memchr(c->in.data + c->seen, '\n', c->in.len - c->seen) : NULL;
	if (!end) {
		c->seen = c->in.len;
		return NULL;
	}
	size_t n = (size_t)(end - c->in.data);
	char *line = mem_strndup(c->in.data, n);
	if (line)
		str_drop(&c->in, n + 1);
	c->seen = 0;
	return line;
}

static enum err_code client_pull(struct client *c, struct err *e)
{
	char buf[READ_BYTES];
	ssize_t n = recv(c->fd, buf, sizeof buf, 0);
	if (n < 0)
		return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? OK
										 : err_errno(e, "the runner has gone");
	c->gone = n == 0;
	str_add(&c->in, buf, (size_t)n);
	if (c->in.failed || c->in.len > ANSWER_MAX)
		return err_set(e, ERR_FORMAT, "the runner sent %zu bytes without an end of line", c->in.len);
	return OK;
}

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}

/* One line off the wire within timeout_ms. */
static enum err_code client_wire(struct client *c, int timeout_ms, char **line, struct err *e)
{
	int64_t end = now_ms() + timeout_ms;
	for (;;) {
		if ((*line = line_take(c)))
			return OK;
		if (c->gone)
			return err_set(e, ERR_IO, "the runner has gone: it closed the connection");
		int64_t left = timeout_ms < 0 ? -1 : end - now_ms();
		struct pollfd p = {.fd = c->fd, .events = (short)(POLLIN | (c->out.len ? POLLOUT : 0))};
		int ready = poll(&p, 1, timeout_ms < 0 ? -1 : left > 0 ? (int)left : 0);
		if (ready < 0 && errno != EINTR)
			return err_errno(e, "cannot wait for the runner");
		if (ready > 0 && p.revents & POLLOUT)
			TRY(client_push(c, e));
		if (ready > 0 && p.revents & (POLLIN | POLLHUP | POLLERR))
			TRY(client_pull(c, e));
		if (ready <= 0 && timeout_ms >= 0 && now_ms() >= end)
			return OK;
	}
}

enum err_code client_receive(struct client *c, int timeout_ms, char **line, struct err *e)
{
	*line = NULL;
	if (!c->nkept)
		return client_wire(c, timeout_ms, line, e);
	*line = c->kept[0];
	memmove(c->kept, c->kept + 1, --c->nkept * sizeof *c->kept);
	return OK;
}

/* Waits for the answer to `id`. */
static enum err_code client_wait(struct client *c, int64_t id, int timeout_ms, struct protocol_answer *a, struct err *e)
{
	int64_t end = now_ms() + timeout_ms;
	for (;;) {
		char *line;
		int64_t left = end - now_ms();
		TRY(client_wire(c, timeout_ms < 0 ? -1 : left > 0 ? (int)left : 0, &line, e));
		if (!line)
			return err_set(e, ERR_CANCELLED,
				"the runner did not answer within %d ms; it looks at commands between two steps",
				timeout_ms);
		enum err_code code = protocol_answer_parse(line, a, e);
		if (code != OK || a->id == id) {
			mem_free(line);
			return code;
		}
		protocol_answer_free(a);
		if (!mem_grow(&c->kept, &c->kept_cap, c->nkept + 1, sizeof *c->kept)) {
			mem_free(line);
			return err_set(e, ERR_NOMEM, "no memory for the runner's answers");
		}
		c->kept[c->nkept++] = line;
	}
}

enum err_code client_call(
	struct client *c, const char *cmd, const char *args_json, int timeout_ms, char **result_json, struct err *e)
{
	struct protocol_answer a = {0};
	int64_t id;
	if (result_json)
		*result_json = NULL;
	TRY(client_send(c, cmd, args_json, &id, e));
	enum err_code code = client_wait(c, id, timeout_ms, &a, e);
	if (code == OK && !a.ok)
		code = err_set(e, ERR_STATE, "%s", a.error);
	if (code == OK && result_json) {
		*result_json = a.result;
		a.result = NULL;
	}
	protocol_answer_free(&a);
	return code;
}
