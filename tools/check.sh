#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What `make check` looks at, beyond the warnings of the build itself: each header alone, shell and Python
# syntax, white space, cppcheck.  Says every fault, and fails if there is one.
#
#	CC=... CFLAGS=... tools/check.sh
set -uo pipefail

cd "$(dirname "$0")/.." || exit 1
bad=0
fault() { echo "check: $*"; bad=1; }

cflags=" $CFLAGS "
cflags=${cflags/ -MMD -MP / }
for h in boot/*.h arch/x86/*.h switcher/*.h hv/*.h hv/*/*.h drivers/*/*.h; do
	# shellcheck disable=SC2086  # CC and CFLAGS are lists of words
	$CC $cflags -fsyntax-only -x c - <<<"#include \"$h\"" || fault "$h does not compile alone"
done

# Who may include what.  The rooms of hv/, from the ground up: each includes itself and what is above it in
# this list.  drivers/ and arch/ stand beside hv/lib.
tools/arrows.py || fault "an arrow points up"
tools/reading.py || fault "docs/reading.md is not in step with the source"
tools/references.py || fault "a page names what is not there"

while IFS= read -r f; do
	case $(head -c 64 "$f" | head -1) in
	'#!'*bash*) bash -n "$f" || fault "$f: syntax" ;;
	'#!'*sh) sh -n "$f" || fault "$f: syntax" ;;
	'#!'*python3*) python3 -c 'import ast, sys; ast.parse(open(sys.argv[1]).read(), sys.argv[1])' "$f" ||
		fault "$f: syntax" ;;
	esac
done < <(git ls-files -- tools tests iso .ci ':!*.c' ':!*.h' ':!*.S' ':!*.patch' ':!tests/fuzz/seeds')

spaces=$(git grep -nIE '[[:space:]]+$' -- '*.c' '*.h' '*.S' '*.ld' '*.sh' Makefile ':!guest-patches') &&
	fault "white space at the end of a line:"$'\n'"$spaces"

# memleak does not know that a pointer to a member owns the whole, nor zerodivcond that whoever
# has a guest knows that there is one: both only ever found false ones.
if command -v cppcheck >/dev/null; then
	cppcheck --quiet --std=c11 --platform=unix32 --enable=warning,portability --inline-suppr \
		--suppress=memleak --suppress=zerodivcond --suppress=missingIncludeSystem --suppress=preprocessorErrorDirective \
		--error-exitcode=1 -j "$(nproc)" -I. -D__i386__ -D__GNUC__=12 \
		boot arch switcher hv drivers || fault "cppcheck has found something"
else
	fault "cppcheck is missing (tools/setup.sh)"
fi

lines=$(cat boot/*.[chS] arch/x86/*.[chS] switcher/*.[chS] hv/*.[chS] hv/*/*.[chS] drivers/*/*.[ch] |
	gcc -fpreprocessed -dD -E -P -x c - 2>/dev/null | grep -c '[^[:space:]]')
echo "check: $lines lines of code without comments"
[ "$bad" -eq 0 ] && echo "check: nothing wrong found"
exit "$bad"
