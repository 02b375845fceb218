#include "data/cache.h"

#include "base/fs.h"
#include "base/mem.h"
#include "base/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <signal.h>
#include <unistd.h>
#include <cmocka.h>

struct temp {
	char folder[64], path[128];
};

static int setup(void **state)
{
	struct temp *t = calloc(1, sizeof *t);
	strcpy(t->folder, "/tmp/gusto-cache-XXXXXX");
	if (!mkdtemp(t->folder))
		return -1;
	snprintf(t->path, sizeof t->path, "%s/set.gusto", t->folder);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct temp *t = *state;
	unlink(t->path);
	int left = rmdir(t->folder); /* fails where a temporary file was left behind */
	free(t);
	return left;
}

/* Everything a data set can hold. */
static struct dataset *full_set(int rows, bool rated)
{
	struct err e;
	struct builder *b = builder_new("full");
	struct rng r = rng_stream(5, RNG_TEST, 0, 0);
	for (int i = 0; i < rows; i++) {
		builder_part(b, rated ? (enum part)(i % 4) : PART_TRAIN);
		char user[16], item[16];
		struct builder_row row = {user, item, (size_t)snprintf(user, sizeof user, "u%d", (int)rng_below(&r, 9)),
			(size_t)snprintf(item, sizeof item, "i%d", (int)rng_below(&r, 30)),
			rated ? (float)(i % 5) : NAN, rated ? (int64_t)rng_below(&r, 99) : INT64_MIN};
		assert_int_equal(builder_add(b, &row, &e), OK);
		if (!rated || i % 3 == 0)
			continue;
		assert_int_equal(builder_row_text(b, "mood", COLUMN_TOKEN, user, row.user_len, &e), OK);
		assert_int_equal(builder_row_text(b, "tags", COLUMN_TOKENS, "x|y|z", (size_t)i % 6, &e), OK);
		assert_int_equal(builder_row_text(b, "review", COLUMN_TEXT, "so so", (size_t)i % 6, &e), OK);
		assert_int_equal(builder_row_real(b, "weight", (float)i, &e), OK);
	}
	for (int i = 0; rated && i < builder_items(b); i++) {
		assert_int_equal(
			builder_cell_text(b, true, i, "title", COLUMN_TOKEN, "A title", (size_t)i % 8, &e), OK);
		assert_int_equal(builder_cell_real(b, true, i, "year", (float)(1900 + i), &e), OK);
	}
	for (int i = 0; rated && i < builder_users(b); i++) {
		assert_int_equal(builder_cell_text(b, false, i, "likes", COLUMN_TOKENS, "x|y", 3, &e), OK);
		assert_int_equal(builder_held_out(b, i, i, &e), OK);
		assert_int_equal(builder_candidate(b, i, 2 * i, &e), OK);
	}
	struct dataset *d;
	assert_int_equal(builder_finish(b, &d, &e), OK);
	builder_free(b);
	return d;
}

static void check_same(const struct dataset *a, const struct dataset *b)
{
	char x[64], y[64];
	assert_string_equal(a->name, b->name);
	assert_true(a->hash == b->hash && dataset_content_hash(b) == a->hash);
	assert_true(a->n == b->n && a->n_users == b->n_users && a->n_items == b->n_items);
	assert_true(!a->rating == !b->rating && !a->time == !b->time && !a->held_out == !b->held_out);
	assert_true(memcmp(a->start, b->start, (size_t)(a->n_users + 1) * sizeof *a->start) == 0);
	assert_true(!a->part == !b->part);
	assert_true(!a->part || memcmp(a->part, b->part, (size_t)a->n) == 0);
	assert_true(a->n == 0 || memcmp(a->item, b->item, (size_t)a->n * sizeof *a->item) == 0);
	assert_int_equal(a->n_item_columns, b->n_item_columns);
	assert_int_equal(a->n_row_columns, b->n_row_columns);
	for (int k = 0; k < a->n_row_columns; k++) {
		const struct row_column *c = &a->row_columns[k], *back = dataset_row_column(b, c->name);
		assert_true(back && back->type == c->type && back->words.n == c->words.n);
		assert_true(!back->code == !c->code && !back->first == !c->first && !back->real == !c->real);
	}
	for (int32_t i = 0; i < a->n_items; i++) {
		assert_int_equal(dataset_find_item(b, strtab_copy(&a->items, i, x, sizeof x)), i);
		assert_string_equal(dataset_item_label(a, i, x, sizeof x), dataset_item_label(b, i, y, sizeof y));
	}
	assert_int_equal(dataset_find_user(b, "nobody"), -1);
}

static void loads_what_was_saved(void **state)
{
	struct temp *t = *state;
	struct err e = {0};
	for (int rows = 0; rows <= 200; rows += 100)
		for (int rated = 0; rated < 2; rated++) {
			struct dataset *d = full_set(rows, rated), *back;
			assert_int_equal(cache_save(d, t->path, &e), OK);
			if (cache_load(t->path, &back, &e) != OK)
				fail_msg("%s", e.text);
			check_same(d, back);
			dataset_unref(back);
			dataset_unref(d);
		}
}

/* Not through fs_write_atomic: a thousand syncs would take seconds. */
static void write_file(const char *path, const char *bytes, size_t n)
{
	FILE *f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

/* A file cut anywhere, or with any one byte changed, is refused or (where the byte is padding or the name) the same. */
static void refuses_damage(void **state)
{
	struct temp *t = *state;
	struct err e = {0};
	struct dataset *d = full_set(120, true), *back;
	assert_int_equal(cache_save(d, t->path, &e), OK);
	char *bytes;
	size_t n;
	assert_int_equal(fs_read_all(t->path, &bytes, &n, &e), OK);
	for (size_t cut = 0; cut < n; cut += 97) {
		write_file(t->path, bytes, cut);
		assert_int_equal(cache_load(t->path, &back, &e), ERR_FORMAT);
	}
	size_t accepted = 0, tried = 0;
	for (size_t at = 0; at < n; at += at < 600 ? 1 : 7, tried++) {
		bytes[at] = (char)(bytes[at] ^ 0x41);
		write_file(t->path, bytes, n);
		enum err_code code = cache_load(t->path, &back, &e);
		assert_true(code == OK || code == ERR_FORMAT);
		if (code == OK) {
			accepted++;
			assert_true(back->hash == d->hash && dataset_content_hash(back) == d->hash);
			dataset_unref(back);
		}
		bytes[at] = (char)(bytes[at] ^ 0x41);
	}
	assert_true(accepted < tried / 3);
	write_file(t->path, "user,item\n", 10);
	assert_int_equal(cache_load(t->path, &back, &e), ERR_FORMAT);
	write_file(t->path, bytes, n);
	assert_int_equal(cache_load(t->path, &back, &e), OK);
	dataset_unref(back);
	mem_free(bytes);
	dataset_unref(d);
}

static void says_what_is_wrong(void **state)
{
	struct temp *t = *state;
	struct err e = {0};
	struct dataset *d = full_set(50, true), *back;
	assert_int_equal(cache_load(t->path, &back, &e), ERR_NOTFOUND);
	assert_int_equal(cache_save(d, t->path, &e), OK);
	assert_int_equal(truncate(t->path, 2000), 0);
	assert_int_equal(cache_load(t->path, &back, &e), ERR_FORMAT);
	assert_non_null(strstr(e.text, "is truncated; remove it and import the data again"));
	assert_int_equal(cache_save(d, "/nonexistent/folder/x", &e), ERR_IO);
	dataset_unref(d);
}

/* A write that cannot be finished leaves the old file and nothing else. */
static void full_disk_keeps_the_old_file(void **state)
{
	struct temp *t = *state;
	struct err e = {0};
	struct dataset *d = full_set(200, true), *back;
	assert_int_equal(cache_save(d, t->path, &e), OK);
	struct rlimit old, small;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	signal(SIGXFSZ, SIG_IGN);
	small = (struct rlimit){1000, old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(cache_save(d, t->path, &e), ERR_IO);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(cache_load(t->path, &back, &e), OK);
	check_same(d, back);
	dataset_unref(back);
	dataset_unref(d);
}

static void sums(void **state)
{
	struct temp *t = *state;
	struct err e;
	char hex[65], again[65];
	assert_int_equal(bytes_sha256("abc", 3, hex, &e), OK); /* FIPS 180-2, appendix B.1 */
	assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	write_file(t->path, "abc", 3);
	assert_int_equal(file_sha256(t->path, again, &e), OK);
	assert_string_equal(hex, again);
	unlink(t->path);
	assert_int_equal(file_sha256(t->path, again, &e), ERR_NOTFOUND);
	write_file(t->path, "", 0);
	assert_int_equal(file_sha256(t->path, again, &e), OK);
	assert_string_equal(again, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void names(void **state)
{
	struct err e;
	char a[256], b[256];
	assert_int_equal(cache_path("cache", "ml-1m", "recipe", a, sizeof a, &e), OK);
	assert_int_equal(cache_path("cache", "ml-1m", "recipe 2", b, sizeof b, &e), OK);
	assert_string_not_equal(a, b);
	assert_int_equal(strncmp(a, "cache/ml-1m-v", 13), 0);
	assert_int_equal(cache_path("cache", "../x", "recipe", a, sizeof a, &e), ERR_ARG);
	assert_int_equal(cache_path("cache", "ml-1m", "recipe", a, 10, &e), ERR_ARG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(loads_what_was_saved, setup, teardown),
		cmocka_unit_test_setup_teardown(refuses_damage, setup, teardown),
		cmocka_unit_test_setup_teardown(says_what_is_wrong, setup, teardown),
		cmocka_unit_test_setup_teardown(full_disk_keeps_the_old_file, setup, teardown),
		cmocka_unit_test_setup_teardown(sums, setup, teardown),
		cmocka_unit_test(names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
