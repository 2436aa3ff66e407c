/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest's devices and what is behind them: its console, disks, networks, randomness, and the line
 * on which data leaves. */
#ifndef HV_DEV_DEV_H
#define HV_DEV_DEV_H

#include "hv/load/load.h"
#include "hv/mem/mem.h"

/* ---- vdev.c: the virtio devices of a guest ---- */
#define VDEV_BASE	0xF0000000u	/* guest-physical; device i's registers at + i * 4096, interrupt 1 + i */
bool vdevs_create(struct guest *g, char *msg, u32 len);
void vdevs_destroy(struct guest *g);
/* " virtio_mmio.device=…" for each, for the end of a command line. */
void vdev_cmdline(const struct guest *g, char *buf, u32 len);
void vdev_console_resized(struct guest *g);	/* if it runs, it is told */
void vdev_console_typed(struct guest *g);	/* there is something for it to read */
/* Polls those of g->vdevs_due.  Bounded; true: there is more at once. */
bool vdevs_poll(struct guest *g);
/* What they held back may now wake it: nobody has anything to do, or g->settle_ns is over. */
void vdevs_settle(struct guest *g);

/* Makers of a guest's devices: n counts those of the kind, access is to be copied; NULL: no
 * memory. */
struct virtio_guest;
struct virtio_dev *disk_make(struct guest *g, u32 n, const struct virtio_guest *access);	/* disk.c */
struct virtio_dev *lan_make(struct guest *g, u32 n, const struct virtio_guest *access);		/* lan.c */
struct virtio_dev *entropy_make(struct guest *g, u32 n, const struct virtio_guest *access);	/* entropy.c */

/* ---- disk.c: disks, which outlive guests; the rest is in disk.h ---- */
void disks_add(struct guest *g);		/* those of its configuration */
/* Whether they can be used now; false: msg says why not, as guest_start's. */
bool disks_check(const struct guest *g, char *msg, u32 len);
bool disks_resetting(const struct guest *g);	/* it starts when that is done */
bool disks_work(void);			/* one bounded piece of what is long; true: there is more at once */

/* ---- entropy.c: randomness for guests ---- */
void entropy_init(void);		/* a first handful; about 10 ms */
void entropy_stir(void);		/* now something happened whose moment nobody foresees */
void entropy_get(void *buf, u32 len);	/* nobody ever gets the same */

/* ---- lan.c: the networks between guests ---- */
void lans_create(void);		/* what ringlet.conf names, when all guests are known */

/* ---- console.c: what guests say and are told ---- */
struct console *console_create(struct guest *g);
/* From the guest.  It is shown later, in pieces: one who says more than CONSOLE_AHEAD waits until
 * that is done. */
#define CONSOLE_AHEAD	4096u
void console_write(struct guest *g, const void *data, u32 len);
bool console_show(struct guest *g);		/* as much as g->work allows; true: there is more */
bool console_pending(const struct guest *g);	/* there is something to be shown */
bool console_too_far(const struct guest *g);	/* it has to wait */
u32 console_room(struct guest *g);		/* bytes console_write takes without loss on a terminal */
/* Urgent or early text, and our own words about the guest: LF becomes CR LF, and what finds no room
 * on the wire soon is lost there (but kept for `dmesg`). */
void console_print(struct guest *g, const char *text, u32 len);
bool console_typed(struct guest *g);		/* something was typed for it */
u32 console_input(struct guest *g, void *buf, u32 len);	/* returns bytes taken */
#define CONSOLE_MIN_COLS	20u
#define CONSOLE_MAX_COLS	255u
#define CONSOLE_MIN_ROWS	5u
#define CONSOLE_MAX_ROWS	100u
void console_size(const struct guest *g, u32 *cols, u32 *rows);
/* Within these bounds; false: no memory. */
bool console_resize(struct guest *g, u32 cols, u32 rows);
void console_forget_typed(struct guest *g);	/* what was typed for its last life */

/* Who shows consoles to people.  Without one nobody looks. */
struct console_viewer {
	void (*says)(const struct console *c, const void *data, u32 len);	/* a guest said this */
	u32 (*room)(const struct console *c);	/* bytes it takes without loss */
	void (*redraw)(const struct console *c);	/* all of it may be different */
};
void console_set_viewer(const struct console_viewer *v);

/* ---- export.c: the second serial port, on which images and captures leave ---- */
void export_init(void);
/* One at a time; who is told to others that ask.  NULL, or what is in the way. */
const char *export_claim(const char *who);
void export_release(void);		/* what was written still leaves */
u32 export_room(void);			/* bytes export_write takes now; 0 if nobody has claimed it */
void export_write(const void *data, u32 len);	/* never waits; what is beyond export_room() is dropped */
bool export_idle(void);			/* everything written has left */
bool export_work(void);		/* moves what is on its way */

#endif
