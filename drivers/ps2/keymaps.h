/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keyboard layouts: which character a key types. */
#ifndef PS2_KEYMAPS_H
#define PS2_KEYMAPS_H

#include "hv/types.h"

#define KEYMAP_KEYS	48

struct keymap {
	const char *name;
	const u16 *plain, *shift;	/* characters, by their Unicode numbers */
	const u16 *altgr;		/* NULL: the right Alt key is like the left one */
};
/* The first is the usual one, and one without a name ends them. */
extern const struct keymap keymaps[];

enum keymap_level { KEYMAP_PLAIN, KEYMAP_SHIFT, KEYMAP_ALTGR };
/* 0: nothing. */
u32 keymap_type(const struct keymap *k, u8 code, enum keymap_level level);

#endif
