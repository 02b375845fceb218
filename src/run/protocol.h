/* The control protocol: JSON lines over runs/<id>/control.sock, version 1.
 *
 * Request   {"v":1,"id":7,"cmd":"set","args":{...}}\n          at most 1 MiB a line
 * Answer    {"v":1,"id":7,"ok":true,"step":48211,"result":{...}}\n
 *           {"v":1,"id":7,"ok":false,"step":48211,"error":"knob lr must be in 1e-06..1, got 3"}\n
 * The runner looks at the socket only at safe points; "step" is the number of steps done when it took effect.
 *
 * cmd        args                                   result
 * hello      {}                                     {"run","pid","state","step","model","experiment"}
 * set        {"knobs":{"lr":"3e-4","blocks":"3"},"by":"..."}   values are text or numbers; all or none
 *                                                   {"tweaks":[{"name","old","new","tweak":id}],"rebuilt":bool,
 *                                                    "carried":n,"initialised":["name",...]}
 * pause, resume, step {"n":1}, evaluate, checkpoint, stop      {"state":"paused"} / {"metrics":{...}} / {"file":...}
 * probe      {"kind":"attention","user":U,"layer":L?,"head":H?}  see below
 * probe      {"kind":"recommend","user":U,"k":10}
 * probe      {"kind":"explain","user":U,"item":I?,"k":10}
 * probe      {"kind":"reviews","user":U,"item":I?,"k":K?}
 * probe      {"kind":"gates","user":U,"units":false}
 * eval       {"chunk":"return ...","by":...}                   {"value":"text"}
 * reload     {"by":...}                                        re-reads the experiment's file
 *
 * Probe results (also stored in run.db as probes):
 * attention  {"user":"42","step":n,"maps":[{"layer":"block 1/attention","heads":h,"n":L,"weights":[h*L*L numbers]}],
 *             "items":["title",...L], "ids":["...",...L]}     rows = queries (time order), columns = keys
 * recommend  {"user","step","history":[{"id","title"}...],"items":[{"id","title","score","rank"}...],
 *             "held_out":{"id","title","rank"}|null}
 * explain    recommend plus "target":{"id","title","score","rank"} and
 *             "effects":[{"id","title","position","delta_score","delta_rank","attention"}...] one per history item:
 *             score(full) - score(without that item); attention: mean over heads of the last row of the last layer.
 *             Of a model that predicts ratings from reviews: one item, that of the pair, and one effect per review
 *             (id: as under reviews; title, text: what it says)
 * reviews    {"user","item":{"id","title"},"rating":predicted,"maps":[{"layer":"user/attention","of":"user"|"item",
 *             "n":reviews,"reviews":[{"weight","id","title"?,"rating"?,"text"}...]}]}   the k heaviest; id: the item (of
 *             the user's), the user (of the item's); weights of all n sum to 1
 * gates      {"user","step","layers":[{"layer":"rnn","cell":"gru","n":L,"width":d,"gates":{"reset":[...],...},"state":[...]}],
 *             "items":[{"id","title"}...L]}     lists of L means over the units, or with units of L*d numbers
 * Users and items are given by their original id (text); U may be a number too. */
#ifndef GUSTO_RUN_PROTOCOL_H
#define GUSTO_RUN_PROTOCOL_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROTOCOL_VERSION 1
enum { PROTOCOL_LINE_MAX = 1 << 20 };

/* The address of a run's socket for bind() and connect().  Socket paths are limited to 107 bytes, so it goes through
 * /proc/self/fd/<dirfd>: close *dirfd after use. */
struct sockaddr_un;
enum err_code protocol_address(const char *run_dir, struct sockaddr_un *addr, int *dirfd, struct err *e);

/* An answer, parsed; freed by protocol_answer_free.  A line that is no answer of this version gives ERR_FORMAT. */
struct protocol_answer {
	int64_t id, step;
	bool ok;
	char *result; /* JSON text where ok, else NULL */
	char *error;  /* the runner's sentence where not ok, else NULL */
};
enum err_code protocol_answer_parse(const char *line, struct protocol_answer *out, struct err *e);
void protocol_answer_free(struct protocol_answer *a);

/* A client's connection, for the workbench (non-blocking) and the CLI (blocking). */
struct client;
enum err_code client_connect(const char *run_dir, struct client **out, struct err *e); /* stale socket: says so */
void client_close(struct client *c);
int client_fd(const struct client *c);
/* Sends a request; args_json is an object as text (NULL = {}).  *id identifies the answer. */
enum err_code client_send(struct client *c, const char *cmd, const char *args_json, int64_t *id, struct err *e);
/* One answer if there is one within timeout_ms (0: only what is there, -1: wait).  *line is the JSON text, mem_free'd;
 * NULL with OK: none yet.  ERR_IO: the runner has gone. */
enum err_code client_receive(struct client *c, int timeout_ms, char **line, struct err *e);
/* Send and wait for its answer; ERR_STATE with the runner's sentence where it said no. */
enum err_code client_call(
	struct client *c, const char *cmd, const char *args_json, int timeout_ms, char **result_json, struct err *e);

#endif
