#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Builds newlib for the hypervisor, once, and prints the folder that holds it:
#
#	tools/build-newlib.sh		-> FOLDER (with include/, libc.a, COPYING.NEWLIB)
#
# The folder is in the user's cache, named by the hash of all that goes into it, so that
# another compiler or option makes another one.  It may be deleted at any time.
set -euo pipefail

CACHE=${RINGLET_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ringlet}
# long long is wanted (64-bit counters), floating point is not: the FPU belongs to the guests.
OPTIONS=(--host=i686-elf --disable-multilib --disable-newlib-supplied-syscalls
	--enable-newlib-nano-malloc --enable-newlib-io-long-long --disable-newlib-io-float
	--disable-newlib-fvwrite-in-streamio --disable-newlib-unbuf-stream-opt
	--disable-newlib-wide-orient --enable-lite-exit)
FLAGS="-O2 -ffreestanding -fno-pic -fno-pie -fno-stack-protector -fcf-protection=none"
# The compiler is the build machine's, but there is no Linux under this library.
FLAGS+=" -U__linux__ -U__linux -Ulinux -U__unix__ -U__unix -Uunix"
FLAGS+=" -fno-omit-frame-pointer -fno-asynchronous-unwind-tables -mno-sse -mno-mmx -march=i586 -mtune=generic"

say() { echo "newlib: $*" >&2; }

source=${NEWLIB_SOURCE:-}
if [ -z "$source" ]; then
	for f in /usr/src/newlib/newlib-*.tar.*; do
		[ -f "$f" ] && source=$f
	done
fi
if [ -z "$source" ]; then
	say "its source is missing: run tools/setup.sh (package newlib-source)"
	exit 1
fi

hash=$( { sha256sum <"$source"; gcc -m32 --version; ld --version; cat "$0"; } | sha256sum | cut -c1-16)
dest=$CACHE/newlib-$hash
mkdir -p "$CACHE"

# Two builds at once must not meet: the second waits and finds the first one's result.
exec 9>"$CACHE/.newlib.lock"
flock 9
if [ -f "$dest/libc.a" ]; then
	echo "$dest"
	exit
fi

work=$(mktemp -d "$CACHE/.newlib-build.XXXXXX")
trap 'rm -rf "$work"' EXIT
log=$work/log

# Runs a step with its output in the log; says every few seconds how far it has come.
step() {
	"$@" >>"$log" 2>&1 9>&- &
	local pid=$! n=0
	while kill -0 $pid 2>/dev/null; do
		sleep 1
		n=$((n + 1))
		[ $((n % 10)) -eq 0 ] && say "still building ($(find "$work/build" -name '*.o' | wc -l) files compiled)"
	done
	if ! wait $pid; then
		say "failed; the end of its log:"
		tail -20 "$log" >&2
		exit 1
	fi
}

say "building $(basename "$source") for the hypervisor (about half a minute, once)"
mkdir "$work/src" "$work/build"
tar -xf "$source" -C "$work/src" --strip-components=1
cd "$work/build"
step ../src/newlib/configure "${OPTIONS[@]}" CC="gcc -m32" AR=ar RANLIB=ranlib AS="as --32" CFLAGS="$FLAGS"
step make -j"$(nproc)"

mkdir "$work/out"
cp -r ../src/newlib/libc/include "$work/out/include"
# The generated headers win over the source's of the same name.
cp -r targ-include/. "$work/out/include/"
cp libc.a "$work/out/"
cp ../src/COPYING.NEWLIB "$work/out/"
rm -rf "$dest"
mv "$work/out" "$dest"
say "done"
echo "$dest"
