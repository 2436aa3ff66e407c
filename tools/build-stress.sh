#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Makes an ext4 image with Debian's stress-ng for i386 and the libraries it is linked with, for the tests:
#
#	tools/build-stress.sh OUT
#
# Only their files: what apt would install with it (drivers for graphics, and their compiler) is ten times as much.
# In a guest: LD_LIBRARY_PATH=/mnt/lib /mnt/stress-ng.  Kept outside the tree, under the hash of this file.
set -euo pipefail
{
PACKAGES=(stress-ng libegl1 libglvnd0 libgles2 libgbm1 libdrm2 libwayland-server0 libexpat1 libjpeg62-turbo
	libjudydebian1 libkmod2 libsctp1 libbsd0 libmd0 libapparmor1 libxxhash0 zlib1g liblzma5 libzstd1 libcrypt1
	libxcb-randr0 libxcb1 libxau6 libxdmcp6 libffi8 libssl3)

die() { echo "build-stress: $*" >&2; exit 1; }
[ $# = 1 ] || die "usage: build-stress.sh OUT"
cache=${RINGLET_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ringlet}/stress
mkdir -p "$cache" "$(dirname "$1")"
image=$cache/stress-$(sha256sum < "$0" | cut -c1-16).img
exec 9> "$cache/lock"
flock 9
if [ ! -f "$image" ]; then
	work=$(mktemp -d "$cache/tmp.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	mkdir "$work/root" "$work/image" "$work/image/lib"
	(cd "$work" && apt-get download -qq "${PACKAGES[@]/%/:i386}") 2> "$work/log" ||
		{ cat "$work/log" >&2; die "the packages cannot be fetched"; }
	for package in "$work"/*.deb; do
		dpkg-deb -x "$package" "$work/root"
	done
	cp "$work/root/usr/bin/stress-ng" "$work/image"
	find "$work/root" -path '*/i386-linux-gnu/*.so.*' -exec cp -L {} "$work/image/lib" \;
	PATH=$PATH:/sbin mke2fs -q -t ext4 -m 0 -d "$work/image" "$work/stress.img" 32M > "$work/log"
	mv "$work/stress.img" "$image"
fi
ln -sfn "$image" "$1"
exit
}
