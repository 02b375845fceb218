#include "cli/workbench.h"

#include "cli/control.h"
#include "tui/tui.h"

bool workbench_possible(void)
{
	return tui_possible();
}

enum err_code workbench_open(const char *run_dir, struct err *e)
{
	if (!tui_possible())
		return err_set(e, ERR_STATE,
			"the workbench needs a terminal; without one use `gusto runs`, `gusto show RUN` and `gusto "
			"help`");
	struct probe_cache *cache = probe_cache_new();
	if (!cache)
		return err_set(e, ERR_NOMEM, "no memory for the workbench");
	struct tui_options o = {.run_dir = run_dir, .probe = probe_cache_ask, .probe_ctx = cache};
	enum err_code code = tui_main(&o, e);
	probe_cache_free(cache);
	return code;
}
