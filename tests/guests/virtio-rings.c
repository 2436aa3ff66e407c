/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hostile.  Rings and descriptors as no driver would make them, one mistake at a time, on a device that is read from (the
 * console) and on one that writes (entropy): each ends in DEVICE_NEEDS_RESET or, where the mistake hurts only who makes it,
 * in nothing; after a reset the device works, and so does the other one all the time.
 *
 * Outcome: SUCCESS
 * Logged: virtio device 0 needs a reset: a descriptor chain is too long, or a loop
 * Logged: virtio device 1 needs a reset: a descriptor chain is too long, or a loop
 */
#include "virtio.h"

static u8 memory[2][VQ_MEMORY] __attribute__((aligned(4096)));
static u8 more[2 * PAGE] __attribute__((aligned(4096)));
static char text[] = "a line by way of virtio\r\n";

struct kind { u32 id, queue, flags; };
static const struct kind kinds[] = { { VD_CONSOLE, 1, 0 }, { VD_RNG, 0, D_WRITE } };

/* What it takes is right, and comes back. */
static void works(const struct kind *k, const char *after)
{
	u32 dev = vdev_find(k->id), len;
	struct vqueue q;

	EXPECT(vdev_open(dev, V_VERSION_1), "%s: it refuses", after);
	vq_open(&q, dev, k->queue, 8, memory[0]);
	vdev_go(dev);
	vq_desc(&q, 0, k->flags ? (u32)page_a : (u32)text, sizeof(text) - 1, k->flags, 0);
	len = vq_do(&q, 0);
	EXPECT(len == (k->flags ? sizeof(text) - 1 : 0), "%s: it does not work any more: %x", after, len);
	vset(dev, V_STATUS, 0);
}

/* ---- mistakes ---- */

#define BUF	(u32)page_a, 16
static u32 flags;			/* D_WRITE if the device writes */

static void loop(struct vqueue *q)
{
	vq_desc(q, 0, BUF, flags | D_NEXT, 1);
	vq_desc(q, 1, BUF, flags | D_NEXT, 0);
	vq_offer(q, 0);
}
static void itself(struct vqueue *q)
{
	vq_desc(q, 0, BUF, flags | D_NEXT, 0);
	vq_offer(q, 0);
}
static void nothings(struct vqueue *q)	/* a loop of empty ones */
{
	vq_desc(q, 0, (u32)page_a, 0, flags | D_NEXT, 0);
	vq_offer(q, 0);
}
static void head(struct vqueue *q) { vq_offer(q, q->size); }
static void far_head(struct vqueue *q) { vq_offer(q, 0xFFFF); }
static void next(struct vqueue *q)
{
	vq_desc(q, 0, BUF, flags | D_NEXT, q->size);
	vq_offer(q, 0);
}
static void jump(struct vqueue *q) { q->avail[1] = (u16)(q->size + 1); }
static void back(struct vqueue *q) { q->avail[1] = 0xFFFF; }
static void mixed(struct vqueue *q)
{
	vq_desc(q, 0, BUF, D_WRITE | D_NEXT, 1);
	vq_desc(q, 1, BUF, 0, 0);
	vq_offer(q, 0);
}

/* Buffers that are not there. */
static void one(struct vqueue *q, u64 addr, u32 len)
{
	vq_desc(q, 0, addr, len, flags, 0);
	vq_offer(q, 0);
}
static void mmio(struct vqueue *q) { one(q, q->dev, 16); }
static void beyond(struct vqueue *q) { one(q, ram_bytes(), 16); }
static void across_end(struct vqueue *q) { one(q, ram_bytes() - 8, 16); }
static void wrapped(struct vqueue *q) { one(q, 0xFFFFFFF0, 0x20); }
static void wrapped64(struct vqueue *q) { one(q, 0xFFFFFFFFFFFFFFF0ull, 0x20); }
static void above(struct vqueue *q) { one(q, 1ull << 32 | (u32)page_a, 16); }
static void switcher(struct vqueue *q) { one(q, SWITCHER, 16); }
static void all_there_is(struct vqueue *q) { one(q, ram_bytes() - 1, 0xFFFFFFFF); }

/* Indirect tables. */
static void table(struct vqueue *q, u64 at, u32 bytes, u32 more_flags)
{
	vq_desc(q, 0, at, bytes, D_INDIRECT | more_flags, 1);
	vq_offer(q, 0);
}
static void t_here(struct vqueue *q, u32 bytes, u32 more_flags)
{
	u32 i;

	for (i = 0; i < 257; i++)
		vdesc_put(more, i, BUF, flags | (i < 256 ? D_NEXT : 0), i + 1);
	table(q, (u32)more, bytes, more_flags);
}
static void t_plain(struct vqueue *q) { t_here(q, 16, 0); }
static void t_empty(struct vqueue *q) { t_here(q, 0, 0); }
static void t_odd(struct vqueue *q) { t_here(q, 24, 0); }
static void t_large(struct vqueue *q) { t_here(q, 16 * 257, 0); }
static void t_long(struct vqueue *q) { t_here(q, 16 * 256, 0); }
static void t_endless(struct vqueue *q) { t_here(q, 0xFFFFFFF0, 0); }
static void t_next(struct vqueue *q) { t_here(q, 16, D_NEXT); }
static void t_short(struct vqueue *q) { t_here(q, 32, 0); }
static void t_mmio(struct vqueue *q) { table(q, q->dev, 16, 0); }
static void t_beyond(struct vqueue *q)
{
	vdesc_put((void *)(ram_bytes() - 16), 0, BUF, flags | D_NEXT, 1);
	table(q, ram_bytes() - 16, 32, 0);
}
static void t_above(struct vqueue *q) { table(q, 0xFFFFFFFFFFFFFFF0ull, 32, 0); }
static void t_nested(struct vqueue *q)
{
	vdesc_put(more, 0, (u32)more + 64, 16, D_INDIRECT, 0);
	vdesc_put(more, 4, BUF, flags, 0);
	table(q, (u32)more, 16, 0);
}
static void t_itself(struct vqueue *q)
{
	vdesc_put(more, 0, (u32)more, 16, D_INDIRECT, 0);
	table(q, (u32)more, 16, 0);
}

/* Rings. */
static void move(struct vqueue *q, u32 reg, u32 lo, u32 hi)
{
	one(q, BUF);
	vset(q->dev, V_READY, 0);
	vset(q->dev, reg, lo);
	vset(q->dev, reg + 4, hi);
	vset(q->dev, V_READY, 1);
}
static void r_mmio(struct vqueue *q) { move(q, V_DESC, q->dev, 0); }
static void r_beyond(struct vqueue *q) { move(q, V_AVAIL, ram_bytes(), 0); }
static void r_across(struct vqueue *q) { move(q, V_USED, ram_bytes() - 4, 0); }
static void r_above(struct vqueue *q) { move(q, V_DESC, (u32)q->desc, 1); }
static void r_wrap(struct vqueue *q) { move(q, V_USED, 0xFFFFFFFC, 0xFFFFFFFF); }
static void r_switcher(struct vqueue *q) { move(q, V_AVAIL, SWITCHER, 0); }
static void r_askew(struct vqueue *q) { move(q, V_DESC, (u32)q->desc + 4, 0); }
static void size_is(struct vqueue *q, u32 n)
{
	vset(q->dev, V_READY, 0);
	vset(q->dev, V_QUEUE_NUM, n);
	vset(q->dev, V_READY, 1);
}
static void s_0(struct vqueue *q) { size_is(q, 0); }
static void s_3(struct vqueue *q) { size_is(q, 3); }
static void s_512(struct vqueue *q) { size_is(q, 512); }

/* Those that hurt only who makes them. */
static void opposite(struct vqueue *q)
{
	vq_desc(q, 0, BUF, flags ^ D_WRITE, 0);
	vq_offer(q, 0);
}
static void empty(struct vqueue *q) { one(q, (u32)page_a, 0); }
static void same_twice(struct vqueue *q)
{
	one(q, BUF);
	vq_offer(q, 0);
	vq_offer(q, 0);
}
static void used_on_table(struct vqueue *q) { move(q, V_USED, (u32)q->desc, 0); }
static void used_on_avail(struct vqueue *q) { move(q, V_USED, (u32)q->avail & ~3u, 0); }
static void all_one(struct vqueue *q) { move(q, V_USED, (u32)q->desc, 0); move(q, V_AVAIL, (u32)q->desc, 0); }
static void two_queues(struct vqueue *q)	/* if there is another one: on the same rings */
{
	struct vqueue second;
	u32 i;

	vq_open(&second, q->dev, q->index ^ 1, 256, (void *)q->desc);
	for (i = 0; i < 300; i++) {
		vq_desc(q, i % 256, BUF, i & 1 ? D_WRITE : 0, 0);
		vq_offer(q, i % 256);
		vq_kick(&second);
		vq_kick(q);
	}
}
static void no_interrupts(struct vqueue *q)
{
	u32 i;

	q->avail[0] = 1;
	q->avail[2 + q->size] = 0x8000;
	vq_desc(q, 0, BUF, flags, 0);
	for (i = 0; i < 100; i++) {
		vq_offer(q, 0);
		vq_kick(q);
	}
}
static void kicks(struct vqueue *q)
{
	u32 i;

	for (i = 0; i < 2000; i++)
		vset(q->dev, V_NOTIFY, i % 4 ? q->index : random32());
}
static void in_work(struct vqueue *q)	/* and main() resets it */
{
	u32 i;

	for (i = 0; i < 8; i++) {
		vq_desc(q, i, (u32)page_a, PAGE / 16, flags, 0);
		vq_offer(q, i);
	}
}

#define IND	V_INDIRECT_DESC
static const struct mistake {
	const char *name;
	void (*make)(struct vqueue *q);
	u64 features;
	bool harmless;
} mistakes[] = {
	{ "loop", loop, 0, 0 }, { "itself", itself, 0, 0 }, { "nothings", nothings, 0, 0 },
	{ "head", head, 0, 0 }, { "far head", far_head, 0, 0 }, { "next", next, 0, 0 }, { "jump", jump, 0, 0 },
	{ "back", back, 0, 0 }, { "mixed", mixed, 0, 0 },
	{ "buffer in mmio", mmio, 0, 0 }, { "beyond memory", beyond, 0, 0 }, { "across the end", across_end, 0, 0 },
	{ "wrap", wrapped, 0, 0 }, { "wrap at 64 bits", wrapped64, 0, 0 }, { "above 4 GiB", above, 0, 0 },
	{ "in the Switcher", switcher, 0, 0 }, { "all there is", all_there_is, 0, 0 },
	{ "table not agreed on", t_plain, 0, 0 }, { "empty table", t_empty, IND, 0 }, { "odd table", t_odd, IND, 0 },
	{ "large table", t_large, IND, 0 }, { "long table", t_long, IND, 0 }, { "endless table", t_endless, IND, 0 },
	{ "table and next", t_next, IND, 0 }, { "short table", t_short, IND, 0 }, { "table in mmio", t_mmio, IND, 0 },
	{ "table beyond memory", t_beyond, IND, 0 }, { "table above", t_above, IND, 0 }, { "nested", t_nested, IND, 0 },
	{ "nested in itself", t_itself, IND, 0 },
	{ "ring in mmio", r_mmio, 0, 0 }, { "ring beyond memory", r_beyond, 0, 0 }, { "ring across the end", r_across, 0, 0 },
	{ "ring above 4 GiB", r_above, 0, 0 }, { "ring that wraps", r_wrap, 0, 0 }, { "ring in the Switcher", r_switcher, 0, 0 },
	{ "ring askew", r_askew, 0, 0 }, { "size 0", s_0, 0, 0 }, { "size 3", s_3, 0, 0 }, { "size 512", s_512, 0, 0 },
	{ "the wrong way", opposite, 0, 1 }, { "empty", empty, 0, 1 }, { "the same twice", same_twice, 0, 1 },
	{ "used on table", used_on_table, 0, 1 }, { "used on avail", used_on_avail, 0, 1 }, { "all one", all_one, 0, 1 },
	{ "two queues", two_queues, 0, 1 },
	{ "no interrupts", no_interrupts, 0, 1 }, { "no events", no_interrupts, V_EVENT_IDX, 1 }, { "kicks", kicks, 0, 1 },
	{ "in work", in_work, 0, 1 },
};

static void try(const struct kind *k, const struct mistake *m)
{
	u32 dev = vdev_find(k->id), i;
	struct vqueue q;

	flags = k->flags;
	EXPECT(vdev_open(dev, m->features | V_VERSION_1), "%s: it refuses", m->name);
	vq_open(&q, dev, k->queue, 256, memory[1]);
	vdev_go(dev);
	m->make(&q);
	vq_kick(&q);
	for (i = 0; i < 20 && !m->harmless && !(vget(dev, V_STATUS) & V_NEEDS_RESET); i++)
		sleep_ms(10);
	EXPECT(m->harmless || (vget(dev, V_STATUS) & V_NEEDS_RESET), "%s: status %x", m->name, vget(dev, V_STATUS));
	works(&kinds[k == kinds], m->name);
	works(k, m->name);
}

/* Features as they should not be. */
static void features(u32 dev)
{
	EXPECT(!vdev_open(dev, V_INDIRECT_DESC), "it works with drivers of before version 1");
	EXPECT(!vdev_open(dev, V_VERSION_1 | 1ull << 33), "it lets us have what it does not offer");
	EXPECT(!vdev_open(dev, ~0ull), "it lets us have all");
	vset(dev, V_STATUS, 15);
	EXPECT_EQ("status without features", vget(dev, V_STATUS), 3);
}

void test_main(void)
{
	u32 i, n;

	shared_init(0);
	for (i = 0; i < 2; i++) {
		works(&kinds[i], "at first");
		features(vdev_find(kinds[i].id));
		for (n = 0; n < sizeof(mistakes) / sizeof(mistakes[0]); n++)
			try(&kinds[i], &mistakes[n]);
	}
}
