#!/bin/bash
# Runs test binaries under valgrind; any error or definite leak of ours fails.
set -u
bad=0
unset GUSTO_DATA # real data take hours here
export OMP_NUM_THREADS=1 OPENBLAS_CORETYPE=Haswell
for t in "$@"; do
	if valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite --suppressions=tools/valgrind.supp "$t" >/tmp/valgrind.$$ 2>&1; then
		echo "ok      $t"
	else
		echo "FAILED  $t"; tail -n 60 /tmp/valgrind.$$; bad=1
	fi
done
rm -f /tmp/valgrind.$$
exit $bad
