/* Large allocations are announced: what does not fit into the machine's free memory is refused with the numbers, before the
 * kernel hands out pages that it does not have. */
#ifndef GUSTO_BASE_ROOM_H
#define GUSTO_BASE_ROOM_H

#include "base/err.h"

#include <stddef.h>

/* Bytes that could be used without swapping (MemAvailable of Linux); 0: not known. */
size_t room_available(void);

/* ERR_NOMEM "<fmt> needs 7.4 GB of memory, 3.1 GB are free" where `bytes` exceed it.  Small amounts are let through unasked. */
enum err_code room_for(double bytes, struct err *e, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
