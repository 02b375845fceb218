#!/bin/bash
# kill -9 at random moments, again and again: the run that is resumed after each ends with the weights of the run that
# was never killed.  KILLS: how often (default 8).
. tests/e2e/lib.sh.inc
kills=${KILLS:-8} epochs=$((4 + ${KILLS:-8} / 2))
options=(--seed 11 --threads 1 --epochs "$epochs" --set patience=0 --set dropout=0.3)
sha() { field weights_sha256; }
"$gusto" run experiments/demo.lua "${options[@]}" --json >"$work/whole" || die "the whole run"
whole=$(sha <"$work/whole")
[ ${#whole} -eq 64 ] || die "no weights_sha256 in: $(cat "$work/whole")"

dir=$("$gusto" run experiments/demo.lua "${options[@]}" --detach) || die "start"
run=$(basename "$dir")
pid_of() { "$gusto" show "$run" --json | grep -o '"pid":"[0-9]*"' | grep -o '[0-9]*'; }
"$gusto" tweak "$run" lr=1e-3 >/dev/null || die "tweak" # to the value it has: the journal is read again after each kill
pid=$(pid_of)
killed=0
for i in $(seq "$kills"); do
	sleep "0.$((RANDOM % 10))$((RANDOM % 10))"
	kill -9 "$pid" 2>/dev/null && killed=$((killed + 1))
	wait "$pid" 2>/dev/null || true
	for _ in $(seq 400); do kill -0 "$pid" 2>/dev/null || break; sleep 0.02; done
	if [ "$i" -lt "$kills" ]; then
		"$gusto" resume "$run" --json >"$work/resumed" 2>"$work/err" &
		pid=$!
	fi
done
"$gusto" resume "$run" --json >"$work/resumed" 2>"$work/err" || die "resume after $killed kills: $(cat "$work/err")"
[ "$whole" = "$(sha <"$work/resumed")" ] || die "$killed kills changed the weights: $(cat "$work/resumed")"
[ "$killed" -gt 0 ] || echo "note: it had ended before it could be killed"
echo "ok: $killed kills"
