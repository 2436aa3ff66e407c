/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The network device: what it lets through and what not, that every byte arrives in the right buffers,
 * and that a receiver which cannot do checksums or large segments gets the same data in plain packets.
 */
#include "tests/unit/card.h"

#define F(bit)	(1ull << (bit))
#define SENDER	(F(NET_F_CSUM) | F(NET_F_HOST_TSO4) | F(NET_F_HOST_TSO6) | F(NET_F_HOST_ECN) | \
		 1ull << VIRTIO_F_INDIRECT_DESC)
#define TAKES_ALL (F(NET_F_GUEST_CSUM) | F(NET_F_GUEST_TSO4) | F(NET_F_GUEST_TSO6) | F(NET_F_GUEST_ECN))

#define H(flags, type, hdr_len, size, start, offset)	{ flags, type, hdr_len, size, start, offset, 0 }
#define PLAIN	H(0, 0, 0, 0, 0, 0)

static u8 frame[NET_MOST + 8], got[NET_MOST + 8192];
static struct net_hdr h;

static void headers(void)
{
	static const struct {
		struct net_hdr h;
		u32 len;
		u64 features;
		enum net_fate fate;
	} t[] = {
		{ PLAIN, 0, 0, NET_BAD_LENGTH }, { PLAIN, 13, 0, NET_BAD_LENGTH }, { PLAIN, 14, 0, NET_OK },
		{ PLAIN, NET_MOST, 0, NET_OK }, { PLAIN, NET_MOST + 1, 0, NET_BAD_LENGTH },
		{ H(0xFE, 0, 0, 0, 0, 0), 100, 0, NET_OK },			/* flags of another world */
		/* flags, gso_type, hdr_len, gso_size, csum_start, csum_offset */
		{ H(1, 0, 0, 0, 34, 16), 100, SENDER, NET_OK },
		{ H(1, 0, 0, 0, 34, 16), 100, 0, NET_BAD_HEADER },
		{ H(1, 0, 0, 0, 82, 16), 100, SENDER, NET_OK },
		{ H(1, 0, 0, 0, 83, 16), 100, SENDER, NET_BAD_HEADER },
		{ H(1, 0, 0, 0, 13, 16), 100, SENDER, NET_BAD_HEADER },
		{ H(1, 0, 0, 0, 0xFFFF, 0xFFFF), 100, SENDER, NET_BAD_HEADER },
		{ H(1, 0, 0, 0, 34, 0xFFFE), 100, SENDER, NET_BAD_HEADER },
		{ H(1, 1, 54, 1000, 34, 16), 3000, SENDER, NET_OK },
		{ H(1, 0x81, 54, 1000, 34, 16), 3000, SENDER, NET_OK },
		{ H(1, 4, 54, 1000, 34, 16), 3000, SENDER, NET_OK },
		{ H(0, 1, 54, 1000, 34, 16), 3000, SENDER, NET_BAD_HEADER },
		{ H(1, 1, 54, 0, 34, 16), 3000, SENDER, NET_BAD_HEADER },
		{ H(1, 1, 54, 7, 34, 16), 3000, SENDER, NET_BAD_HEADER },
		{ H(1, 1, 3001, 1000, 34, 16), 3000, SENDER, NET_BAD_HEADER },
		{ H(1, 2, 54, 1000, 34, 16), 3000, SENDER, NET_BAD_HEADER },
		{ H(1, 3, 54, 1000, 34, 16), 3000, SENDER, NET_BAD_HEADER },	/* UDP: not offered */
		{ H(1, 5, 54, 1000, 34, 16), 3000, SENDER, NET_BAD_HEADER },
		{ H(1, 0x80, 54, 1000, 34, 16), 3000, SENDER, NET_BAD_HEADER },
		{ H(1, 1, 54, 1000, 34, 16), 3000, F(NET_F_CSUM) | F(NET_F_HOST_TSO6), NET_BAD_HEADER },
		{ H(1, 4, 54, 1000, 34, 16), 3000, F(NET_F_CSUM) | F(NET_F_HOST_TSO4), NET_BAD_HEADER },
		{ H(1, 0x81, 54, 1000, 34, 16), 3000, F(NET_F_CSUM) | F(NET_F_HOST_TSO4), NET_BAD_HEADER },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(t); i++) {
		card_up(&card[0], t[i].features);
		card_up(&card[1], TAKES_ALL);
		card_buffer(&card[1], 70000);
		CHECK(card_send(&card[0], &t[i].h, frame, t[i].len, 1) == t[i].fate, "row %u: fate %u", i, card[0].fate);
		CHECK_EQ(card_take(&card[1], &h, got), t[i].fate == NET_OK ? t[i].len : 0);
		CHECK(t[i].fate != NET_OK || !(h.flags & ~NET_NEEDS_CSUM), "row %u: flags %x arrived", i, h.flags);
		/* And life goes on. */
		CHECK(card[0].ram[RING(NET_TX) + 0x2002] == 1 && !card[0].broken, "row %u: the buffer is not given back", i);
	}
	card_up(&card[0], 0);
	card_desc(&card[0], NET_TX, 0, TX_BUFFERS, 11, 0, 0);
	card_offer(&card[0], NET_TX, 0);
	card_kick(&card[0]);
	CHECK_EQ(card[0].fate, NET_BAD_LENGTH);
	/* A part of the frame is nowhere: that is the sender's fault, and the receiver keeps its buffers. */
	card_up(&card[0], 0);
	card_up(&card[1], 0);
	card_buffer(&card[1], 2000);
	card_desc(&card[0], NET_TX, 0, TX_BUFFERS, 12 + 14, 1, 1);
	card_desc(&card[0], NET_TX, 1, CARD_RAM, 100, 0, 0);
	card_offer(&card[0], NET_TX, 0);
	card_kick(&card[0]);
	CHECK_EQ(card[0].fate, NET_BAD_BUFFER);
	CHECK(card[0].broken && !card[1].broken, "the wrong card is broken");
	card_up(&card[0], 0);
	CHECK_EQ(card_send(&card[0], &(struct net_hdr){ 0 }, frame, 60, 1), NET_OK);
	card_set(&card[1], R_STATUS, 0);
	CHECK_EQ(card_send(&card[0], &(struct net_hdr){ 0 }, frame, 60, 1), NET_NO_DRIVER);
}

/* Frames of all lengths from all kinds of pieces into all kinds of buffers. */
static void placement(void)
{
	u32 n, i, several = 0, full = 0, large = 0;

	for (n = 0; n < 3000; n++) {
		bool mergeable = one_in(2);
		u32 buffers = rnd(40), room = 0, size = 0, rounds = 1 + rnd(4), len, same = one_in(2) ? 1536 : 0;
		enum net_fate fate;

		card_up(&card[0], SENDER);
		card_up(&card[1], TAKES_ALL | (mergeable ? F(NET_F_MRG_RXBUF) : 0));
		for (i = 0; i < buffers; i++) {
			size = same ? same : 12 + rnd(one_in(3) ? 30 : 4000);
			card_buffer(&card[1], size);
			room += size;
		}
		while (rounds--) {
			len = 14 + rnd(one_in(3) ? NET_MOST - 14 : 3000);
			for (i = 0; i < len; i += 1 + rnd(100))
				frame[i] = (u8)rnd(256);
			fate = card_send(&card[0], &(struct net_hdr){ 0 }, frame, len, 1 + rnd(20));
			if (mergeable)
				CHECK((fate == NET_OK) == (room >= len + 12), "%u bytes into %u: %u", len, room, fate);
			if (fate != NET_OK) {
				if (!buffers)
					CHECK_EQ(fate, NET_NO_DRIVER);	/* the interface is not up */
				else
					CHECK(fate == NET_NO_BUFFER || (fate == NET_TOO_LARGE && !mergeable), "fate %u", fate);
				CHECK(!card_take(&card[1], &h, got), "and yet it came");
				full += fate == NET_NO_BUFFER;
				large += fate == NET_TOO_LARGE;
				continue;
			}
			CHECK_EQ(card_take(&card[1], &h, got), len);
			CHECK(!memcmp(frame, got, len), "other bytes came");
			CHECK(mergeable || h.buffers == 1, "merged, not agreed on");
			several += h.buffers > 1;
			if (!mergeable || !same)
				break;			/* the room is not that easy to know */
			room -= h.buffers * same;
		}
		CHECK(!card[0].broken && !card[1].broken, "a card broke");
	}
	CHECK(several > 300 && full > 300 && large > 300, "the test did not do its work: %u %u %u", several, full, large);
	/* More pieces than may be strung together: dropped, and all buffers are there for the next. */
	card_up(&card[1], F(NET_F_MRG_RXBUF));
	card_up(&card[0], 0);
	for (i = 0; i < 250; i++)
		card_buffer(&card[1], 16);
	CHECK_EQ(card_send(&card[0], &(struct net_hdr){ 0 }, frame, 3000, 3), NET_TOO_LARGE);
	CHECK_EQ(card_send(&card[0], &(struct net_hdr){ 0 }, frame, 1000, 3), NET_OK);
	CHECK_EQ(card_take(&card[1], &h, got), 1000);
	CHECK_EQ(h.buffers, 64);
	card_up(&card[1], F(NET_F_MRG_RXBUF));
	card_up(&card[0], 0);
	for (i = 0; i < SIZE; i++)
		card_desc(&card[1], NET_RX, i, RX_BUFFERS + 16 * i, 10, (i + 1) % 128 ? 3 : 2, (u16)(i + 1));
	card_offer(&card[1], NET_RX, 0);
	card_offer(&card[1], NET_RX, 128);
	card_offer(&card[1], NET_RX, 0);	/* twice the same: the queue alone is not the bound */
	CHECK_EQ(card_send(&card[0], &(struct net_hdr){ 0 }, frame, 3000, 3), NET_TOO_LARGE);
	CHECK_EQ(card_send(&card[0], &(struct net_hdr){ 0 }, frame, 1000, 3), NET_OK);
}

static u32 settle_ns;

static void settle_within(void *o, u32 ns)
{
	(void)o;
	settle_ns = ns;
}

/* One batch, one interrupt, for who receives; who sends hears of it when there is nothing else to do, or after a while. */
static void batches(void)
{
	struct virtio_dev *d = &card[0].n->dev;
	u32 i;

	card_up(&card[0], 0);
	card_up(&card[1], 0);
	for (i = 0; i < 200; i++)
		card_buffer(&card[1], 1600);
	for (i = 0; i < 100; i++) {
		card_desc(&card[0], NET_TX, i, TX_BUFFERS, 12 + 60, 0, 0);
		card_offer(&card[0], NET_TX, (u16)i);
	}
	card_set(&card[0], R_NOTIFY, NET_TX);
	CHECK_EQ(card[0].sent, 0);		/* not before the guest leaves the processor */
	CHECK(d->ops->poll(d), "all at once");
	CHECK(card[0].sent == 64 && card[1].irqs == 1, "%u sent, %u interrupts", card[0].sent, card[1].irqs);
	CHECK(!d->ops->poll(d), "there is no more");
	CHECK(card[0].sent == 100 && card[1].irqs == 2, "%u sent, %u interrupts", card[0].sent, card[1].irqs);
	CHECK_EQ(card[0].irqs, 0);
	d->ops->settle(d);
	d->ops->settle(d);
	CHECK_EQ(card[0].irqs, 1);
	card_desc(&card[0], NET_TX, 0, TX_BUFFERS, 12 + 60, 0, 0);
	card_offer(&card[0], NET_TX, 0);
	card_set(&card[0], R_NOTIFY, NET_TX);
	d->guest.settle_within = settle_within;
	for (i = 0; i < 100; i++)
		d->ops->poll(d);
	CHECK(card[0].irqs == 1 && settle_ns && settle_ns <= 1000000, "it wants to tell that within %u ns", settle_ns);
	d->ops->settle(d);
	CHECK_EQ(card[0].irqs, 2);
	settle_ns = 0;
	d->ops->poll(d);
	CHECK(!settle_ns, "there is nothing to tell");
	d->guest.settle_within = NULL;
}

/* ---- TCP ---- */

static u16 sum_of(u32 s, const u8 *p, u32 n)
{
	u32 i;

	for (i = 0; i < n; i++)
		s += i % 2 ? p[i] : p[i] << 8;
	while (s >> 16)
		s = (s & 0xFFFF) + (s >> 16);
	return (u16)s;
}

static u16 pseudo(const u8 *f, bool v4, u32 tcp_len)
{
	return sum_of(6 + tcp_len, f + (v4 ? 26 : 22), v4 ? 8 : 32);
}

/* A frame with random content and n bytes of payload; returns where TCP begins. */
static u32 tcp_frame(bool v4, u32 options, u32 n, u8 flags, u32 *all)
{
	u32 ihl = v4 ? 20 + 4 * rnd(11) : 40, tcp = 14 + ihl, i;

	*all = tcp + 20 + options;
	for (i = 0; i < *all + n; i++)
		frame[i] = (u8)rnd(256);
	put16(frame + 12, v4 ? 0x0800 : 0x86DD);
	frame[14] = (u8)(v4 ? 0x40 + ihl / 4 : 0x60);
	frame[v4 ? 23 : 20] = 6;
	put16(frame + (v4 ? 16 : 18), v4 ? *all + n - 14 : *all + n - tcp);
	frame[tcp + 12] = (u8)((20 + options) / 4 << 4);
	frame[tcp + 13] = flags;
	put16(frame + tcp + 16, pseudo(frame, v4, *all + n - tcp));
	return tcp;
}

/* What arrived is the i-th piece of `frame`; returns how much payload it carries. */
static u32 check_segment(u32 len, bool v4, u32 tcp, u32 all, u32 i, u32 done, u32 total, bool summed)
{
	u8 flags = frame[tcp + 13];
	u32 n = len - all, k;

	if (i)
		flags &= ~0x80;
	if (done + n < total)
		flags &= ~9;
	CHECK_EQ(got[tcp + 13], flags);
	CHECK_EQ(be32(got + tcp + 4), be32(frame + tcp + 4) + done);
	if (v4) {
		CHECK_EQ(be16(got + 16), len - 14);
		CHECK_EQ(be16(got + 18), (u16)(be16(frame + 18) + i));
		CHECK_EQ(sum_of(0, got + 14, tcp - 14), 0xFFFF);
	} else {
		CHECK_EQ(be16(got + 18), len - tcp);
	}
	if (summed) {
		CHECK_EQ(sum_of(pseudo(got, v4, len - tcp), got + tcp, len - tcp), 0xFFFF);
	} else {
		CHECK(be16(got + tcp + 16) % 0xFFFF == pseudo(got, v4, len - tcp) % 0xFFFF && h.csum_start == tcp, "half a checksum");
	}
	CHECK(!memcmp(got + all, frame + all + done, n), "payload");
	/* All else is as it was. */
	for (k = 0; k < all; k++)
		if (k < 16 || (k >= 20 && k < 24) || (k >= 26 && k < tcp + 4) || (k >= tcp + 8 && k < tcp + 13) ||
		    (k >= tcp + 14 && k < tcp + 16) || k >= tcp + 18)
			CHECK(got[k] == frame[k], "byte %u of the headers", k);
	return n;
}

static void plain_packets(void)
{
	u32 n, i, k, cut = 0;

	for (n = 0; n < 2000; n++) {
		bool v4 = one_in(2), summed = one_in(2);
		u32 gso = 8 + rnd(one_in(3) ? 60 : 1460), total = rnd(MIN(gso * 64, 60000u) + 1), all, tcp, done = 0;
		u8 ecn = one_in(3) ? NET_GSO_ECN : 0;
		struct net_hdr s = { NET_NEEDS_CSUM, (u8)((v4 ? 1 : 4) | ecn), 54, (u16)gso, 0, 16, 0 };

		card_up(&card[0], SENDER);
		card_up(&card[1], (summed ? 0 : F(NET_F_GUEST_CSUM)) | (one_in(2) ? F(NET_F_MRG_RXBUF) : 0) |
				  (ecn ? F(NET_F_GUEST_TSO4) | F(NET_F_GUEST_TSO6) : 0));
		for (k = 0; k < 100; k++)
			card_buffer(&card[1], 1700);
		tcp = tcp_frame(v4, 4 * rnd(11), total, (u8)rnd(256), &all);
		s.csum_start = (u16)tcp;
		CHECK_EQ(card_send(&card[0], &s, frame, all + total, 1 + rnd(20)), NET_OK);
		for (i = 0; i < MAX((total + gso - 1) / gso, 1u); i++) {
			u32 len = card_take(&card[1], &h, got);

			CHECK(len >= all && len - all <= gso && !h.gso_type && !h.gso_size, "%u bytes", len);
			CHECK_EQ(h.flags, summed ? 0 : NET_NEEDS_CSUM);
			done += check_segment(len, v4, tcp, all, i, done, total, summed);
		}
		CHECK_EQ(done, total);
		CHECK(!card_take(&card[1], &h, got), "and one more");
		cut += i > 1;
	}
	CHECK(cut > 1000, "the test did not do its work: %u", cut);
}

static void too_hard(void)
{
	struct net_hdr s = { NET_NEEDS_CSUM, 1, 54, 500, 0, 16, 0 };
	u32 all, i, tcp = tcp_frame(true, 0, 5000, 0, &all);
	u8 was[120];

	s.csum_start = (u16)tcp;
	memcpy(was, frame, sizeof(was));
	for (i = 0; i < 7; i++) {
		card_up(&card[0], SENDER);
		card_up(&card[1], 0);
		for (u32 k = 0; k < 200; k++)
			card_buffer(&card[1], 1700);
		memcpy(frame, was, sizeof(was));
		switch (i) {
		case 0: put16(frame + 12, 0x86DD); break;
		case 1: frame[14] ^= 0x10; break;
		case 2: frame[23] = 17; break;
		case 3: frame[tcp + 12] = 0x40; break;		/* a header of 16 bytes */
		case 4: s.csum_start += 2; break;
		case 5: s.csum_start -= 2; s.csum_offset = 6; break;
		case 6: s.csum_offset = 16; s.gso_size = 8; break;	/* 600 of them */
		}
		CHECK(card_send(&card[0], &s, frame, all + 5000, 1) == NET_TOO_HARD, "case %u: %u", i, card[0].fate);
		CHECK(!card_take(&card[1], &h, got), "case %u: and yet it came", i);
	}
	/* A checksum far behind the headers. */
	CHECK_EQ(card_send(&card[0], &(struct net_hdr){ 1, 0, 0, 0, 2000, 0, 0 }, frame, 5000, 1), NET_TOO_HARD);
	/* A short frame that says it is TCP. */
	memcpy(frame, was, sizeof(was));
	CHECK_EQ(card_send(&card[0], &(struct net_hdr){ 1, 1, 20, 500, 14, 2, 0 }, frame, 20, 1), NET_TOO_HARD);
}

int main(int argc, char **argv)
{
	seed_from(argc, argv, 13);
	cards_create();
	CHECK_EQ(inet_fold(0xFFFF), 0xFFFF);	/* never 0: that would be no checksum */
	CASE("headers");
	headers();
	CASE("placement");
	placement();
	CASE("batches");
	batches();
	CASE("plain packets");
	plain_packets();
	CASE("too hard");
	too_hard();
	cards_destroy();
	return passed();
}
