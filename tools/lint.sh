#!/bin/bash
# make lint: the include rule, text, clang-format, clang-tidy, cppcheck, luacheck.
cd "$(dirname "$0")/.." || exit 1
for p in clang-format clang-tidy cppcheck luacheck; do
	command -v $p >/dev/null || { echo "make lint needs $p: apt-get install clang-format clang-tidy cppcheck lua-check" >&2; exit 1; }
done
bad=0
bash tools/lint-includes.sh || bad=1
bash tools/lint-text.sh || bad=1
clang-format --dry-run --Werror $(git ls-files 'src/*.[ch]' 'tests/*.[ch]') || bad=1
make -s build/release/gen/lua_files.inc
flags="-std=c11 -D_GNU_SOURCE -Isrc -Ibuild/release/gen -fopenmp $(pkg-config --cflags lua5.4 ncursesw sqlite3 jansson cairo libarchive openblas)"
clang-tidy --quiet $(git ls-files 'src/*.c') -- $flags 2>/dev/null | grep -E 'warning:|error:' && bad=1
cppcheck --quiet --error-exitcode=1 --enable=warning,performance,portability --inline-suppr --suppress=missingIncludeSystem \
	--std=c11 -Isrc -D_GNU_SOURCE $(git ls-files 'src/*.c') || bad=1
luacheck --quiet lua experiments datasets || bad=1
exit $bad
