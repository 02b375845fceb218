#!/bin/bash
# Learned models, cut short: each line of learned.txt must give its values again, within their tolerances.
. "$(dirname "$0")/../support/expect.sh.inc"
while IFS='|' read -r command file metrics <&3; do
	[[ $command =~ ^(#|$) ]] && continue
	# shellcheck disable=SC2086
	have $file && expect "${command%%  *} --threads 1" $metrics
done 3<"$(dirname "$0")/learned.txt"
exit $failed
