/* The client against a runner that misbehaves in every way a runner can. */
#include "../store/store_test.h"

#include "base/mem.h"
#include "base/str.h"
#include "run/protocol.h"

#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>

struct peer {
	char dir[512];
	int listener, fd; /* the runner's ends */
	struct client *c;
};

static void peer_listen(struct peer *p)
{
	struct err err = {0};
	struct sockaddr_un a;
	int dirfd;
	must(protocol_address(p->dir, &a, &dirfd, &err));
	p->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(p->listener, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(listen(p->listener, 4), 0);
	close(dirfd);
}

static int peer_setup(void **state)
{
	struct err err = {0};
	struct peer *p = calloc(1, sizeof *p);
	temp_dir(p->dir, sizeof p->dir);
	peer_listen(p);
	must(client_connect(p->dir, &p->c, &err));
	p->fd = accept(p->listener, NULL, NULL);
	*state = p;
	return 0;
}

static int peer_teardown(void **state)
{
	struct peer *p = *state;
	client_close(p->c);
	close(p->fd);
	close(p->listener);
	temp_remove(p->dir);
	free(p);
	return 0;
}

static void say(const struct peer *p, const char *text)
{
	assert_int_equal(write(p->fd, text, strlen(text)), strlen(text));
}

static void test_request(void **state)
{
	struct peer *p = *state;
	struct err err = {0};
	int64_t id;
	char buf[256];
	must(client_send(p->c, "set", "{\"knobs\": {\"lr\": \"3e-4\"}}", &id, &err));
	ssize_t n = read(p->fd, buf, sizeof buf - 1);
	assert_true(n > 0);
	buf[n] = '\0';
	assert_string_equal(buf, "{\"v\":1,\"id\":1,\"cmd\":\"set\",\"args\":{\"knobs\":{\"lr\":\"3e-4\"}}}\n");
	assert_int_equal(client_send(p->c, "set", "[1]", &id, &err), ERR_ARG);
	assert_int_equal(client_send(p->c, "set", "{", &id, &err), ERR_ARG);
	assert_non_null(strstr(err.text, "JSON object"));
}

static void test_call_ack_and_nack(void **state)
{
	struct peer *p = *state;
	struct err err = {0};
	char *result;
	say(p, "{\"v\":1,\"id\":1,\"ok\":true,\"step\":7,\"result\":{\"state\":\"paused\"}}\n");
	must(client_call(p->c, "pause", NULL, 1000, &result, &err));
	assert_string_equal(result, "{\"state\":\"paused\"}");
	mem_free(result);
	say(p, "{\"v\":1,\"id\":2,\"ok\":false,\"step\":7,\"error\":\"knob lr must be in 1e-06..1, got 3\"}\n");
	assert_int_equal(client_call(p->c, "set", NULL, 1000, &result, &err), ERR_STATE);
	assert_string_equal(err.text, "knob lr must be in 1e-06..1, got 3");
	assert_null(result);
}

/* An answer to an earlier request that comes during a call is not lost. */
static void test_answers_out_of_turn(void **state)
{
	struct peer *p = *state;
	struct err err = {0};
	int64_t first;
	char *line, *result;
	must(client_send(p->c, "evaluate", NULL, &first, &err));
	say(p, "{\"v\":1,\"id\":1,\"ok\":true,\"step\":1,\"result\":{\"metrics\":{}}}\n"
	       "{\"v\":1,\"id\":2,\"ok\":true,\"step\":1}\n");
	must(client_call(p->c, "pause", NULL, 1000, &result, &err));
	assert_string_equal(result, "{}");
	mem_free(result);
	must(client_receive(p->c, 0, &line, &err));
	assert_non_null(line);
	struct protocol_answer a;
	must(protocol_answer_parse(line, &a, &err));
	assert_int_equal(a.id, first);
	protocol_answer_free(&a);
	mem_free(line);
	must(client_receive(p->c, 0, &line, &err));
	assert_null(line);
}

static void test_pieces(void **state)
{
	struct peer *p = *state;
	struct err err = {0};
	const char *answer = "{\"v\":1,\"id\":1,\"ok\":true,\"step\":1,\"result\":{}}\n";
	char *line = NULL;
	for (const char *q = answer; *q; q++) {
		assert_null(line);
		assert_int_equal(write(p->fd, q, 1), 1);
		must(client_receive(p->c, 0, &line, &err));
	}
	assert_non_null(line);
	mem_free(line);
	assert_int_equal(client_call(p->c, "pause", NULL, 30, NULL, &err), ERR_CANCELLED);
	assert_non_null(strstr(err.text, "30 ms"));
}

static void test_runner_gone(void **state)
{
	struct peer *p = *state;
	struct err err = {0};
	char *line;
	say(p, "{\"v\":1,\"id\":9,\"ok\":true}\nhalf");
	shutdown(p->fd, SHUT_RDWR);
	must(client_receive(p->c, 1000, &line, &err));
	assert_non_null(line);
	mem_free(line);
	assert_int_equal(client_receive(p->c, 1000, &line, &err), ERR_IO);
	assert_non_null(strstr(err.text, "gone"));
	assert_int_equal(client_call(p->c, "pause", NULL, 1000, NULL, &err), ERR_IO);
}

static void test_not_running(void **state)
{
	struct peer *p = *state;
	struct err err = {0};
	struct client *c;
	char sock[600];
	close(p->listener);
	assert_int_equal(client_connect(p->dir, &c, &err), ERR_STATE);
	assert_non_null(strstr(err.text, "stale"));
	assert_null(c);
	snprintf(sock, sizeof sock, "%s/control.sock", p->dir);
	unlink(sock);
	assert_int_equal(client_connect(p->dir, &c, &err), ERR_STATE);
	assert_non_null(strstr(err.text, "not running"));
	assert_int_equal(client_connect("/nowhere/at/all", &c, &err), ERR_IO);
	peer_listen(p);
}

/* Directories may be deeper than the 107 bytes of a socket's path. */
static void test_long_path(void **state)
{
	struct peer *p = *state;
	struct peer q = {0};
	struct err err = {0};
	snprintf(q.dir, sizeof q.dir, "%.200s/%0150d", p->dir, 0);
	assert_int_equal(mkdir(q.dir, 0700), 0);
	peer_listen(&q);
	must(client_connect(q.dir, &q.c, &err));
	client_close(q.c);
	close(q.listener);
}

static void test_bad_answers(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"",
		"nonsense",
		"[]",
		"{}",
		"{\"v\":2,\"id\":1,\"ok\":true}",
		"{\"v\":1,\"ok\":true}",
		"{\"v\":1,\"id\":1,\"ok\":1}",
		"{\"v\":1,\"id\":\"1\",\"ok\":true}",
		"{\"v\":1,\"id\":1,\"id\":1,\"ok\":true}",
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct protocol_answer a;
		struct err err = {0};
		assert_int_equal(protocol_answer_parse(bad[i], &a, &err), ERR_FORMAT);
		assert_true(err.text[0]);
		protocol_answer_free(&a);
	}
}

/* A request larger than the socket's buffer leaves bit by bit while the answer is awaited. */
static void *slow_runner(void *arg)
{
	const struct peer *p = arg;
	char buf[4096];
	ssize_t n;
	do
		n = read(p->fd, buf, sizeof buf);
	while (n > 0 && buf[n - 1] != '\n');
	say(p, "{\"v\":1,\"id\":1,\"ok\":true,\"step\":3,\"result\":{}}\n");
	return NULL;
}

static void test_large_request(void **state)
{
	struct peer *p = *state;
	struct err err = {0};
	struct str args = {0};
	pthread_t t;
	str_puts(&args, "{\"chunk\":\"");
	for (int i = 0; i < 900000; i++)
		str_putc(&args, 'x');
	str_puts(&args, "\"}");
	pthread_create(&t, NULL, slow_runner, p);
	must(client_call(p->c, "eval", str_text(&args), 20000, NULL, &err));
	pthread_join(t, NULL);
	str_clear(&args);
	str_puts(&args, "{\"chunk\":\"");
	for (int i = 0; i < PROTOCOL_LINE_MAX; i++)
		str_putc(&args, 'x');
	str_puts(&args, "\"}");
	assert_int_equal(client_call(p->c, "eval", str_text(&args), 100, NULL, &err), ERR_ARG);
	str_free(&args);
}

#define peer_test(f) cmocka_unit_test_setup_teardown(f, peer_setup, peer_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		peer_test(test_request),
		peer_test(test_call_ack_and_nack),
		peer_test(test_answers_out_of_turn),
		peer_test(test_pieces),
		peer_test(test_runner_gone),
		peer_test(test_not_running),
		peer_test(test_long_path),
		peer_test(test_large_request),
		cmocka_unit_test(test_bad_answers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
