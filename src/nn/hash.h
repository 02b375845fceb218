/* SHA-256 over libcrypto.  Apart from base/err.h, whose ERR_STATE is also a name of OpenSSL's headers. */
#ifndef GUSTO_NN_HASH_H
#define GUSTO_NN_HASH_H

#include <stdbool.h>
#include <stddef.h>

struct hash {
	void *ctx;
	bool failed;
};

void hash_begin(struct hash *h);
void hash_add(struct hash *h, const void *bytes, size_t n);
/* False where libcrypto or memory failed at any point; hex is then empty. */
bool hash_end(struct hash *h, char hex[65]);

#endif
