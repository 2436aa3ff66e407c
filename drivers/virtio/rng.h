/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The virtio entropy device: one queue of buffers to be filled. */
#ifndef VIRTIO_RNG_H
#define VIRTIO_RNG_H

#include "drivers/virtio/virtio.h"

struct virtio_rng_backend {
	void *opaque;
	void (*fill)(void *opaque, void *buf, u32 len);
	u64 (*now_ns)(void);
};

struct virtio_rng {
	struct virtio_dev dev;
	struct virtio_rng_backend backend;
	struct virtio_chain chain;	/* here and not on the stack: it is two kilobytes */
	u64 spent_ns;			/* the allowance up to here is used up */
};

void virtio_rng_init(struct virtio_rng *r, const struct virtio_guest *g, const struct virtio_rng_backend *b);

#endif
