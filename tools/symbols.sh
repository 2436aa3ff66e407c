#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Prints, as assembly, the table of function addresses and names of an ELF file, in ascending
# order; without a file, an empty one, for the first of the two links.  (Link-time optimization marks
# the beginning of each source file with a name like cpu.c.5068aa39.)
#
#	tools/symbols.sh [FILE.elf] > symbols.S
set -euo pipefail

list() { [ $# -eq 0 ] || nm -n "$1" | awk '$2 ~ /^[Tt]$/ && $3 !~ /\.c\.[0-9a-f]+$/ && !seen[$1]++ { print $1, $3 }'; }

list "$@" | awk '
	BEGIN { print "\t.section .symbols, \"a\"\n\t.balign 4\n\t.globl symbol_table, symbol_count\nsymbol_table:" }
	{ printf "\t.long 0x%s, name_%d\n", $1, NR; name[NR] = $2 }
	END {
		printf "symbol_count:\n\t.long %d\n", NR
		for (i = 1; i <= NR; i++)
			printf "name_%d: .asciz \"%s\"\n", i, name[i]
		print "\t.section .note.GNU-stack, \"\", @progbits"
	}'
