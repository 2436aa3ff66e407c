/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two terminals, and how they and the monitor see each other. */
#ifndef HV_TERMINAL_H
#define HV_TERMINAL_H

#include "hv/types.h"
#include "hv/ui/lineedit.h"

struct console;
struct guest;

/* What the screen and the serial line do differently. */
struct terminal_ops {
	void (*put)(const void *data, u32 len);		/* at the monitor */
	void (*hint)(const char *text, u32 len);	/* a line of ours, whatever is shown */
	void (*leave)(void);		/* it stops showing a guest */
	void (*join)(void);		/* it shows something else from now on */
	void (*fit)(void);		/* gives the shown guest's console this terminal's size */
	void (*lost)(struct guest *g);	/* there was no room for a byte typed for g */
	void (*answer)(bool done);	/* a command at the monitor begins to print, or is done */
};

struct terminal {
	const struct terminal_ops *ops;
	struct console *focus;		/* the guest's console it shows; NULL: the monitor */
	bool escaped;			/* the escape key was typed */
	u32 number;			/* and then this digit, to which another may belong; 0: none */
	u64 number_ns;			/* when */
	bool asked;			/* whether to turn the machine off: the next line answers */
	bool in_command;		/* a monitor command is printing: no log lines in between */
	struct lineedit edit;		/* at the monitor */
};

/* ---- terminal.c ---- */
/* Never waits; COM1 sends it in the background. */
void terminal_put(struct terminal *t, const char *data, u32 len);
/* Puts a line of ours in between, on this terminal only. */
void terminal_hint(struct terminal *t, const char *fmt, ...) PRINTF(2, 3);
void terminal_focus(struct terminal *t, struct guest *g);	/* NULL: the monitor */
void terminal_key(struct terminal *t, u8 c);			/* a byte typed there */
/* Gives the guest it shows this size, or the nearest allowed. */
void terminal_fit(struct terminal *t, u32 cols, u32 rows);
u8 terminal_escape_key(void);
/* Waits until all output is on the line and on the screen, before the machine stops. */
void terminals_drain(void);

/* ---- serial.c: COM1 ---- */
extern struct terminal terminal_serial;
void serial_guest_says(const void *data, u32 len);
u32 serial_guest_room(void);
void serial_poll(void);
bool serial_busy(void);			/* serial_poll() has something to do */
void serial_drain(void);

/* ---- screen.c: VGA and keyboard ---- */
extern struct terminal terminal_screen;
void screen_start(void);
bool screen_keymap(const char *name, char *msg, u32 len);	/* the keyboard's layout */
void screen_put(const void *data, u32 len);	/* at the monitor */
void screen_changed(void);		/* what it shows has changed: it will be drawn soon */
void screen_draw(void);			/* draws it now */
void screen_poll(void);
u32 screen_history_bytes(void);		/* what has scrolled off, of the monitor there */
bool screen_busy(void);

#endif
