#!/bin/bash
# A restricted Boltzmann machine with persistent chains and a planned rise of CD: its replay, and a kill -9 with resume, end with
# the weights and chains of a run that nobody disturbed.
. tests/e2e/lib.sh.inc
sha() { field weights_sha256; }
cat >"$work/chains.lua" <<'LUA'
local g = require "gusto"
return g.experiment {
  data = g.data { "planted", interactions = 40000 },
  protocol = g.protocol { split = "ratio", metrics = { "rmse" } },
  model = require "gusto.models.rbm",
  knobs = { hidden = 40, persistent = true },
  train = { optimizer = { "sgd", momentum = 0.9 }, batch = 32, epochs = 36, checkpoint_seconds = 0.2,
    plan = { { epoch = 8, cd = 3 }, { epoch = 20, cd = 5, lr = 0.005 } } },
}
LUA
"$gusto" run "$work/chains.lua" --seed 3 --threads 2 --json >"$work/whole" || die "run: $(tail -n 3 "$work/whole")"
whole=$(sha <"$work/whole")
[ ${#whole} -eq 64 ] || die "no weights_sha256"
"$gusto" replay "$(field run <"$work/whole")" --json >"$work/replay" || die "replay"
[ "$whole" = "$(sha <"$work/replay")" ] || die "the replay ends with other weights"

dir=$("$gusto" run "$work/chains.lua" --seed 3 --threads 2 --detach)
run=$(basename "$dir")
for _ in $(seq 100); do
	ls "$dir"/checkpoints/*.safetensors >/dev/null 2>&1 && break
	sleep 0.1
done
pid=$("$gusto" show "$run" --json | grep -o '"pid":"[0-9]*"' | grep -o '[0-9]*')
kill -9 "$pid" 2>/dev/null || echo "note: it had ended before it could be killed"
for _ in $(seq 300); do
	"$gusto" runs --json | grep -F "\"run\":\"$run\"" | grep -q '"alive":false' && break
	sleep 0.1
done
"$gusto" resume "$run" --json >"$work/resumed" || die "resume after kill -9: $(cat "$work/resumed")"
[ "$whole" = "$(sha <"$work/resumed")" ] || die "kill -9 and resume changed weights or chains"
echo ok
