/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bare guests' virtio driver: see virtio.h. */
#include "virtio.h"

u32 vdev_at(u32 n)
{
	static const char key[] = "virtio_mmio.device=4K@0x";
	const char *c = cmdline();
	u32 i, base = 0;

	for (; *c; c++) {
		for (i = 0; key[i] && c[i] == key[i]; i++)
			;
		if (key[i] || n--)
			continue;
		for (c += i; *c && *c != ':'; c++)
			base = base << 4 | (u32)(*c <= '9' ? *c - '0' : *c - 'a' + 10);
		return base;
	}
	return 0;
}

u32 vdev_find(u32 kind)
{
	u32 i, dev;

	for (i = 0; (dev = vdev_at(i)); i++)
		if (vget(dev, 0) == 0x74726976 && vget(dev, 8) == kind)
			return dev;
	test_error("there is no virtio device of kind %u", kind);
}

bool vdev_open(u32 dev, u64 features)
{
	u32 i;

	vset(dev, V_STATUS, 0);
	vset(dev, V_STATUS, 3);
	for (i = 0; i < 2; i++) {
		vset(dev, V_DRIVER_SEL, i);
		vset(dev, V_DRIVER_FEATURES, (u32)(features >> 32 * i));
	}
	vset(dev, V_STATUS, 11);
	return vget(dev, V_STATUS) == 11;
}

static void set_address(u32 dev, u32 reg, volatile void *p)
{
	vset(dev, reg, (u32)p);
	vset(dev, reg + 4, 0);
}

void vq_open(struct vqueue *q, u32 dev, u32 index, u32 size, void *page)
{
	memset(page, 0, VQ_MEMORY);
	*q = (struct vqueue){ dev, index, size, page, (void *)((u8 *)page + 16 * size),
			      (void *)((u8 *)page + 16 * size + 2 * size + 8), 0 };
	vset(dev, V_QUEUE, index);
	vset(dev, V_QUEUE_NUM, size);
	set_address(dev, V_DESC, q->desc);
	set_address(dev, V_AVAIL, q->avail);
	set_address(dev, V_USED, q->used);
	vset(dev, V_READY, 1);
}

void vdesc_put(volatile void *table, u32 i, u64 addr, u32 len, u32 flags, u32 next)
{
	((volatile struct vdesc *)table)[i] = (struct vdesc){ addr, len, (u16)flags, (u16)next };
}

void vq_desc(struct vqueue *q, u32 i, u64 addr, u32 len, u32 flags, u32 next)
{
	vdesc_put(q->desc, i, addr, len, flags, next);
}

void vq_offer(struct vqueue *q, u32 head)
{
	q->avail[2 + q->avail[1] % q->size] = (u16)head;
	q->avail[1]++;
}

void sleep_ms(u32 ms)
{
	irq_off();
	timer_ns(ms * 1000000);
	wait_irq(RINGLET_IRQ_TIMER);
}

u32 vq_wait(struct vqueue *q)
{
	volatile u32 *elem = (volatile u32 *)(q->used + 2);
	u32 i;

	for (i = 0; q->used[1] == q->seen; i++) {
		if (i == 200)
			return VQ_NEVER;
		sleep_ms(10);
	}
	return elem[2 * (q->seen++ % q->size) + 1];
}

u32 vq_do(struct vqueue *q, u32 head)
{
	vq_offer(q, head);
	vq_kick(q);
	return vq_wait(q);
}
