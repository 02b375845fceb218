#!/bin/bash
# Runs test binaries under valgrind; any error or definite leak of ours fails.  One core, no real data: they take hours here.
set -u
fail=0 log=$(mktemp)
trap 'rm -f "$log"' EXIT
unset GUSTO_DATA TERM
export GUSTO_SLOW=1 # some tests do less then
export OMP_NUM_THREADS=1 OMP_WAIT_POLICY=passive OPENBLAS_CORETYPE=Haswell
for t in "$@"; do
	begun=$(date +%s)
	if valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite --suppressions=tools/valgrind.supp "$t" >"$log" 2>&1; then
		verdict=ok
	else
		verdict=FAILED; fail=$((fail + 1))
	fi
	printf '%-6s %5d s  %s\n' $verdict $(($(date +%s) - begun)) "$t"
	[ $verdict = FAILED ] && tail -n 60 "$log"
done
echo "$(($# - fail)) clean, $fail failed"
[ $fail -eq 0 ]
