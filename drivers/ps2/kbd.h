/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A PC keyboard: turns scan codes (set 1, as the controller translates them) into
 * the bytes a VT100 would send.  The controller stays as the BIOS set it up, so that USB keyboards
 * behind the BIOS's emulation work too.
 */
#ifndef PS2_KBD_H
#define PS2_KBD_H

#include "hv/types.h"

enum kbd_kind {
	KBD_BYTES,		/* len bytes in bytes[] */
	KBD_SWITCH,		/* Alt-F1..F12: number is 1..12 */
	KBD_PAGE_UP,		/* with Shift */
	KBD_PAGE_DOWN,
	KBD_RESTART,		/* Ctrl-Alt-Del */
};
struct kbd_event {
	enum kbd_kind kind;
	u8 bytes[8];
	u8 len;
	u8 number;
};

/* Which modifiers are down, and where we are in a sequence of codes.  All zero at first. */
struct kbd_state {
	bool shift_l, shift_r, ctrl_l, ctrl_r, alt_l, alt_r, caps, num;
	bool extended;		/* 0xe0 came */
	u8 skip;		/* scan codes still to ignore (Pause) */
};

/* From now on keys type what they do in that layout; false: there is none of that name. */
bool kbd_set_layout(const char *name);
/* Takes one scan code; true: *e says what it typed. */
bool kbd_translate(struct kbd_state *s, u8 scancode, struct kbd_event *e);

/* A controller answers, or the BIOS in its place. */
bool kbd_present(void);
/* Drops keys that are waiting and registers IRQ 1.  bios_flags: the byte at 0x417, for the state of
 * the locks. */
void kbd_init(u8 bios_flags);
/* The next event: 1, or 0 if there is none. */
int kbd_get(struct kbd_event *e);
bool kbd_waiting(void);			/* kbd_get() has scan codes to look at */
void kbd_poll(void);			/* reads the port without waiting for an interrupt */
/* Waits for Ctrl-Alt-Del, without interrupts, and resets the machine. */
void kbd_await_restart(void) NORETURN;

#endif
