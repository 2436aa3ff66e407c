/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The virtio entropy device, with a limited rate.  A buffer is taken off the ring only when the
 * allowance is enough for the most it may need, so none is ever half done.  Beyond the rate it just
 * waits in the ring, until rng_poll() looks again at the clock's next tick.
 */
#include <stdlib.h>
#include <string.h>
#include "drivers/virtio/rng.h"

#define MOST		128u			/* bytes per buffer; a device need not fill all of it */
#define BYTE_COST	160			/* in virtio_spend()'s units, for ChaCha20 */
#define BUFFERS_PER_POLL 32
#define NS_PER_BYTE	16000ull		/* 62.5 KB a second ... */
#define SAVED_NS	(16384 * NS_PER_BYTE)	/* ... and this much at once after a pause: more than a tick's */

struct virtio_rng {
	struct virtio_dev dev;
	struct virtio_rng_backend backend;
	struct virtio_chain chain;	/* not on the stack, because it is kilobytes large */
	u64 spent_ns;			/* the allowance up to this time is used up */
};

static struct virtio_rng *rng_of(struct virtio_dev *d)
{
	return (struct virtio_rng *)((u8 *)d - offsetof(struct virtio_rng, dev));
}

static bool rng_affordable(struct virtio_rng *r)
{
	u64 now = r->backend.now_ns();

	r->spent_ns = MAX(r->spent_ns, now - MIN(now, SAVED_NS));
	return now - r->spent_ns >= MOST * NS_PER_BYTE;
}

static bool rng_process(struct virtio_dev *d, u32 q)
{
	struct virtio_rng *r = rng_of(d);
	bool more = true;
	u8 buf[MOST];
	u32 i, n;

	for (i = 0; i < BUFFERS_PER_POLL && virtio_may(d) && more && rng_affordable(r); i++) {
		more = virtq_pop(d, q, &r->chain);
		if (!more)
			break;
		n = MIN(virtio_writable_bytes(&r->chain), MOST);
		virtio_spend(d, n * BYTE_COST);
		r->backend.fill(r->backend.opaque, buf, n);
		r->spent_ns += n * NS_PER_BYTE;
		virtq_push(d, q, r->chain.head, virtio_copy_to(d, &r->chain, 0, buf, n));
	}
	virtq_signal(d, q);
	return more;
}

static bool rng_poll(struct virtio_dev *d)
{
	return virtio_poll(d) && rng_affordable(rng_of(d));
}

static const void *rng_config(struct virtio_dev *d, u32 *len)
{
	(void)d;
	*len = 0;
	return NULL;
}

static void rng_destroy(struct virtio_dev *d)
{
	free(rng_of(d));
}

/* No reset(): the allowance stays as it is. */
static const struct virtio_ops ops = {
	.device_id = 4, .queues = 1, .process = rng_process, .config = rng_config, .poll = rng_poll, .destroy = rng_destroy,
};

struct virtio_dev *virtio_rng_create(const struct virtio_guest *g, const struct virtio_rng_backend *b)
{
	struct virtio_rng *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->backend = *b;
	virtio_init(&r->dev, &ops, g, 0);
	return &r->dev;
}
