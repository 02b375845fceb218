#!/bin/bash
# Runs every fuzz target (built by `make fuzz` with clang's libFuzzer, ASan and UBSan) for the given seconds on its corpus.
# What is found lies in build/fuzz/<target>-*; new inputs in build/fuzz/corpus.
set -u
seconds=$1
shift
bad=0
for name in "$@"; do
	mkdir -p "build/fuzz/corpus/$name"
	if OMP_NUM_THREADS=1 "build/fuzz/fuzzers/$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
		-artifact_prefix="build/fuzz/$name-" "build/fuzz/corpus/$name" "tests/fuzz/corpus/${name#fuzz_}" \
		>"build/fuzz/$name.log" 2>&1; then
		echo "ok      $name: $(grep -a 'Done' "build/fuzz/$name.log")"
	else
		echo "FAILED  $name"; tail -n 60 "build/fuzz/$name.log"; bad=1
	fi
done
exit $bad
