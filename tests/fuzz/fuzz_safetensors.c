/* Any bytes are either refused or a file whose tensors can be read to their last byte. */
#include "nn/checkpoint.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct st_file *f;
	struct err e;
	volatile unsigned char sink = 0;
	if (st_open_memory(bytes, n, &f, &e) != OK)
		return 0;
	for (size_t i = 0; i < st_count(f); i++) {
		const struct st_tensor *t = st_get(f, i);
		const unsigned char *p = t->data;
		CHECK(p >= bytes && t->bytes <= (size_t)(bytes + n - p), "tensor %s lies outside", t->name);
		for (size_t k = 0; k < t->bytes; k++)
			sink ^= p[k];
	}
	st_close(f);
	return 0;
}
