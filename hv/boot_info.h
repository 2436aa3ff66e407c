/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the boot loader tells us, copied and put in order.  boot/ fills it, before hv_main(). */
#ifndef HV_BOOT_INFO_H
#define HV_BOOT_INFO_H

#include "hv/types.h"

#define BOOT_MAX_REGIONS	128
#define BOOT_MAX_MODULES	64
#define BOOT_STRING		128	/* of a module string, that much is kept */
#define BOOT_CMDLINE		512

struct boot_region {		/* whole pages of RAM, [start, end) in bytes; end 0xFFFFF000 at most */
	u32 start, end;
};

struct boot_module {
	u32 start, end;		/* [start, end), any alignment; start <= end; end == start: empty */
	char string[BOOT_STRING];
};

struct boot_info {
	struct boot_region ram[BOOT_MAX_REGIONS];	/* ascending, apart from each other */
	u32 regions;
	struct boot_module module[BOOT_MAX_MODULES];
	u32 modules;
	char cmdline[BOOT_CMDLINE];
	char loader[32];		/* its name, "" if it gave none */
	u32 dropped;			/* modules and memory map entries that made no sense, or were too many */
};

/* The boot order, and then the main loop.  `wrong`: NULL, or the sentence why this cannot boot. */
void hv_main(const struct boot_info *bi, const char *wrong) NORETURN;

#endif
