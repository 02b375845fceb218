#include "cli/pictures.h"

#include "cli/control.h"
#include "tui/tui.h"

#include <stdio.h>

enum { PICTURE_WIDTH = 120, PICTURE_HEIGHT = 36 };

static enum err_code picture(const char *dir, const char *view, struct probe_cache *cache, struct err *e)
{
	char path[4200];
	struct show_options o = SHOW_OPTIONS_DEFAULT;
	o.colours = COLOURS_256;
	o.probe = probe_cache_ask;
	o.probe_ctx = cache;
	snprintf(path, sizeof path, "%s/%s.svg", dir, view);
	TRY(tui_show_svg(dir, view, PICTURE_WIDTH, PICTURE_HEIGHT, &o, path, e));
	printf("picture %s\n", path);
	return OK;
}

enum err_code pictures_write(const char *dir, struct err *e)
{
	struct probe_cache *cache = probe_cache_new();
	if (!cache)
		return err_set(e, ERR_NOMEM, "no memory for the pictures");
	enum err_code code = picture(dir, "curves", cache, e);
	if (code == OK)
		code = picture(dir, "attention", cache, e);
	if (code == OK)
		code = picture(dir, "explain", cache, e);
	probe_cache_free(cache);
	return code;
}
