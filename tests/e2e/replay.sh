#!/bin/bash
# Tweaks (one structural), pauses and a probe; then: the replay, a kill -9 with resume, and the same seed twice end with
# the same weights.
. tests/e2e/lib.sh.inc
sha() { field weights_sha256; }
start() { "$gusto" run experiments/demo.lua --detach --seed "$1" --threads 2 --epochs "$2"; }
wait_for() { # run directory: until nobody holds its lock
	for _ in $(seq 600); do
		"$gusto" runs --json | grep -F "\"run\":\"$(basename "$1")\"" | grep -q '"alive":false' && return
		sleep 0.2
	done
	die "$1 does not end"
}

dir=$(start 5 3)
run=$(basename "$dir")
"$gusto" pause "$run" >/dev/null || die pause
"$gusto" tweak "$run" lr=5e-4 >/dev/null || die "tweak lr"
"$gusto" resume "$run" >/dev/null || die resume
"$gusto" tweak "$run" dropout=0.1 >"$work/receipt" || die "tweak dropout"
grep -q 'in force from the next step' "$work/receipt" || die "a live knob: $(cat "$work/receipt")"
user=$("$gusto" data info planted >/dev/null 2>&1; echo u1)
"$gusto" recommend "$run" --user "$user" --json >/dev/null 2>&1 || "$gusto" recommend "$run" --user 1 --json >/dev/null || die probe
"$gusto" tweak "$run" blocks=1 >"$work/receipt" || die "tweak blocks"
grep -q 'model rebuilt' "$work/receipt" || die "a structural knob: $(cat "$work/receipt")"
"$gusto" pause "$run" >/dev/null || die "second pause"
"$gusto" tweak "$run" lr=2e-4 dropout=0.2 >/dev/null || die "two knobs at once"
"$gusto" resume "$run" >/dev/null || die "second resume"
"$gusto" tweak "$run" lr=9 2>"$work/err" && die "lr=9 was accepted"
grep -q 'lr' "$work/err" || die "the refusal does not name the knob: $(cat "$work/err")"
wait_for "$dir"
"$gusto" show "$run" --json >"$work/show"
first=$(sha <"$work/show")
[ ${#first} -eq 64 ] || die "no weights_sha256 in: $(cat "$work/show")"
"$gusto" replay "$run" --json >"$work/replay" || die "replay"
[ "$first" = "$(sha <"$work/replay")" ] || die "the replay ends with other weights"
grep -q '"event":"start"' "$work/replay" && grep -q '"event":"eval"' "$work/replay" || die "no start or eval line"

dir=$(start 6 3)
run=$(basename "$dir")
"$gusto" tweak "$run" lr=5e-4 >/dev/null
"$gusto" tweak "$run" dropout=0.3 >/dev/null
sleep 1.5
pid=$("$gusto" show "$run" --json | grep -o '"pid":"[0-9]*"' | grep -o '[0-9]*')
kill -9 "$pid" 2>/dev/null || echo "note: it had ended before it could be killed"
wait_for "$dir"
"$gusto" resume "$run" --json >"$work/resumed" || die "resume after kill -9: $(cat "$work/resumed")"
"$gusto" replay "$run" --json >"$work/replay" || die "replay of a resumed run"
[ "$(sha <"$work/resumed")" = "$(sha <"$work/replay")" ] || die "kill -9 and resume changed the weights"

"$gusto" run experiments/demo.lua --seed 7 --epochs 1 --threads 2 --json >"$work/a"
"$gusto" run experiments/demo.lua --seed 7 --epochs 1 --threads 2 --json >"$work/b"
[ "$(sha <"$work/a")" = "$(sha <"$work/b")" ] || die "the same seed gave other weights"
echo ok
