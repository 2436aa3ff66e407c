/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hostile.  It asks its own terminal without end who it is, so that its input is always full of answers, and reads 4 KiB of
 * them in a second.  Whoever looks at it must get away all the same: see tests/fuzz/monitor.py.
 *
 * Outcome: running
 */
#include "virtio.h"

#define BUFFERS	16u
#define BUFFER	256u

static u8 memory[VQ_MEMORY] __attribute__((aligned(4096)));
static u8 input[BUFFERS * BUFFER];
static char questions[1200];

void test_main(void)
{
	struct vqueue rx;
	u32 i, dev;

	shared_init(0);
	dev = vdev_find(VD_CONSOLE);
	if (!vdev_open(dev, V_VERSION_1))
		test_error("no console");
	vq_open(&rx, dev, 0, BUFFERS, memory);
	vdev_go(dev);
	for (i = 0; i < sizeof(questions); i += 3)
		memcpy(questions + i, "\033[c", 3);
	for (;;) {
		for (i = 0; i < BUFFERS; i++) {
			vq_desc(&rx, i, (u32)(input + i * BUFFER), BUFFER, D_WRITE, 0);
			vq_offer(&rx, i);
		}
		vq_kick(&rx);
		for (i = 0; i < 100; i++)	/* 200 KB of answers */
			hcall(HC_CONSOLE_WRITE, (u32)questions, sizeof(questions), 0);
		print("full");
		sleep_ms(1000);
	}
}
