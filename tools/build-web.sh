#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Makes a folder that a web server can serve: Ringlet with two Linux guests, on a PC emulated by v86 in the page.
#
#	tools/build-web.sh DIR RINGLET.elf KERNEL INITRD
#
# v86 and xterm.js come from npm, the BIOS from Debian; the machine is saved when both shells are there, so that
# nobody has to wait for that.  npm's packages and the saved state are kept in the cache.
set -euo pipefail

die() { echo "build-web: $*" >&2; exit 1; }

[ $# -eq 4 ] || die "usage: build-web.sh DIR RINGLET.elf KERNEL INITRD"
dir=$1 kernel=$2
shift 2
top=$(cd "$(dirname "$0")/.." && pwd)
cache=${RINGLET_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ringlet}/web
mkdir -p "$dir" "$cache"
dir=$(cd "$dir" && pwd)
work=$(mktemp -d "$cache/work.XXXXXX")
trap 'rm -rf "$work"' EXIT
exec 9>"$cache/lock"
flock 9

name_of() { cat "$@" | sha256sum | cut -c1-16; }	# of what is made from these files

# The versions and checksums are those of package-lock.json.
packages=$cache/npm-$(name_of "$top/web/package-lock.json")
if [ ! -d "$packages" ]; then
	echo "  NPM     v86, xterm.js"
	cp "$top"/web/package*.json "$work/"
	(cd "$work" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) >"$work/npm.log" 2>&1 ||
		{ cat "$work/npm.log" >&2; die "npm could not get the packages of web/package.json"; }
	mv "$work/node_modules" "$packages"
fi

v86=$packages/v86 xterm=$packages/@xterm/xterm
cp "$top"/web/*.{html,css,mjs} "$dir/"
cp "$v86"/build/{libv86.mjs,v86.wasm} "$xterm"/lib/xterm.mjs "$xterm"/css/xterm.css "$dir/"
cp "$v86/LICENSE" "$dir/v86.LICENSE"
cp "$xterm/LICENSE" "$dir/xterm.LICENSE"
cp /usr/share/seabios/bios.bin "$dir/bios.bin"
cp /usr/share/seabios/vgabios-stdvga.bin "$dir/vgabios.bin"
rm "$dir/save-state.mjs"

"$top/tools/make-config.sh" 2 6.1 48M busybox >"$work/ringlet.conf"
"$top/tools/make-iso.sh" -o "$dir/ringlet.iso" -k "$kernel" -c "$work/ringlet.conf" "$@"

state=$cache/state-$(name_of "$@" "$kernel" "$work/ringlet.conf" "$top"/{iso/grub.cfg,tools/make-iso.sh} \
	"$dir"/{v86.wasm,libv86.mjs,machine.mjs,bios.bin,vgabios.bin} "$top/web/save-state.mjs")
if [ ! -f "$state" ]; then
	echo "  STATE   boots in v86 until both shells are there; half a minute or more"
	node "$top/web/save-state.mjs" "$dir" "$work/state" || die "the machine could not be saved"
	zstd -q -9 --long=27 "$work/state" -o "$work/state.zst"
	mv "$work/state.zst" "$state"
fi
cp "$state" "$dir/state.bin.zst"
"$top/tools/prune-cache.sh"
