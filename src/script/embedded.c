/* The Lua files that travel inside the binary (made by tools/embed.sh). */
#include "script/lua_common.h"

static const struct embedded_file files[] = {
#include "lua_files.inc"
};

const struct embedded_file *embedded_files(size_t *n)
{
	*n = sizeof(files) / sizeof(files[0]);
	return files;
}
