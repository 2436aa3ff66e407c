/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The virtio block device, for a disk of blocks in memory. */
#ifndef VIRTIO_BLK_H
#define VIRTIO_BLK_H

#include "drivers/virtio/virtio.h"

#define BLK_BLOCK	4096u		/* bytes in a block of the disk */
#define BLK_SECTOR	512u
#define BLK_ID_BYTES	20

struct virtio_blk_disk {
	void *opaque;
	u64 sectors;			/* its size; it may end within a block */
	bool ro;
	char id[BLK_ID_BYTES];
	/* The bytes of block n, for reading; NULL: all zero.  Valid until the next call. */
	const void *(*read)(void *opaque, u32 n);
	/* The bytes of block n, for changing; NULL: no memory. */
	void *(*write)(void *opaque, u32 n);
	/* Makes block n read as zeros; false: no memory. */
	bool (*zero)(void *opaque, u32 n);
	/* A request is done; these are for the counters. */
	void (*done)(void *opaque, u32 bytes_read, u32 bytes_written);
};

/* disk is copied; what it points to must outlive the device.  NULL: no memory. */
struct virtio_dev *virtio_blk_create(const struct virtio_guest *g, const struct virtio_blk_disk *disk);

#endif
