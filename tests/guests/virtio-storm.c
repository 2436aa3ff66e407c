/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hostile.  Writes and reads of any size at any offset of every device's registers, with values that are sometimes
 * likely ones; rings in memory that changes all the time; resets in between.  Each device is whole
 * after a reset.
 *
 * Outcome: SUCCESS
 * Config: disk = ram:64K
 * Config: net = storm
 * Repeat: 3
 */
#include "virtio.h"

static u8 memory[VQ_MEMORY] __attribute__((aligned(4096)));

static u32 likely(void)
{
	static const u32 values[] = { 0, 1, 2, 3, 7, 8, 11, 15, 16, 128, 256, 0x80000000, 0xFFFFFFFF };
	u32 r = random32();

	return r % 3 == 0 ? values[r / 3 % 13] : r % 3 == 1 ? (u32)memory + (r / 3 % VQ_MEMORY & ~15u) : r;
}

static u32 likely_offset(void)
{
	static const u32 offsets[] = { V_DRIVER_FEATURES, V_DRIVER_SEL, V_QUEUE, V_QUEUE_NUM, V_READY, V_NOTIFY, V_ACK, V_STATUS,
				       V_DESC, V_AVAIL, V_USED };
	u32 r = random32();

	return r & 1 ? offsets[r / 2 % 11] : r / 2 % PAGE;
}

static void access(u32 at, u32 v)
{
	switch (random32() % 8) {
	case 0: asm volatile("movb %b0, (%1)" : : "q"(v), "r"(at) : "memory"); break;
	case 1: asm volatile("movw %w0, (%1)" : : "r"(v), "r"(at) : "memory"); break;
	case 2: asm volatile("movb (%1), %b0" : "=q"(v) : "r"(at) : "memory"); break;
	case 3: asm volatile("movw (%1), %w0" : "=r"(v) : "r"(at) : "memory"); break;
	case 4: v = peek(at); break;
	default: poke(at & ~3u, v);
	}
}

/* Something that a device may take for a ring. */
static void scribble(void)
{
	u32 n = random32() % 64;

	while (n--)
		*(u32 *)(memory + (random32() % sizeof(memory) & ~3u)) = random32() % 4 ? random32() % 300 : likely();
}

static void whole(u32 dev)
{
	vset(dev, V_STATUS, 0);
	EXPECT_EQ("status after a reset", vget(dev, V_STATUS), 0);
	EXPECT(vdev_open(dev, V_VERSION_1), "device %x is spoilt", dev);
	vset(dev, V_STATUS, 0);
}

void test_main(void)
{
	u32 i, n, dev;
	struct vqueue q;

	shared_init(0);
	for (n = 0; (dev = vdev_at(n)); n++)
		for (i = 0; i < 6000; i++) {
			u32 at = likely_offset();

			if (i % 50 == 0 && vdev_open(dev, V_VERSION_1 | V_INDIRECT_DESC)) {
				vq_open(&q, dev, random32() % 2, 16, memory);
				vdev_go(dev);
			}
			if (i % 7 == 0)
				scribble();
			access(dev + (at < PAGE - 3 ? at : PAGE - 4), likely());
		}
	print("");			/* the console said something, too */
	EXPECT_EQ("devices", n, 4);
	for (n = 0; (dev = vdev_at(n)); n++)
		whole(dev);
}
