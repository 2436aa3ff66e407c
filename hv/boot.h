/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What main.c's boot steps share, private to hv/. */
#ifndef HV_BOOT_H
#define HV_BOOT_H

#include "boot/multiboot.h"

#define RINGLET_RELEASE	"0.1"

struct image;

extern struct boot_info boot_info;	/* what the boot loader told us; constant once hv_main() read it */

void images_init(void);
const struct image *image_at(u32 i);	/* the i-th usable module, or NULL */

#endif
