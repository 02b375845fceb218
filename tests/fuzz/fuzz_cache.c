/* Any bytes are either refused or a data set all of whose arrays can be read. */
#include "data/cache.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void check(const struct dataset *d)
{
	char buf[64];
	for (int32_t u = 0; u < d->n_users; u++) {
		strtab_copy(&d->users, u, buf, sizeof buf);
		CHECK(dataset_find_user(d, "no such user") < d->n_users, "an id is out of range");
		for (int64_t i = d->start[u]; i < d->start[u + 1]; i++)
			CHECK(d->item[i] >= 0 && d->item[i] < d->n_items, "row %lld has item %d", (long long)i,
				d->item[i]);
		for (int64_t i = d->candidate_start ? d->candidate_start[u] : 0;
			d->candidate_start && i < d->candidate_start[u + 1]; i++)
			CHECK(d->candidate[i] >= 0 && d->candidate[i] < d->n_items, "user %d has a wild candidate", u);
	}
	for (int32_t i = 0; i < d->n_items; i++)
		dataset_item_label(d, i, buf, sizeof buf);
	CHECK(dataset_content_hash(d) == d->hash, "accepted with another hash");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	char path[64];
	struct err e;
	struct dataset *d;
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (fd < 0)
		return 0;
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	if (write(fd, bytes, n) == (ssize_t)n && cache_load(path, &d, &e) == OK) {
		check(d);
		dataset_unref(d);
	}
	close(fd);
	return 0;
}
