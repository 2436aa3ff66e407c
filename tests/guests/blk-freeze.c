/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hostile.  A guest that asks its disk for more than can be read in many seconds, and goes to sleep for a moment.  Clocks
 * go on meanwhile: it wakes long before its disk is done.
 *
 * Outcome: SUCCESS
 * Config: disk = ram:64M
 */
#include "virtio.h"

#define PIECES 128

static u8 memory[VQ_MEMORY] __attribute__((aligned(4096)));
static u8 table[(PIECES + 2) * 16] __attribute__((aligned(4096)));
static struct { u32 type, reserved; u64 sector; } header;
static u8 status;

void test_main(void)
{
	u32 i, dev = vdev_find(VD_BLK);
	struct vqueue q;

	shared_init(0);
	vdesc_put(table, 0, (u32)&header, 16, D_NEXT, 1);
	for (i = 1; i <= PIECES; i++)
		vdesc_put(table, i, 1 << 20, 512 << 10, D_WRITE | D_NEXT, i + 1);
	vdesc_put(table, PIECES + 1, (u32)&status, 1, D_WRITE, 0);
	if (!vdev_open(dev, V_VERSION_1 | V_INDIRECT_DESC))
		test_error("no disk");
	vq_open(&q, dev, 0, 256, memory);
	q.avail[0] = 1;			/* no interrupts */
	vdev_go(dev);
	for (i = 0; i < 256; i++) {	/* 16 GiB */
		vq_desc(&q, i, (u32)table, sizeof(table), D_INDIRECT, 0);
		vq_offer(&q, i);
	}
	vq_kick(&q);
	sleep_ms(100);
	EXPECT(q.used[1] < 256, "100 ms lasted until 16 GiB were read");
	vset(dev, V_STATUS, 0);
}
