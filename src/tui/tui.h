/* The workbench: an interactive screen over the runs of a folder, and the same pictures as text or SVG. */
#ifndef GUSTO_TUI_TUI_H
#define GUSTO_TUI_TUI_H

#include "base/err.h"
#include "tui/canvas.h"

#include <stdbool.h>
#include <stdint.h>

/* Answers a probe about a run from one of its checkpoints (run/protocol.h; args may carry "step").  The workbench calls it from a
 * thread of its own, one call at a time; *result_json is mem_free'd. */
typedef enum err_code tui_probe_fn(
	void *ctx, const char *run_dir, const char *args_json, char **result_json, struct err *e);

struct tui_options {
	const char *runs_root; /* NULL: rundir_root() */
	const char *run_dir;   /* open this run; NULL: the newest that is alive, or the list */
	const char *view;      /* NULL: curves where a run is open, else runs */
	bool ascii, no_color;
	char *const *
		start; /* argv of a runner to start in a session of its own, or NULL; its run is opened when it appears */
	tui_probe_fn *probe; /* NULL: finished runs answer from stored probes only */
	void *probe_ctx;
};

/* Runs until the person leaves; a living run is not touched.  ERR_STATE where there is no usable terminal. */
enum err_code tui_main(const struct tui_options *o, struct err *e);

/* Standard input and output are a terminal that can do more than TERM=dumb. */
bool tui_possible(void);

struct show_options {
	const char *runs_root;	 /* of the runs view; NULL: the folder of run_dir */
	const char *user, *item; /* whom attention and explain are about; NULL: whom the last stored probe was about */
	int64_t step;		 /* of a checkpoint; -1: the last answer, or now */
	int layer, head;	 /* of attention, from 0; head -1: the mean */
	enum glyphs glyphs;
	enum colours colours;
	const char *const *mark; /* directories of runs to show beside, ends with NULL; or NULL */
	const char *keys;	 /* keys to press before the picture is taken, or NULL */
	bool plain;		 /* no clocks and ages: the same text at any time */
	tui_probe_fn *probe;
	void *probe_ctx;
};
#define SHOW_OPTIONS_DEFAULT                                                                                           \
	((struct show_options){.step = -1, .head = -1, .glyphs = GLYPHS_BRAILLE, .colours = COLOURS_NONE})

/* view: curves attention explain runs tweak log help.  *text is mem_free'd: `height` lines, no trailing spaces. */
enum err_code tui_show(const char *run_dir, const char *view, int width, int height, const struct show_options *o,
	char **text, struct err *e);
enum err_code tui_show_svg(const char *run_dir, const char *view, int width, int height, const struct show_options *o,
	const char *svg_path, struct err *e);

#endif
