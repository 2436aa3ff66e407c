#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Sees to it that what the build and the tests use is installed.  As root it installs what is missing,
# by name, from Debian; otherwise it prints the one command to run.
#
#	tools/setup.sh [web] [browser]
#
# web	what Ringlet in a browser is made with, too
# browser	and what that is tested in
set -euo pipefail

PACKAGES=(make gcc gcc-multilib binutils python3 qemu-system-x86 grub-common grub-pc-bin grub-efi-amd64-bin grub-efi-ia32-bin
	xorriso mtools newlib-source linux-source-6.1 flex bison bc libelf-dev libssl-dev cpio xz-utils
	patch perl tshark bochs bochs-term bochsbios vgabios ovmf ovmf-ia32 cppcheck clang libclang-rt-14-dev gdb screen socat
	mmdebstrap arch-test uidmap debian-archive-keyring e2fsprogs kmod)

for also; do
	case $also in
	web)
		PACKAGES+=(nodejs seabios zstd)
		# In Debian it is a package; elsewhere node brings it along.
		command -v npm >/dev/null || PACKAGES+=(npm) ;;
	browser)
		PACKAGES+=(chromium chromium-driver) ;;
	esac
done

# Used if this release of Debian has it.
OPTIONAL=(linux-source-6.12)

missing=()
installed=$(dpkg-query -W -f '${Package} ${Status}\n' "${PACKAGES[@]}" "${OPTIONAL[@]}" 2>/dev/null |
	sed -n 's/ install ok installed$//p' || true)
for p in "${PACKAGES[@]}"; do
	grep -qx "$p" <<<"$installed" || missing+=("$p")
done
# busybox for the guests is a 32-bit package, unpacked but never installed.
foreign=
if [ "$(dpkg --print-architecture)" != i386 ] && ! dpkg --print-foreign-architectures | grep -qx i386; then
	foreign=yes
fi
[ ${#missing[@]} -gt 0 ] || [ -n "$foreign" ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
	echo "setup: something is missing; run this as root, then again what you ran:" >&2
	echo "    ${foreign:+dpkg --add-architecture i386 && }apt-get update && apt-get install --no-install-recommends ${missing[*]}" >&2
	exit 1
fi

export DEBIAN_FRONTEND=noninteractive
[ -z "$foreign" ] || dpkg --add-architecture i386
# A mirror that is just being renewed fails in part; what is needed may be there nevertheless.
apt-get update -qq || echo "setup: not all of apt-get update worked; going on with what there is" >&2
for p in "${OPTIONAL[@]}"; do
	grep -qx "$p" <<<"$installed" || ! apt-cache show "$p" >/dev/null 2>&1 || missing+=("$p")
done
[ ${#missing[@]} -gt 0 ] || exit 0
echo "setup: installing ${missing[*]}" >&2
apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
