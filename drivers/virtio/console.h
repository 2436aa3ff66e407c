/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The virtio console: one port, its size, and emergency output. */
#ifndef VIRTIO_CONSOLE_H
#define VIRTIO_CONSOLE_H

#include "drivers/virtio/virtio.h"

struct virtio_console_backend {
	void *opaque;
	u32 (*room)(void *opaque);				/* bytes output() can take now */
	void (*output)(void *opaque, const void *data, u32 len);
	u32 (*input)(void *opaque, void *data, u32 len);	/* fetches what was typed */
	bool (*typed)(void *opaque);				/* is there input? */
};

/* b is copied.  NULL: no memory. */
struct virtio_dev *virtio_console_create(const struct virtio_guest *g, const struct virtio_console_backend *b,
					 u16 cols, u16 rows);
void virtio_console_resize(struct virtio_dev *d, u16 cols, u16 rows);

#endif
