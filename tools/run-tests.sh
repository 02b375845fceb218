#!/bin/bash
# Runs tests one after the other: binaries, scripts (*.sh), and fuzz checks (tests/fuzz/NAME.check = the stored corpus
# through $BUILD/tests/fuzz/NAME).  A line each, the output of those that fail, and a total.
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-2}
# Workers that spin while they wait take the core from whoever has work: on two busy cores the conformance of models took four
# times as long (7 min 20 s against 1 min 50 s) and five times the processor time.
export OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive}
export BUILD=${BUILD:-build/release}
export GUSTO_BIN=${GUSTO_BIN:-./gusto}
unset TERM
pass=0 fail=0
log=$(mktemp)
runs=$(mktemp -d)
trap 'rm -rf "$log" "$runs"' EXIT
export GUSTO_RUNS=$runs
for t in "$@"; do
	begun=$(date +%s%N)
	case $t in
	*.check) name=$(basename "$t" .check); set -- "$BUILD/tests/fuzz/$name" "tests/fuzz/corpus/${name#fuzz_}" ;;
	*.sh) set -- bash "$t" ;;
	*) set -- "$t" ;;
	esac
	if timeout "${TEST_SECONDS:-900}" "$@" >"$log" 2>&1; then
		verdict=ok; pass=$((pass + 1))
	else
		verdict=FAILED; fail=$((fail + 1))
	fi
	printf '%-6s %7d ms  %s\n' "$verdict" $((($(date +%s%N) - begun) / 1000000)) "$t"
	grep -a 'skipped:' "$log" | sort -u
	[ "$verdict" = FAILED ] && tail -n 80 "$log"
done
echo "$pass passed, $fail failed"
[ "$fail" -eq 0 ]
