#!/usr/bin/env bash
# Builds the initial RAM file system of the Linux guests: busybox and our /init.
#
#   build-initrd.sh OUTFILE [PROGRAM...]
#
# Each PROGRAM, a static 32-bit executable or a script, is added under /bin.
set -euo pipefail

die() { echo "build-initrd: $*" >&2; exit 1; }

[ $# -ge 1 ] || die "usage: build-initrd.sh OUTFILE [PROGRAM...]"
outfile=$1
shift
top=$(cd "$(dirname "$0")/.." && pwd)
cache=${RINGLET_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ringlet}/busybox
mkdir -p "$cache" "$(dirname "$outfile")" || die "cannot create $cache"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The i386 package, also on an amd64 machine that has never heard of i386.
fetch() {
	(cd "$work" && apt-get -qq download busybox-static:i386) > "$work/apt.log" 2>&1
}

busybox=$cache/busybox
exec 9> "$cache/lock"
flock 9
if [ ! -x "$busybox" ]; then
	echo "  initrd: fetching busybox-static:i386"
	if ! fetch; then
		[ "$(id -u)" = 0 ] || die "cannot get busybox-static:i386; as root: dpkg --add-architecture i386 && apt-get update"
		dpkg --add-architecture i386
		apt-get -qq update > "$work/update.log" 2>&1 || true	# it may have failed for other packages only
		fetch || { cat "$work/update.log" "$work/apt.log" >&2; die "cannot get busybox-static:i386"; }
	fi
	dpkg-deb -x "$work"/busybox-static_*_i386.deb "$work/deb"
	cp "$work/deb/bin/busybox" "$busybox.new"
	mv "$busybox.new" "$busybox"
fi
flock -u 9

root=$work/root
mkdir -p "$root"/{bin,sbin,etc,proc,sys,dev,root,tmp,run,mnt,usr/bin,usr/sbin}
install -m 755 "$busybox" "$root/bin/busybox"
while read -r path; do
	[ "$path" = bin/busybox ] || ln -sf /bin/busybox "$root/$path"
done < <("$busybox" --list-full)
install -m 755 "$top/tools/guest-init" "$root/init"
echo 'root::0:0:root:/root:/bin/sh' > "$root/etc/passwd"
echo 'root:x:0:' > "$root/etc/group"
# cttyhack: on the terminal that /dev/console stands for, so that Ctrl-C works.
cat > "$root/etc/inittab" <<'INITTAB'
::respawn:/bin/cttyhack /bin/sh -l
::ctrlaltdel:/sbin/reboot
INITTAB
cat > "$root/etc/profile" <<'PROFILE'
export HOME=/root TERM=vt100
cd
export PS1='\h:${PWD/$HOME/\~}# '
# A serial line says nothing of its size; a virtio console does.
[ -n "$(stty size 2>/dev/null)" ] || stty rows 24 cols 80
alias poweroff=/sbin/poweroff reboot=/sbin/reboot halt=/sbin/halt
PROFILE
cat > "$root/sbin/shutdown" <<'SHUTDOWN'
#!/bin/sh
# poweroff, reboot and halt, at once: nobody here needs to be asked to leave first.
# (busybox's own ask init, which waits two seconds for those who do.)
sync
umount -a -r -t ext2,ext4 2>/dev/null
exec busybox "${0##*/}" -f
SHUTDOWN
chmod 755 "$root/sbin/shutdown"
for how in poweroff reboot halt; do
	ln -sf shutdown "$root/sbin/$how"
done
mkdir "$root/etc/udhcpc"
cat > "$root/etc/udhcpc/default.script" <<'DHCP'
#!/bin/sh
# What udhcpc calls: $interface gets the address, the way out and the server of names it was given.
case $1 in
deconfig)
	ip addr flush dev "$interface"
	ip link set "$interface" up ;;
bound | renew)
	ifconfig "$interface" "$ip" netmask "$subnet"
	for r in $router; do
		ip route add default via "$r" dev "$interface" 2>/dev/null
	done
	{
		[ -z "$domain" ] || echo "search $domain"
		for s in $dns; do
			echo "nameserver $s"
		done
	} > /etc/resolv.conf ;;
esac
DHCP
chmod 755 "$root/etc/udhcpc/default.script"
for program; do
	[ -f "$program" ] || die "no such file: $program"
	install -m 755 "$program" "$root/bin/"
done

# The same input gives the same bytes.
(
	cd "$root"
	find . -exec touch -h -d @0 {} +
	find . | LC_ALL=C sort | cpio --quiet --reproducible -o -H newc -R 0:0
) | gzip -9n > "$outfile.new"
mv "$outfile.new" "$outfile"
