/* Runs a fuzz target over the files and folders named as arguments: what `make test` does with the stored corpus, plus
 * simple mutations of every file (cuts and single-byte changes from a fixed stream). */
#include "base/rng.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t n);

enum { MUTATIONS = 200 };

static void mutate(const unsigned char *data, size_t n, struct rng *r)
{
	unsigned char *copy = malloc(n + 1);
	for (int k = 0; copy && n && k < MUTATIONS; k++) {
		size_t len = rng_below(r, 2) ? n : (size_t)rng_below(r, n + 1);
		memcpy(copy, data, n);
		for (uint64_t flips = rng_below(r, 4); flips > 0 && len; flips--)
			copy[rng_below(r, len)] = (unsigned char)rng_u64(r);
		LLVMFuzzerTestOneInput(copy, len);
	}
	free(copy);
}

static int run_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	if (!f) {
		perror(path);
		return 1;
	}
	fseek(f, 0, SEEK_END);
	long n = ftell(f);
	rewind(f);
	unsigned char *data = malloc((size_t)n + 1);
	size_t got = data ? fread(data, 1, (size_t)n, f) : 0;
	fclose(f);
	LLVMFuzzerTestOneInput(data, got);
	struct rng r = rng_stream(1, RNG_TEST, got, 0);
	mutate(data, got, &r);
	free(data);
	return 0;
}

static int run_path(const char *path)
{
	struct stat st;
	if (stat(path, &st) != 0) {
		perror(path);
		return 1;
	}
	if (!S_ISDIR(st.st_mode))
		return run_file(path);
	int bad = 0, files = 0;
	DIR *d = opendir(path);
	for (struct dirent *x; d && (x = readdir(d));) {
		char file[4096];
		if (x->d_name[0] == '.')
			continue;
		snprintf(file, sizeof file, "%s/%s", path, x->d_name);
		bad |= run_file(file);
		files++;
	}
	if (d)
		closedir(d);
	printf("%s: %d files\n", path, files);
	return bad || !files;
}

int main(int argc, char **argv)
{
	int bad = argc < 2;
	for (int i = 1; i < argc; i++)
		bad |= run_path(argv[i]);
	return bad;
}
