/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the boot loader tells us, copied and put in order.  boot/ fills it in before hv_main(). */
#ifndef HV_BOOT_INFO_H
#define HV_BOOT_INFO_H

#include "hv/types.h"

#define BOOT_MAX_REGIONS	128
#define BOOT_MAX_MODULES	64
#define BOOT_STRING		128	/* this much of a module's string is kept */
#define BOOT_CMDLINE		512

struct boot_region {		/* whole pages of RAM, [start, end) in bytes; end 0xFFFFF000 at most */
	u32 start, end;
};

struct boot_module {
	u32 start, end;		/* [start, end), any alignment; start <= end; end == start: empty */
	char string[BOOT_STRING];
};

struct boot_info {
	struct boot_region ram[BOOT_MAX_REGIONS];	/* in ascending order, not touching */
	u32 regions;
	struct boot_module module[BOOT_MAX_MODULES];
	u32 modules;
	char cmdline[BOOT_CMDLINE];
	char loader[32];		/* its name, "" if it gave none */
	u32 dropped;			/* modules and memory map entries that made no sense or were too many */
};

/* Boots, then runs the main loop.  `wrong`: NULL, or a sentence that says why we cannot boot. */
void hv_main(const struct boot_info *bi, const char *wrong) NORETURN;

#endif
