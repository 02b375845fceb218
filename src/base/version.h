/* What `gusto --version` says, and what each run notes. */
#ifndef GUSTO_BASE_VERSION_H
#define GUSTO_BASE_VERSION_H

#define GUSTO_VERSION "0.1"

#endif
