#!/usr/bin/env bash
# Builds one Linux kernel from Debian's source package and our patches.
#
#   build-kernel.sh VERSION guest|native OUTDIR
#
#   guest   OUTDIR/linux-VERSION         a stripped ELF file for ringlet.conf
#           OUTDIR/linux-VERSION.map     its symbols
#   native  OUTDIR/linux-VERSION-native  a bzImage of the same source without our
#                                        option, to measure against
#
# The result is kept outside the tree, under the hash of all it is made from.
set -euo pipefail

# All in braces, so that it is read before it runs: editing this file during a build does no harm.
{
die() { echo "build-kernel: $*" >&2; exit 1; }

[ $# = 3 ] || die "usage: build-kernel.sh VERSION guest|native OUTDIR"
version=$1 variant=$2 outdir=$3
top=$(cd "$(dirname "$0")/.." && pwd)
patches=$top/guest-patches/linux-$version
common=$top/guest-patches/common
package=linux-source-$version
tarball=/usr/src/$package.tar.xz

[ -f "$patches/series" ] || die "no patches for Linux $version in guest-patches/"
[ "$variant" = guest ] || [ "$variant" = native ] || die "the variant is guest or native, not '$variant'"
[ -f "$tarball" ] || die "$tarball is missing: install the package $package"

cache=${RINGLET_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ringlet}/kernel
mkdir -p "$cache" "$outdir" || die "cannot create $cache or $outdir"
# What it is made from.  Comments in C are left out: a new one need not cost a new kernel.
ingredients() {
	echo "$variant"
	dpkg-query -W "$package" 2>/dev/null || sha256sum < "$tarball"
	gcc --version | head -n 1
	ld --version | head -n 1
	cat "$common/config" "$common/config.$variant" "$patches"/{config,series} \
		"$patches"/[0-9]*.patch "$top/tools/build-kernel.sh"
	if [ "$variant" = guest ]; then
		cat "$patches/scan.allow" "$top/tools/scan-kernel.py"
		for source in "$common"/ringlet.[ch] "$top/hv/abi.h"; do
			gcc -fpreprocessed -dD -E -P "$source"
		done
	fi
}
key=$(ingredients | sha256sum | cut -c1-16)
name=linux-$version-$variant
result=$cache/$name-$key

deliver() {
	if [ "$variant" = guest ]; then
		install -m 644 "$result/kernel" "$outdir/linux-$version"
		install -m 644 "$result/map" "$outdir/linux-$version.map"
	else
		install -m 644 "$result/kernel" "$outdir/$name"
	fi
}

# One build of a thing at a time; who had to wait finds it done.
exec 9> "$cache/$name.lock"
flock -n 9 || { echo "  $name: waiting for another build of it"; flock 9; }
if [ -d "$result" ]; then
	deliver
	exit
fi

work=$(mktemp -d "$cache/tmp.$name.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
src=$work/$package
log=$cache/$name.log
# The fragments as one file, in the order in which they count.
cat "$common/config" "$common/config.$variant" "$patches/config" > "$work/fragment"

# Only what an x86 build reads: the rest is most of 1.5 GB.
echo "  $name: unpacking"
tar -C "$work" -xf "$tarball" --wildcards \
	--exclude='*/Documentation/*/*' --exclude='*/arch/[!x]*/*.[chS]' --exclude='*/arch/[!x]*/*.dts*' \
	--exclude='*/tools/testing/*' --exclude='*/tools/perf/*' --exclude='*/sound/*.[ch]' \
	--exclude='*/drivers/gpu/*.[ch]' --exclude='*/drivers/media/*.[ch]' \
	--exclude='*/drivers/staging/*.[ch]' --exclude='*/drivers/infiniband/*.[ch]' \
	--exclude='*/drivers/scsi/*.[ch]' --exclude='*/drivers/net/ethernet/*.[ch]' \
	--exclude='*/drivers/net/wireless/*.[ch]' --exclude='*/drivers/iio/*.[ch]'

while read -r patch; do
	case $patch in '' | '#'*) continue ;; esac
	patch -d "$src" -p1 -s --fuzz=0 < "$patches/$patch" || die "$patch does not apply to $package"
done < "$patches/series"
cp "$common/ringlet.h" "$src/arch/x86/include/asm/ringlet.h"
cp "$top/hv/abi.h" "$src/arch/x86/include/asm/ringlet-abi.h"
cp "$common/ringlet.c" "$src/arch/x86/kernel/ringlet.c"

export ARCH=i386 KBUILD_OUTPUT=$work/out
export KBUILD_BUILD_USER=ringlet KBUILD_BUILD_HOST=ringlet
KBUILD_BUILD_TIMESTAMP=$(date -u -r "$tarball")
export KBUILD_BUILD_TIMESTAMP
mkdir "$KBUILD_OUTPUT"
unset MAKEFLAGS MFLAGS MAKELEVEL	# ours may be a make inside a make

fail() {
	tail -n 15 "$log" >&2
	die "$1; all of it is in $log"
}

{
	make -C "$src" tinyconfig &&
	"$src"/scripts/kconfig/merge_config.sh -m -O "$KBUILD_OUTPUT" \
		"$KBUILD_OUTPUT/.config" "$work/fragment" &&
	make -C "$src" olddefconfig
} > "$log" 2>&1 || fail "cannot configure $name"
while read -r option; do
	grep -qxF "$option" "$KBUILD_OUTPUT/.config" ||
		die "$option cannot be had in Linux $version: its dependencies have changed"
done < <(grep '^CONFIG_' "$work/fragment")

# A line now and then, so that a long build is seen to be alive.
progress() {
	local line objects=0 next=$((SECONDS + 10))
	while IFS= read -r line; do
		case $line in *" CC "* | *" AS "*) objects=$((objects + 1)) ;; esac
		if [ $SECONDS -ge $next ]; then
			echo "  $name: $objects files compiled, ${SECONDS}s"
			next=$((SECONDS + 10))
		fi
	done
}

if [ "$variant" = guest ]; then target=vmlinux; else target=bzImage; fi
echo "  $name: compiling"
make -C "$src" -j"$(nproc)" "$target" 2>&1 | tee "$log" | progress ||
	fail "$name does not compile"

mkdir "$work/result"
if [ "$variant" = guest ]; then
	"$top/tools/scan-kernel.py" "$KBUILD_OUTPUT/vmlinux" "$patches/scan.allow" ||
		die "$name is not fit for ring 1"
	strip -s -o "$work/result/kernel" "$KBUILD_OUTPUT/vmlinux"
	cp "$KBUILD_OUTPUT/System.map" "$work/result/map"
else
	cp "$KBUILD_OUTPUT/arch/x86/boot/bzImage" "$work/result/kernel"
fi
mv -T "$work/result" "$result"
rm -f "$log"
deliver
echo "  $name: done in ${SECONDS}s"
exit
}
