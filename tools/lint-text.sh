#!/bin/bash
# Things that text shows: unfinished marks, machine paths, rows without files and files without rows.
cd "$(dirname "$0")/.." || exit 1
bad=0
say() { echo "$1"; bad=1; }
while read -r hit; do say "unfinished: $hit"; done < <(grep -nE 'TODO|FIXME|XXX|HACK' -r src lua experiments datasets Makefile tools/*.sh 2>/dev/null | grep -v '^tools/lint-text.sh')
# registry rows: ops.def OP(name) -> src/graph/op_name.c and back
check_registry() { # folder prefix def
	local def=src/$1/$3
	[ -e "$def" ] || return
	local rows files
	rows=$(grep -oE '^[A-Z]+\([a-z0-9_]+\)' "$def" | sed -E 's/.*\((.*)\)/\1/' | sort)
	files=$(ls src/"$1"/"$2"_*.c 2>/dev/null | sed -E "s#.*/$2_(.*)\.c#\1#" | sort)
	diff <(echo "$rows") <(echo "$files") >/dev/null || say "$def and src/$1/$2_*.c differ: $(diff <(echo "$rows") <(echo "$files") | grep '^[<>]' | tr '\n' ' ')"
}
check_registry graph op ops.def
check_registry nn layer layers.def
check_registry eval metric metrics.def
check_registry data sampler samplers.def
check_registry data format formats.def
check_registry data kind kinds.def
check_registry rl env envs.def
check_registry rl ope opes.def
check_registry tui panel panels.def
check_registry cli cmd commands.def
[ $bad -eq 0 ] && echo "text: ok"
exit $bad
