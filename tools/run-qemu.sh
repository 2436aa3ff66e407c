#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Boots an ISO in QEMU, its COM1 on this terminal.  The one place where that command line is made.
#
#	tools/run-qemu.sh [-m MIB] [-2 SOCKET] [--gdb RINGLET.elf [-g GUEST -c CONFIG]] ISO [QEMU-OPTION...]
#
# -m	the machine's memory (256)
# -2	where COM2 is, on which images and captures leave: a Unix socket; com2 beside the ISO if not said
# --gdb	start halted, with gdb on this terminal and COM1 on a pseudo-terminal of its own
# -g	gdb knows the kernel that this guest has in CONFIG, too: KERNEL.vmlinux in guests/ beside RINGLET.elf
set -euo pipefail

die() { echo "run-qemu: $*" >&2; exit 1; }

memory=256 com2='' gdb='' guest='' config=''
while [ $# -gt 0 ]; do
	case $1 in
	-m) memory=$2; shift 2 ;;
	-2) com2=$2; shift 2 ;;
	--gdb) gdb=$2; shift 2 ;;
	-g) guest=$2; shift 2 ;;
	-c) config=$2; shift 2 ;;
	*) break ;;
	esac
done
[ $# -ge 1 ] || die "which ISO?"
iso=$1
shift
[ -f "$iso" ] || die "$iso: there is no such file (make iso makes it)"

symbols=()
if [ -n "$guest" ]; then
	kernel=$(awk -F '[][ \t=#;]+' -v "guest=$guest" '
		/^[ \t]*\[/ { in_guest = $2 == guest }
		in_guest && $1 == "kernel" { print $2 }' "$config")
	[ -n "$kernel" ] || die "GUEST=$guest: the guests are $(sed -n 's/^\[\(.*\)\]$/\1/p' "$config" | paste -sd ' ')"
	vmlinux=$(dirname "$gdb")/guests/$kernel.vmlinux
	[ -f "$vmlinux" ] || die "GUEST=$guest: its kernel, $kernel, is not one that \`make guests\` builds"
	# Linked at the addresses where it runs, which are not the hypervisor's.
	symbols=(-ex "with confirm off -- add-symbol-file $vmlinux")
fi

# No KVM: this is for machines without it, and what is shown should not depend on the host.
command=(qemu-system-i386 -accel tcg -m "$memory" -display none -no-reboot -cdrom "$iso" "$@")
com2=${com2:-$(dirname "$iso")/com2}
# A second machine would take the first one's socket away.  QEMU keeps the lock.
exec 8> "$com2.lock"
flock -n 8 || die "$com2 is a running machine's; \`make run BUILD=build2\` starts another one"
com2=(-serial "unix:$com2,server=on,wait=off")

if [ -z "$gdb" ]; then
	echo "QEMU with $memory MiB.  To leave: Ctrl-A x.  Ringlet's own key is Ctrl-T (Ctrl-T ? for help)."
	exec "${command[@]}" -serial mon:stdio "${com2[@]}"
fi

# Process groups of their own: Ctrl-C is gdb's alone, and neither QEMU nor make ends by it.
set -m
dir=$(mktemp -d)
socket=$dir/gdb
"${command[@]}" -S -serial pty "${com2[@]}" -monitor none \
	-chardev "socket,path=$socket,server=on,wait=off,id=gdb" -gdb chardev:gdb &
qemu=$!
trap 'kill $qemu 2>/dev/null; rm -rf "$dir"' EXIT
for ((i = 0; i < 50; i++)); do
	[ -S "$socket" ] && break
	sleep 0.1
done
[ -S "$socket" ] || die "QEMU did not start"
echo "COM1 is the pseudo-terminal named above; look at it from another window, e.g. with: screen /dev/pts/N"
# Software breakpoints would be overwritten when GRUB loads the image, hence the hardware one.
gdb -q "$gdb" -ex "set architecture i386" "${symbols[@]}" -ex "target remote $socket" -ex "hbreak hv_main" -ex continue
