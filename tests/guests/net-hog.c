/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One sends a frame and sleeps until its card says that it has left, as a program does whose socket has room for
 * no more; the other never sleeps.  That the frame has left may be said late, but not a slice of the other's later.
 * Judged by the clock, by that of slices, 10 ms each: with no others on the build machine it takes 10, and 800 if only rounds of
 * the main loop are counted.
 *
 * Variant hog: running
 * Variant sender: SUCCESS
 * Together
 * Config: net = hog
 */
#include "virtio.h"

#define FRAMES		100u
#define SLICE_MS	10u
#define IRQ		(1 + 2)		/* after the console and the entropy */

static u8 memory[VQ_MEMORY] __attribute__((aligned(4096)));
static u8 frame[12 + 1514];

void test_main(void)
{
	u32 i, slices, dev;
	struct vqueue tx;
	u64 from;

	if (variant_is("hog"))
		for (;;)
			;
	shared_init(0);
	dev = vdev_find(VD_NET);
	if (!vdev_open(dev, V_VERSION_1))
		test_error("no card");
	vq_open(&tx, dev, 1, 4, memory);
	vdev_go(dev);
	memset(frame + 12, 0xFF, 6);
	for (i = 0; i < 6; i++)
		frame[18 + i] = *(volatile u8 *)(dev + V_CONFIG + i);
	vq_desc(&tx, 0, (u32)frame, sizeof(frame), 0, 0);
	from = rdtsc();
	for (i = 0; i < FRAMES; i++) {
		irq_off();
		vq_offer(&tx, 0);
		vq_kick(&tx);
		wait_irq(IRQ);
		vset(dev, V_ACK, 1);
	}
	EXPECT_EQ("sent", tx.used[1], FRAMES);
	slices = (u32)((rdtsc() - from) / (shared.tsc_khz * SLICE_MS));
	print("%u frames in %u slices", FRAMES, slices);
	EXPECT(slices < 4 * FRAMES, "%u frames took %u slices", FRAMES, slices);
}
