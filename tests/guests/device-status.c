/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why a device interrupts, in the shared page: its bit is there for whoever wants that, beside the register and independent of it;
 * it is added to whatever else is in the word, which is the guest's; no other word is touched.  Who has not asked for it
 * finds the page as it was.
 *
 * Variant new: SUCCESS
 * Variant old: SUCCESS
 * Config: disk = ram:1M
 */
#include "virtio.h"

#define WORDS ((volatile u32 *)shared.device_status)

static u8 memory[VQ_MEMORY] __attribute__((aligned(4096)));
static struct { u32 type, reserved; u64 sector; } header = { 4, 0, 0 };	/* flush */
static volatile u8 status;
static struct vqueue q;
static u32 device;

static void open(void)
{
	u32 dev = vdev_find(VD_BLK);

	while (vdev_at(device) != dev)
		device++;
	if (!vdev_open(dev, V_VERSION_1))
		test_error("no disk");
	vq_open(&q, dev, 0, 4, memory);
	vdev_go(dev);
	vq_desc(&q, 0, (u32)&header, 16, D_NEXT, 1);
	vq_desc(&q, 1, (u32)&status, 1, D_WRITE, 0);
}

/* One request, by a kick of either kind. */
static void request(bool by_call)
{
	u16 seen = q.used[1];

	vq_offer(&q, 0);
	if (by_call)
		hcall(HC_KICK, device, 0, 0);
	else
		vq_kick(&q);
	EXPECT_EQ("requests done", q.used[1], (u16)(seen + 1));
}

void test_main(void)
{
	bool wanted = variant_is("new");
	u32 i, k;

	shared_init(wanted ? RINGLET_F_DEVICE_STATUS : 0);
	EXPECT(shared.features & RINGLET_F_DEVICE_STATUS, "it is not offered");
	open();
	for (i = 0; i < 32; i++) {
		u32 garbage = i ? (1u << i) + i * 0x01010100 : 0;

		for (k = 0; k < RINGLET_DEVICES; k++)
			WORDS[k] = garbage + k * 4;
		request(i & 1);
		for (k = 0; k < RINGLET_DEVICES; k++)
			EXPECT(WORDS[k] == ((garbage + k * 4) | (wanted && k == device)), "word %u: %x, was %x", k, WORDS[k], garbage + k * 4);
		EXPECT_EQ("the register", vget(q.dev, V_INT_STATUS), 1);
		WORDS[device] = 0;
		EXPECT_EQ("the register, when the word was taken", vget(q.dev, V_INT_STATUS), 1);
		vset(q.dev, V_ACK, 1);
		EXPECT_EQ("the word, when the register was acknowledged", WORDS[device], 0);
		EXPECT_EQ("the register then", vget(q.dev, V_INT_STATUS), 0);
	}
	hcall(HC_KICK, device, 1, 0);			/* queues that are not there: nothing happens */
	hcall(HC_KICK, device, 0xFFFFFFFF, 0);
	EXPECT_EQ("the word after kicks of no queue", WORDS[device], 0);
	/* A device that breaks says so in both, too. */
	vq_desc(&q, 0, 0xFFFFFFF0, 0x1000, D_NEXT, 1);
	vq_offer(&q, 0);
	hcall(HC_KICK, device, 0, 0);
	EXPECT_EQ("the word of a broken one", WORDS[device], wanted ? 2 : 0);
	EXPECT_EQ("its register", vget(q.dev, V_INT_STATUS), 2);
	EXPECT(vget(q.dev, V_STATUS) & V_NEEDS_RESET, "it is not broken");
}
