#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/rng.h"
#include "nn/checkpoint.h"

static char folder[] = "/tmp/gusto-st-XXXXXX";
static char path[64];

static const float f32[6] = {1, 2, 3, 4, 5, -6.5f};
static const double f64[2] = {.1, 1e300};
static const unsigned char bytes[3] = {7, 8, 9};

static void write_sample(void)
{
	struct st_tensor t[] = {
		{"bytes", "U8", 1, {3}, bytes, 3},
		{"block 1/weight", "F32", 2, {2, 3}, f32, sizeof f32},
		{"empty", "F32", 2, {0, 3}, NULL, 0},
		{"scalar \"quoted\" \xc3\xa9", "F32", 0, {0}, f32, 4},
		{"wide", "F64", 1, {2}, f64, sizeof f64},
	};
	struct meta m = {0};
	struct err e;
	assert_int_equal(meta_set(&m, "epoch", "12", &e), OK);
	assert_int_equal(meta_set(&m, "text", "a\nb \"c\"", &e), OK);
	assert_int_equal(meta_set(&m, "epoch", "13", &e), OK);
	if (st_write(path, t, 5, &m, &e) != OK)
		fail_msg("%s", e.text);
	meta_free(&m);
}

static char *slurp(size_t *n)
{
	struct stat st;
	int fd = open(path, O_RDONLY);
	assert_true(fd >= 0 && fstat(fd, &st) == 0);
	*n = (size_t)st.st_size;
	char *p = mem_alloc(*n);
	assert_int_equal(read(fd, p, *n), st.st_size);
	close(fd);
	return p;
}

static void test_round_trip(void **state)
{
	struct st_file *f = NULL;
	struct err e;
	write_sample();
	if (st_open(path, &f, &e) != OK)
		fail_msg("%s", e.text);
	assert_int_equal(st_count(f), 5);
	const struct st_tensor *w = st_find(f, "block 1/weight"), *d = st_find(f, "wide");
	assert_true(w && d);
	assert_int_equal(w->ndim, 2);
	assert_int_equal(w->dim[1], 3);
	assert_memory_equal(w->data, f32, sizeof f32);
	assert_memory_equal(d->data, f64, sizeof f64);
	assert_int_equal((uintptr_t)d->data % 8, 0);
	assert_int_equal((uintptr_t)w->data % 4, 0);
	assert_int_equal(st_find(f, "scalar \"quoted\" \xc3\xa9")->ndim, 0);
	assert_int_equal(st_find(f, "empty")->bytes, 0);
	assert_memory_equal(st_find(f, "bytes")->data, bytes, 3);
	assert_string_equal(meta_get(st_meta(f), "epoch"), "13");
	assert_string_equal(meta_get(st_meta(f), "text"), "a\nb \"c\"");
	assert_null(meta_get(st_meta(f), "none"));
	assert_null(st_find(f, "none"));
	st_close(f);
	st_close(NULL);
}

/* No cut and no changed byte may do worse than an error; cuts are always one. */
static void test_damage(void **state)
{
	size_t n;
	struct st_file *f;
	struct err e;
	write_sample();
	char *good = slurp(&n);
	for (size_t k = 0; k < n; k++) {
		char *cut = mem_alloc(k);
		memcpy(cut, good, k);
		assert_int_equal(st_open_memory(cut, k, &f, &e), ERR_FORMAT);
		mem_free(cut);
	}
	for (uint64_t round = 0; round < 20000; round++) {
		struct rng r = rng_stream(1, RNG_TEST, round, 0);
		char *bad = mem_alloc(n);
		memcpy(bad, good, n);
		for (uint64_t i = 1 + rng_below(&r, 3); i > 0; i--)
			bad[rng_below(&r, n)] = (char)rng_u64(&r);
		if (st_open_memory(bad, n, &f, &e) == OK)
			st_close(f);
		mem_free(bad);
	}
	mem_free(good);
}

static void refuses(const char *header, size_t data, const char *part)
{
	char buf[1024] = {0};
	size_t len = strlen(header);
	struct st_file *f;
	struct err e = {0};
	buf[0] = (char)(unsigned char)(len & 0xff);
	buf[1] = (char)(unsigned char)(len >> 8);
	memcpy(buf + 8, header, len);
	assert_int_equal(st_open_memory(buf, 8 + len + data, &f, &e), ERR_FORMAT);
	if (!strstr(e.text, part))
		fail_msg("%s: \"%s\" does not say \"%s\"", header, e.text, part);
}

#define ROW(offsets) "{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":" offsets "}"

static void test_strict(void **state)
{
	struct st_file *f;
	struct err e;
	refuses("[]", 0, "not an object");
	refuses("{", 0, "column");
	refuses("{\"a\":" ROW("[0,8]") ",\"a\":" ROW("[8,16]") "}", 16, "uplicate");
	refuses("{\"a\":" ROW("[0,8]") ",\"b\":" ROW("[4,12]") "}", 12, "overlaps");
	refuses("{\"a\":" ROW("[0,8]") ",\"b\":" ROW("[0,8]") "}", 8, "overlaps");
	refuses("{\"a\":" ROW("[4,12]") "}", 12, "belong to no tensor");
	refuses("{\"a\":" ROW("[0,8]") "}", 12, "end at byte 8 of 12");
	refuses("{\"a\":" ROW("[0,8]") "}", 4, "outside");
	refuses("{\"a\":" ROW("[-4,4]") "}", 8, "outside");
	refuses("{\"a\":" ROW("[8,0]") "}", 8, "outside");
	refuses("{\"a\":" ROW("[0,4]") "}", 4, "do not fit shape");
	refuses("{\"a\":" ROW("[0]") "}", 8, "two numbers");
	refuses("{\"a\":" ROW("[0,8.0]") "}", 8, "two numbers");
	refuses("{\"a\":{\"dtype\":\"F33\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "dtype");
	refuses("{\"a\":{\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "dtype");
	refuses("{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}", 8, "at least 0");
	refuses("{\"a\":{\"dtype\":\"F32\",\"shape\":2,\"data_offsets\":[0,8]}}", 8, "list");
	refuses("{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]}}", 0,
		"whole numbers");
	refuses("{\"a\":7}", 0, "dtype");
	refuses("{\"__metadata__\":{\"a\":1}}", 0, "must be a string");
	assert_int_equal(st_open("/nonexistent/file", &f, &e), ERR_NOTFOUND);
	assert_int_equal(st_open("/tmp", &f, &e), ERR_FORMAT);
	assert_int_equal(st_open_memory("\xff\xff\xff\xff\xff\xff\xff\xff{}", 10, &f, &e), ERR_FORMAT);
}

static void test_refuses_to_write(void **state)
{
	struct err e;
	struct st_tensor wrong = {"a", "F32", 1, {3}, f32, 8}, name = {"\xff", "F32", 1, {1}, f32, 4};
	struct st_tensor good = {"a", "F32", 1, {1}, f32, 4};
	assert_int_equal(st_write(path, &wrong, 1, NULL, &e), ERR_SHAPE);
	assert_int_equal(st_write(path, &name, 1, NULL, &e), ERR_FORMAT);
	assert_int_equal(st_write("/nonexistent/a.safetensors", &good, 1, NULL, &e), ERR_IO);
	/* a full disk: the error is told and the file that was there stays */
	if (access("/dev/full", W_OK) == 0) {
		char tmp[80];
		size_t n;
		write_sample();
		snprintf(tmp, sizeof tmp, "%s.tmp", path);
		assert_int_equal(symlink("/dev/full", tmp), 0);
		assert_int_equal(st_write(path, &good, 1, NULL, &e), ERR_IO);
		assert_non_null(strstr(e.text, "No space"));
		mem_free(slurp(&n));
		assert_true(n > 100);
	}
}

/* Read by Python: the reference library where it is installed, else the format's definition in eight lines. */
static void test_python(void **state)
{
	char command[2048];
	write_sample();
	if (system("python3 -c '' 2>/dev/null") != 0) {
		print_message("skipped: there is no python3\n");
		return;
	}
	snprintf(command, sizeof command,
		"python3 - <<'EOF'\n"
		"import json, struct\n"
		"p = '%s'\n"
		"b = open(p, 'rb').read()\n"
		"n = struct.unpack('<Q', b[:8])[0]\n"
		"h = json.loads(b[8:8 + n])\n"
		"t = h['block 1/weight']\n"
		"x, y = t['data_offsets']\n"
		"assert t['shape'] == [2, 3] and t['dtype'] == 'F32'\n"
		"assert struct.unpack('<6f', b[8 + n:][x:y]) == (1, 2, 3, 4, 5, -6.5)\n"
		"assert h['__metadata__']['epoch'] == '13' and (8 + n) %% 8 == 0\n"
		"try:\n"
		"    from safetensors.numpy import load_file\n"
		"except ImportError:\n"
		"    print('skipped: python3 has no safetensors library')\n"
		"else:\n"
		"    w = load_file(p)\n"
		"    assert w['block 1/weight'].tolist() == [[1, 2, 3], [4, 5, -6.5]] and w['wide'][1] == 1e300\n"
		"EOF",
		path);
	assert_int_equal(system(command), 0);
}

static int setup(void **state)
{
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof path, "%s/a.safetensors", folder);
	return 0;
}

static int teardown(void **state)
{
	unlink(path);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_round_trip), cmocka_unit_test(test_damage),
		cmocka_unit_test(test_strict), cmocka_unit_test(test_refuses_to_write), cmocka_unit_test(test_python)};
	return cmocka_run_group_tests(tests, setup, teardown);
}
