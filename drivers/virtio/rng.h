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

/* b is copied.  NULL: no memory. */
struct virtio_dev *virtio_rng_create(const struct virtio_guest *g, const struct virtio_rng_backend *b);

#endif
