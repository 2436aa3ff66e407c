/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the monitor's commands are made with; those of a device live beside it, in cmd_*.c. */
#ifndef HV_MONITOR_H
#define HV_MONITOR_H

#include "hv/types.h"

struct guest;

/* To whoever typed the command; at most 320 characters at a time. */
void say(const char *fmt, ...) PRINTF(1, 2);
/* The guest of that name or number; NULL: there is none, and that was said. */
struct guest *need_guest(const char *name);

struct terminal;
void monitor_key(struct terminal *t, u8 c);	/* a byte typed at the monitor */
void monitor_enter(struct terminal *t);		/* the prompt */

/* Commands, with their words; those that are not there are "". */
void cmd_disk(char **w);
void cmd_net(char **w);

#endif
