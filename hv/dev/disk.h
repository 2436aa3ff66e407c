/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Disks, shared by disk.c, disk_save.c and the monitor's command. */
#ifndef HV_DISK_H
#define HV_DISK_H

#include "hv/load/config.h"
#include "hv/types.h"

struct guest;

struct disk {
	struct guest *guest;
	const struct disk_config *cfg;
	char name[CONFIG_NAME_MAX + 5];	/* "alpha.vda" */
	const struct image *image;	/* NULL: ram, or the module is missing */
	u32 bytes, blocks;
	bool in_place;			/* the image itself is written */
	bool told;			/* it was reported that there is no memory for changes */
	u32 **map;			/* where changed blocks are: frames of 1024 entries each */
	u32 changed;			/* blocks that have a frame */
	u32 dropping;			/* pieces of the map still to be dropped */
};

/* The i-th of all disks, in the order of ringlet.conf; NULL: there is none. */
struct disk *disk_at(u32 i);
/* The memory its changes take, in KiB. */
u32 disk_changed_kib(const struct disk *d);
/* The content of block n (less than d->blocks), 4096 bytes (fewer in an image that ends before);
 * NULL: zeros. */
const void *disk_block(const struct disk *d, u32 n);
/* Drops all changes; disks_work() does it.  The disk's guest must be off, and it must not be
 * written in place. */
void disk_reset(struct disk *d);

/* ---- disk_save.c ---- */
/* Begins to send it; disks_work() does it.  The disk's guest must be off.  Returns NULL, or the
 * reason why not. */
const char *disk_save(struct disk *d);
const struct disk *disk_saving(void);	/* the one being sent */
u32 disk_saving_percent(void);
bool disk_save_cancel(void);		/* false: none was being sent */
bool disk_save_work(void);		/* does a bounded piece; true: there is more to do at once */

#endif
