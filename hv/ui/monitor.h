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
void monitor_say_on(struct terminal *t);	/* where say() prints from now on */
const char *monitor_command(u32 i);		/* the i-th command's name; NULL: there are no more */
/* For struct lineedit. */
const char *monitor_complete(void *arg, const char *buf, u32 start, u32 len);

/* Commands; w are their words, missing ones are "", as is the one after the last. */
void cmd_info(char **w);
void cmd_disk(char **w);
void cmd_net(char **w);
void cmd_set(char **w);
void cmd_new(char **w);
void cmd_start(char **w);

#endif
