#!/usr/bin/env bash
# Builds one Linux kernel from Debian's source package and our patches.
#
#   build-kernel.sh VERSION guest|debian|native OUTDIR
#
#   guest   OUTDIR/linux-VERSION          a stripped ELF file for ringlet.conf
#           OUTDIR/linux-VERSION.map      its symbols
#           OUTDIR/linux-VERSION.vmlinux  the same with DWARF, for gdb
#   debian  OUTDIR/linux-VERSION-debian   the same three, with what Debian's own kernel has
#           OUTDIR/modules-VERSION.img    its modules: an ext4 disk, for /lib/modules
#   native  OUTDIR/linux-VERSION-native   a bzImage of the source and configuration of guest, without
#                                         our option, to measure against
#
# The result is kept outside the tree, under the hash of all it is made from; so is a guest kernel's build tree, where
# a change of what is ours compiles that and no more.
set -euo pipefail

# All in braces, so that it is read before it runs: editing this file during a build does no harm.
{
die() { echo "build-kernel: $*" >&2; exit 1; }

[ $# = 3 ] || die "usage: build-kernel.sh VERSION guest|debian|native OUTDIR"
version=$1 variant=$2 outdir=$3
top=$(cd "$(dirname "$0")/.." && pwd)
patches=$top/guest-patches/linux-$version
common=$top/guest-patches/common
package=linux-source-$version
tarball=/usr/src/$package.tar.xz

[ -f "$patches/series" ] || die "no patches for Linux $version in guest-patches/"
case $variant in
guest) fragments=(config config.guest) out=linux-$version ;;
debian) fragments=(config config.guest config.debian) out=linux-$version-debian ;;
native) fragments=(config config.native) out=linux-$version-native ;;
*) die "the variant is guest, debian or native, not '$variant'" ;;
esac
fragments=("${fragments[@]/#/$common/}" "$patches/config")	# in the order in which they count
[ -f "$tarball" ] || die "$tarball is missing: install the package $package"

cache=${RINGLET_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ringlet}/kernel
mkdir -p "$cache" "$outdir" || die "cannot create $cache or $outdir"
# What the build tree is made from ...
tree_ingredients() {
	echo "$variant"
	dpkg-query -W "$package" 2>/dev/null || sha256sum < "$tarball"
	gcc --version | head -n 1
	ld --version | head -n 1
	cat "${fragments[@]}" "$patches/series" "$patches"/[0-9]*.patch "$top/tools/build-kernel.sh"
}
# ... and what of ours is put into it.  Comments in C are left out: a new one need not cost a new kernel.
uncommented() { gcc -fpreprocessed -dD -E -P "$1"; }
own_ingredients() {
	[ "$variant" != native ] || return 0
	cat "$patches/scan.allow" "$top/tools/scan-kernel.py"
	for source in "$common"/ringlet.[ch] "$top/hv/abi.h"; do
		uncommented "$source"
	done
}
hash() { sha256sum | cut -c1-16; }
treekey=$(tree_ingredients | hash)
key=$({ echo "$treekey"; own_ingredients; } | hash)
name=linux-$version-$variant
result=$cache/$name-$key

deliver() {
	install -m 644 "$result/kernel" "$outdir/$out"
	if [ "$variant" != native ]; then
		install -m 644 "$result/map" "$outdir/$out.map"
		ln -sfn "$result/vmlinux" "$outdir/$out.vmlinux"
	fi
	if [ "$variant" = debian ]; then
		install -m 644 "$result/modules" "$outdir/modules-$version.img"
	fi
}

# One build of a thing at a time; who had to wait finds it done.
exec 9> "$cache/$name.lock"
flock -n 9 || { echo "  $name: waiting for another build of it"; flock 9; }
if [ -d "$result" ]; then
	deliver
	exit
fi

tree=$cache/$name-tree-$treekey
src=$tree/$package
log=$cache/$name.log
work=$(mktemp -d "$cache/tmp.$name.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
export ARCH=i386 KBUILD_OUTPUT=$tree/out
export KBUILD_BUILD_USER=ringlet KBUILD_BUILD_HOST=ringlet KBUILD_BUILD_VERSION=1
KBUILD_BUILD_TIMESTAMP=$(date -u -r "$tarball")
export KBUILD_BUILD_TIMESTAMP
unset MAKEFLAGS MFLAGS MAKELEVEL	# ours may be a make inside a make

fail() {
	tail -n 15 "$log" >&2
	die "$1; all of it is in $log"
}

# The patched source, in $work.  Only what an x86 build reads: the rest is most of 1.5 GB.
unpack() {
	local patch
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
		patch -d "$work/$package" -p1 -s --fuzz=0 < "$patches/$patch" ||
			die "$patch does not apply to $package"
	done < "$patches/series"
}

# The fragments as one file, merged over tinyconfig.
configure() {
	local fragment=$work/fragment option
	cat "${fragments[@]}" > "$fragment"
	mkdir -p "$KBUILD_OUTPUT"
	{
		make -C "$src" tinyconfig &&
		"$src"/scripts/kconfig/merge_config.sh -m -O "$KBUILD_OUTPUT" "$KBUILD_OUTPUT/.config" "$fragment" &&
		make -C "$src" olddefconfig
	} > "$log" 2>&1 || fail "cannot configure $name"
	while read -r option; do
		grep -qxF "$option" "$KBUILD_OUTPUT/.config" ||
			die "$option cannot be had in Linux $version: its dependencies have changed"
	done < <(awk -F'[ =]' '/^CONFIG_/ { last[$1] = $0 } END { for (o in last) print last[o] }' "$fragment")
	touch "$tree/configured"
}

# Only if it is another: make looks at the time.
put() { cmp -s - "$1" < "$work/put" || cp "$work/put" "$1"; }
put_ours() {
	local include=$src/arch/x86/include/asm
	cat "$common/ringlet.c" > "$work/put"; put "$src/arch/x86/kernel/ringlet.c"
	uncommented "$common/ringlet.h" > "$work/put"; put "$include/ringlet.h"
	uncommented "$top/hv/abi.h" > "$work/put"; put "$include/ringlet-abi.h"
	# All of the kernel includes ringlet.h: of the agreement it gets what it and the patches name, so that what is new
	# or changed elsewhere compiles one file anew.
	cat "$common/ringlet.h" "$patches"/[0-9]*.patch | grep -oE '\b(HC|RSH|RINGLET)_[A-Z0-9_]+' | sort -u |
		awk 'NR == FNR { wanted[$1]; next } $1 == "#define" && $2 in wanted' - "$include/ringlet-abi.h" > "$work/put"
	put "$include/ringlet-numbers.h"
}

if [ ! -d "$tree" ]; then
	unpack
	mkdir "$work/tree"
	mv "$work/$package" "$work/tree"
	mv -T "$work/tree" "$tree"
fi
touch "$tree"		# in use: tools/prune-cache.sh takes the older ones
[ -e "$tree/configured" ] || configure
put_ours

# A line now and then, so that a long build is seen to be alive.
progress() {
	local line objects=0 next=$((SECONDS + 10))
	while IFS= read -r line; do
		case $line in *" CC "* | *" CC [M] "* | *" AS "*) objects=$((objects + 1)) ;; esac
		if [ $SECONDS -ge $next ]; then
			echo "  $name: $objects files compiled, ${SECONDS}s"
			next=$((SECONDS + 10))
		fi
	done
}

# What modprobe wants to find in /lib/modules, as a disk; and `nodes`, a script that makes the device nodes whose first use
# loads a module.
pack_modules() {
	local dir=$work/modules/lib/modules size
	make -C "$src" INSTALL_MOD_PATH="$work/modules" INSTALL_MOD_STRIP=1 modules_install > "$log" 2>&1 ||
		fail "the modules of $name cannot be installed"
	rm -f "$dir"/*/{build,source}
	sed -nE 's|^[^#]\S* (\S+) ([bc])([0-9]+):([0-9]+)$|mkdir -p /dev/\1; rmdir /dev/\1; mknod -m 600 /dev/\1 \2 \3 \4|p' \
		"$dir"/*/modules.devname > "$dir/nodes"
	size=$(du -sk "$dir" | cut -f1)
	mke2fs -q -t ext4 -O ^has_journal -L modules -m 0 -d "$dir" "$work/result/modules" $((size * 9 / 8 + 512)) > "$log" 2>&1 ||
		fail "no image of the modules of $name can be made"
}

case $variant in
guest) targets=(vmlinux) ;;
debian) targets=(vmlinux modules) ;;
native) targets=(bzImage) ;;
esac
echo "  $name: compiling"
make -C "$src" -j"$(nproc)" "${targets[@]}" 2>&1 | tee "$log" | progress ||
	fail "$name does not compile"

mkdir "$work/result"
if [ "$variant" != native ]; then
	# Modules run at ring 1 like the rest.
	mapfile -t binaries < <(find "$KBUILD_OUTPUT" -name '*.ko' | sort)
	"$top/tools/scan-kernel.py" "$patches/scan.allow" "$KBUILD_OUTPUT/vmlinux" "${binaries[@]}" ||
		die "$name is not fit for ring 1"
	[ "$variant" = guest ] || pack_modules
	strip -s -o "$work/result/kernel" "$KBUILD_OUTPUT/vmlinux"
	cp "$KBUILD_OUTPUT/vmlinux" "$work/result"
	cp "$KBUILD_OUTPUT/System.map" "$work/result/map"
else
	cp "$KBUILD_OUTPUT/arch/x86/boot/bzImage" "$work/result/kernel"
	rm -rf "$tree"		# nothing of ours is in it
fi
mv -T "$work/result" "$result"
rm -f "$log"
deliver
echo "  $name: done in ${SECONDS}s"
exit
}
