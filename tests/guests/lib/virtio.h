/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A virtio-mmio driver for bare guests; it keeps the rules, so that a test can break one at a time. */
#ifndef TESTS_GUEST_VIRTIO_H
#define TESTS_GUEST_VIRTIO_H

#include "guest.h"

/* Devices and registers, from the specification. */
enum { VD_NET = 1, VD_BLK = 2, VD_CONSOLE = 3, VD_RNG = 4 };
enum { V_FEATURES = 0x10, V_FEATURES_SEL = 0x14, V_DRIVER_FEATURES = 0x20, V_DRIVER_SEL = 0x24, V_QUEUE = 0x30,
       V_QUEUE_NUM = 0x38, V_READY = 0x44, V_NOTIFY = 0x50, V_INT_STATUS = 0x60, V_ACK = 0x64, V_STATUS = 0x70,
       V_DESC = 0x80, V_AVAIL = 0x90, V_USED = 0xA0, V_CONFIG = 0x100 };
#define V_NEEDS_RESET	0x40
#define V_INDIRECT_DESC	(1ull << 28)
#define V_EVENT_IDX	(1ull << 29)
#define V_VERSION_1	(1ull << 32)

enum { D_NEXT = 1, D_WRITE = 2, D_INDIRECT = 4 };
struct vdesc { u64 addr; u32 len; u16 flags, next; };
struct vqueue {
	u32 dev, index, size;
	volatile struct vdesc *desc;
	volatile u16 *avail;		/* flags, index, ring, event */
	volatile u16 *used;		/* flags, index, and then pairs of u32 */
	u16 seen;			/* of used */
};
#define VQ_MEMORY	(3 * PAGE)	/* for up to 256 entries */

static inline u32 vget(u32 dev, u32 reg) { return peek(dev + reg); }
static inline void vset(u32 dev, u32 reg, u32 v) { poke(dev + reg, v); }

u32 vdev_at(u32 n);			/* device n's registers, by the command line; 0: there is none */
u32 vdev_find(u32 kind);		/* the first of that kind; else the test is wrong */
bool vdev_open(u32 dev, u64 features);	/* from a reset to FEATURES_OK; false: the device refuses */
/* page: VQ_MEMORY bytes; they are zeroed. */
void vq_open(struct vqueue *q, u32 dev, u32 index, u32 size, void *page);
static inline void vdev_go(u32 dev) { vset(dev, V_STATUS, 15); }
void vq_desc(struct vqueue *q, u32 i, u64 addr, u32 len, u32 flags, u32 next);
void vdesc_put(volatile void *table, u32 i, u64 addr, u32 len, u32 flags, u32 next);
void vq_offer(struct vqueue *q, u32 head);
static inline void vq_kick(struct vqueue *q) { vset(q->dev, V_NOTIFY, q->index); }
/* Until one more came back: how many bytes were written; VQ_NEVER: none in two seconds. */
#define VQ_NEVER	0xFFFFFFFFu
u32 vq_wait(struct vqueue *q);
u32 vq_do(struct vqueue *q, u32 head);	/* offer, kick, wait */
void sleep_ms(u32 ms);			/* needs shared_init() */

#endif
