/* OpenSSL has a type of the name of our ERR_STATE: it is renamed while its header is read. */
#define ERR_STATE openssl_err_state
#include <openssl/evp.h>
#undef ERR_STATE

#include "data/cache.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { PIECE = 1 << 18, DIGEST = 32 };

static enum err_code finish(EVP_MD_CTX *ctx, bool fine, const char *what, char hex[65], struct err *e)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	if (!fine || EVP_DigestFinal_ex(ctx, digest, &n) != 1 || n != DIGEST)
		return err_set(e, ERR_STATE, "libcrypto cannot compute the sha256 of %s", what);
	for (int i = 0; i < DIGEST; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	return OK;
}

enum err_code bytes_sha256(const void *bytes, size_t n, char hex[65], struct err *e)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool fine = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1 && EVP_DigestUpdate(ctx, bytes, n) == 1;
	enum err_code code = finish(ctx, fine, "a block of memory", hex, e);
	EVP_MD_CTX_free(ctx);
	return code;
}

static enum err_code digest_fd(
	EVP_MD_CTX *ctx, int fd, unsigned char *buf, const char *path, char hex[65], struct err *e)
{
	bool fine = EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1;
	while (fine) {
		ssize_t n = read(fd, buf, PIECE);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(e, "cannot read %s", path);
		if (n == 0)
			break;
		fine = EVP_DigestUpdate(ctx, buf, (size_t)n) == 1;
	}
	return finish(ctx, fine, path, hex, e);
}

enum err_code file_sha256(const char *path, char hex[65], struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return err_set(e, ERR_NOTFOUND, "there is no file %s", path);
	if (fd < 0)
		return err_errno(e, "cannot open %s", path);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char *buf = mem_alloc(PIECE);
	enum err_code code = ctx && buf ? digest_fd(ctx, fd, buf, path, hex, e)
					: err_set(e, ERR_NOMEM, "no memory to read %s", path);
	EVP_MD_CTX_free(ctx);
	mem_free(buf);
	close(fd);
	return code;
}
