/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest's devices and what is behind them: its console, disks, networks, random numbers, and the
 * serial port for exports. */
#ifndef HV_DEV_DEV_H
#define HV_DEV_DEV_H

#include "hv/load/load.h"
#include "hv/mem/mem.h"

/* ---- vdev.c: the virtio devices of a guest ---- */
#define VDEV_BASE	0xF0000000u	/* guest-physical; device i's registers at + i * 4096 */
bool vdevs_create(struct guest *g, char *msg, u32 len);
void vdevs_destroy(struct guest *g);
#define DEVICES_CMDLINE	(MAX_VDEVS * 40)	/* 38 per device */
/* " virtio_mmio.device=…" for each device, to go at the end of a command line. */
void vdev_cmdline(const struct guest *g, char *buf, u32 len);
void vdev_console_resized(struct guest *g);	/* tells it, if it runs */
void vdev_console_typed(struct guest *g);	/* tells it that there is input */
bool vdev_kick(struct guest *g, u32 n, u32 queue);	/* as by its register; false: there is no device n */
/* Polls the devices in g->vdevs_due, with bounded work; true: there is more to do at once. */
bool vdevs_poll(struct guest *g);
/* Lets them report what they held back, which may wake the guest: nobody has anything to do, or
 * g->settle_ns is over. */
void vdevs_settle(struct guest *g);

/* These create a guest's devices: the n-th of its kind.  access is copied.  NULL: no memory. */
struct virtio_guest;
struct virtio_dev *disk_make(struct guest *g, u32 n, const struct virtio_guest *access);	/* disk.c */
struct virtio_dev *lan_make(struct guest *g, u32 n, const struct virtio_guest *access);		/* lan.c */
struct virtio_dev *entropy_make(struct guest *g, u32 n, const struct virtio_guest *access);	/* entropy.c */

/* ---- disk.c: disks, which outlive guests; see also disk.h ---- */
bool disks_add(struct guest *g);		/* the disks of its configuration; false: no memory */
/* Can they be used now?  false: msg says why not, as for guest_start(). */
bool disks_check(const struct guest *g, char *msg, u32 len);
bool disks_resetting(const struct guest *g);	/* the guest starts when that is done */
bool disks_work(void);			/* does a bounded piece; true: there is more to do at once */

/* ---- entropy.c: random numbers for guests ---- */
void entropy_init(void);		/* collects the first entropy; about 10 ms */
void entropy_stir(void);		/* call when something happens at an unpredictable moment */
void entropy_get(void *buf, u32 len);	/* nobody ever gets the same bytes */

/* ---- lan.c: the networks between guests ---- */
bool lan_add(struct guest *g);		/* the cards of its configuration; false: no memory */

/* ---- console.c: guests' output and input ---- */
struct console *console_create(struct guest *g);	/* NULL: no memory */
void console_destroy(struct console *c);	/* one that nobody has seen yet */
/* Output of the guest.  It is shown later, in pieces: a guest that is CONSOLE_AHEAD ahead waits
 * until that is done. */
#define CONSOLE_AHEAD	4096u
void console_write(struct guest *g, const void *data, u32 len);
bool console_show(struct guest *g);		/* shows as much as g->work allows; true: there is more */
bool console_pending(const struct guest *g);	/* there is output to show */
bool console_too_far(const struct guest *g);	/* it has to wait */
u32 console_room(struct guest *g);		/* how many bytes a terminal shows without loss now */
/* Urgent or early text, and our own notes about the guest.  LF becomes CR LF.  What does not fit on
 * the wire soon is lost there (but kept for `dmesg`). */
void console_print(struct guest *g, const char *text, u32 len);
bool console_typed(struct guest *g);		/* there is input for it */
u32 console_input(struct guest *g, void *buf, u32 len);	/* returns how many bytes */
#define CONSOLE_MIN_COLS	20u
#define CONSOLE_MAX_COLS	255u
#define CONSOLE_MIN_ROWS	5u
#define CONSOLE_MAX_ROWS	100u
void console_size(const struct guest *g, u32 *cols, u32 *rows);
/* cols and rows must be within these bounds; false: no memory. */
bool console_resize(struct guest *g, u32 cols, u32 rows);
void console_forget_typed(struct guest *g);	/* drops what was typed before it started */

/* Shows consoles to people; there may be none. */
struct console_viewer {
	void (*says)(const struct console *c, const void *data, u32 len);	/* new output of a guest */
	u32 (*room)(const struct console *c);	/* bytes it can show without loss */
	void (*redraw)(const struct console *c);	/* everything may have changed */
};
void console_set_viewer(const struct console_viewer *v);

/* ---- export.c: COM2, for sending disks and captures ---- */
void export_init(void);
/* Only one user at a time; `who` is named to others that ask.  Returns NULL, or the reason why
 * not. */
const char *export_claim(const char *who);
void export_release(void);		/* what was written is still sent */
u32 export_room(void);			/* bytes export_write() takes now; 0 if nobody has claimed the port */
void export_write(const void *data, u32 len);	/* never waits; drops what exceeds export_room() */
bool export_idle(void);			/* everything written has been sent */
bool export_work(void);		/* moves bytes to the port */

#endif
