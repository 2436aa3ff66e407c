#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Makes a bootable ISO, which is also a bootable stick image, for BIOSes (UEFI only gets told so):
#
#	tools/make-iso.sh -o OUT.iso -k RINGLET.elf [-c [TITLE=]CONFIG]... [-a "OPTIONS"] [-t SECONDS] [NAME=]FILE...
#
# -c	a configuration; Ringlet finds it as ringlet.conf.  The first is GRUB's choice, others are more entries in its
#	menu, with that title.  Without any, Ringlet finds none.
# -a	the hypervisor's command line
# -t	how long GRUB's menu waits (2)
# Each FILE becomes a Multiboot module called NAME, or as the file is called.  One more, ringlet.manifest, has
# their sizes and checksums.
set -euo pipefail

usage() { sed -n '5,5s/^#	/usage: /p' "$0" >&2; exit 2; }
die() { echo "make-iso: $*" >&2; exit 1; }

out='' kernel='' options='' timeout='' configs=() titles=()
while getopts o:k:c:a:t: opt; do
	case $opt in
	o) out=$OPTARG ;;
	k) kernel=$OPTARG ;;
	c)	configs+=("${OPTARG#*=}")
		case $OPTARG in *=*) titles+=("${OPTARG%%=*}") ;; *) titles+=(Ringlet) ;; esac ;;
	a) options=$OPTARG ;;
	t) timeout=$OPTARG ;;
	*) usage ;;
	esac
done
shift $((OPTIND - 1))
[ -n "$out" ] && [ -n "$kernel" ] || usage

here=$(cd "$(dirname "$0")/.." && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
files=$dir/files			# what is on the ISO
mkdir -p "$files/boot/grub"

modules=() names=()
need() { [ -f "$1" ] || die "$1: there is no such file"; }
add_module() {	# NAME FILE
	need "$2"
	[[ $1 =~ ^[A-Za-z0-9._+-]+$ ]] || die "$1: a module's name is of letters, digits and . _ + -"
	cp -L "$2" "$files/boot/$1"
	# GRUB would unpack a .gz on the way; the guest kernel wants to do that itself.
	modules+=("load module --nounzip /boot/$1 $1")
	names+=("$1")
}

need "$kernel"
cp -L "$kernel" "$files/boot/ringlet.elf"
# GRUB's, not ours: $1 is the name of an entry's configuration.
# shellcheck disable=SC2016
load_conf='load module /boot/$1.conf ringlet.conf' load_manifest='load module /boot/$1.manifest ringlet.manifest'
[ ${#configs[@]} -eq 0 ] || modules+=("$load_conf")
for m in "$@"; do
	case $m in
	*=*) add_module "${m%%=*}" "${m#*=}" ;;
	*) add_module "$(basename "$m")" "$m" ;;
	esac
done

# Ringlet looks whether what GRUB has read is what the manifest says: for each configuration another.
manifest() {
	[ $# -eq 0 ] || echo "$(cksum <"$1") ringlet.conf"
	[ ${#names[@]} -eq 0 ] || (cd "$files/boot" && cksum "${names[@]}")
}

add_config() {	# NAME FILE
	need "$2"
	cp -L "$2" "$files/boot/$1.conf"
	manifest "$2" >"$files/boot/$1.manifest"
}

menu=()
for i in "${!configs[@]}"; do
	name=ringlet$([ "$i" -eq 0 ] || echo "-$i")
	add_config "$name" "${configs[i]}"
	[ "$i" -eq 0 ] || menu+=("menuentry \"${titles[i]}\" { start $name }")
done
if [ ${#configs[@]} -eq 0 ] && [ ${#names[@]} -gt 0 ]; then
	manifest >"$files/boot/ringlet.manifest"
fi
[ ! -f "$files/boot/ringlet.manifest" ] || modules+=("$load_manifest")

while IFS= read -r line; do
	case $line in
	*@MODULES@*) [ ${#modules[@]} -eq 0 ] || printf '\t%s\n' "${modules[@]}" ;;
	@MENU@) [ ${#menu[@]} -eq 0 ] || printf '%s\n' "${menu[@]}" ;;
	"set timeout="*) echo "set timeout=${timeout:-${line#set timeout=}}" ;;
	*)
		line=${line/@TITLE@/"${titles[0]:-Ringlet}"}
		printf '%s\n' "${line/@CMDLINE@/"$options"}" ;;
	esac
done <"$here/iso/grub.cfg" >"$files/boot/grub/grub.cfg"

# A BIOS that fails to read once is asked by cylinder, head and sector from then on, and there ends
# the image at its last whole cylinder: of 8 MiB at most.  Some BIOSes keep one more for themselves.
PADDING=16m

# For a firmware that is UEFI alone: a partition with a program for each of its two kinds, which only
# says that Ringlet needs a BIOS.
efi=$dir/efi.img
grep -v '^#' "$here/iso/efi.cfg" >"$dir/efi.cfg"	# GRUB without its shell knows no comments
mformat -i "$efi" -C -f 720 -N 52696e67 ::
mmd -i "$efi" ::/EFI ::/EFI/BOOT
for kind in x86_64-efi=BOOTX64.EFI i386-efi=BOOTIA32.EFI; do
	grub-mkimage -O "${kind%=*}" -p /boot/grub -c "$dir/efi.cfg" -o "$dir/efi" echo read minicmd
	mcopy -i "$efi" "$dir/efi" "::/EFI/BOOT/${kind#*=}"
done

# Of GRUB's modules only what grub.cfg and a stick need.
if ! SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-1} grub-mkrescue -d /usr/lib/grub/i386-pc \
	--install-modules="multiboot normal iso9660 part_msdos biosdisk serial terminal ls cat echo test true sleep search reboot halt" \
	--fonts= --locales= --themes= -o "$out.new" "$files" -append_partition 2 0xef "$efi" \
	-eltorito-alt-boot -e --interval:appended_partition_2:all:: -no-emul-boot \
	-- -padding "$PADDING" >"$dir/log" 2>&1; then
	cat "$dir/log" >&2
	rm -f "$out.new"
	die "grub-mkrescue failed"
fi
mv "$out.new" "$out"
