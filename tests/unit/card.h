/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two virtio network cards on one wire, and a driver for each that keeps the rules. */
#ifndef TESTS_UNIT_CARD_H
#define TESTS_UNIT_CARD_H

#include "drivers/virtio/net.h"
#include "tests/unit/test.h"

#define CARD_RAM	0x200000u
#define SIZE		256u
#define TX_BUFFERS	0x20000u		/* up to 70000 bytes and their descriptors' gaps */
#define RX_BUFFERS	0x40000u
#define RING(q)		(0x4000u * (q) + 0x4000u)	/* descriptors, + 0x1000 avail, + 0x2000 used */

enum { R_FEATURES = 0x20, R_FEATURES_SEL = 0x24, R_QUEUE_SEL = 0x30, R_QUEUE_NUM = 0x38, R_QUEUE_READY = 0x44,
       R_NOTIFY = 0x50, R_STATUS = 0x70, R_DESC = 0x80, R_AVAIL = 0x90, R_USED = 0xA0 };

static struct card {
	u8 *ram;
	struct virtio_net *n;
	struct card *other;
	u16 avail[2], used[2], posted;		/* posted: RX buffers ever */
	u32 rx_size, rx_at;
	enum net_fate fate;			/* of the last packet sent */
	u32 sent, irqs, broken;
} card[2];

static bool card_read(void *o, u64 a, void *dst, u32 len)
{
	struct card *c = o;

	if (a > CARD_RAM || len > CARD_RAM - a)
		return memset(dst, 0, len), false;
	memcpy(dst, c->ram + a, len);
	return true;
}
static bool card_write(void *o, u64 a, const void *src, u32 len)
{
	struct card *c = o;

	if (a > CARD_RAM || len > CARD_RAM - a)
		return false;
	memcpy(c->ram + a, src, len);
	return true;
}
static enum virtio_copied card_copy(void *to, u64 t, void *from, u64 f, u32 len)
{
	struct card *a = to, *b = from;

	if (f > CARD_RAM || len > CARD_RAM - f)
		return VIRTIO_BAD_SOURCE;
	if (t > CARD_RAM || len > CARD_RAM - t)
		return VIRTIO_BAD_TARGET;
	memmove(a->ram + t, b->ram + f, len);
	return VIRTIO_COPIED;
}
static void card_irq(void *o, u32 why) { ((struct card *)o)->irqs += why == VIRTIO_INT_USED; }
static void card_log(void *o, const char *line) { (void)line; ((struct card *)o)->broken++; }

static u32 card_on_wire(void *o, struct net_packet *p)
{
	struct card *c = o;

	c->sent++;
	c->fate = virtio_net_receive(c->other->n, p);
	return p->len;
}
static void card_dropped(void *o, enum net_fate why) { ((struct card *)o)->fate = why; }
static void card_done(void *o)
{
	struct card *c = o;

	virtq_signal(&c->other->n->dev, NET_RX);
}
static void card_gone(void *o) { ((struct card *)o)->n = NULL; }

static void card_set(struct card *c, u32 reg, u32 v) { virtio_mmio_write(&c->n->dev, reg, 4, v); }

/* Fresh, with these features of its kind. */
static void card_up(struct card *c, u64 features)
{
	u32 q;

	features |= 1ull << VIRTIO_F_VERSION_1;
	memset(c->ram, 0, CARD_RAM);
	memset(c->avail, 0, sizeof(c->avail));
	memset(c->used, 0, sizeof(c->used));
	c->posted = 0;
	c->rx_at = RX_BUFFERS;
	c->irqs = c->broken = c->sent = 0;
	card_set(c, R_STATUS, 0);
	card_set(c, R_STATUS, 3);
	for (q = 0; q < 2; q++) {
		card_set(c, R_FEATURES_SEL, q);
		card_set(c, R_FEATURES, (u32)(features >> 32 * q));
	}
	card_set(c, R_STATUS, 11);
	for (q = 0; q < 2; q++) {
		card_set(c, R_QUEUE_SEL, q);
		card_set(c, R_QUEUE_NUM, SIZE);
		card_set(c, R_DESC, RING(q));
		card_set(c, R_AVAIL, RING(q) + 0x1000);
		card_set(c, R_USED, RING(q) + 0x2000);
		card_set(c, R_QUEUE_READY, 1);
	}
	card_set(c, R_STATUS, 15);
	CHECK(virtio_live(&c->n->dev), "the card does not start");
}

static void cards_create(void)
{
	u32 i;

	for (i = 0; i < 2; i++) {
		struct virtio_guest g = { .opaque = &card[i], .read = card_read, .write = card_write, .raise_irq = card_irq, .log = card_log,
			.copy = card_copy };
		struct net_backend b = { &card[i], card_on_wire, card_dropped, card_done, card_gone };

		card[i].ram = malloc(CARD_RAM);
		card[i].other = &card[!i];
		card[i].n = virtio_net_create(&g, &b, 0x020000000001ull + i);
	}
}

static void cards_destroy(void)
{
	u32 i;

	for (i = 0; i < 2; i++) {
		card[i].n->dev.ops->destroy(&card[i].n->dev);
		CHECK(!card[i].n, "it does not say that it goes");
		free(card[i].ram);
	}
}

static void card_desc(struct card *c, u32 q, u32 i, u64 addr, u32 len, u16 flags, u16 next)
{
	u8 *d = c->ram + RING(q) + i * 16;

	memcpy(d, &addr, 8);
	memcpy(d + 8, &len, 4);
	memcpy(d + 12, &flags, 2);
	memcpy(d + 14, &next, 2);
}

static void card_offer(struct card *c, u32 q, u16 head)
{
	u8 *a = c->ram + RING(q) + 0x1000;

	memcpy(a + 4 + c->avail[q]++ % SIZE * 2, &head, 2);
	memcpy(a + 2, &c->avail[q], 2);
}

/* One more buffer to receive into; they lie one behind the other, with a gap of 16 bytes. */
static void card_buffer(struct card *c, u32 size)
{
	CHECK(c->rx_at + size + 16 <= CARD_RAM, "the test gives too many buffers");
	card_desc(c, NET_RX, c->posted % SIZE, c->rx_at, size, 2, 0);
	memset(c->ram + c->rx_at, 0xAA, size + 16);
	card_offer(c, NET_RX, c->posted++ % SIZE);
	c->rx_at += size + 16;
}

static void card_kick(struct card *c)
{
	card_set(c, R_NOTIFY, NET_TX);
	while (c->n->dev.ops->poll(&c->n->dev))
		;
}

/* Sends one in so many pieces; returns what became of it. */
static enum net_fate card_send(struct card *c, const struct net_hdr *h, const void *frame, u32 len, u32 pieces)
{
	u32 at = TX_BUFFERS, left = sizeof(*h) + len, i;

	memcpy(c->ram + at, h, sizeof(*h));
	memcpy(c->ram + at + sizeof(*h), frame, len);
	for (i = 0; i < pieces; i++) {
		u32 n = i == pieces - 1 ? left : rnd(left + 1) / (one_in(2) ? 1 : 20);

		card_desc(c, NET_TX, i, at, n, i == pieces - 1 ? 0 : 1, (u16)(i + 1));
		at += n;
		left -= n;
	}
	card_offer(c, NET_TX, 0);
	c->fate = NET_FATE_MAX;
	card_kick(c);
	return c->fate;
}

/* The next packet that came: its length and, in h and frame, the packet; 0: none. */
static u32 card_take(struct card *c, struct net_hdr *h, u8 *frame)
{
	const u8 *u = c->ram + RING(NET_RX) + 0x2000;
	static u8 whole[NET_MOST + 12 + 4096];
	u32 total = 0, parts = 1, i;
	u16 idx;

	memcpy(&idx, u + 2, 2);
	if (idx == c->used[NET_RX])
		return 0;
	for (i = 0; i < parts; i++, c->used[NET_RX]++) {
		u32 elem[2], len;
		u64 addr;

		CHECK(idx != c->used[NET_RX], "%u buffers were announced, %u came", parts, i);
		memcpy(elem, u + 4 + c->used[NET_RX] % SIZE * 8, 8);
		memcpy(&addr, c->ram + RING(NET_RX) + elem[0] * 16, 8);
		memcpy(&len, c->ram + RING(NET_RX) + elem[0] * 16 + 8, 4);
		CHECK(elem[1] <= len && total + elem[1] <= sizeof(whole), "%u bytes in a buffer of %u", elem[1], len);
		CHECK_EQ(c->ram[addr + elem[1]], 0xAA);		/* not one byte more */
		memcpy(whole + total, c->ram + addr, elem[1]);
		total += elem[1];
		if (!i) {
			memcpy(h, whole, sizeof(*h));
			parts = h->buffers;
		}
		CHECK(i == parts - 1 || elem[1] == len, "a buffer is not filled and yet not the last");
	}
	CHECK(total >= sizeof(*h) && parts, "a packet of %u bytes", total);
	memcpy(frame, whole + sizeof(*h), total - sizeof(*h));
	return total - sizeof(*h);
}

#endif
