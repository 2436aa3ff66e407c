/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hostile.  A card whose buffers to receive into are long chains with no place in them, and one question after the other to the LAN's
 * own host, whose answers find no end of such buffers.  Ringlet would string them together in vain, frame by frame.
 *
 * Outcome: SUCCESS
 * Config: net = hoard
 * Logged: virtio device 2 needs a reset: a buffer to receive into is not writable
 */
#include "virtio.h"

#define BUFFERS 256u

static u8 rx_memory[VQ_MEMORY] __attribute__((aligned(4096))), tx_memory[VQ_MEMORY] __attribute__((aligned(4096)));
static u8 table[4096] __attribute__((aligned(4096)));
static struct {
	u8 hdr[12];
	u8 to[6], from[6], type[2];
	u8 arp[8], sha[6], spa[4], tha[6], tpa[4];
} __attribute__((packed)) f;

static void question(void)
{
	memset(f.to, 0xFF, 6);
	memcpy(f.from, "\x02" "RL\0\0\x77", 6);
	memcpy(f.type, "\x08\x06", 2);
	memcpy(f.arp, "\0\1\x08\0\6\4\0\1", 8);
	memcpy(f.tpa, "\x0a\x4d\1\xfe", 4);
}

static void hoard(u32 dev, u32 flags)
{
	struct vqueue rx, tx;
	u32 i;

	for (i = 0; i < 256; i++)
		vdesc_put(table, i, (u32)page_a, 0, flags | (i < 255 ? D_NEXT : 0), i + 1);
	if (!vdev_open(dev, V_VERSION_1 | V_INDIRECT_DESC | 1 << 15))
		test_error("no card");
	vq_open(&rx, dev, 0, BUFFERS, rx_memory);
	vq_open(&tx, dev, 1, BUFFERS, tx_memory);
	vdev_go(dev);
	for (i = 0; i < BUFFERS; i++) {
		vq_desc(&rx, i, (u32)table, 4096, D_INDIRECT, 0);
		vq_offer(&rx, i);
		vq_desc(&tx, i, (u32)&f, sizeof(f), 0, 0);
		vq_offer(&tx, i);
	}
	vq_kick(&tx);
	if (flags) {			/* nothing wrong with them, and nothing comes */
		while (((volatile u16 *)tx.used)[1] != BUFFERS)
			sleep_ms(1);
		EXPECT_EQ("status", vget(dev, V_STATUS), 15);
	} else {
		while (!(vget(dev, V_STATUS) & 0x40))
			sleep_ms(1);
	}
	EXPECT_EQ("used buffers", rx.used[1], 0);
	vset(dev, V_STATUS, 0);
}

void test_main(void)
{
	u32 dev = vdev_find(VD_NET);

	shared_init(0);
	question();
	hoard(dev, D_WRITE);
	hoard(dev, 0);
}
