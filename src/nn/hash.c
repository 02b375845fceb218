#include "nn/hash.h"

#include <openssl/evp.h>
#include <stdio.h>

void hash_begin(struct hash *h)
{
	h->ctx = EVP_MD_CTX_new();
	h->failed = !h->ctx || !EVP_DigestInit_ex(h->ctx, EVP_sha256(), NULL);
}

void hash_add(struct hash *h, const void *bytes, size_t n)
{
	if (!h->failed)
		h->failed = !EVP_DigestUpdate(h->ctx, bytes, n);
}

bool hash_end(struct hash *h, char hex[65])
{
	unsigned char md[32];
	bool ok = !h->failed && EVP_DigestFinal_ex(h->ctx, md, NULL);
	EVP_MD_CTX_free(h->ctx);
	h->ctx = NULL;
	hex[0] = '\0';
	for (int i = 0; ok && i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", md[i]);
	return ok;
}
