/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Legal, but odd: queues of one and two entries over more than 65536 requests, with and without events; the console's other
 * queue stopped behind a long text (in the middle of one: unit/vconsole); what used lengths say.
 *
 * Outcome: SUCCESS
 * Config: disk = ram:1M
 */
#include "virtio.h"

static u8 memory[2][VQ_MEMORY] __attribute__((aligned(4096)));
static u8 text[4096];
static struct { u32 type, reserved; u64 sector; } header = { 4, 0, 0 };
static volatile u8 status;
static u8 table[192] __attribute__((aligned(16)));

static void size(u32 size, bool events)
{
	u32 dev = vdev_find(VD_BLK), i;
	struct vqueue q;

	EXPECT(vdev_open(dev, V_VERSION_1 | V_INDIRECT_DESC | (events ? V_EVENT_IDX : 0)), "refused");
	vq_open(&q, dev, 0, size < 2 ? 2 : size, memory[0]);
	vset(dev, V_READY, 0);
	vset(dev, V_QUEUE_NUM, q.size = size);	/* the used ring where it is aligned nevertheless */
	q.used = (void *)((u8 *)q.desc + 2 * PAGE);
	vset(dev, V_USED, (u32)q.used);
	vset(dev, V_READY, 1);
	vdev_go(dev);
	vdesc_put(table, 0, (u32)&header, 16, D_NEXT, 1);
	vdesc_put(table, 1, (u32)&status, 1, D_WRITE, 0);
	for (i = 0; i < size; i++)
		vq_desc(&q, i, (u32)table, 32, D_INDIRECT, 0);
	for (i = 0; i < 66000; i++) {
		if (events)
			q.avail[2 + size] = i & 1 ? q.seen : (u16)(q.seen + 0x8000);	/* used_event: every other one */
		vset(dev, V_ACK, 3);
		status = 0xEE;
		vq_offer(&q, i % size);
		if (!events || (u16)(q.used[2 + 4 * size] + 1) == q.avail[1])	/* avail_event: this one */
			vq_kick(&q);
		if (q.used[1] != (u16)(q.seen + 1) || status) {
			EXPECT(0, "size %u: request %u is not done: used %u, seen %u, status %u", size, i, q.used[1], q.seen, status);
			return;
		}
		if (((volatile u32 *)(q.used + 2))[2 * (q.seen % size)] != i % size) {
			EXPECT(0, "size %u: wrong head", size);
			return;
		}
		q.seen++;
		if (i % 16 < 2 && (vget(dev, V_INT_STATUS) & 1) != (events ? i & 1 : 1)) {
			EXPECT(0, "size %u events %u: request %u: isr %u", size, events, i, vget(dev, V_INT_STATUS));
			return;
		}
	}
	EXPECT_EQ("requests used", q.used[1], (u16)66000);
	vset(dev, V_STATUS, 0);
}

static void used_lengths(void)
{
	static const struct { u32 type; u64 sector; u32 in, want; } what[] = {
		{ 0, 0, 512, 513 }, { 8, 0, 20, 21 }, { 4, 0, 0, 1 }, { 0, 1ull << 40, 512, 0 }, { 99, 0, 512, 0 },
	};
	u32 dev = vdev_find(VD_BLK), i, len;
	struct vqueue q;

	EXPECT(vdev_open(dev, V_VERSION_1), "refused");
	vq_open(&q, dev, 0, 4, memory[0]);
	vdev_go(dev);
	for (i = 0; i < 5; i++) {
		header.type = what[i].type;
		header.sector = what[i].sector;
		vq_desc(&q, 0, (u32)&header, 16, D_NEXT, 1);
		vq_desc(&q, 1, (u32)text, what[i].in, D_WRITE | D_NEXT, 2);
		vq_desc(&q, 2, (u32)&status, 1, D_WRITE, 0);
		status = 0xEE;
		text[0] = 0xEE;
		len = vq_do(&q, 0);
		EXPECT(len == what[i].want, "type %u: it says %u bytes", what[i].type, len);
	}
}

static void console(bool stop_other)
{
	u32 dev = vdev_find(VD_CONSOLE), i, len;
	struct vqueue rx, tx;

	EXPECT(vdev_open(dev, V_VERSION_1), "refused");
	vq_open(&rx, dev, 0, 4, memory[0]);
	vq_open(&tx, dev, 1, 64, memory[1]);
	vdev_go(dev);
	memset(text, ' ', sizeof(text));
	for (i = 0; i < 20; i++)
		vq_desc(&tx, i, (u32)text, sizeof(text), i < 19 ? D_NEXT : 0, i + 1);
	vq_offer(&tx, 0);
	vq_kick(&tx);			/* 80 KiB, in many pieces: it does not run until all are shown */
	if (stop_other) {
		vset(dev, V_QUEUE, 0);
		vset(dev, V_READY, 0);
		vset(dev, V_READY, 1);
	}
	len = vq_wait(&tx);
	EXPECT(len == 0, "console, other queue stopped %u: the text never comes back: %x", stop_other, len);
	vset(dev, V_STATUS, 0);
	print("");			/* a new line for what is printed next */
}

void test_main(void)
{
	shared_init(0);
	console(false);
	console(true);
	size(1, false);
	size(1, true);
	size(2, true);
	used_lengths();
}
