#include "support/vt.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <utmp.h>
#include <vterm.h>

struct vt {
	VTerm *term;
	VTermScreen *screen;
	int master, slave; /* the slave is kept open, so that its settings can be read after the child's end */
	pid_t pid;
	int status;
	bool ended, alternate, visible;
	struct termios before;
	char *text, *output;
	size_t n, cap;
};

static int on_property(VTermProp prop, VTermValue *val, void *user)
{
	struct vt *v = user;
	if (prop == VTERM_PROP_ALTSCREEN)
		v->alternate = val->boolean;
	if (prop == VTERM_PROP_CURSORVISIBLE)
		v->visible = val->boolean;
	return 1;
}

static const VTermScreenCallbacks callbacks = {.settermprop = on_property};

static void child_main(const char *term, int (*child)(void *ctx), void *ctx)
{
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setenv("TERM", term, 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	unsetenv("NO_COLOR");
	_exit(child(ctx));
}

struct vt *vt_start(int cols, int rows, const char *term, int (*child)(void *ctx), void *ctx)
{
	struct vt *v = calloc(1, sizeof *v);
	struct winsize ws = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols};
	if (!v || openpty(&v->master, &v->slave, NULL, NULL, &ws) != 0) {
		free(v);
		return NULL;
	}
	tcgetattr(v->slave, &v->before);
	v->visible = true;
	v->term = vterm_new(rows, cols);
	vterm_set_utf8(v->term, 1);
	v->screen = vterm_obtain_screen(v->term);
	vterm_screen_set_callbacks(v->screen, &callbacks, v);
	vterm_screen_enable_altscreen(v->screen, 1);
	vterm_screen_reset(v->screen, 1);
	v->pid = fork();
	if (v->pid == 0) {
		int slave = v->slave;
		close(v->master);
		login_tty(slave);
		child_main(term, child, ctx);
	}
	fcntl(v->master, F_SETFL, O_NONBLOCK);
	return v;
}

void vt_free(struct vt *v)
{
	if (!v)
		return;
	if (!v->ended && v->pid > 0) {
		kill(v->pid, SIGKILL);
		waitpid(v->pid, &v->status, 0);
	}
	close(v->master);
	close(v->slave);
	vterm_free(v->term);
	free(v->text);
	free(v->output);
	free(v);
}

static double clock_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void keep(struct vt *v, const char *bytes, size_t n)
{
	if (v->n + n + 1 > v->cap) {
		v->cap = 2 * (v->n + n + 1);
		v->output = realloc(v->output, v->cap);
	}
	memcpy(v->output + v->n, bytes, n);
	v->n += n;
	v->output[v->n] = '\0';
}

static size_t take(struct vt *v, int ms)
{
	char buf[8192];
	struct pollfd p = {v->master, POLLIN, 0};
	if (poll(&p, 1, ms) <= 0)
		return 0;
	ssize_t n = read(v->master, buf, sizeof buf);
	if (n <= 0)
		return 0;
	vterm_input_write(v->term, buf, (size_t)n);
	vterm_screen_flush_damage(v->screen);
	keep(v, buf, (size_t)n);
	return (size_t)n;
}

size_t vt_pump(struct vt *v, int ms)
{
	size_t sum = 0;
	double end = clock_ms() + ms, left;
	while ((left = end - clock_ms()) > 0)
		sum += take(v, (int)left + 1);
	return sum;
}

void vt_keys(struct vt *v, const char *bytes)
{
	ssize_t n = write(v->master, bytes, strlen(bytes));
	(void)n;
}

void vt_resize(struct vt *v, int cols, int rows)
{
	struct winsize ws = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols};
	vt_pump(v, 50);
	vterm_set_size(v->term, rows, cols);
	ioctl(v->master, TIOCSWINSZ, &ws);
}

void vt_signal(struct vt *v, int sig)
{
	kill(v->pid, sig);
}

const char *vt_screen(struct vt *v)
{
	int rows, cols;
	vterm_get_size(v->term, &rows, &cols);
	free(v->text);
	char *at = v->text = calloc(1, (size_t)rows * ((size_t)cols * 4 * VTERM_MAX_CHARS_PER_CELL + 1) + 1);
	for (int y = 0; y < rows; y++) {
		for (int x = 0; x < cols; x++) {
			VTermScreenCell cell;
			vterm_screen_get_cell(v->screen, (VTermPos){y, x}, &cell);
			uint32_t c = cell.chars[0];
			if (c == (uint32_t)-1)
				continue; /* the right half of a wide character */
			c = c ? c : ' ';
			if (c < 0x80) {
				*at++ = (char)c;
			} else if (c < 0x800) {
				*at++ = (char)(0xc0 | c >> 6);
				*at++ = (char)(0x80 | (c & 0x3f));
			} else if (c < 0x10000) {
				*at++ = (char)(0xe0 | c >> 12);
				*at++ = (char)(0x80 | (c >> 6 & 0x3f));
				*at++ = (char)(0x80 | (c & 0x3f));
			} else {
				*at++ = '?';
			}
		}
		*at++ = '\n';
	}
	*at = '\0';
	return v->text;
}

static bool wait_for(struct vt *v, const char *text, bool there, int timeout_ms)
{
	double end = clock_ms() + timeout_ms;
	for (;;) {
		while (take(v, 10) > 0)
			;
		if ((strstr(vt_screen(v), text) != NULL) == there)
			return true;
		if (clock_ms() > end)
			return false;
	}
}

bool vt_wait(struct vt *v, const char *text, int timeout_ms)
{
	return wait_for(v, text, true, timeout_ms);
}

bool vt_wait_gone(struct vt *v, const char *text, int timeout_ms)
{
	return wait_for(v, text, false, timeout_ms);
}

bool vt_wait_exit(struct vt *v, int timeout_ms, int *status)
{
	double end = clock_ms() + timeout_ms;
	while (!v->ended && clock_ms() < end) {
		take(v, 10);
		v->ended = waitpid(v->pid, &v->status, WNOHANG) == v->pid;
	}
	while (take(v, 10) > 0)
		;
	*status = v->status;
	return v->ended;
}

const char *vt_output(const struct vt *v)
{
	return v->output ? v->output : "";
}

bool vt_alternate(const struct vt *v)
{
	return v->alternate;
}

bool vt_cursor_visible(const struct vt *v)
{
	return v->visible;
}

bool vt_termios_restored(const struct vt *v)
{
	struct termios now;
	return tcgetattr(v->slave, &now) == 0 && now.c_lflag == v->before.c_lflag && now.c_iflag == v->before.c_iflag &&
	       now.c_oflag == v->before.c_oflag && memcmp(now.c_cc, v->before.c_cc, sizeof now.c_cc) == 0;
}
