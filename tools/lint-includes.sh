#!/bin/bash
# The include rule of src/README.md: who may include whom, and which library header belongs where.
cd "$(dirname "$0")/.." || exit 1
bad=0
say() { echo "$1"; bad=1; }

declare -A may=(
	[base]="base"
	[tensor]="tensor base"
	[graph]="graph tensor base"
	[nn]="nn graph tensor base"
	[data]="data base"
	[eval]="eval tensor data base"
	[explain]="explain graph nn data eval tensor base"
	[rl]="rl graph nn data tensor base"
	[store]="store base"
	[run]="run rl explain eval data nn graph tensor store base"
	[script]="script run rl explain eval data nn graph tensor store base"
	[tui]="tui store base"
	[cli]="cli tui script run rl explain eval data nn graph tensor store base"
)
for f in src/*/*.[ch] src/*/*.def; do
	[ -e "$f" ] || continue
	folder=$(basename "$(dirname "$f")")
	while IFS=: read -r line inc; do
		case $inc in
		*/*)
			of=${inc%%/*}
			[ "$of" = sys ] || [ "$of" = openssl ] || [ "$of" = netinet ] || [ "$of" = cairo ] && continue
			[ "$folder" = tui ] && [ "$inc" = run/protocol.h ] && continue
			[[ " ${may[$folder]} " == *" $of "* ]] || say "$f:$line: $folder may not include $inc" ;;
		esac
	done < <(grep -nE '^#include' "$f" | sed -E 's/^([0-9]+):#include [<"]([^>"]+)[>"].*/\1:\2/')
done

only() { # header regex, files that may include it
	while read -r hit; do
		[[ ${hit%%:*} =~ $2 ]] || say "$hit: only $2 may include this"
	done < <(grep -nE "^#include [<\"]$1" -r src | cut -d: -f1,2)
}
only 'cblas|lapacke' '^src/tensor/blas\.c$'
only 'sqlite3\.h' '^src/store/'
only '(lua|lauxlib|lualib)\.h' '^src/script/'
only '(ncurses|curses|term)\.h' '^src/tui/term.*\.c$'
only 'mpi\.h' '^src/run/dist.*\.c$'

# every folder stands in the map
for d in src/*/; do
	grep -q "^| \`$(basename "$d")/\`" src/README.md || say "src/README.md does not list $(basename "$d")/"
done
[ $bad -eq 0 ] && echo "include rule: ok"
exit $bad
