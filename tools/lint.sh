#!/bin/bash
# make lint: the include rule, text, clang-format, clang-tidy, cppcheck, luacheck.
# LINT_FILES="src/base/str.c ..." looks at these sources only.
cd "$(dirname "$0")/.." || exit 1
for p in clang-format clang-tidy cppcheck luacheck; do
	command -v $p >/dev/null || { echo "make lint needs $p: apt-get install clang-format clang-tidy cppcheck lua-check" >&2; exit 1; }
done
bad=0
files=${LINT_FILES:-$(git ls-files 'src/*.c')}
bash tools/lint-includes.sh || bad=1
bash tools/lint-text.sh || bad=1
clang-format --dry-run --Werror $(git ls-files 'src/*.[ch]' 'tests/*.[ch]' ':!tests/reference') || bad=1
make -s build/release/gen/lua_files.inc
flags="-std=c11 -D_GNU_SOURCE -Isrc -Ibuild/release/gen -fopenmp $(pkg-config --cflags lua5.4 ncursesw sqlite3 jansson cairo libarchive openblas)"
printf '%s\n' $files | xargs -P "$(nproc)" -n 1 sh -c 'clang-tidy --quiet "$@" -- $0 2>/dev/null' "$flags" | grep -E 'warning:|error:' && bad=1
cppcheck --quiet --error-exitcode=1 --enable=warning,performance,portability --inline-suppr --suppress=missingIncludeSystem --suppress=preprocessorErrorDirective \
	-j "$(nproc)" --std=c11 -Isrc -D_GNU_SOURCE '-Djson_array_foreach(a,i,v)=for(;;)' $files || bad=1
luacheck --quiet lua experiments datasets || bad=1
exit $bad
