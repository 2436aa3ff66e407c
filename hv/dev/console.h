/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One guest's console, as console.c keeps it and the terminals show it. */
#ifndef HV_CONSOLE_H
#define HV_CONSOLE_H

#include "drivers/vga/vt.h"
#include "hv/lib/ring.h"
#include "hv/types.h"

#define CONSOLE_SCROLLBACK	32768u
#define CONSOLE_INPUT		16384u
#define CONSOLE_SPARE		8192u	/* of the room for what is typed: for what comes before an escape key */
#define CONSOLE_REPLIES		256u

struct guest;

struct console {
	struct guest *guest;
	struct vt vt;
	u32 said;			/* bytes ever; the newest CONSOLE_SCROLLBACK of them are kept */
	u32 shown;			/* of them, on its terminal and to those who look */
	bool too_far;			/* it said too much: it waits until all of it is shown */
	struct byte_ring typed;		/* its bytes are in few, or more on the heap */
	struct byte_ring replies;	/* of its terminal: they take no room of what is typed */
	char last;			/* byte that console_print() put out */
	u8 scrollback[CONSOLE_SCROLLBACK];
	u8 few[CONSOLE_INPUT];
	u8 reply[CONSOLE_REPLIES];
};

/* Input for the guest; false: some of it found no room and is lost. */
bool console_type(struct console *c, const u8 *data, u32 len);
bool console_full(struct console *c);	/* it has only CONSOLE_SPARE left */
/* Calls line() for each line of what g has said lately, control sequences taken out. */
void console_each_line(const struct guest *g, void (*line)(const char *text));

#endif
