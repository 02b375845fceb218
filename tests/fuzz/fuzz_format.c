/* The first byte chooses the format, the second the options, the rest is the file.  Whatever is accepted must freeze
 * into a data set whose rows, labels and candidates are all in range. */
#include "data/dataset.h"
#include "data/format.h"
#include "data/text.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void check(const struct dataset *d)
{
	char buf[64];
	for (int64_t i = 0; i < d->n; i++)
		CHECK(d->item[i] >= 0 && d->item[i] < d->n_items, "row %lld has item %d", (long long)i, d->item[i]);
	for (int32_t u = 0; u < d->n_users; u++) {
		const char *s;
		size_t len = strtab_get(&d->users, u, &s);
		CHECK(text_utf8_check(s, len) == len, "user %d is not UTF-8", u);
		CHECK(strtab_find(&d->users, &d->user_index, s, len) == u, "user %d is not found", u);
		for (int64_t i = d->start[u] + 1; d->time && i < d->start[u + 1]; i++)
			CHECK(d->time[i - 1] <= d->time[i], "user %d is not in order", u);
	}
	for (int k = 0; k < d->n_row_columns; k++) {
		const struct row_column *c = &d->row_columns[k];
		for (int64_t i = 0; c->code && i < (c->first ? c->first[d->n] : d->n); i++)
			CHECK(c->code[i] >= (c->first ? 0 : -1) && c->code[i] < c->words.n, "row %lld has code %d",
				(long long)i, c->code[i]);
	}
	for (int32_t i = 0; i < d->n_items; i++)
		dataset_item_label(d, i, buf, sizeof buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static const char *const columns[] = {
		NULL, "user,item,...", "item,user,time,rating", "user,item,item.title,user.age:real"};
	struct err e;
	struct dataset *d;
	if (n < 2)
		return 0;
	const char *format = format_registry.rows[bytes[0] % format_registry.n]->name;
	unsigned bits = bytes[1];
	bool table = bytes[0] % format_registry.n < 3; /* movielens, csv, tsv */
	struct format_options o = {.encoding = bits & 1 ? "latin-1" : NULL,
		.header = bits & 2 && table && strcmp(format, "movielens") != 0,
		.columns = table ? columns[bits >> 2 & 3] : NULL,
		.separator = table && bits & 16 ? "::" : NULL,
		.id_offset_user = bits & 32 ? 1 : 0};
	if (table && bits & 64)
		o.columns = "user,item,mood,tags:tokens,review:text,weight:real,...";
	if (strcmp(format, "libfm") == 0)
		o.columns = "user,item,mood,weight:real";
	if (strcmp(format, "jsonl") == 0)
		o.map = "u=user,i=item,r=rating,t=tags:tokens,x=review:text,user.age:real";
	struct builder *b = builder_new("fuzz");
	if (!b)
		return 0;
	enum err_code code = format_read_memory(b, "fuzz", (const char *)bytes + 2, n - 2, format, &o, &e);
	if (code == OK && table) {
		struct format_options item = {.table = "item", .columns = "item,title,genres:words,..."};
		(void)format_read_memory(b, "fuzz", (const char *)bytes + 2, n - 2, format, &item, &e);
	}
	if (code == OK && builder_finish(b, &d, &e) == OK) {
		check(d);
		dataset_unref(d);
	}
	builder_free(b);
	return 0;
}
