#!/bin/bash
# Bad input: one sentence on standard error, a non-zero exit, never a crash.
. tests/e2e/lib.sh.inc
refuse() { # pattern, command...
	local pattern=$1 status=0
	shift
	"$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
	[ $status -ne 0 ] || die "accepted: $*"
	[ $status -lt 128 ] || die "crashed ($status): $*"
	grep -qiE "$pattern" "$work/err" || die "$*: '$(cat "$work/err")' does not say /$pattern/"
	[ "$(wc -l <"$work/err")" -eq 1 ] || die "$*: more than one line: $(cat "$work/err")"
}
refuse "did you mean 'run'" "$gusto" rn
refuse 'nowhere.lua' "$gusto" run nowhere.lua
refuse 'threads' "$gusto" run experiments/demo.lua --threads many
refuse 'dropout' "$gusto" run experiments/demo.lua --set dropout=7
refuse "dropot.*dropout" "$gusto" run experiments/demo.lua --set dropot=.1
refuse 'no option' "$gusto" run experiments/demo.lua --nonsense
printf 'return nil + 1\n' >"$work/bad.lua"
refuse 'bad.lua:1' "$gusto" run "$work/bad.lua"
cat >"$work/loop.lua" <<'END'
local g, nn = require "gusto", require "gusto.nn"
local M = g.model { name = "M" }
function M:build(k, data) self.item = nn.embedding { data.items, 4 } end
function M:loss(batch) LOSS end
function M:score(batch) return self.item(batch.item):last():matmul_t(self.item.weight) end
return g.experiment { data = g.data { "planted", interactions = 1000 }, model = M }
END
with_loss() { sed "s/LOSS/$1/" "$work/loop.lua" >"$work/loss.lua"; }
with_loss 'error {}'
refuse 'an error without a sentence' "$gusto" run "$work/loss.lua"
# a script that never returns ends on a signal, though the run's signals wait for safe points
with_loss 'while true do pcall(function() while true do end end) end'
# (in lines of JSON, which come without an estimate: before the run a signal just ends it)
refuse 'loss.lua:4: interrupted by a signal' timeout -k 60 -s TERM 4 "$gusto" run "$work/loss.lua" --json
printf 'return undeclared\n' >"$work/global.lua"
refuse 'global.lua:1' "$gusto" run "$work/global.lua"
refuse 'missing|no run' "$gusto" show nothing
refuse 'no run' "$gusto" tweak nothing lr=1
refuse 'nothing is called' "$gusto" doc nonsense
printf 'user,item\n1,2\n3\n' >"$work/short.csv"
refuse 'names the columns' "$gusto" data import "$work/short.csv" --format csv
refuse 'short.csv:3' "$gusto" data import "$work/short.csv" --format csv --header
printf '1\t2\tfive\t3\n' >"$work/word.data"
refuse 'word.data:1' "$gusto" data import "$work/word.data" --format movielens
refuse 'no such file|not found|nobody.csv' "$gusto" data import "$work/nobody.csv" --format csv
env GUSTO_DATA="$work" "$gusto" run experiments/sasrec-ml100k.lua --epochs 1 >"$work/out" 2>"$work/err" </dev/null && die "ran without data"
grep -qiE 'ml-100k|grouplens' "$work/err" || die "the missing data are not named: $(cat "$work/err")"

# no room: the sentence names the file, and what was saved is whole (a limit of the file size stands for a full disk)
full() { (ulimit -f "$1"; shift; exec "$@"); }
small=(run experiments/demo.lua --seed 4 --epochs 3 --threads 1 --json)
refuse 'cannot write|cannot open|run.db' full 40 "$gusto" "${small[@]}"
refuse 'cannot write .*checkpoints|run.db' full 420 "$gusto" "${small[@]}"
failed=$(field run <"$work/out")
"$gusto" resume "$failed" --json >"$work/resumed" || die "resume after a full disk"
"$gusto" "${small[@]}" >"$work/whole" || die "the run with room"
[ "$(field weights_sha256 <"$work/resumed")" = "$(field weights_sha256 <"$work/whole")" ] || die "a full disk changed the weights"

# a run whose files are damaged
dir=$("$gusto" run experiments/demo.lua --epochs 1 --json | field dir)
run=$(basename "$dir")
for f in "$dir"/checkpoints/*.safetensors; do printf 'broken' >"$f"; done
refuse 'checkpoint|safetensors' "$gusto" recommend "$run" --user 1
printf 'broken' >"$dir/run.db"
refuse 'run.db' "$gusto" show "$run" --json
refuse 'not running' "$gusto" tweak "$run" lr=1e-4
echo ok
