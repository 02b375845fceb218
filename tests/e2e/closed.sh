#!/bin/bash
# Models without gradients on the planted world: two runs end with the same weights, and each
# ranks or rates better than the trivial answer; a matrix that no memory can hold is refused before it is made.
. tests/e2e/lib.sh.inc
experiment() { # model, further fields
	cat >"$work/$1.lua" <<LUA
local g = require "gusto"
return g.experiment {
  data = g.data { "planted", interactions = 30000 },
  model = require "gusto.models.$1", ${2:-}
}
LUA
}
run() { "$gusto" run "$work/$1.lua" --json "${@:2}" 2>"$work/err" | grep '"event":"done"' || die "$1: $(tail -n 1 "$work/err")"; }
metric() { grep -o "\"$1\":[-0-9.e]*" | tail -n 1 | cut -d: -f2; }
less() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a < b) }'; }

experiment popularity
popular=$(run popularity | metric ndcg@10)
# the run keeps the protocol in words, the policy of ties among them
for ties in average worst best first; do
	experiment popularity "protocol = g.protocol { ties = '$ties' }"
	run popularity >/dev/null
	"$gusto" show last --json | grep -q ", ties $ties, metrics" || die "the run does not know its ties: $ties"
done
# a product with a reshaped parameter is ranked as it comes, and as it does where more follows on it
cat >"$work/doubled.lua" <<'LUA'
local g = require "gusto"
local m = require "gusto.models.popularity"
local score = m.score
function m:score(batch) return score(self, batch) * 2 end
return g.experiment { data = g.data { "planted", interactions = 30000 }, model = m }
LUA
[ "$(run doubled | metric ndcg@10)" = "$popular" ] || die "twice the popularity ranks otherwise than popularity ($popular)"
for model in itemknn ease ials mda; do
	experiment $model
	one=$(run $model --threads 2)
	two=$(run $model --threads 2)
	[ "$(field weights_sha256 <<<"$one")" = "$(field weights_sha256 <<<"$two")" ] || die "$model: two runs differ"
	less "$popular" "$(metric ndcg@10 <<<"$one")" || die "$model: not better than popularity ($popular): $one"
done
experiment spop 'protocol = g.protocol { mask_seen = false }'
run spop >/dev/null
experiment mda 'knobs = { layers = 2, corruption = 0.3 }'
less "$popular" "$(run mda | metric ndcg@10)" || die "two layers: not better than popularity"
experiment bias 'protocol = g.protocol { split = "ratio", per_user = false, valid = 0, test = 0.1, metrics = { "rmse" } }'
rmse=$(run bias | metric rmse)
"$gusto" run "$work/bias.lua" --json --set user_reg=1e6 --set item_reg=1e6 2>/dev/null | metric rmse >"$work/mean"
less "$rmse" "$(cat "$work/mean")" || die "deviations do not help: $rmse"

cat >"$work/large.lua" <<'LUA'
local g = require "gusto"
return g.experiment {
  data = g.data { "planted", interactions = 100000, items = 3000000 },
  model = require "gusto.models.ease",
}
LUA
"$gusto" run "$work/large.lua" >/dev/null 2>"$work/err" && die "36 TB were found"
grep -q "parameter weight \[3000000, 3000000\] needs 36000.0 GB of memory, .* GB are free" "$work/err" || die "$(cat "$work/err")"
