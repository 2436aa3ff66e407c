/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The virtio console: one port, its size, and emergency output. */
#ifndef VIRTIO_CONSOLE_H
#define VIRTIO_CONSOLE_H

#include "drivers/virtio/virtio.h"

struct virtio_console_backend {
	void *opaque;
	u32 (*room)(void *opaque);				/* bytes output() takes now */
	void (*output)(void *opaque, const void *data, u32 len);
	u32 (*input)(void *opaque, void *data, u32 len);	/* fetches what was typed */
	bool (*typed)(void *opaque);				/* is there something? */
};

struct virtio_console {
	struct virtio_dev dev;
	struct virtio_console_backend backend;
	struct virtio_chain chain;	/* output: the one in work ... */
	struct virtio_chain rx_chain;	/* here and not on the stack: it is a kilobyte */
	bool in_work, blocked;
	u32 done, bytes;		/* ... how far, and how long it is */
	struct { u16 cols, rows; u32 max_ports, emerg_wr; } __attribute__((packed)) config;
};

void virtio_console_init(struct virtio_console *c, const struct virtio_guest *g,
			 const struct virtio_console_backend *b, u16 cols, u16 rows);
void virtio_console_resize(struct virtio_dev *d, u16 cols, u16 rows);

#endif
