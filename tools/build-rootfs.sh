#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Builds the root file system of Debian guests: an ext4 image with a small Debian 12 (i386) on it.
#
#   build-rootfs.sh OUTFILE [PACKAGE...]
#
# Each PACKAGE of Debian's is installed, too.  The result is kept outside the tree, under the hash of all it is made
# from; OUTFILE is a link to it.
set -euo pipefail

# All in braces, so that it is read before it runs: editing this file during a build does no harm.
{
RELEASE=bookworm
PACKAGES=(usr-is-merged sysvinit-core ifupdown udhcpc iproute2 iputils-ping openssh-server openssh-client
	netcat-openbsd iperf3 e2fsprogs procps nano kmod)
# Not unpacked: of what nobody reads here, the conversion of character sets is the largest.
EXCLUDED=('/usr/share/doc/*' '/usr/share/man/*' '/usr/share/info/*' '/usr/share/locale/*'
	'/usr/share/lintian/*' '/usr/share/zoneinfo/right/*' '/usr/lib/i386-linux-gnu/gconv/*')
FREE_MIB=60	# what a guest changes lies in memory, so there is no point in more
KEY=/etc/ssh/ssh_host_ed25519_key

die() { echo "build-rootfs: $*" >&2; exit 1; }

# Makes of a fresh Debian in directory $1 a Ringlet guest's; mmdebstrap calls it.
customize() {
	local root=$1 service lists

	# The hypervisor's console is the only terminal.  The kernel takes its name from the command line,
	# and keeps it if there is no /etc/hostname.
	rm -f "$root/etc/hostname"
	echo '127.0.0.1 localhost' > "$root/etc/hosts"
	ln -sfn /proc/self/mounts "$root/etc/mtab"
	mkdir "$root/etc/inittab.d"
	sed -i -e '/^[1-6]:.*getty/d' -e 's|/etc/init.d/rcS|/etc/init.d/guest|' "$root/etc/inittab"
	echo 'h0:2345:respawn:/sbin/agetty --noclear hvc0 vt100' >> "$root/etc/inittab"
	cat > "$root/etc/issue" <<-'END'
		Debian GNU/Linux 12 on \n.  Log in as root; the password is ringlet.

	END
	: > "$root/etc/motd"
	echo 'set enable-bracketed-paste off' >> "$root/etc/inputrc"
	chroot "$root" chpasswd --crypt-method SHA256 <<< root:ringlet

	# Debian's scripts for this are made for any PC, and take longer than all the rest of the boot.
	cat > "$root/etc/init.d/guest" <<-'END'
		#!/bin/sh
		# What init runs first: the file systems of /etc/fstab, and the network, for which nobody waits.
		export PATH=/usr/sbin:/usr/bin
		mount /proc
		mkdir -p /dev/pts /dev/shm
		mount -a
		mount -o remount /
		[ ! -e /lib/modules/nodes ] || . /lib/modules/nodes
		# What a kernel has that is made for Debian.
		[ ! -d /sys/fs/cgroup ] || mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 /sys/fs/cgroup
		[ ! -d /sys/kernel/security ] || mount -t securityfs securityfs /sys/kernel/security
		mkdir -m 1777 /run/lock
		: > /run/utmp
		ifup -a > /run/ifup.log 2>&1 &
	END
	chmod 755 "$root/etc/init.d/guest"
	# discard: what is deleted gives the machine its memory back.  nofail: a guest need not have modules.
	cat > "$root/etc/fstab" <<-'END'
		/dev/vda / ext4 rw,noatime,discard 0 0
		proc /proc proc nosuid,nodev,noexec 0 0
		sysfs /sys sysfs nosuid,nodev,noexec 0 0
		devpts /dev/pts devpts gid=5,mode=620 0 0
		tmpfs /dev/shm tmpfs nosuid,nodev 0 0
		tmpfs /run tmpfs nosuid,nodev,mode=755 0 0
		LABEL=modules /lib/modules ext4 ro,nofail 0 0
	END
	mkdir -p "$root/lib/modules"
	for service in "$root"/etc/rcS.d/S*; do
		service=${service##*/S[0-9][0-9]}
		case $service in umount* | networking) ;; *) chroot "$root" update-rc.d -f "$service" remove ;; esac
	done
	chroot "$root" update-rc.d -f bootlogs remove
	chroot "$root" update-rc.d -f rmnologin remove

	cat > "$root/etc/network/interfaces" <<-'END'
		auto lo
		iface lo inet loopback

		# Each card there is.
		auto /eth*=lan
		iface lan inet dhcp
	END

	# Every guest makes a host key of its own at its first start; the key pair of root is the image's, so
	# that `ssh beta` from alpha asks for nothing.
	rm -f "$root"/etc/ssh/ssh_host_*
	echo "HostKey $KEY" > "$root/etc/ssh/sshd_config.d/ringlet.conf"
	echo 'PermitRootLogin yes' >> "$root/etc/ssh/sshd_config.d/ringlet.conf"
	echo 'StrictHostKeyChecking accept-new' > "$root/etc/ssh/ssh_config.d/ringlet.conf"
	cat > "$root/etc/init.d/ssh-host-key" <<-END
		#!/bin/sh
		### BEGIN INIT INFO
		# Provides:          ssh-host-key
		# Required-Start:    \$remote_fs
		# Required-Stop:
		# X-Start-Before:    ssh
		# Default-Start:     2 3 4 5
		# Default-Stop:
		# Short-Description: makes the host key at the first start
		### END INIT INFO
		[ "\$1" != start ] || [ -e $KEY ] || ssh-keygen -q -t ed25519 -N '' -f $KEY
	END
	chmod 755 "$root/etc/init.d/ssh-host-key"
	chroot "$root" update-rc.d ssh-host-key defaults
	install -d -m 700 "$root/root/.ssh"
	chroot "$root" ssh-keygen -q -t ed25519 -N '' -C 'every guest of this image' -f /root/.ssh/id_ed25519
	cp "$root/root/.ssh/id_ed25519.pub" "$root/root/.ssh/authorized_keys"

	# Debian's own address instead of this machine's mirror; of its package list what is installed
	# and what is not optional: apt's index of all of it would take 70 MiB.
	rm -f "$root"/etc/apt/sources.list.d/*
	echo "deb http://deb.debian.org/debian $RELEASE main" > "$root/etc/apt/sources.list"
	lists=$root/var/lib/apt/lists
	chroot "$root" dpkg-query -W -f '${Package}\n' |
		awk 'NR == FNR { installed[$1]; next }
			$2 in installed || /\nPriority: (required|important|standard)\n/' \
			- RS= ORS='\n\n' "$lists"/*_Packages > "$root/Packages"
	mv "$lists"/*_InRelease "$root/InRelease"
	find "$lists" -type f -delete
	lists=$lists/deb.debian.org_debian_dists_$RELEASE
	mv "$root/InRelease" "${lists}_InRelease"
	mv "$root/Packages" "${lists}_main_binary-i386_Packages"
	rm -rf "$root"/var/cache/debconf/*-old "$root"/var/lib/dpkg/*-old "$root"/var/log/*
	mkdir -p "$root/var/log/apt"
}

if [ "${1:-}" = --customize ]; then
	customize "$2"
	exit
fi

[ $# -ge 1 ] || die "usage: build-rootfs.sh OUTFILE [PACKAGE...]"
outfile=$1
PACKAGES+=("${@:2}")
self=$(realpath "$0")
cache=${RINGLET_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ringlet}/rootfs
mkdir -p "$cache" "$(dirname "$outfile")" || die "cannot create $cache"
result=$cache/debian-$({ cat "$self"; echo "${PACKAGES[@]}"; } | sha256sum | cut -c1-16).img

# One build at a time; who had to wait finds it done.
exec 9> "$cache/lock"
flock -n 9 || { echo "  rootfs: waiting for another build of it"; flock 9; }
if [ ! -f "$result" ]; then
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	trap 'exit 1' INT TERM
	log=$cache/log

	# From where this machine has its packages.
	apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 'Origin: Debian' |
		grep -x "deb .* $RELEASE main" | sort -u > "$work/sources.list" ||
		echo "deb http://deb.debian.org/debian $RELEASE main" > "$work/sources.list"

	mmdebstrap --architectures=i386 --variant=minbase --include="$(IFS=,; echo "${PACKAGES[*]}")" \
		"${EXCLUDED[@]/#/--dpkgopt=path-exclude=}" --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr \
		--skip=cleanup/apt/lists --customize-hook="bash '$self' --customize \"\$1\"" \
		"$RELEASE" "$work/root.tar" "$work/sources.list" 2>&1 | tee "$log" |
		sed -un 's/^I: \(downloading\|extracting\|installing\|creating\)/  rootfs: \1/p' ||
		{ grep -E '^(E|W|Err):?' "$log" | tail -n 5 >&2; die "mmdebstrap failed; all it said is in $log"; }

	# As root, or as who may call himself that: the files are root's.
	echo "  rootfs: making the image"
	as_root=()
	[ "$(id -u)" = 0 ] || as_root=(unshare --map-root-user --map-auto)
	# shellcheck disable=SC2016 # for the inner shell
	"${as_root[@]}" sh -ec '
		mkdir "$1/root"
		tar -C "$1/root" --exclude="./dev/*" -xf "$1/root.tar"
		size=$(du -sm "$1/root" | cut -f1)
		# All is written here, so that no guest has to finish it in the background.
		truncate -s $((size + 6 + $2))M "$1/image"
		mke2fs -q -t ext4 -b 4096 -L debian -d "$1/root" -m 0 -N 16384 -J size=4 \
			-E lazy_itable_init=0,lazy_journal_init=0 "$1/image"
		rm -rf "$1/root"' - "$work" $FREE_MIB || die "no image could be made"
	mv "$work/image" "$result.new"
	mv "$result.new" "$result"
	rm -f "$log"
	echo "  rootfs: done in ${SECONDS}s, $(($(stat -c %s "$result") >> 20)) MiB"
fi
ln -sfn "$result" "$outfile"
exit
}
