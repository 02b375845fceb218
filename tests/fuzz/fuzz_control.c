/* Bytes of a hostile client: every request is answered by a line of JSON, nothing crashes, nothing is left behind. */
#include "base/mem.h"
#include "run/knob.h"
#include "run/server.h"

#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What `set` does with its values. */
static void try_knobs(const json_t *args)
{
	const char *name;
	json_t *v, *knobs = json_object_get(args, "knobs");
	json_object_foreach(knobs, name, v)
	{
		struct knob k = {.name = (char *)"lr", .type = ARG_LOG, .min = 1e-6, .max = 1};
		struct err e;
		if (json_is_string(v) && knob_set_text(&k, json_string_value(v), &e) == OK &&
			!(k.num >= 1e-6 && k.num <= 1))
			__builtin_trap();
	}
}

static void serve(struct server *s)
{
	struct request r;
	while (server_next(s, NULL, &r)) {
		try_knobs(r.args);
		if (r.id % 2)
			server_answer(s, &r, 1, NULL);
		else
			server_refuse(s, &r, 1, r.cmd);
		request_free(&r);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd[2];
	char sink[4096];
	struct server *s = server_new();
	if (!s || socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd)) {
		server_close(s);
		return 0;
	}
	server_attach(s, fd[0], NULL);
	for (size_t at = 0; at < size;) {
		size_t n = size - at < 1000 ? size - at : 1000;
		ssize_t sent = send(fd[1], data + at, n, MSG_NOSIGNAL);
		at += sent > 0 ? (size_t)sent : n;
		server_poll(s, 0, -1);
		serve(s);
		while (recv(fd[1], sink, sizeof sink, 0) > 0)
			;
	}
	shutdown(fd[1], SHUT_WR);
	server_poll(s, 0, -1);
	serve(s);
	close(fd[1]);
	server_close(s);
	return 0;
}
