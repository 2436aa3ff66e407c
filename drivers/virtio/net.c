/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The virtio network device.  A frame is copied from the sender's buffers straight into the
 * receiver's; only its beginning passes through here.  A receiver's buffers are strung together
 * until there is room for the frame, filled as if they were one, and given to the guest all at
 * once.
 */
#include <stdlib.h>
#include <string.h>
#include "drivers/virtio/net.h"

#define BATCH		64		/* packets at a time */
#define PACKET_COST	800		/* in virtio_spend()'s units, beside descriptors and bytes */
#define BATCH_BYTES	(256u << 10)
#define HOLD_NS		500000		/* the answer mostly comes within this time */
#define MOST_BUFFERS	132		/* for one frame; with 512 bytes each they hold any frame */
#define CHEAP_SEGMENTS		64	/* more of them, on either side, make a packet expensive ... */
#define CHEAP_BYTES		64	/* ... as does the checksum of more than 4 KiB */
#define MOST_SEGMENTS	64		/* made from one frame; with Ethernet's 1500 bytes there are 46 */

static struct virtio_net *net_of(struct virtio_dev *d)
{
	return (struct virtio_net *)((u8 *)d - offsetof(struct virtio_net, dev));
}

u32 net_read(const struct net_packet *p, u32 offset, void *dst, u32 len)
{
	u32 n = 0;

	if (offset < p->head_len) {
		n = MIN(len, p->head_len - offset);
		memcpy(dst, p->head + offset, n);
	}
	if (n < len && p->from)
		n += virtio_copy_from(p->from, p->chain, p->at + offset + n - p->head_len, (u8 *)dst + n, len - n);
	return n;
}

/* ---- sending ---- */

/* Makes p from the frame in n->chain; reads its addresses. */
static enum net_fate net_take(struct virtio_net *n, struct net_packet *p)
{
	u32 bytes = virtio_readable_bytes(&n->chain), begin = sizeof(p->hdr) + ETH_HEADER;

	if (bytes < begin || bytes > sizeof(p->hdr) + NET_MOST)
		return NET_BAD_LENGTH;
	if (virtio_copy_from(&n->dev, &n->chain, 0, p, begin) < begin)
		return NET_BAD_LENGTH;
	p->len = bytes - sizeof(p->hdr);
	p->head_len = ETH_HEADER;
	p->from = &n->dev;
	p->chain = &n->chain;
	p->at = begin;
	p->hdr.flags &= NET_NEEDS_CSUM;		/* the only flag we know */
	return net_hdr_ok(p, n->dev.accepted) ? NET_OK : NET_BAD_HEADER;
}

/* Is a packet with so many segments (or the same work of another kind) too expensive for the rest
 * of this piece of work?  Packets of our own, without a sender, never are. */
static bool net_dear(const struct virtio_dev *from, u32 segments)
{
	return segments > CHEAP_SEGMENTS && from && !virtio_fresh(from);
}

/* True: there is more to send. */
static bool net_transmit(struct virtio_net *n)
{
	u32 packets, bytes = 0;
	bool more = true;

	for (packets = 0; packets < BATCH && bytes < BATCH_BYTES && virtio_may(&n->dev); packets++) {
		struct net_packet p;
		enum net_fate fate;
		u32 worth = 0;

		more = virtq_pop(&n->dev, NET_TX, &n->chain);
		if (!more)
			break;
		virtio_spend(&n->dev, PACKET_COST);
		fate = net_take(n, &p);
		if (fate == NET_OK)
			worth = net_dear(p.from, n->chain.readable) ? NET_WAITS : n->backend.send(n->backend.opaque, &p);
		if (worth == NET_WAITS) {
			virtq_unpop(&n->dev, NET_TX, 1);
			virtio_wait(&n->dev);
			break;
		}
		if (fate == NET_OK)
			bytes += worth;
		else
			n->backend.dropped(n->backend.opaque, fate);
		virtq_put(&n->dev, NET_TX, n->chain.head, 0);
	}
	if (packets)
		virtq_publish(&n->dev, NET_TX);
	n->backend.sent(n->backend.opaque);
	return more;
}

/* ---- receiving ---- */

struct buffers {			/* several of the guest's buffers, as if they were one */
	struct virtio_chain all;
	u32 count, room;
	u16 head[MOST_BUFFERS];
	u32 size[MOST_BUFFERS];
};

/* Takes the next one. */
static enum net_fate add_buffer(struct virtio_dev *d, struct buffers *b)
{
	static struct virtio_chain c;	/* too large for the stack */

	if (b->count == MOST_BUFFERS)
		return NET_TOO_LARGE;
	if (!virtq_pop(d, NET_RX, &c))
		return NET_NO_BUFFER;
	if (c.readable) {
		virtio_broken(d, "a buffer to receive into is not writable");
		return NET_NO_BUFFER;
	}
	b->head[b->count] = c.head;
	b->size[b->count] = virtio_writable_bytes(&c);
	b->room += MIN(b->size[b->count], NET_MOST * 2);	/* enough, and the sum stays below 4 GiB */
	b->count++;
	if (b->all.writable + c.writable > VIRTIO_SEGMENTS)
		return NET_TOO_LARGE;
	memcpy(b->all.seg + b->all.writable, c.seg, c.writable * sizeof(c.seg[0]));
	b->all.writable += c.writable;
	return NET_OK;
}

/* Gives them back with `bytes` bytes in all. */
static void give_back(struct virtio_dev *d, const struct buffers *b, u32 bytes)
{
	u32 i, n;

	for (i = 0; i < b->count; i++, bytes -= n) {
		n = MIN(b->size[i], bytes);
		virtq_put(d, NET_RX, b->head[i], n);
	}
	virtq_publish(d, NET_RX);
}

/* Delivers p as it is. */
static enum net_fate net_place(struct virtio_net *n, struct net_packet *p)
{
	static struct buffers b;
	u32 head = sizeof(p->hdr) + p->head_len, rest = p->len - p->head_len;
	enum net_fate fate;

	b.all.readable = b.all.writable = b.count = b.room = 0;
	memset(b.all.at, 0, sizeof(b.all.at));
	do {
		fate = add_buffer(&n->dev, &b);
		if (fate == NET_OK && b.room < head + rest && !virtio_has(&n->dev, NET_F_MRG_RXBUF))
			fate = NET_TOO_LARGE;
	} while (fate == NET_OK && b.room < head + rest);
	if (fate == NET_OK && net_dear(p->from, b.all.writable))
		fate = NET_LATER;
	if (fate == NET_OK) {
		p->hdr.buffers = b.count;
		if (virtio_copy_to(&n->dev, &b.all, 0, p, head) < head ||
		    (rest && virtio_copy_across(&n->dev, &b.all, head, p->from, p->chain, p->at, rest) < rest))
			fate = NET_TOO_LARGE;	/* sender or receiver is broken now */
	}
	if (fate != NET_OK)
		virtq_unpop(&n->dev, NET_RX, b.count);
	else
		give_back(&n->dev, &b, head + rest);
	return fate;
}

static bool takes_whole(const struct virtio_net *n, u8 gso_type)
{
	if (!gso_type)
		return true;
	if ((gso_type & NET_GSO_ECN) && !virtio_has(&n->dev, NET_F_GUEST_ECN))
		return false;
	return virtio_has(&n->dev, (gso_type & ~NET_GSO_ECN) == NET_GSO_TCPV4 ? NET_F_GUEST_TSO4 : NET_F_GUEST_TSO6);
}

/* Delivers p, which needs no more segmentation, with its checksum if the guest wants it. */
static enum net_fate with_checksum(struct virtio_net *n, struct net_packet *p)
{
	struct net_packet whole;

	if (!(p->hdr.flags & NET_NEEDS_CSUM) || virtio_has(&n->dev, NET_F_GUEST_CSUM))
		return net_place(n, p);
	if (net_dear(p->from, p->len / CHEAP_BYTES))
		return NET_LATER;
	virtio_spend(&n->dev, p->len);
	whole = *p;			/* others may receive it as it is */
	return net_checksum(&whole) ? net_place(n, &whole) : NET_TOO_HARD;
}

static enum net_fate in_segments(struct virtio_net *n, const struct net_packet *p)
{
	u32 i, segments = net_segments(p);
	enum net_fate fate = segments && segments <= MOST_SEGMENTS ? NET_OK : NET_TOO_HARD;

	if (net_dear(p->from, segments * CHEAP_SEGMENTS))
		return NET_LATER;
	for (i = 0; i < segments && fate == NET_OK; i++) {
		struct net_packet s;

		virtio_spend(&n->dev, PACKET_COST);
		fate = net_segment(p, i, &s) ? with_checksum(n, &s) : NET_TOO_HARD;
	}
	return fate;
}

/* Linux's driver is there long before the interface is up.  Packets that come in between are lost,
 * but that is nobody's fault. */
static bool net_up(struct virtio_net *n)
{
	n->up = n->up || virtq_waiting(&n->dev, NET_RX);
	return n->up && virtio_live(&n->dev);
}

enum net_fate virtio_net_receive(struct virtio_net *n, struct net_packet *p)
{
	enum net_fate fate;

	if (!n || !net_up(n))
		return NET_NO_DRIVER;
	fate = takes_whole(n, p->hdr.gso_type) ? with_checksum(n, p) : in_segments(n, p);
	return fate != NET_OK && p->from && !virtio_live(p->from) ? NET_BAD_BUFFER : fate;
}

/* ---- the device ---- */

static bool net_process(struct virtio_dev *d, u32 q)
{
	/* A kick of the receive queue says only that there are buffers. */
	return q == NET_TX && net_transmit(net_of(d));
}

static void net_reset(struct virtio_dev *d, u32 q)
{
	if (q == NET_RX)
		net_of(d)->up = false;
}

static const void *net_config_space(struct virtio_dev *d, u32 *len)
{
	*len = 6;
	return net_of(d)->mac;
}

static void net_settle(struct virtio_dev *d)
{
	virtq_signal(d, NET_TX);
}

/*
 * That a packet was sent is not worth an interrupt: mostly the answer comes first, and then the
 * guest also looks at what was sent.  So it is told when nobody has anything to do, or after a
 * moment: it may be unable to send more before it is told, and its neighbour may go on for a whole
 * slice.
 */
static bool net_poll(struct virtio_dev *d)
{
	struct virtqueue *tx = &d->queue[NET_TX];
	bool more = virtio_poll(d);

	if (tx->next_used != tx->signalled && d->guest.settle_within)
		d->guest.settle_within(d->guest.opaque, HOLD_NS);
	return more;
}

static void net_destroy(struct virtio_dev *d)
{
	struct virtio_net *n = net_of(d);

	n->backend.gone(n->backend.opaque);
	free(n);
}

static const struct virtio_ops ops = {
	.device_id = 1, .queues = 2, .lazy = true, .process = net_process, .reset = net_reset, .config = net_config_space, .poll = net_poll,
	.settle = net_settle, .destroy = net_destroy,
};

#define F(bit) (1ull << (bit))

struct virtio_net *virtio_net_create(const struct virtio_guest *g, const struct net_backend *b, u64 mac)
{
	struct virtio_net *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	n->backend = *b;
	put16(n->mac, mac >> 32);
	put32(n->mac + 2, (u32)mac);
	virtio_init(&n->dev, &ops, g,
		    F(NET_F_CSUM) | F(NET_F_GUEST_CSUM) | F(NET_F_MAC) | F(NET_F_GUEST_TSO4) | F(NET_F_GUEST_TSO6) |
		    F(NET_F_GUEST_ECN) | F(NET_F_HOST_TSO4) | F(NET_F_HOST_TSO6) | F(NET_F_HOST_ECN) |
		    F(NET_F_MRG_RXBUF));
	return n;
}
