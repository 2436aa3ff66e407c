#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Sees to it that what the build and the tests use is installed.  As root it installs what is missing,
# by name, from Debian; otherwise it prints the one command to run.
set -euo pipefail

PACKAGES=(make gcc gcc-multilib binutils python3 qemu-system-x86 grub-common grub-pc-bin
	xorriso mtools newlib-source linux-source-6.1 flex bison bc libelf-dev libssl-dev cpio xz-utils
	bochs bochs-term bochsbios vgabios cppcheck clang gdb)

missing=()
installed=$(dpkg-query -W -f '${Package} ${Status}\n' "${PACKAGES[@]}" 2>/dev/null |
	sed -n 's/ install ok installed$//p' || true)
for p in "${PACKAGES[@]}"; do
	grep -qx "$p" <<<"$installed" || missing+=("$p")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" -eq 0 ]; then
	echo "setup: installing ${missing[*]}" >&2
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -qq
	apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
else
	echo "setup: some packages are missing; run this, then again what you ran:" >&2
	echo "    sudo apt-get install --no-install-recommends ${missing[*]}" >&2
	exit 1
fi
