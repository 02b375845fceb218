#include "run/protocol.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum err_code protocol_address(const char *run_dir, struct sockaddr_un *addr, int *dirfd, struct err *e)
{
	*dirfd = open(run_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*dirfd < 0)
		return err_errno(e, "cannot open the run directory %s", run_dir);
	*addr = (struct sockaddr_un){.sun_family = AF_UNIX};
	snprintf(addr->sun_path, sizeof addr->sun_path, "/proc/self/fd/%d/control.sock", *dirfd);
	return OK;
}

/* Compact JSON in memory of ours. */
static char *json_text(const json_t *j)
{
	char *theirs = json_dumps(j, JSON_COMPACT | JSON_ENCODE_ANY);
	char *ours = theirs ? mem_strdup(theirs) : NULL;
	free(theirs);
	return ours;
}

static enum err_code answer_fill(const json_t *j, struct protocol_answer *out, struct err *e)
{
	const json_t *v = json_object_get(j, "v"), *ok = json_object_get(j, "ok"),
		     *result = json_object_get(j, "result");
	if (!json_is_integer(v) || json_integer_value(v) != PROTOCOL_VERSION)
		return err_set(e, ERR_FORMAT,
			"the runner speaks another version of the control protocol, this is version %d",
			PROTOCOL_VERSION);
	if (!json_is_integer(json_object_get(j, "id")) || !json_is_boolean(ok))
		return err_set(e, ERR_FORMAT, "the runner sent an answer without \"id\" or \"ok\"");
	out->id = json_integer_value(json_object_get(j, "id"));
	out->step = json_integer_value(json_object_get(j, "step"));
	out->ok = json_is_true(ok);
	const char *error = json_string_value(json_object_get(j, "error"));
	if (!out->ok)
		out->error = mem_strdup(error ? error : "the runner refused and gave no reason");
	else
		out->result = result ? json_text(result) : mem_strdup("{}");
	return out->error || out->result ? OK : err_set(e, ERR_NOMEM, "no memory for the runner's answer");
}

enum err_code protocol_answer_parse(const char *line, struct protocol_answer *out, struct err *e)
{
	json_error_t why;
	*out = (struct protocol_answer){0};
	json_t *j = json_loads(line, JSON_REJECT_DUPLICATES, &why);
	enum err_code code =
		j && json_is_object(j)
			? answer_fill(j, out, e)
			: err_set(e, ERR_FORMAT, "the runner sent something that is not an answer (column %d: %s)",
				  j ? 1 : why.column, j ? "expected an object" : why.text);
	json_decref(j);
	return code;
}

void protocol_answer_free(struct protocol_answer *a)
{
	mem_free(a->result);
	mem_free(a->error);
	*a = (struct protocol_answer){0};
}
