/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Terminals, as the monitor needs them: where its words go, and what the person is looking at. */
#ifndef HV_CONSOLE_H
#define HV_CONSOLE_H

#include "hv/lineedit.h"
#include "hv/types.h"

struct console;
struct guest;

struct terminal {
	bool screen;			/* VGA and keyboard; else COM1 */
	struct console *focus;		/* the guest's console it shows; NULL: the monitor */
	bool escaped;			/* the escape key was typed */
	bool in_command;		/* a monitor command is printing: no log lines in between */
	struct lineedit edit;		/* at the monitor */
};

/* Never waits; what is for COM1 leaves in its own time. */
void terminal_put(struct terminal *t, const char *data, u32 len);
void terminal_focus(struct terminal *t, struct guest *g);	/* NULL: the monitor */
u8 console_escape_key(void);
/* Until all that was said is on the line and on the screen: before the machine stops. */
void console_drain(void);
/* Calls line() for each line of what g has said lately, control sequences taken out. */
void console_each_line(const struct guest *g, void (*line)(const char *text));

#endif
