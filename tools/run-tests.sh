#!/bin/bash
# Runs test binaries one after the other; prints a line each, the output of those that fail, and a total.
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-2}
pass=0 fail=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for t in "$@"; do
	begun=$(date +%s.%N)
	if timeout 900 "$t" >"$log" 2>&1; then
		verdict=ok; pass=$((pass + 1))
	else
		verdict=FAILED; fail=$((fail + 1))
	fi
	printf '%-6s %6.1fs  %s\n' "$verdict" "$(echo "$(date +%s.%N) - $begun" | bc 2>/dev/null || echo 0)" "$t"
	grep -a 'skipped:' "$log" | sort -u
	[ "$verdict" = FAILED ] && tail -n 60 "$log"
done
echo "$pass passed, $fail failed"
[ "$fail" -eq 0 ]
