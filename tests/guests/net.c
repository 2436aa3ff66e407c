/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hostile.  One guest sends what no card should: frames too short and too long, checksums and segments that lie, others'
 * addresses, buffers that are not there, and storms; and it offers buffers to receive into that cannot be written.  The other,
 * on the same LAN, gets what was right and nothing else, and its card goes on.
 *
 * Variant bad: SUCCESS
 * Variant good: SUCCESS
 * Together
 * Config: net = hostile strict
 */
#include "virtio.h"

enum { RX = 0, TX = 1, BUFFERS = 32, BUFFER = 2048 };
enum { READY = 'R', VALID = 'V', WRONG = 'X', END = 'E' };

struct packet {
	struct { u8 flags, gso_type; u16 hdr_len, gso_size, csum_start, csum_offset, buffers; } hdr;
	u8 to[6], from[6], type[2], mark, rest[1600];
} __attribute__((packed));

static u8 rings[2][VQ_MEMORY] __attribute__((aligned(4096)));
static u8 pool[BUFFERS][BUFFER], mac[6], other[6];
static struct vqueue rx, tx;
static struct packet f;
static u32 dev;

#define CSUM	(1u << 0)
#define TSO4	(1u << 11)
#define TSO6	(1u << 12)

static void open(u32 features)
{
	u32 i;

	if (!vdev_open(dev, V_VERSION_1 | features))
		test_error("no card");
	vq_open(&rx, dev, RX, BUFFERS, rings[RX]);
	vq_open(&tx, dev, TX, 256, rings[TX]);
	vdev_go(dev);
	for (i = 0; i < 6; i++)
		mac[i] = *(volatile u8 *)(dev + V_CONFIG + i);
	for (i = 0; i < BUFFERS; i++) {
		vq_desc(&rx, i, (u32)pool[i], BUFFER, D_WRITE, 0);
		vq_offer(&rx, i);
	}
	vq_kick(&rx);
}

/* A frame that came, NULL: none; it stays until the next call. */
static struct packet *receive(u32 *len)
{
	static u32 last = BUFFERS;
	volatile u32 *elem = (volatile u32 *)(rx.used + 2);

	if (last < BUFFERS)
		vq_offer(&rx, last);
	last = BUFFERS;
	if (rx.used[1] == rx.seen)
		return NULL;
	last = elem[2 * (rx.seen % rx.size)];
	*len = elem[2 * (rx.seen++ % rx.size) + 1];
	return (struct packet *)pool[last % BUFFERS];
}

static void frame(u8 mark)
{
	memset(&f, 0, sizeof(f));
	memset(f.to, 0xFF, 6);
	memcpy(f.from, mac, 6);
	f.type[0] = 0x88;
	f.type[1] = 0xB5;		/* for experiments */
	f.mark = mark;
}

/* That many bytes of f, header and all; anything but coming back at once is wrong. */
static void send(u32 len)
{
	vq_desc(&tx, 0, (u32)&f, len, 0, 0);
	EXPECT_EQ("sending", vq_do(&tx, 0), 0);
}

/* ---- the bad one ---- */

static void lengths(void)
{
	static const u32 wrong[] = { 0, 1, 11, 12, 13, 25 };
	u32 i;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		frame(WRONG);
		send(wrong[i]);
	}
	for (i = 0; i < 100; i++) {
		frame(WRONG);
		vq_desc(&tx, i, (u32)&f, sizeof(f), i < 99 ? D_NEXT : 0, i + 1);
	}
	EXPECT_EQ("160 KB", vq_do(&tx, 0), 0);
	vq_desc(&tx, 0, 0, ram_bytes(), D_NEXT, 1);
	vq_desc(&tx, 1, 0, ram_bytes(), 0, 0);
	EXPECT_EQ("16 MiB", vq_do(&tx, 0), 0);
	frame(WRONG);
	vq_desc(&tx, 0, (u32)&f, 500, D_WRITE, 0);
	EXPECT_EQ("one to be written", vq_do(&tx, 0), 0);
}

static void lies(void)
{
	static const struct { u8 flags, type; u16 hdr_len, gso, start, offset; } wrong[] = {
		{ 1, 0, 0, 0, 0, 0 }, { 1, 0, 0, 0, 13, 0 }, { 1, 0, 0, 0, 499, 0 }, { 1, 0, 0, 0, 0xFFFF, 0xFFFF },
		{ 1, 0, 0, 0, 14, 0xFFFF }, { 1, 0, 0, 0, 14, 485 }, { 1, 0, 0, 0, 0xFFFF, 1 },
		{ 0, 1, 54, 100, 34, 16 }, { 1, 1, 54, 0, 34, 16 }, { 1, 1, 54, 7, 34, 16 }, { 1, 1, 0xFFFF, 100, 34, 16 },
		{ 1, 2, 54, 100, 34, 16 }, { 1, 3, 54, 100, 34, 6 }, { 1, 5, 54, 100, 34, 16 }, { 1, 0xFF, 54, 100, 34, 16 },
		{ 1, 0x81, 54, 100, 34, 16 }, { 1, 0x80, 54, 100, 34, 16 },
		/* These may be as they say; but what follows is not TCP. */
		{ 1, 1, 54, 100, 34, 16 }, { 1, 1, 0, 8, 14, 0 }, { 1, 4, 74, 100, 54, 16 }, { 1, 1, 54, 0xFFFF, 34, 16 },
		{ 1, 0, 0, 0, 400, 90 }, { 1, 1, 54, 100, 94, 16 }, { 1, 1, 54, 8, 20, 16 },
	};
	u32 i, n;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		for (n = 0; n < 8; n++) {
			bool checksum_only = i == 21;	/* that is a right one */

			frame(checksum_only ? VALID : WRONG);
			f.hdr.flags = wrong[i].flags;
			f.hdr.gso_type = wrong[i].type;
			f.hdr.hdr_len = wrong[i].hdr_len;
			f.hdr.gso_size = wrong[i].gso;
			f.hdr.csum_start = wrong[i].start;
			f.hdr.csum_offset = wrong[i].offset;
			if (n) {		/* IP that lies of its own */
				f.type[0] = n & 1 ? 0x08 : 0x86;
				f.type[1] = n & 1 ? 0x00 : 0xDD;
				f.rest[0] = WRONG;
				f.mark = (u8)(n & 1 ? 0x40 | (n & 2 ? 15 : n) : 0x60);
				f.rest[8] = f.rest[5] = 6;			/* TCP, of less than */
				f.rest[31] = f.rest[51] = (u8)(n & 4 ? 0x40 : 0);	/* its own header */
			}
			if (!n || !checksum_only)
				send(12 + 500);
		}
}

static void others_addresses(void)
{
	static const u8 host[6] = { 2, 'R', 'L', 0xFF, 0, 1 }, group[6] = { 1, 0, 0x5E, 0, 0, 1 }, none[6];
	const u8 *who[] = { other, host, group, none, (const u8 *)"\xff\xff\xff\xff\xff\xff" };
	u32 i;

	for (i = 0; i < 5; i++) {
		frame(WRONG);
		memcpy(f.from, who[i], 6);
		send(200);
		memcpy(f.to, other, 6);
		send(200);
	}
}

/* Payload, header and buffers to receive into that are not there: the card is broken, only this one. */
static void nowhere(void)
{
	static const u32 split[] = { 0, 12, 26, 100 };
	u32 i;

	for (i = 0; i < 4; i++) {
		frame(WRONG);
		vq_desc(&tx, 0, (u32)&f, split[i], D_NEXT, 1);
		vq_desc(&tx, 1, i & 1 ? dev : ram_bytes() - 4, 700, 0, 0);
		vq_offer(&tx, 0);
		vq_kick(&tx);
		sleep_ms(20);
		EXPECT(vget(dev, V_STATUS) & V_NEEDS_RESET, "a payload that is nowhere: status %x", vget(dev, V_STATUS));
		open(CSUM);
	}
	/* The other one says READY all the time until it hears of us. */
	vset(dev, V_QUEUE, RX);
	for (i = 0; i < BUFFERS; i++)
		vq_desc(&rx, i, i & 1 ? dev : ram_bytes() - 4, 100, D_WRITE, 0);
	for (i = 0; i < 500 && !(vget(dev, V_STATUS) & V_NEEDS_RESET); i++)
		sleep_ms(10);
	EXPECT(vget(dev, V_STATUS) & V_NEEDS_RESET, "buffers that are nowhere: status %x", vget(dev, V_STATUS));
	open(CSUM);
}

static void storm(void)
{
	u32 i, n;

	frame(VALID);
	for (i = 0; i < 256; i++)
		vq_desc(&tx, i, (u32)&f, 1514 + 12, 0, 0);
	for (n = 0; n < 100; n++) {
		u16 before = tx.used[1];

		for (i = 0; i < 256; i++)
			vq_offer(&tx, i);
		vq_kick(&tx);
		for (i = 0; i < 100 && (u16)(tx.used[1] - before) < 256; i++)
			sleep_ms(1);
		EXPECT_EQ("sent", (u16)(tx.used[1] - before), 256);
	}
	tx.seen = tx.used[1];
}

static void bad(void)
{
	struct packet *got = NULL;
	u32 i, len;

	open(0);
	for (i = 0; i < 1000 && !(got = receive(&len)); i++)
		sleep_ms(10);
	if (!got)
		test_error("the good one does not come");
	memcpy(other, got->from, 6);
	nowhere();			/* while it still speaks: this must be the first */
	frame(VALID);
	send(100);
	lengths();
	open(0);
	lies();				/* nothing of it was agreed on */
	open(CSUM | TSO4 | TSO6);
	lies();
	others_addresses();
	storm();
	for (i = 0; i < 50; i++) {
		frame(END);
		send(100);
		sleep_ms(20);
	}
}

/* ---- the good one ---- */

/* True: that was the last. */
static bool judge(const struct packet *got, u32 len)
{
	bool experiment = got->type[0] == 0x88 && got->type[1] == 0xB5;
	u32 i, mine = 0, all = 0;

	for (i = 0; i < 6; i++) {
		mine += got->from[i] == mac[i];
		all += got->to[i] == 0xFF;
	}
	EXPECT(len >= 26 && len <= 1514 + 12, "%u bytes", len);
	EXPECT(mine < 6, "a frame from my own address");
	EXPECT(all == 6, "a frame to somebody else");
	EXPECT(!got->hdr.flags && !got->hdr.gso_type && got->hdr.buffers == 1, "flags %x, segments %x, %u buffers",
	       got->hdr.flags, got->hdr.gso_type, got->hdr.buffers);
	EXPECT(experiment && (got->mark == VALID || got->mark == END), "a frame of type %x%x marked %x, %u bytes", got->type[0],
	       got->type[1], got->mark, len);
	return got->mark == END;
}

static void good(void)
{
	u32 n, len, heard = 0;
	struct packet *got;

	open(0);
	for (n = 0; n < 3000; n++) {
		while ((got = receive(&len))) {
			heard++;
			if (judge(got, len)) {
				print("%u frames", heard);
				return;
			}
		}
		if (!heard) {
			frame(READY);
			send(60);
		}
		EXPECT_EQ("my card", vget(dev, V_STATUS), 15);
		sleep_ms(10);
	}
	test_failure("after %u frames, nobody has said that it is over", heard);
}

void test_main(void)
{
	shared_init(0);
	dev = vdev_find(VD_NET);
	if (variant_is("good"))
		good();
	else
		bad();
}
