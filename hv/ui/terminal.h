/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two terminals, as they and the monitor know each other. */
#ifndef HV_TERMINAL_H
#define HV_TERMINAL_H

#include "hv/types.h"
#include "hv/ui/lineedit.h"

struct console;
struct guest;

/* What the screen and the serial line do each in its own way. */
struct terminal_ops {
	void (*put)(const void *data, u32 len);		/* at the monitor */
	void (*hint)(const char *text, u32 len);	/* a line of ours, whatever it shows */
	void (*leave)(void);		/* it shows a guest, and will not any more */
	void (*join)(void);		/* it shows a guest from now on */
	void (*fit)(void);		/* gives the guest it shows the size it has itself */
	void (*lost)(struct guest *g);	/* a byte typed for g found no room */
};

struct terminal {
	const struct terminal_ops *ops;
	struct console *focus;		/* the guest's console it shows; NULL: the monitor */
	bool escaped;			/* the escape key was typed */
	bool in_command;		/* a monitor command is printing: no log lines in between */
	struct lineedit edit;		/* at the monitor */
};

/* ---- terminal.c ---- */
/* Never waits; what is for COM1 leaves in its own time. */
void terminal_put(struct terminal *t, const char *data, u32 len);
/* A line of ours in between, on this terminal only. */
void terminal_hint(struct terminal *t, const char *fmt, ...) PRINTF(2, 3);
void terminal_focus(struct terminal *t, struct guest *g);	/* NULL: the monitor */
void terminal_key(struct terminal *t, u8 c);			/* a byte typed there */
/* Gives the guest that it shows this size, or the nearest that may be. */
void terminal_fit(struct terminal *t, u32 cols, u32 rows);
u8 terminal_escape_key(void);
/* Until all that was said is on the line and on the screen: before the machine stops. */
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
void screen_put(const void *data, u32 len);	/* at the monitor */
void screen_changed(void);		/* what it shows has: it is drawn soon */
void screen_draw(void);			/* ... and now */
void screen_poll(void);
bool screen_busy(void);

#endif
