/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device side of virtio 1.x over virtio-mmio.
 *
 * A device knows its guest only through struct virtio_guest, by which it reads and writes the
 * guest's memory and raises its interrupt.  A guest may put anything into registers, rings and
 * descriptors.  What is malformed ends in DEVICE_NEEDS_RESET for this device, with one line that
 * says why, and hurts nobody else.
 */
#ifndef VIRTIO_VIRTIO_H
#define VIRTIO_VIRTIO_H

#include "drivers/virtio/work.h"
#include "hv/types.h"

#define VIRTIO_QUEUES		4	/* per device, at most */
#define VIRTIO_QUEUE_SIZE	256	/* entries, at most */
#define VIRTIO_SEGMENTS		VIRTIO_QUEUE_SIZE	/* descriptors in one chain, at most */

#define VIRTIO_F_INDIRECT_DESC	28	/* feature bit numbers */
#define VIRTIO_F_EVENT_IDX	29
#define VIRTIO_F_VERSION_1	32

enum virtio_copied { VIRTIO_COPIED, VIRTIO_BAD_SOURCE, VIRTIO_BAD_TARGET };

struct virtio_guest {
	void *opaque;
	/* false: some of [gpa, gpa + len) is not the guest's RAM */
	bool (*read)(void *opaque, u64 gpa, void *dst, u32 len);
	bool (*write)(void *opaque, u64 gpa, const void *src, u32 len);
	void (*raise_irq)(void *opaque, u32 why);	/* why: what was added to the interrupt status */
	void (*log)(void *opaque, const char *line);
	/* Copies from one guest's memory straight into another's; to and from are their
	 * `opaque`. */
	enum virtio_copied (*copy)(void *to, u64 to_gpa, void *from, u64 from_gpa, u32 len);
	/* Asks for a call of ops->poll soon.  NULL: the owner calls it all the time, and
	 * ops->settle now and then. */
	void (*poll_soon)(void *opaque);
	/* Asks for a call of ops->settle when the machine has nothing else to do, or after ns if
	 * the guest sleeps. */
	void (*settle_within)(void *opaque, u32 ns);
	struct work *work;		/* the guest's account; NULL: work is not counted */
};

struct virtqueue {
	u32 size;		/* entries; a power of two, at most VIRTIO_QUEUE_SIZE */
	bool ready;
	u64 desc, avail, used;	/* guest physical */
	u16 next_avail, next_used;
	u16 seen_avail;		/* the guest's index when it was last read */
	u16 signalled;		/* next_used when the guest was last interrupted */
	bool kicked;		/* the guest kicked, or there is work left */
};

/* One buffer of the guest: a chain of segments, read and checked. */
struct virtio_seg {
	u64 gpa;
	u32 len;
};
struct virtio_chain {
	u16 head;
	u32 readable, writable;		/* how many segments; the readable ones come first */
	struct virtio_seg seg[VIRTIO_SEGMENTS];
	/* Where the last copy ended, [0] in the readable part, [1] in the writable one: mostly the
	 * next one goes on from there. */
	struct { u32 seg, offset; } at[2];
};

struct virtio_dev {
	const struct virtio_ops *ops;
	struct virtio_guest guest;
	u64 features;			/* offered */
	u64 accepted;
	u32 features_sel, driver_features_sel, queue_sel;
	u32 status, isr, generation;
	struct virtqueue queue[VIRTIO_QUEUES];
};

/* What makes a kind of device. */
struct virtio_ops {
	u32 device_id, queues;
	/* A kick waits until virtio_poll(), because nobody can use the result before the guest
	 * leaves the processor.  Until then the guest adds more without kicking. */
	bool lazy;
	/* Handles what the guest made available in queue q, a bounded amount; true: there is
	 * more. */
	bool (*process)(struct virtio_dev *d, u32 q);
	void (*reset)(struct virtio_dev *d, u32 q);	/* drops the work begun on queue q; may be NULL */
	void (*started)(struct virtio_dev *d);	/* the driver said DRIVER_OK; may be NULL */
	/* The whole configuration space, as the guest reads it. */
	const void *(*config)(struct virtio_dev *d, u32 *len);
	void (*config_write)(struct virtio_dev *d, u32 offset, u32 size, u32 value);	/* may be NULL */
	bool (*poll)(struct virtio_dev *d);	/* instead of virtio_poll(); may be NULL */
	/* Tells the guest what could wait until now: see settle_within.  May be NULL. */
	void (*settle)(struct virtio_dev *d);
	void (*destroy)(struct virtio_dev *d);	/* frees it; there are no calls after this */
};

/* ---- how much is done in one piece ---- */
static inline void virtio_spend(struct virtio_dev *d, u32 n)
{
	if (d->guest.work)
		work_spend(d->guest.work, n);
}
/* May another request, packet or block be begun? */
static inline bool virtio_may(const struct virtio_dev *d)
{
	return !d->guest.work || d->guest.work->left > 0;
}
/* May it be an expensive one? */
static inline bool virtio_fresh(const struct virtio_dev *d)
{
	return !d->guest.work || d->guest.work->left > WORK_PIECE / 4 * 3;
}

/* If it may not: ends this piece of work; the device is first in the next one. */
static inline void virtio_wait(struct virtio_dev *d)
{
	if (d->guest.work)
		d->guest.work->left = 0;
}

/* ---- mmio.c ---- */
#define VIRTIO_MMIO_NOTIFY	0x050	/* the register to which a kick is written */
void virtio_init(struct virtio_dev *d, const struct virtio_ops *ops, const struct virtio_guest *g,
		 u64 features);
/* offset is within the device's page; size is 1, 2 or 4. */
u32 virtio_mmio_read(struct virtio_dev *d, u32 offset, u32 size);
void virtio_mmio_write(struct virtio_dev *d, u32 offset, u32 size, u32 value);
/* Goes on with queues that were kicked or have work left; true: there is still more. */
bool virtio_poll(struct virtio_dev *d);
bool virtio_pending(const struct virtio_dev *d);	/* some queue was kicked or has work left */
/* Tells the guest to read the configuration space again. */
void virtio_config_changed(struct virtio_dev *d);
#define VIRTIO_INT_USED		1	/* why it is interrupted */
#define VIRTIO_INT_CONFIG	2
void virtio_interrupt(struct virtio_dev *d, u32 why);
/* The device cannot go on: tells the guest and the log why. */
void virtio_broken(struct virtio_dev *d, const char *why);
static inline bool virtio_has(const struct virtio_dev *d, u32 bit) { return d->accepted >> bit & 1; }
bool virtio_live(const struct virtio_dev *d);	/* DRIVER_OK, and neither failed nor broken */

/* ---- ring.c ---- */
/* Takes the next available chain of queue q off the ring.  false: there is none, and the guest will
 * kick when there is; or it was malformed, and the device is broken now. */
bool virtq_pop(struct virtio_dev *d, u32 q, struct virtio_chain *c);
bool virtq_waiting(struct virtio_dev *d, u32 q);	/* is there one? */
/* Undoes the last n virtq_pop(), none of which has been given back. */
void virtq_unpop(struct virtio_dev *d, u32 q, u32 n);
/* Gives a chain back with `written` bytes in its writable part ... */
void virtq_push(struct virtio_dev *d, u32 q, u16 head, u32 written);
/* ... or several together: the guest sees none of them before virtq_publish(). */
void virtq_put(struct virtio_dev *d, u32 q, u16 head, u32 written);
void virtq_publish(struct virtio_dev *d, u32 q);
/* Interrupts the guest if it wants to know about what was pushed since the last time. */
void virtq_signal(struct virtio_dev *d, u32 q);
/* Copy len bytes from the readable part at `offset` to dst, or from src to the writable part (src
 * NULL: zeros).  Return how many there were (at most len). */
u32 virtio_copy_from(struct virtio_dev *d, struct virtio_chain *c, u32 offset, void *dst, u32 len);
u32 virtio_copy_to(struct virtio_dev *d, struct virtio_chain *c, u32 offset, const void *src, u32 len);
/* Copies straight from the readable part of one device's chain to the writable part of
 * another's. */
u32 virtio_copy_across(struct virtio_dev *to, struct virtio_chain *tc, u32 to_offset,
		       struct virtio_dev *from, struct virtio_chain *fc, u32 from_offset, u32 len);
u32 virtio_readable_bytes(const struct virtio_chain *c);	/* saturating */
u32 virtio_writable_bytes(const struct virtio_chain *c);

#endif
