/* What the workbench knows: the runs under a folder, read from their databases.  Facts of every run; knobs, tweaks, events and
 * the wanted series of the open run and of the marked ones.  Loading is here; drawing only reads. */
#ifndef GUSTO_TUI_MODEL_H
#define GUSTO_TUI_MODEL_H

#include "base/err.h"
#include "store/reader.h"
#include "tui/curve.h"

struct series {
	struct series_info info;
	struct samples got; /* its cursor; the samples are moved to the curve */
	struct curve curve;
};

struct run_view {
	char *id, *dir;
	struct reader_db *reader; /* NULL: closed, or could not be opened */
	char error[256];	  /* why it could not be read; "" */
	bool alive, loaded, marked;
	char letter; /* 'A'.. while marked or open, else 0 */
	int colour;
	int64_t version;

	char state[24], model[64], experiment[64], dataset[64], protocol[96], monitor[48], user[64];
	double steps_per_epoch, epochs, batch, pid, started, best_value, best_step, step;
	double moved; /* when the step changed last, on the model's clock */

	struct series **series;
	size_t nseries;
	struct tweak_row *tweak;
	size_t ntweaks;
	struct event_row *event; /* all, oldest first */
	size_t nevents, events_cap;
	struct knob_row *knob;
	size_t nknobs;
	struct checkpoint_row *checkpoint;
	size_t ncheckpoints;
};

enum { MODEL_WANTED = 64, MODEL_MARKS = 8 };
struct model {
	char root[4096];
	struct run_view **run; /* newest first */
	size_t nruns, cap;
	struct run_view *open; /* the run that everything is about; NULL: none */
	double now, wall;      /* monotonic and real seconds of the last refresh */
	char wanted[MODEL_WANTED][64];
	int nwanted;
};

enum err_code model_init(struct model *m, const char *root, struct err *e);
void model_fini(struct model *m);
/* Looks for new runs. */
enum err_code model_scan(struct model *m, struct err *e);
/* Reads what was committed since; true where anything that is shown may have changed. */
bool model_refresh(struct model *m, double now, double wall);
/* Opens a run by directory; it is added where it is not under the root. */
enum err_code model_open_run(struct model *m, const char *dir, struct err *e);
void model_open_view(struct model *m, struct run_view *r);
void model_mark(struct model *m, struct run_view *r, bool on);
void model_want(struct model *m, const char *series);

const struct series *run_series(const struct run_view *r, const char *name);
const struct series *run_monitor(const struct run_view *r); /* the series that `monitor` names, or NULL */
const struct knob_row *run_knob(const struct run_view *r, const char *name);
double run_last(const struct run_view *r, const char *series); /* NaN where there is none */

/* One word: TRAIN EVAL PAUSED STALLED DONE STOPPED DIED ... */
const char *run_state(const struct model *m, const struct run_view *r, char buf[24]);
double run_total_steps(const struct run_view *r); /* NaN: unknown */
double run_eta(const struct run_view *r);	  /* seconds; NaN: unknown or not running */
size_t run_bad(const struct run_view *r, int64_t *first_step, const char **series); /* NaN and infinities, all series */
bool run_best(const struct run_view *r, double *value, int64_t *step);
/* When the view has to change although nothing is committed (STALLED), in seconds; < 0: never. */
double model_deadline(const struct model *m);

#endif
