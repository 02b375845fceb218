/* The state of the workbench: the model, the panels, what is staged, what was asked.  ui_key folds a key into it; ui_draw
 * makes a picture of it.  What must happen outside (send a command, put a question) is queued as requests, which the
 * loop (loop.c) or the headless view (show.c) carries out and answers with ui_answer. */
#ifndef GUSTO_TUI_UI_H
#define GUSTO_TUI_UI_H

#include "tui/answer.h"
#include "tui/canvas.h"
#include "tui/form.h"
#include "tui/model.h"
#include "tui/panel.h"

enum { UI_PANELS = 16, UI_STAGED = 32, UI_REQUESTS = 16 };

enum staged_state { STAGED_NEW, STAGED_SENT, STAGED_ACK, STAGED_NACK, STAGED_LOST };
struct staged {
	char name[64], old_value[64], value[64];
	enum staged_state state;
	char note[160]; /* "ack @48211 0.3s", or the reason */
};

enum request_kind { REQ_SET, REQ_COMMAND, REQ_ATTENTION, REQ_EXPLAIN };
struct request {
	enum request_kind kind;
	char cmd[16]; /* of the protocol */
	char *args;   /* JSON, mem_free'd by ui_request_done */
	int64_t step; /* a question about this checkpoint; -1: the weights of now */
	int64_t id;   /* of the sent command */
	double sent;
};

/* Questions about one user, shared by the attention and explain panels. */
struct question {
	char user[64], item[64];
	int64_t step; /* of a checkpoint, or -1: now */
	struct attention attention;
	struct explanation explanation;
	int guess; /* how many ids were tried because nobody chose a user; -1: somebody did */
	bool has_attention, has_explanation, waiting_attention, waiting_explanation;
	char error_attention[512], error_explanation[512];
};

enum prompt { PROMPT_NONE, PROMPT_FILTER, PROMPT_USER, PROMPT_KNOB, PROMPT_STOP, PROMPT_SEND };

struct ui {
	struct model model;
	struct caps caps;
	int view, previous_view;
	void *panel[UI_PANELS];
	bool menu, quit, redraw;
	enum prompt prompt;
	struct edit edit;
	char filter[UI_PANELS][128];
	char message[640];
	uint8_t message_role;

	char knob[64]; /* the selected one */
	struct staged staged[UI_STAGED];
	int nstaged;
	struct question ask;

	struct request request[UI_REQUESTS];
	int nrequests;
	bool can_ask;	 /* somebody answers questions about finished runs */
	char live[16];	 /* how the control socket is: "" (not needed), "attached", "lost" */
	bool only_ascii; /* the terminal cannot show braille */
	bool plain_ago;	 /* no ages and clocks: the same picture at any time */
};

enum err_code ui_init(struct ui *ui, const char *root, struct caps caps, struct err *e);
void ui_fini(struct ui *ui);

void ui_key(struct ui *ui, int key);
void ui_show_view(struct ui *ui, int view);
void ui_open_run(struct ui *ui, struct run_view *r);
/* Reads what is new; true where a new picture is due. */
bool ui_refresh(struct ui *ui, double now, double wall);
void ui_draw(const struct ui *ui, struct canvas *c);

void ui_message(struct ui *ui, uint8_t role, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Requests.  ui_request takes args (mem_free'd later), or says why not. */
void ui_request(struct ui *ui, enum request_kind kind, const char *cmd, char *args, int64_t step);
/* The loop took request i: forget it. */
void ui_request_drop(struct ui *ui, int i);
/* What became of a request; result (JSON) or error is NULL. */
void ui_answer(
	struct ui *ui, const struct request *r, int64_t step, const char *result, const char *error, double seconds);

/* tweak.c: staging and sending */
void ui_stage(struct ui *ui, const char *knob, const char *expression);
void ui_nudge(struct ui *ui, double factor);
void ui_unstage(struct ui *ui, const char *knob); /* NULL: everything that was not sent */
void ui_send(struct ui *ui, bool confirmed);
void ui_tweak_answer(struct ui *ui, int64_t step, const char *result, const char *error, double seconds);
void ui_tweak_lost(struct ui *ui);
const struct staged *ui_staged(const struct ui *ui, const char *knob);
int ui_waiting(const struct ui *ui); /* how many are staged and not sent */
void ui_select_knob(struct ui *ui, int move);

/* ask.c: questions */
void ask_attention(struct ui *ui, bool again); /* again: even where an answer is there */
void ask_explain(struct ui *ui, bool again);
bool ask_act(struct ui *ui, enum action a); /* the actions that both panels share */
void ask_user(struct ui *ui, const char *user);
void ask_answer(struct ui *ui, enum request_kind kind, const char *result, const char *error);
void ask_reset(struct ui *ui);
void ask_title(const struct ui *ui, int64_t step, char *buf, size_t size); /* "user 42  @48 210 (now)" */

/* header.c */
int header_draw(const struct ui *ui, struct pane p); /* rows used */

#endif
