#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Makes a bootable ISO, which is also a bootable stick image, for BIOSes (UEFI only gets told so):
#
#	tools/make-iso.sh -o OUT.iso -k RINGLET.elf [-c [TITLE=]CONFIG]... [-a "OPTIONS"] [-t SECONDS] [NAME=]FILE...
#
# -c	a configuration; Ringlet finds it as ringlet.conf.  The first is GRUB's choice, others are more entries in its
#	menu, with that title.  Without any, Ringlet finds none.  The menu's last entry is the first once more, with
#	the option `slow`.
# -a	the hypervisor's command line
# -t	how long GRUB's menu waits (2)
# Each FILE becomes a Multiboot module called NAME, or as the file is called.  An entry leaves out what only others'
# configurations name.  One more module, ringlet.manifest, has the sizes and checksums of the entry's.
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

names=()
need() { [ -f "$1" ] || die "$1: there is no such file"; }
add_module() {	# NAME FILE
	need "$2"
	[[ $1 =~ ^[A-Za-z0-9._+-]+$ ]] || die "$1: a module's name is of letters, digits and . _ + -"
	cp -L "$2" "$files/boot/$1"
	names+=("$1")
}

need "$kernel"
cp -L "$kernel" "$files/boot/ringlet.elf"
for m in "$@"; do
	case $m in
	*=*) add_module "${m%%=*}" "${m#*=}" ;;
	*) add_module "$(basename "$m")" "$m" ;;
	esac
done

# Which of the files an entry takes: those its configuration names, and those that none does.
words() { sed 's/[#;].*//' "$@" | tr -s '= \t\r' '\n'; }
taken() {	# CONFIG
	local n
	for n in "${names[@]}"; do
		! words "$1" | grep -qxF "$n" && words "${configs[@]}" | grep -qxF "$n" || echo "$n"
	done
}

# Ringlet looks whether what GRUB has read is what the manifest says: for each configuration another.
manifest() {	# CONFIG|/dev/null NAME...
	[ "$1" = /dev/null ] || echo "$(cksum <"$1") ringlet.conf"
	[ $# -eq 1 ] || (cd "$files/boot" && cksum "${@:2}")
}

menu=()
add_entry() {	# TITLE NAME CONFIG|/dev/null FILE...
	menu+=("menuentry \"$1\" { start ${*:2:1} ${*:4} }")
	manifest "${@:3}" >"$files/boot/$2.manifest"
}

for i in "${!configs[@]}"; do
	name=ringlet$([ "$i" -eq 0 ] || echo "-$i")
	need "${configs[i]}"
	cp -L "${configs[i]}" "$files/boot/$name.conf"
	mapfile -t mine < <(taken "${configs[i]}")
	add_entry "${titles[i]}" "$name" "${configs[i]}" "${mine[@]}"
done
[ ${#configs[@]} -gt 0 ] || add_entry Ringlet ringlet /dev/null "${names[@]}"
# The first once more, the careful way.
careful=${menu[0]/'{ '/'{ set speed=slow; '}
menu+=("${careful/'" {'/', slow" {'}")
menu[-1]=${menu[-1]/' }'/'; set speed= }'}

# GRUB's, not ours: $1 is the name of an entry's configuration.
# shellcheck disable=SC2016
load_conf='load module /boot/$1.conf ringlet.conf' load_manifest='load module /boot/$1.manifest ringlet.manifest'
while IFS= read -r line; do
	case $line in
	*@CONF@*) [ ${#configs[@]} -eq 0 ] || echo "	$load_conf" ;;
	*@MANIFEST@*) [ ! -s "$files/boot/ringlet.manifest" ] || echo "	$load_manifest" ;;
	@MENU@) printf '%s\n' "${menu[@]}" ;;
	"set timeout="*) echo "set timeout=${timeout:-${line#set timeout=}}" ;;
	*) printf '%s\n' "${line/@CMDLINE@/"$options"}" ;;
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
