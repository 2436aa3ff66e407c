#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Prints a ringlet.conf for so many equal guests:
#
#	tools/make-config.sh [--check] GUESTS LINUX MEMORY ROOTFS
#
# --check prints nothing but, if something is wrong with the values, one line about it.
set -euo pipefail

NAMES=(alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi)
MAX_MIB=3400	# what is left of a 32-bit PC's memory when Ringlet has taken its own

check=
if [ "${1:-}" = --check ]; then
	check=yes
	shift
fi
die() { echo "$*" >&2; exit 1; }
[ $# -eq 4 ] || die "usage: make-config.sh [--check] GUESTS LINUX MEMORY ROOTFS"
guests=$1 linux=$2 memory=$3 rootfs=$4

case $rootfs in
busybox)	# an empty disk takes memory only when it is written: one guest must fit into 64 MiB
	keys="kernel  = linux-$linux
initrd  = initrd.gz
disk    = ram:16M
net     = lan0" ;;
debian)		# all guests share the image; what each changes is its own
	keys="kernel  = linux-$linux
disk    = debian.img cow
net     = lan0
cmdline = root=/dev/vda rw quiet"
	# There is a kernel with what Debian's own has.
	[ "$linux" != 6.1 ] || keys="${keys/linux-6.1/linux-6.1-debian}
disk    = modules-6.1.img ro" ;;
*)
	die "ROOTFS=$rootfs: there is busybox debian" ;;
esac

[[ $guests =~ ^[1-9][0-9]?$ ]] && [ "$guests" -le ${#NAMES[@]} ] ||
	die "GUESTS=$guests: from 1 to ${#NAMES[@]} guests are possible"
[[ $memory =~ ^[1-9][0-9]{0,3}M$ ]] && [ "${memory%M}" -ge 16 ] ||
	die "MEM=$memory: write each guest's memory in MiB, 16M or more, such as 48M"
[ $((guests * ${memory%M})) -le $MAX_MIB ] ||
	die "GUESTS=$guests MEM=$memory: that is $((guests * ${memory%M})) MiB in all, and $MAX_MIB are possible"
[ -z "$check" ] || exit 0

cat <<END
# $guests guests, written by make.  In a guest's section, as many of these as it needs:
#   disk = IMAGE          /dev/vda, vdb ... : a module, written in place (by one guest only)
#   disk = IMAGE cow      what the guest changes is its own; others may have the same image
#   disk = IMAGE ro       it cannot be written
#   disk = ram:64M        an empty one
#   net = LAN             eth0, eth1 ... : on the switch of that name, with an address by DHCP
#   net = LAN mac=02:00:00:00:00:01 strict    a hardware address of its own, and no other is sent from
# cmdline = WORDS adds to the kernel's command line; without start = yes it waits for \`start NAME\` in the monitor.
END
for ((i = 0; i < guests; i++)); do
	cat <<-END

	[${NAMES[i]}]
	$keys
	memory  = $memory
	start   = yes
	END
done
