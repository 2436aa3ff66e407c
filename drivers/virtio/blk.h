/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The virtio block device, before a disk of blocks in memory. */
#ifndef VIRTIO_BLK_H
#define VIRTIO_BLK_H

#include "drivers/virtio/virtio.h"

#define BLK_BLOCK	4096u		/* bytes in a block of the disk */
#define BLK_SECTOR	512u
#define BLK_ID_BYTES	20

struct virtio_blk_disk {
	void *opaque;
	u64 sectors;			/* its size; may end within a block */
	bool ro;
	char id[BLK_ID_BYTES];
	/* The bytes of block n as they are; NULL: all zero.  Good until the next call. */
	const void *(*read)(void *opaque, u32 n);
	/* The bytes of block n to be changed; NULL: no memory. */
	void *(*write)(void *opaque, u32 n);
	/* Block n reads as zeros from now on; false: no memory. */
	bool (*zero)(void *opaque, u32 n);
	/* A request was done: what it moved, for the counters. */
	void (*done)(void *opaque, u32 bytes_read, u32 bytes_written);
};

/* The disk is copied; what it points to outlives the device.  NULL: no memory. */
struct virtio_dev *virtio_blk_create(const struct virtio_guest *g, const struct virtio_blk_disk *disk);

#endif
