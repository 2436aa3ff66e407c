/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Block requests, right ones in odd shapes and wrong ones of every kind.  A wrong one fails with its status, or breaks the
 * device if there is no place for a status; and it has touched neither disk nor memory.
 *
 * Outcome: SUCCESS
 * Config: disk = ram:1M
 * Config: disk = blk ro
 * Logged: a block request lacks its header or its status
 */
#include "virtio.h"

#define SECTOR	512u
#define SECTORS	2048u		/* of the first one */
enum { IN = 0, OUT = 1, FLUSH = 4, GET_ID = 8, DISCARD = 11, WRITE_ZEROES = 13 };
enum { OK = 0, IOERR = 1, UNSUPP = 2, NOTHING = 0xEE };

struct header { u32 type, reserved; u64 sector; };
struct range { u64 sector; u32 sectors, flags; };

static u8 memory[VQ_MEMORY] __attribute__((aligned(4096)));
static u8 data[64 * SECTOR], back[64 * SECTOR];
static struct header header;
static volatile u8 status;
static struct vqueue q;
static u32 pieces;

static void open(u32 dev)
{
	if (!vdev_open(dev, V_VERSION_1 | V_INDIRECT_DESC | (vget(dev, V_FEATURES) & (1u << 13 | 1u << 14))))
		test_error("no disk");
	vq_open(&q, dev, 0, 64, memory);
	vdev_go(dev);
}

static u32 ro_disk(void)
{
	u32 i, dev, found = 0;

	for (i = 0; (dev = vdev_at(i)); i++)
		if (vget(dev, 8) == VD_BLK)
			found = dev;
	return found;
}

/* ---- requests, piece by piece ---- */

static void begin(u32 type, u64 sector)
{
	header = (struct header){ type, 0, sector };
	pieces = 0;
	status = NOTHING;
}

static void add(volatile void *p, u32 len, u32 flags)
{
	if (pieces)
		q.desc[pieces - 1].flags |= D_NEXT;
	vq_desc(&q, pieces, (u32)p, len, flags, pieces + 1);
	pieces++;
}

static u32 end(void)
{
	add(&status, 1, D_WRITE);
	vq_do(&q, 0);
	return status;
}

static u32 request(u32 type, u64 sector, volatile void *p, u32 len)
{
	begin(type, sector);
	add(&header, sizeof(header), 0);
	if (len)
		add(p, len, type == IN || type == GET_ID ? D_WRITE : 0);
	return end();
}

static void fill(u8 *p, u32 len, u32 seed)
{
	u32 i;

	for (i = 0; i < len; i++)
		p[i] = (u8)((seed + i / SECTOR) * 37 + i);
}

static bool same(const u8 *a, const u8 *b, u32 len)
{
	while (len && *a == *b)
		a++, b++, len--;
	return !len;
}

/* The whole first disk, as write_all() left it. */
static void write_all(void)
{
	u32 s;

	for (s = 0; s < SECTORS; s += 64) {
		fill(data, sizeof(data), s);
		EXPECT_EQ("write", request(OUT, s, data, sizeof(data)), OK);
	}
}
static void untouched(const char *by)
{
	u32 s;

	for (s = 0; s < SECTORS; s += 64) {
		fill(data, sizeof(data), s);
		EXPECT_EQ("read", request(IN, s, back, sizeof(back)), OK);
		EXPECT(same(data, back, sizeof(data)), "%s: sectors from %u on have changed", by, s);
	}
}

/* ---- wrong ones ---- */

static void out_of_bounds(void)
{
	static const struct { u64 sector; u32 len; } wrong[] = {
		{ SECTORS, SECTOR }, { SECTORS - 1, 2 * SECTOR }, { SECTORS + 1, SECTOR }, { 1ull << 32, SECTOR },
		{ 1ull << 55, SECTOR }, { 0xFFFFFFFFFFFFFFFFull, SECTOR }, { 0xFFFFFFFFFFFFFFFFull, 2 * SECTOR },
		{ 0x80000000, SECTOR }, { 0x00800000, SECTOR }, { 0, SECTOR - 1 }, { 0, SECTOR + 1 }, { 5, 1 },
		{ SECTORS - 63, 64 * SECTOR }, { SECTORS, 1 },
	};
	u32 i, n;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		memset(data, 0xAA, sizeof(data));
		EXPECT(request(OUT, wrong[i].sector, data, wrong[i].len) == IOERR, "bad write %u has status %u", i, status);
		memset(back, 0x55, sizeof(back));
		EXPECT(request(IN, wrong[i].sector, back, wrong[i].len) == IOERR, "bad read %u has status %u", i, status);
		for (n = 0; n < sizeof(back); n++)
			EXPECT(back[n] == 0x55, "bad read %u has written", i);
	}
	untouched("requests out of bounds");
}

static void unknown(void)
{
	static const u32 types[] = { 2, 3, 5, 6, 7, 9, 10, 12, 14, 0x80000000, 0x80000001, 0xFFFFFFFF };
	u32 i;

	memset(data, 0xAA, SECTOR);
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		EXPECT(request(types[i], 0, data, SECTOR) == UNSUPP, "type %x has status %u", types[i], status);
	untouched("unknown types");
}

static void lying_ranges(void)
{
	static const struct { struct range r; u32 want; } wrong[] = {
		{ { 0, 0xFFFFFFFF, 0 }, IOERR }, { { SECTORS, 1, 0 }, IOERR }, { { SECTORS - 1, 2, 0 }, IOERR },
		{ { 0xFFFFFFFFFFFFFFFFull, 1, 0 }, IOERR }, { { 1ull << 55, 8, 0 }, IOERR }, { { 0, 0x00800001, 0 }, IOERR },
		{ { 0, 8, 2 }, UNSUPP }, { { 0, 8, 0x80000000 }, UNSUPP },
	};
	struct range r[2] = { { 0, 8, 0 }, { 8, 8, 0 } };
	u32 i, type;

	for (type = DISCARD; type <= WRITE_ZEROES; type += 2) {
		for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
			struct range one = wrong[i].r;

			EXPECT(request(type, 0, &one, sizeof(one)) == wrong[i].want, "range %u has status %u", i, status);
		}
		EXPECT(request(type, 0, r, 0) != OK, "no range: status %u", status);
		EXPECT(request(type, 0, r, sizeof(r[0]) - 1) != OK, "less than a range: status %u", status);
		EXPECT(request(type, 0, r, sizeof(r[0]) + 1) != OK, "more than a range: status %u", status);
		EXPECT(request(type, 0, r, sizeof(r)) != OK, "two ranges, one is offered: status %u", status);
	}
	r[0] = (struct range){ 0, 8, 1 };
	EXPECT_EQ("discard with a flag of the other's", request(DISCARD, 0, r, sizeof(r[0])), UNSUPP);
	untouched("lying ranges");
}

static bool needs_reset(u32 dev)
{
	return vget(dev, V_STATUS) & V_NEEDS_RESET;
}

/* Nowhere to say what went wrong, or buffers that are not there. */
static void breaking(u32 dev)
{
	u32 i;

	for (i = 0; i < 9; i++) {
		open(dev);
		memset(data, 0xAA, sizeof(data));
		begin(i & 1 ? OUT : IN, 3);
		if (i == 0) {					/* no status */
			add(&header, sizeof(header), 0);
		} else if (i == 1) {				/* a status that is not to be written */
			add(&header, sizeof(header), 0);
			add(data, SECTOR, 0);
			add(&status, 1, 0);
		} else if (i == 2) {				/* half a header */
			add(&header, 8, 0);
			add(&status, 1, D_WRITE);
		} else if (i == 3) {				/* an empty status */
			add(&header, sizeof(header), 0);
			add(data, SECTOR, 0);
			add(&status, 0, D_WRITE);
		} else if (i == 4) {				/* a status that is not there */
			add(&header, sizeof(header), 0);
			add(back, SECTOR, D_WRITE);
			add((void *)ram_bytes(), 1, D_WRITE);
		} else if (i == 5) {				/* a status in the device's registers */
			add(&header, sizeof(header), 0);
			add(data, SECTOR, 0);
			add((void *)(dev + V_STATUS), 1, D_WRITE);
			header.type = FLUSH;
		} else if (i == 6) {				/* data that ends where memory does */
			add(&header, sizeof(header), 0);
			add((void *)(ram_bytes() - SECTOR), 2 * SECTOR, D_WRITE);
			add(&status, 1, D_WRITE);
		} else if (i == 7) {				/* the header beyond memory */
			add((void *)(ram_bytes() - 8), 16, 0);
			add(&status, 1, D_WRITE);
		} else {					/* all upside down */
			add(&status, 1, D_WRITE);
			add(&header, sizeof(header), 0);
		}
		vq_offer(&q, 0);
		vq_kick(&q);
		sleep_ms(20);
		EXPECT(needs_reset(dev), "mistake %u: device status %x", i, vget(dev, V_STATUS));
		open(dev);
		untouched("a broken request");
	}
}

/* ---- right ones ---- */

static void odd_pieces(void)
{
	u32 i, at, n;

	memset(data, 0, sizeof(data));		/* what the disk has there, all the time */
	for (i = 0; i < 40; i++) {
		u32 len = (1 + random32() % 64) * SECTOR;

		if (!(i & 1))
			fill(data, len, random32());

		begin(i & 1 ? IN : OUT, 100);
		for (at = 0; at < sizeof(header); at += n) {
			n = 1 + random32() % 7;
			n = n < sizeof(header) - at ? n : sizeof(header) - at;
			add((u8 *)&header + at, n, 0);
		}
		memset(back, 0, sizeof(back));
		for (at = 0; at < len; at += n) {
			n = pieces < 40 ? random32() % 3000 : len;
			n = n < len - at ? n : len - at;
			add((i & 1 ? back : data) + at, n, i & 1 ? D_WRITE : 0);
		}
		EXPECT_EQ("odd pieces", end(), OK);
		EXPECT(!(i & 1) || same(data, back, len), "odd pieces: %u bytes", len);
	}
	/* The status and the data in one piece. */
	begin(IN, 100);
	add(&header, sizeof(header), 0);
	back[SECTOR] = NOTHING;
	add(back, SECTOR + 1, D_WRITE);
	vq_do(&q, 0);
	EXPECT(back[SECTOR] == OK && same(back, data, SECTOR), "the status behind the data");
	EXPECT_EQ("nothing to read", request(IN, 7, back, 0), OK);
	EXPECT_EQ("nothing to write", request(OUT, SECTORS, data, 0), OK);
	EXPECT_EQ("flush", request(FLUSH, 0, data, 0), OK);
}

static void identity(void)
{
	u32 len, i;

	for (len = 0; len < 40; len++) {
		memset(back, 0x55, 64);
		EXPECT_EQ("get id", request(GET_ID, 0, back, len), OK);
		EXPECT(!len || back[0] != 0x55, "no id in %u bytes", len);
		for (i = len < 20 ? len : 20; i < 64; i++)
			EXPECT(back[i] == 0x55, "the id in %u bytes goes beyond", len);
	}
}

static void ranges(void)
{
	struct range r = { 3, 20, 0 };
	u32 i;

	EXPECT_EQ("write zeroes", request(WRITE_ZEROES, 0, &r, sizeof(r)), OK);
	EXPECT_EQ("read", request(IN, 0, back, sizeof(back)), OK);
	fill(data, sizeof(data), 0);
	memset(data + 3 * SECTOR, 0, 20 * SECTOR);
	for (i = 0; i < 64; i++)
		EXPECT(same(data + i * SECTOR, back + i * SECTOR, SECTOR), "zeroes: sector %u", i);
	r = (struct range){ 0, SECTORS, 0 };
	EXPECT_EQ("discard all", request(DISCARD, 0, &r, sizeof(r)), OK);
}

static void read_only(void)
{
	struct range r = { 0, 8, 0 };

	open(ro_disk());
	EXPECT_EQ("read", request(IN, 0, data, SECTOR), OK);
	EXPECT(data[0] == 0x7F && data[1] == 'E', "it is not the file");
	memset(back, 0xAA, SECTOR);
	EXPECT(request(OUT, 0, back, SECTOR) == IOERR, "written: status %u", status);
	EXPECT(request(WRITE_ZEROES, 0, &r, sizeof(r)) != OK, "zeroed: status %u", status);
	EXPECT(request(DISCARD, 0, &r, sizeof(r)) != OK, "discarded: status %u", status);
	EXPECT_EQ("read again", request(IN, 0, back, SECTOR), OK);
	EXPECT(same(data, back, SECTOR), "a disk to be read only has changed");
}

void test_main(void)
{
	u32 dev = vdev_find(VD_BLK);

	shared_init(0);
	open(dev);
	EXPECT_EQ("sectors", vget(dev, V_CONFIG), SECTORS);
	write_all();
	untouched("nothing");
	out_of_bounds();
	unknown();
	lying_ranges();
	breaking(dev);
	identity();
	untouched("their name");
	ranges();
	odd_pieces();
	read_only();
}
