/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One guest's console, shared by console.c and the terminals. */
#ifndef HV_CONSOLE_H
#define HV_CONSOLE_H

#include "drivers/vga/vt.h"
#include "hv/lib/ring.h"
#include "hv/types.h"

#define CONSOLE_SCROLLBACK	32768u
#define CONSOLE_INPUT		16384u
#define CONSOLE_SPARE		8192u	/* of the input room, for what comes before an escape key */
#define CONSOLE_REPLIES		256u

struct guest;

struct console {
	struct guest *guest;
	struct vt vt;
	struct history history;		/* what has scrolled off it */
	u32 said;			/* bytes of output ever; the newest CONSOLE_SCROLLBACK are kept */
	u32 shown;			/* how many of them its terminal and the viewers have seen */
	bool too_far;			/* it is too far ahead, and waits until all is shown */
	struct byte_ring typed;		/* its bytes are in few, or if there are more on the heap */
	struct byte_ring replies;	/* answers of its terminal; they take no room from input */
	char last;			/* last byte from console_print() */
	u8 scrollback[CONSOLE_SCROLLBACK];
	u8 few[CONSOLE_INPUT];
	u8 reply[CONSOLE_REPLIES];
};

/* Input for the guest; false: there was no room for some of it, which is lost. */
bool console_type(struct console *c, const u8 *data, u32 len);
bool console_full(struct console *c);	/* it has only CONSOLE_SPARE left */
/* Calls line() for each line of g's latest output, without control sequences. */
void console_each_line(const struct guest *g, void (*line)(const char *text));

#endif
