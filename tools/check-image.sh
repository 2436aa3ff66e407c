#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What must be true of a finished hypervisor image:
#
#	tools/check-image.sh RINGLET.elf STRIPPED.elf MAX-BYTES
set -euo pipefail

elf=$1 stripped=$2 max=$3
die() { echo "$elf: $*" >&2; rm -f "$elf"; exit 1; }

size=$(stat -c %s "$stripped")
[ "$size" -lt "$max" ] || die "$size bytes stripped; no more than $max are allowed"
grub-file --is-x86-multiboot "$stripped" || die "GRUB finds no Multiboot header in it"

# The FPU holds a guest's registers while we run: only the instructions that switch it may occur.
fpu=$(objdump -d --no-show-raw-insn "$elf" | awk '
	/^[0-9a-f]+ <.*>:$/ { fn = $2 }
	$1 ~ /^[0-9a-f]+:$/ && $2 ~ /^f/ && $2 !~ /^(fnsave|fsave|frstor|fxsave|fxrstor|fninit|fnclex|fwait|fnstcw|fldcw|ffree|fildl)$/ { print fn, $0 }
	/%[xy]?mm[0-7]/ { print fn, $0 }')
[ -z "$fpu" ] || die "floating point instructions in it: $(head -3 <<<"$fpu")"
echo "  SIZE    $((size / 1024)) KiB on the ISO, $(size "$elf" | awk 'NR == 2 { printf "%d", ($1 + $2 + $3) / 1024 }') KiB in memory"
