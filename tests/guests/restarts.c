/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hostile, or broken: it restarts as soon as it runs.  That is told once, and it waits in between, so that neither the log nor the
 * machine is full of it.  It counts on its disk, which outlives it.
 *
 * Outcome: SUCCESS
 * Config: disk = ram:4K
 * Logged: restarts as soon as it runs
 */
#include "virtio.h"

#define STARTS	7u

static u8 memory[VQ_MEMORY] __attribute__((aligned(4096)));
static struct { u32 type, reserved; u64 sector; } request;
static union { u32 starts; struct { u32 unused[2]; u64 last; } at; u8 bytes[512]; } sector;	/* last: when it ran */
static u8 status;

static void transfer(struct vqueue *q, bool write)
{
	request.type = write;
	vq_desc(q, 0, (u32)&request, sizeof(request), D_NEXT, 1);
	vq_desc(q, 1, (u32)&sector, sizeof(sector), D_NEXT | (write ? 0 : D_WRITE), 2);
	vq_desc(q, 2, (u32)&status, 1, D_WRITE, 0);
	vq_do(q, 0);
	if (status)
		test_error("the disk says %u", status);
}

void test_main(void)
{
	u32 dev = vdev_find(VD_BLK);
	struct vqueue q;

	shared_init(0);
	if (!vdev_open(dev, V_VERSION_1))
		test_error("no disk");
	vq_open(&q, dev, 0, 4, memory);
	vdev_go(dev);
	transfer(&q, false);
	if (sector.starts++ >= STARTS) {
		EXPECT_EQ("starts", sector.starts, STARTS + 1);
		EXPECT(rdtsc() - sector.at.last > 1000ull * shared.tsc_khz, "it did not have to wait");
		return;
	}
	sector.at.last = rdtsc();
	transfer(&q, true);
	asm volatile("outb %0, %1" : : "a"((u8)0xFE), "d"((u16)0x64));
}
