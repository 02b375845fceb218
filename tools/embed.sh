#!/bin/bash
# Prints the named files as rows { "path", bytes, length } of a C table.
for f in "$@"; do
	printf '{"%s", (const unsigned char[]){' "$f"
	od -An -v -tu1 "$f" | tr -s ' \n' ',' | sed 's/^,//; s/,$//'
	printf ',0}, %d},\n' "$(stat -c %s "$f")"
done
