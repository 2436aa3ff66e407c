#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Of each thing in the cache, keeps the four newest versions: each is named NAME-HASH or NAME-HASH.img, by what it
# is made from, and old ones would stay for ever.  Of a kernel's build tree, the newest.
set -euo pipefail

cache=${RINGLET_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ringlet}
hash='-[0-9a-f]{16}(\.img)?$'

[ -d "$cache" ] || exit 0
cd "$cache"
all=$(find . -mindepth 1 -maxdepth 2 -regextype posix-extended -regex ".*$hash" -printf '%T@ %p\n' | sort -rn | cut -d' ' -f2-)
sed -E "s/$hash//" <<<"$all" | sort -u | while read -r name; do
	case $name in *-tree) keep=1 ;; *) keep=4 ;; esac
	grep -E "^$name$hash" <<<"$all" | tail -n +$((keep + 1)) | while read -r old; do
		rm -rf "$old"
	done
done
