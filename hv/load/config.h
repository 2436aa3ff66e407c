/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parser of ringlet.conf.  Pure: no hypervisor state, so it is unit-tested and fuzzed
 * unchanged. */
#ifndef HV_CONFIG_H
#define HV_CONFIG_H

#include "hv/types.h"

#define CONFIG_NAME_MAX		16
#define CONFIG_MAX_GUESTS	16
#define CONFIG_MOST_MIB		3072u	/* of memory a guest */

#define CONFIG_MAX_DISKS	6	/* per guest */
#define CONFIG_MAX_NETS		6

struct disk_config {
	char image[32];		/* a Multiboot module; "": ram */
	u32 ram;		/* bytes of an empty disk, whole pages */
	bool ro, cow;
	u32 line;
};

struct net_config {
	char lan[CONFIG_NAME_MAX];
	bool have_mac, strict;	/* strict: may send only from its own address */
	u8 mac[6];
	u32 line;
};

struct guest_config {
	char name[CONFIG_NAME_MAX];
	char kernel[32], initrd[32];
	u32 kernel_line, initrd_line;
	char cmdline[256];
	u32 memory;		/* bytes, whole pages */
	bool start;
	struct disk_config disk[CONFIG_MAX_DISKS];
	u32 disks;
	struct net_config net[CONFIG_MAX_NETS];
	u32 nets;
	u32 line;		/* of its [section], for messages */
	char error[120];	/* "": usable.  Else why this guest cannot start */
};

struct config {
	struct guest_config guest[CONFIG_MAX_GUESTS];
	u32 guests;
};

/* Parses `text` (len bytes of anything; no NUL at the end needed).  Every bad line is reported
 * once, by `complain("ringlet.conf:LINE: what is wrong; what would be right")`; the others are
 * still used. */
void config_parse(struct config *c, const char *text, u32 len, void (*complain)(const char *line));

/* The same for a guest configured at run time: *g becomes one of that name, with what a section
 * without lines has; and each of n words, "KEY=VALUE", which it may modify, counts as a line of its
 * section.  false: complain() was told what is wrong, without a place, and *g is of no use. */
bool config_new(struct guest_config *g, const char *name, void (*complain)(const char *line));
bool config_words(struct guest_config *g, char **words, u32 n, void (*complain)(const char *line));

#endif
