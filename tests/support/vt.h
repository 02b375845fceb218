/* A terminal for tests: a child on a pty whose output goes through libvterm, so that a test reads the screen as a person would. */
#ifndef TESTS_SUPPORT_VT_H
#define TESTS_SUPPORT_VT_H

#include <stdbool.h>
#include <stddef.h>

struct vt;
/* Forks `child` (its result is the exit status) on a pty of that size with TERM=term; NULL where the system refuses. */
struct vt *vt_start(int cols, int rows, const char *term, int (*child)(void *ctx), void *ctx);
void vt_free(struct vt *v); /* kills the child where it is still there */

void vt_keys(struct vt *v, const char *bytes);
void vt_resize(struct vt *v, int cols, int rows);
void vt_signal(struct vt *v, int sig);

size_t vt_pump(struct vt *v, int ms); /* takes what comes within ms; the bytes */
/* Until the screen has `text` (or has it no more: `gone`); false after timeout_ms. */
bool vt_wait(struct vt *v, const char *text, int timeout_ms);
bool vt_wait_gone(struct vt *v, const char *text, int timeout_ms);
bool vt_wait_exit(struct vt *v, int timeout_ms, int *status); /* status as from waitpid */

const char *vt_screen(struct vt *v);	   /* rows as lines of UTF-8, until the next call */
const char *vt_output(const struct vt *v); /* everything that was written, from the start */
bool vt_alternate(const struct vt *v);	   /* the alternate screen is on */
bool vt_cursor_visible(const struct vt *v);
bool vt_termios_restored(const struct vt *v); /* the line discipline is as it was at the start */

#endif
