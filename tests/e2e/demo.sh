#!/bin/bash
# The demo without a terminal: progress lines, final metrics, the path of the run, pictures.
. tests/e2e/lib.sh.inc
"$gusto" demo --epochs 2 </dev/null >"$work/out" 2>"$work/err" || die "demo: $(cat "$work/err")"
grep -q 'ndcg@10=' "$work/out" || die "no metrics in: $(cat "$work/out")"
dir=$(sed -n 's/^run \(\/.*\|\..*\)$/\1/p' "$work/out" | tail -n 1)
[ -d "$dir" ] || die "no run directory in: $(tail -n 5 "$work/out")"
for picture in curves attention explain; do
	grep -q '<svg' "$dir/$picture.svg" || die "$dir/$picture.svg is no picture"
	grep -q 'there is no user' "$dir/$picture.svg" && die "$picture.svg shows an error"
done
LC_ALL=C grep -q $'\033\|\r' "$work/out" && die "escape sequences in the output of a pipe"
echo ok
