/* One poll() over the listening socket and all clients.  A client's bytes collect in `in`; complete lines are parsed
 * when server_next comes to them.  Answers collect in `out` and leave as the socket takes them.
 *
 * What a client can do wrong costs only itself: a line over 1 MiB or answers that it never reads end its connection,
 * anything that is no request gets a sentence back. */
#include "run/server.h"

#include "base/mem.h"
#include "base/str.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { CLIENTS_MAX = 64, READ_BYTES = 65536, OUT_MAX = 256 << 20, FAREWELL_MS = 200 };

struct peer {
	int fd;
	int64_t id;
	struct str in, out;
	size_t at;   /* bytes of `in` that were handed out */
	bool ended;  /* it sends no more */
	bool broken; /* drop it as soon as `out` is empty */
	bool gone;   /* drop it now */
};

struct server {
	int fd; /* -1: none */
	char *dir;
	struct peer peer[CLIENTS_MAX];
	int n, turn;
	int64_t next_id;
};

/* ---- requests ---- */

void request_free(struct request *r)
{
	json_decref(r->args);
	r->args = NULL;
}

static enum err_code request_fill(const json_t *j, struct request *out, struct err *e)
{
	const json_t *v = json_object_get(j, "v"), *id = json_object_get(j, "id"), *cmd = json_object_get(j, "cmd");
	json_t *args = json_object_get(j, "args");
	if (json_is_integer(id))
		out->id = json_integer_value(id);
	if (!json_is_integer(v) || json_integer_value(v) != PROTOCOL_VERSION)
		return err_set(e, ERR_FORMAT, "a request needs \"v\":%d, the version of the control protocol",
			PROTOCOL_VERSION);
	if (!json_is_integer(id))
		return err_set(e, ERR_FORMAT, "a request needs \"id\", a whole number that identifies its answer");
	if (!json_is_string(cmd) || json_string_length(cmd) >= sizeof out->cmd)
		return err_set(e, ERR_FORMAT, "a request needs \"cmd\", the name of a command");
	if (args && !json_is_object(args))
		return err_set(e, ERR_FORMAT, "\"args\" must be an object");
	snprintf(out->cmd, sizeof out->cmd, "%s", json_string_value(cmd));
	out->args = args ? json_incref(args) : json_object();
	return out->args ? OK : err_set(e, ERR_NOMEM, "no memory for a request");
}

enum err_code request_parse(const char *line, size_t n, struct request *out, struct err *e)
{
	json_error_t why;
	*out = (struct request){0};
	json_t *j = json_loadb(line, n, JSON_REJECT_DUPLICATES, &why);
	enum err_code rc;
	if (!j)
		rc = err_set(e, ERR_FORMAT, "a request is one JSON object in a line; this is none at column %d: %s",
			why.column, why.text);
	else if (!json_is_object(j))
		rc = err_set(e, ERR_FORMAT, "a request is one JSON object in a line, got another kind of value");
	else
		rc = request_fill(j, out, e);
	json_decref(j);
	return rc;
}

/* ---- clients ---- */

enum err_code server_attach(struct server *s, int fd, struct err *e)
{
	if (s->n == CLIENTS_MAX) {
		close(fd);
		return err_set(e, ERR_STATE, "the runner has %d clients already", CLIENTS_MAX);
	}
	s->peer[s->n++] = (struct peer){.fd = fd, .id = ++s->next_id};
	return OK;
}

static void peer_fini(struct peer *p)
{
	close(p->fd);
	str_free(&p->in);
	str_free(&p->out);
}

static bool has_line(const struct peer *p)
{
	return p->in.len > p->at && memchr(p->in.data + p->at, '\n', p->in.len - p->at);
}

static void sweep(struct server *s)
{
	int n = 0;
	for (int i = 0; i < s->n; i++) {
		struct peer *p = &s->peer[i];
		bool done = (p->broken || (p->ended && !has_line(p))) && p->out.len == 0;
		if (p->gone || done || p->in.failed || p->out.failed)
			peer_fini(p);
		else
			s->peer[n++] = *p;
	}
	s->n = n;
}

static void send_some(struct peer *p)
{
	size_t sent = 0;
	while (sent < p->out.len) {
		ssize_t n = send(p->fd, p->out.data + sent, p->out.len - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n >= 0)
			sent += (size_t)n;
		else if (errno == EAGAIN || errno == EWOULDBLOCK)
			break;
		else if (errno != EINTR) {
			p->gone = true;
			return;
		}
	}
	if (!sent)
		return;
	memmove(p->out.data, p->out.data + sent, p->out.len - sent);
	p->out.len -= sent;
}

/* Sends one line; stolen. */
static void reply(struct peer *p, json_t *line)
{
	char *text = line ? json_dumps(line, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;
	json_decref(line);
	if (!text || p->out.len > OUT_MAX) {
		p->gone = true;
		free(text);
		return;
	}
	str_puts(&p->out, text);
	str_putc(&p->out, '\n');
	free(text);
	send_some(p);
}

static json_t *refusal(int64_t id, int64_t step, const char *why)
{
	json_t *text = json_string(why);
	if (!text)
		text = json_string("refused, for a reason that is no valid text");
	return json_pack("{s:i, s:I, s:b, s:I, s:o}", "v", PROTOCOL_VERSION, "id", (json_int_t)id, "ok", 0, "step",
		(json_int_t)step, "error", text);
}

static void receive_some(struct peer *p)
{
	char buf[READ_BYTES];
	for (;;) {
		ssize_t n = recv(p->fd, buf, sizeof buf, MSG_DONTWAIT);
		if (n > 0)
			str_add(&p->in, buf, (size_t)n);
		else if (n < 0 && errno == EINTR)
			continue;
		else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return;
		else
			p->ended = true;
		if (n <= 0 || p->in.len - p->at > PROTOCOL_LINE_MAX)
			return;
	}
}

static void accept_all(struct server *s)
{
	int fd;
	while ((fd = accept4(s->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
		server_attach(s, fd, NULL);
}

void server_poll(struct server *s, int timeout_ms, int wake_fd)
{
	struct pollfd f[CLIENTS_MAX + 2];
	sweep(s);
	for (int i = 0; i < s->n; i++) {
		const struct peer *p = &s->peer[i];
		bool full = p->ended || p->broken || p->in.len - p->at > PROTOCOL_LINE_MAX;
		short want = (short)((full ? 0 : POLLIN) | (p->out.len ? POLLOUT : 0));
		f[i] = (struct pollfd){want ? p->fd : -1, want, 0};
	}
	f[s->n] = (struct pollfd){s->fd, POLLIN, 0};
	f[s->n + 1] = (struct pollfd){wake_fd, POLLIN, 0};
	if (poll(f, (nfds_t)s->n + 2, timeout_ms) <= 0)
		return;
	int n = s->n;
	for (int i = 0; i < n; i++) {
		if (f[i].revents & POLLOUT)
			send_some(&s->peer[i]);
		if (f[i].revents & (POLLIN | POLLHUP | POLLERR))
			receive_some(&s->peer[i]);
	}
	if (f[n].revents)
		accept_all(s);
	sweep(s);
}

/* ---- requests of clients ---- */

/* The next line of the client; false where there is none. */
static bool line_get(struct peer *p, const char **line, size_t *n)
{
	if (p->at == p->in.len || p->broken)
		return false;
	*line = p->in.data + p->at;
	const char *end = memchr(*line, '\n', p->in.len - p->at);
	size_t have = end ? (size_t)(end - *line) : p->in.len - p->at;
	if (have > PROTOCOL_LINE_MAX) {
		char why[96];
		snprintf(
			why, sizeof why, "a request must fit in %d bytes; the connection ends here", PROTOCOL_LINE_MAX);
		reply(p, refusal(0, 0, why));
		p->broken = true;
		return false;
	}
	*n = have;
	return end != NULL;
}

static void line_drop(struct peer *p, size_t n)
{
	p->at += n + 1;
	if (p->at == p->in.len || p->at > READ_BYTES) {
		memmove(p->in.data, p->in.data + p->at, p->in.len - p->at);
		p->in.len -= p->at;
		p->at = 0;
	}
}

/* The next request of one client that may be had now. */
static bool peer_next(struct peer *p, bool (*may)(const char *cmd), struct request *out)
{
	const char *line;
	size_t n;
	while (line_get(p, &line, &n)) {
		struct err e;
		if (n == 0) {
			line_drop(p, n);
			continue;
		}
		if (request_parse(line, n, out, &e) != OK) {
			line_drop(p, n);
			reply(p, refusal(out->id, 0, e.text));
			continue;
		}
		if (may && !may(out->cmd)) {
			request_free(out);
			return false;
		}
		out->client = p->id;
		line_drop(p, n);
		return true;
	}
	return false;
}

bool server_next(struct server *s, bool (*may)(const char *cmd), struct request *out)
{
	for (int k = 0; k < s->n; k++) {
		int i = (s->turn + k) % s->n;
		if (!peer_next(&s->peer[i], may, out))
			continue;
		s->turn = (i + 1) % s->n;
		return true;
	}
	return false;
}

static struct peer *peer_of(struct server *s, const struct request *r)
{
	for (int i = 0; i < s->n; i++)
		if (s->peer[i].id == r->client)
			return &s->peer[i];
	return NULL;
}

void server_answer(struct server *s, const struct request *r, int64_t step, json_t *result)
{
	struct peer *p = peer_of(s, r);
	if (!p) {
		json_decref(result);
		return;
	}
	reply(p, json_pack("{s:i, s:I, s:b, s:I, s:o}", "v", PROTOCOL_VERSION, "id", (json_int_t)r->id, "ok", 1, "step",
			 (json_int_t)step, "result", result ? result : json_object()));
}

void server_refuse(struct server *s, const struct request *r, int64_t step, const char *why)
{
	struct peer *p = peer_of(s, r);
	if (p)
		reply(p, refusal(r->id, step, why));
}

/* ---- opening and closing ---- */

struct server *server_new(void)
{
	struct server *s = mem_calloc(1, sizeof *s);
	if (s)
		s->fd = -1;
	return s;
}

static enum err_code listen_at(struct server *s, const char *run_dir, struct err *e)
{
	struct sockaddr_un addr;
	int dirfd;
	TRY(protocol_address(run_dir, &addr, &dirfd, e));
	enum err_code rc = OK;
	s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	unlink(addr.sun_path);
	if (s->fd < 0)
		rc = err_errno(e, "cannot make a socket");
	else if (fchmod(s->fd, 0600) || bind(s->fd, (const struct sockaddr *)&addr, sizeof addr) ||
		 chmod(addr.sun_path, 0600) || listen(s->fd, CLIENTS_MAX))
		rc = err_errno(e, "cannot listen on %s/control.sock", run_dir);
	close(dirfd);
	return rc;
}

enum err_code server_open(const char *run_dir, struct server **out, struct err *e)
{
	struct server *s = server_new();
	*out = NULL;
	if (s)
		s->dir = mem_strdup(run_dir);
	if (!s || !s->dir) {
		server_close(s);
		return err_set(e, ERR_NOMEM, "no memory for the control socket");
	}
	enum err_code rc = listen_at(s, run_dir, e);
	if (rc != OK)
		server_close(s);
	else
		*out = s;
	return rc;
}

static bool any_pending(const struct server *s)
{
	for (int i = 0; i < s->n; i++)
		if (s->peer[i].out.len && !s->peer[i].gone)
			return true;
	return false;
}

void server_close(struct server *s)
{
	if (!s)
		return;
	for (int ms = 0; any_pending(s) && ms < FAREWELL_MS; ms += 10)
		server_poll(s, 10, -1);
	for (int i = 0; i < s->n; i++)
		peer_fini(&s->peer[i]);
	if (s->fd >= 0) {
		struct sockaddr_un addr;
		int dirfd;
		close(s->fd);
		if (protocol_address(s->dir, &addr, &dirfd, NULL) == OK) {
			unlink(addr.sun_path);
			close(dirfd);
		}
	}
	mem_free(s->dir);
	mem_free(s);
}
