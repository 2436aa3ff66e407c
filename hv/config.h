/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ringlet.conf, parsed.  Pure: no hypervisor state, so it is unit-tested and fuzzed as it is. */
#ifndef HV_CONFIG_H
#define HV_CONFIG_H

#include "hv/types.h"

#define CONFIG_NAME_MAX		16
#define CONFIG_MAX_GUESTS	16

struct guest_config {
	char name[CONFIG_NAME_MAX];
	char kernel[32], initrd[32];
	char cmdline[256];
	u32 memory;		/* bytes, whole pages */
	bool start;
	u32 line;		/* of its [section], for messages */
	char error[120];	/* "": usable.  Else why this guest cannot start */
};

struct config {
	struct guest_config guest[CONFIG_MAX_GUESTS];
	u32 guests;
};

/* Parses `text` (len bytes, need not be NUL-ended, may be anything).  Every bad line is told once by
 * `complain("ringlet.conf:LINE: what is wrong; what would be right")`; the rest is still used. */
void config_parse(struct config *c, const char *text, u32 len, void (*complain)(const char *line));

#endif
