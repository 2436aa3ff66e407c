/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the monitor's commands use.  The commands for disks and LANs are in cmd_*.c. */
#ifndef HV_MONITOR_H
#define HV_MONITOR_H

#include "hv/types.h"

struct guest;

/* Prints where the command was typed; at most 320 characters at a time. */
void say(const char *fmt, ...) PRINTF(1, 2);
/* The guest with that name or number; NULL: there is none, which was printed. */
struct guest *need_guest(const char *name);

struct terminal;
void monitor_key(struct terminal *t, u8 c);	/* a byte typed at the monitor */
void monitor_enter(struct terminal *t);		/* shows the prompt */

/* Commands; w are their words, missing ones are "". */
void cmd_info(char **w);
void cmd_disk(char **w);
void cmd_net(char **w);

#endif
