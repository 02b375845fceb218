#!/bin/bash
# Builds every fuzz target with clang's libFuzzer, ASan and UBSan, and runs each for the given seconds on its corpus.
set -eu
seconds=$1
shift
pkgs="lua5.4 ncursesw sqlite3 jansson cairo libarchive libcrypto openblas lapacke"
make -s build/release/gen/lua_files.inc
mkdir -p build/fuzz
for name in "$@"; do
	clang -std=c11 -g -O1 -march=native -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -Isrc -Itests -Ibuild/release/gen \
		$(pkg-config --cflags $pkgs) -o "build/fuzz/$name" "tests/fuzz/$name.c" $(ls src/*/*.c | grep -v src/cli/main.c) \
		$(pkg-config --libs $pkgs) -lpthread -ldl -lm -fopenmp=libgomp -Wno-unknown-pragmas -lgomp
	mkdir -p "build/fuzz/corpus/$name"
	"build/fuzz/$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -artifact_prefix="build/fuzz/$name-" \
		"build/fuzz/corpus/$name" "tests/fuzz/corpus/${name#fuzz_}"
done
