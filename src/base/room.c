#include "base/room.h"

#include <stdarg.h>
#include <stdio.h>

enum { UNASKED = 64 << 20 };

size_t room_available(void)
{
	char line[128];
	unsigned long long kilobytes = 0;
	FILE *f = fopen("/proc/meminfo", "r");
	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, "MemAvailable: %llu kB", &kilobytes) == 1)
			break;
	if (f)
		fclose(f);
	return (size_t)kilobytes << 10;
}

enum err_code room_for(double bytes, struct err *e, const char *fmt, ...)
{
	size_t available = bytes > UNASKED ? room_available() : 0;
	char what[256];
	va_list ap;
	if (available == 0 || bytes <= (double)available)
		return OK;
	va_start(ap, fmt);
	vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	return err_set(e, ERR_NOMEM, "%s needs %.1f GB of memory, %.1f GB are free", what, bytes / 1e9,
		(double)available / 1e9);
}
