/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The block device and the disks behind it, against plain arrays of bytes: random requests, in any cut, on an
 * image with one copy-on-write view for each of two guests, one written in place, one read-only and a
 * ram disk, with memory that runs out now and then.  At the end each disk is sent and put together again.
 */
#define MACHINE_FRAMES 2600
#include "drivers/virtio/blk.h"
#include "hv/dev/dev.h"
#include "hv/dev/disk.h"
#include "tests/unit/machine.h"
#define RAM	0x40000u
#include "tests/unit/ram.h"
#include "tests/unit/test.h"

#define DESC	0x1000u
#define AVAIL	0x2000u
#define USED	0x3000u
#define TABLE	0x4000u			/* the indirect one */
#define HEAD	0x5000u			/* headers, ranges and status bytes: not twice the same */
#define BUFS	0x10000u
#define QUEUE	64u

#define IMAGE_SECTORS	(9u * 8 + 3)	/* ends within a block */
#define RAM_SECTORS	(2048u * 8)	/* more than one leaf of the map */
#define DISKS		5

enum { IN = 0, OUT = 1, FLUSH = 4, GET_ID = 8, DISCARD = 11, WRITE_ZEROES = 13 };

static u32 irqs, logged;
static char why[200];

/* ---- the hypervisor around it ---- */

struct guest *guests[MAX_GUESTS];
u32 guest_count;

static u8 image_a[IMAGE_SECTORS * 512], image_b[IMAGE_SECTORS * 512], pristine[IMAGE_SECTORS * 512];
static struct image images[] = { { "a.img", image_a, sizeof(image_a), false }, { "b.img", image_b, sizeof(image_b), false } };

static u32 promised;
u32 guests_promised(void) { return promised; }

const struct image *image_find(const char *name)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(images); i++)
		if (!strcmp(images[i].name, name))
			return &images[i];
	return NULL;
}

void hv_log(const char *fmt, ...) { (void)fmt; logged++; }
void panic(const char *fmt, ...) { printf("panic: %s\n", fmt); exit(1); }

static u8 *wire;
static u32 wired, wire_room;
static bool claimed;
const char *export_claim(const char *who)
{
	(void)who;
	if (claimed)
		return "somebody has it";
	claimed = true;
	return NULL;
}
void export_release(void) { claimed = false; }
u32 export_room(void) { return wire_room; }
void export_write(const void *data, u32 len)
{
	CHECK(len <= wire_room, "%u bytes for a room of %u", len, wire_room);
	wire = realloc(wire, wired + len);
	memcpy(wire + wired, data, len);
	wired += len;
	wire_room -= len;
}

static void irq(void *o, u32 why) { (void)o; irqs += why == VIRTIO_INT_USED; }
static void log_line(void *o, const char *line) { (void)o; snprintf(why, sizeof(why), "%s", line); }
static const struct virtio_guest access = { .read = ram_read, .write = ram_write, .raise_irq = irq, .log = log_line };

/* ---- its driver ---- */

static struct virtio_dev *dev;
static u16 avail_idx;

static void set(u32 reg, u32 v) { virtio_mmio_write(dev, reg, 4, v); }

static void up(void)
{
	static const u32 regs[][2] = { { 0x70, 0 }, { 0x70, 3 }, { 0x24, 0 }, { 0x20, 1u << 28 | 1u << 29 },
		{ 0x24, 1 }, { 0x20, 1 }, { 0x70, 11 }, { 0x30, 0 }, { 0x38, QUEUE }, { 0x80, DESC }, { 0x90, AVAIL },
		{ 0xA0, USED }, { 0x44, 1 }, { 0x70, 15 } };
	u32 i;

	avail_idx = 0;
	memset(ram, 0, TABLE);
	for (i = 0; i < ARRAY_SIZE(regs); i++)
		set(regs[i][0], regs[i][1]);
	CHECK_EQ(virtio_mmio_read(dev, 0x70, 4), 15);
}

static u32 segments;
static void segment(u32 table, u32 addr, u32 len, u16 flags)
{
	struct { u64 addr; u32 len; u16 flags, next; } s = { addr, len, flags, (u16)(segments + 1) };

	memcpy(ram + table + 16 * segments, &s, sizeof(s));
	if (segments)			/* the one before goes on here */
		ram[table + 16 * (segments - 1) + 12] |= 1;
	segments++;
}

/* len bytes at addr, in as many descriptors as it likes, none empty. */
static void cut(u32 table, u32 addr, u32 len, u16 flags)
{
	while (len) {
		u32 n = segments > 40 || one_in(3) ? len : 1 + rnd(len);

		segment(table, addr, n, flags);
		addr += n;
		len -= n;
	}
}

/* One request, its data at BUFS; returns its status byte, 0xEE if it was not answered. */
static u8 request(u32 type, u64 sector, u32 len, bool to_device)
{
	struct { u32 type, reserved; u64 sector; } h = { type, 0xFFFFFFFF, sector };
	bool indirect = one_in(2);
	bool joined = len && !to_device && one_in(2);	/* the status right behind the data, maybe in one piece */
	u32 table = indirect ? TABLE : DESC, status = joined ? BUFS + len : HEAD + 100, n, used[2];
	u16 head = 0;

	memcpy(ram + HEAD, &h, sizeof(h));
	ram[status] = 0xEE;
	segments = 0;
	cut(table, HEAD, sizeof(h), 0);
	cut(table, BUFS, len + joined, to_device ? 0 : 2);
	if (!joined)
		segment(table, status, 1, 2);
	if (indirect) {
		n = segments;
		segments = 0;
		segment(DESC, TABLE, n * 16, 4);
	}
	memcpy(ram + AVAIL + 4 + 2 * (avail_idx % QUEUE), &head, 2);
	avail_idx++;
	memcpy(ram + AVAIL + 2, &avail_idx, 2);
	set(0x50, 0);
	for (n = 0; virtio_poll(dev); n++)
		CHECK(n < 1000, "it never ends");
	memcpy(used, ram + USED + 4 + 8 * ((avail_idx - 1) % QUEUE), sizeof(used));
	if (ram[status] != 0xEE)
		CHECK_EQ(used[1], to_device || !len ? 1 : ram[status] ? 0 : type == GET_ID && len > 20 ? 20 : len + 1);
	return ram[status];
}

/* ---- the disks and their models ---- */

static struct guest alpha, beta;
static struct guest_config alpha_cfg, beta_cfg;
static struct disk *disk[DISKS];
static struct virtio_dev *devs[DISKS];
static u8 *model[DISKS];
static const bool ro[DISKS] = { false, false, false, true, false };

static void make_disks(void)
{
	u32 i;

	alpha_cfg = (struct guest_config){ .name = "alpha", .disks = 4, .disk = { { "a.img", .cow = true },
		{ "b.img" }, { "a.img", .ro = true }, { "", RAM_SECTORS * 512 } } };
	beta_cfg = (struct guest_config){ .name = "beta", .disks = 1, .disk = { { "a.img", .cow = true } } };
	alpha.cfg = &alpha_cfg;
	beta.cfg = &beta_cfg;
	strcpy(alpha.name, "alpha");
	strcpy(beta.name, "beta");
	guests[0] = &alpha;
	guests[1] = &beta;
	guest_count = 2;
	CHECK(disks_add(&alpha) && disks_add(&beta), "no memory");
	disk[0] = alpha.disk[0];
	disk[1] = beta.disk[0];
	disk[2] = alpha.disk[1];
	disk[3] = alpha.disk[2];
	disk[4] = alpha.disk[3];
	for (i = 0; i < DISKS; i++)
		CHECK(disk[i] == disk_at(i == 0 ? 0 : i == 1 ? 4 : i - 1), "disk_at");
	CHECK(!disk_at(DISKS), "there is one too many");
}

/* What a guest writes, nobody boots: neither now nor when it is given another kernel. */
static void kernels(void)
{
	char msg[160];

	CHECK(disks_check(&alpha, msg, sizeof(msg)) && disks_check(&beta, msg, sizeof(msg)), "%s", msg);
	strcpy(beta_cfg.kernel, "b.img");
	CHECK(disks_check(&beta, msg, sizeof(msg)), "nobody has written it: %s", msg);
	CHECK(!disks_check(&alpha, msg, sizeof(msg)) && strstr(msg, "boots from"), "alpha would write beta's kernel: %s", msg);
	alpha.starts = 1;
	CHECK(!disks_check(&beta, msg, sizeof(msg)) && strstr(msg, "written by alpha"), "alpha has written it: %s", msg);
	strcpy(beta_cfg.kernel, "a.img");
	strcpy(beta_cfg.initrd, "b.img");
	CHECK(!disks_check(&beta, msg, sizeof(msg)), "alpha has written its initrd");
	beta_cfg.initrd[0] = 0;
	CHECK(disks_check(&beta, msg, sizeof(msg)), "alpha does not write it, it is cow: %s", msg);
	beta_cfg.kernel[0] = 0;
	alpha.starts = 0;
}

static void make_devices(void)
{
	static const u8 where[DISKS][2] = { { 0, 0 }, { 1, 0 }, { 0, 1 }, { 0, 2 }, { 0, 3 } };
	u32 i;

	for (i = 0; i < DISKS; i++) {
		if (devs[i])
			devs[i]->ops->destroy(devs[i]);
		dev = devs[i] = disk_make(guests[where[i][0]], where[i][1], &access);
		CHECK(dev, "no device");
	}
}

static void compare(u32 i)
{
	u32 n;

	for (n = 0; n < disk[i]->blocks; n++) {
		static const u8 zeros[BLK_BLOCK];
		const void *p = disk_block(disk[i], n);

		CHECK(!memcmp(p ? p : zeros, model[i] + n * BLK_BLOCK, MIN(BLK_BLOCK, disk[i]->bytes - n * BLK_BLOCK)),
		      "disk %u differs in block %u", i, n);
	}
}

static void one(u32 i)
{
	u32 sectors = disk[i]->bytes / 512, n = rnd(20), k, sector = rnd(sectors + 4);
	bool fits = sector <= sectors && n <= sectors - sector, odd = one_in(20);
	u8 *at = model[i] + sector * 512, got, want = fits && !odd && !ro[i] ? 0 : 1;
	struct { u64 sector; u32 sectors, flags; } range = { sector, n, 0 };
	u64 far = one_in(30) ? ~0ull >> rnd(12) : 0;
	u32 free = frames_free();

	if (far) {
		fits = false;
		want = 1;
	}
	for (k = 0; k < n * 512 + odd; k++)
		ram[BUFS + k] = (u8)rnd(256);
	dev = devs[i];
	promised = one_in(4) ? rnd(free + 10) : 0;
	up();
	switch (rnd(6)) {
	case 0: case 1:
		got = request(OUT, far ? far : sector, n * 512 + odd, true);
		if (got == 1 && want == 0 && !disk[i]->in_place)	/* no memory: all, some or nothing */
			for (k = 0; k < n * 512; k++) {
				const u8 *p = disk_block(disk[i], (sector * 512 + k) / BLK_BLOCK);
				u8 is = p ? p[(sector * 512 + k) % BLK_BLOCK] : 0;

				CHECK(is == at[k] || is == ram[BUFS + k], "byte %u is neither old nor new", k);
				at[k] = is;
			}
		else
			CHECK_EQ(got, want);
		if (got == 0)
			memcpy(at, ram + BUFS, n * 512);
		break;
	case 2: case 3:
		memset(ram + BUFS, 0xCC, n * 512 + 1);
		got = request(IN, far ? far : sector, n * 512 + odd, false);
		CHECK_EQ(got, fits && !odd ? 0 : 1);
		if (got == 0)
			CHECK(!memcmp(ram + BUFS, at, n * 512), "read something else");
		CHECK(got == 0 || ram[BUFS] == 0xCC, "what failed wrote");
		break;
	default:
		if (far)
			range.sector = far;
		k = one_in(2) ? DISCARD : WRITE_ZEROES;
		range.flags = one_in(4);
		memcpy(ram + BUFS, &range, 16);
		got = request(k, rnd(100), odd ? 15 : 16, true);
		want = odd ? 1 : range.flags && k == DISCARD ? 2 : fits && !ro[i] ? 0 : 1;
		if (want == 0 && got == 1 && free <= promised + 8) {
			make_devices();		/* no memory: what has become of it is not said */
			for (k = 0; k < n * 512; k++) {
				const u8 *p = disk_block(disk[i], (sector * 512 + k) / BLK_BLOCK);
				u8 is = p ? p[(sector * 512 + k) % BLK_BLOCK] : 0;

				CHECK(is == at[k] || is == 0, "byte %u is neither old nor zero", k);
				at[k] = is;
			}
			break;
		}
		CHECK_EQ(got, want);
		for (; got == 0 && n; n--, sector++, at += 512) {
			/* What is discarded may stay as it was if it is less than a block. */
			bool whole = sector / 8 * 8 >= range.sector && sector / 8 * 8 + 8 <= range.sector + range.sectors;

			if (k == WRITE_ZEROES || whole)
				memset(at, 0, 512);
		}
	}
	CHECK(frames_free() >= MIN(free, promised), "a change took what is promised to a guest");
}

/* Nothing of a guest starts on an image that is not what it ought to be. */
static void came_in_wrong(void)
{
	CASE("an image that came in wrong");
	CHECK(disks_check(&alpha, why, sizeof(why)), "%s", why);
	images[1].wrong = true;
	CHECK(!disks_check(&alpha, why, sizeof(why)), "alpha starts");
	CHECK_HAS(why, "b.img came in wrong");
	CHECK(disks_check(&beta, why, sizeof(why)), "beta has another image: %s", why);
	images[1].wrong = false;
}

static void others(void)
{
	u32 i;

	CASE("other requests");
	for (i = 0; i < DISKS; i++) {
		dev = devs[i];
		up();
		CHECK_EQ(request(FLUSH, 0, 0, true), 0);
		memset(ram + BUFS, 0xCC, 30);
		CHECK_EQ(request(GET_ID, 0, 20, false), 0);
		CHECK_STR((char *)ram + BUFS, disk[i]->name);
		memset(ram + BUFS, 0xCC, 30);
		CHECK_EQ(request(GET_ID, 0, 3, false), 0);
		CHECK(!memcmp(ram + BUFS, disk[i]->name, 3) && ram[BUFS + 4] == 0xCC, "a short buffer");
		CHECK_EQ(request(77, 0, 512, true), 2);
		CHECK_EQ(virtio_mmio_read(dev, 0x100, 4), disk[i]->bytes / 512);
	}
	CASE("a name and nothing behind it");
	dev = devs[0];
	up();
	memset(ram + BUFS, 0xCC, 200);
	CHECK_EQ(request(GET_ID, 0, 100, false), 0);
	for (i = BLK_ID_BYTES; i < 100; i++)
		CHECK(ram[BUFS + i] == 0xCC, "byte %u of a disk's name", i);
	CASE("a range whose bytes wrap");
	for (i = 0; i < 2; i++) {
		struct { u64 sector; u32 sectors, flags; } r = { 0, 0x800000, 0 };

		memcpy(ram + BUFS, &r, sizeof(r));
		CHECK_EQ(request(i ? DISCARD : WRITE_ZEROES, 0, sizeof(r), true), 1);
	}
	CASE("zeros that may take memory");
	dev = devs[4];
	up();
	struct { u64 sector; u32 sectors, flags; } range = { 0, 8, 0 };
	u32 changed;

	memset(ram + BUFS, 0x77, 4096);
	CHECK_EQ(request(OUT, 0, 4096, true), 0);
	changed = disk[4]->changed;
	memcpy(ram + BUFS, &range, 16);
	CHECK_EQ(request(WRITE_ZEROES, 0, 16, true), 0);
	CHECK_EQ(disk[4]->changed, changed);
	CHECK(disk_block(disk[4], 0) && !*(const u8 *)disk_block(disk[4], 0), "not zero");
	range.flags = 1;
	memcpy(ram + BUFS, &range, 16);
	CHECK_EQ(request(WRITE_ZEROES, 0, 16, true), 0);
	CHECK_EQ(disk[4]->changed, changed - 1);
	memset(model[4], 0, 4096);
	CASE("a status that is nowhere");
	up();
	memcpy(ram + HEAD, (u32[4]){ OUT, 0, 0, 0 }, 16);
	memset(ram + BUFS, 0x77, 512);
	segments = 0;
	segment(DESC, HEAD, 16, 0);
	segment(DESC, BUFS, 512, 0);
	segment(DESC, 0xF0000000, 1, 2);
	ram[AVAIL + 2] = 1;
	set(0x50, 0);
	CHECK(virtio_mmio_read(dev, 0x70, 4) & 0x40, "it goes on");
	CHECK(!disk_block(disk[4], 0), "it was written and nobody was told");
	CASE("no header, no status");
	up();
	segments = 0;
	segment(DESC, HEAD, 8, 0);
	segment(DESC, BUFS, 1, 2);
	ram[AVAIL + 2] = 1;
	set(0x50, 0);
	CHECK_HAS(why, "header");
	CHECK(virtio_mmio_read(dev, 0x70, 4) & 0x40, "it goes on");
	up();
	segments = 0;
	segment(DESC, HEAD, 16, 0);
	ram[AVAIL + 2] = 1;
	set(0x50, 0);
	CHECK(virtio_mmio_read(dev, 0x70, 4) & 0x40, "it goes on");
}

/* CRC-32 as the books have it, a bit at a time. */
static u32 crc_slow(u32 crc, const void *data, u32 len)
{
	const u8 *p = data;
	u32 k;

	for (crc = ~crc; len--; p++)
		for (crc ^= *p, k = 0; k < 8; k++)
			crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320 : 0);
	return ~crc;
}

/* Sends disk i and puts it together as a receiver does. */
static void cancelled(void)
{
	static struct disk none = { .name = "none" };
	u32 h[3];

	CHECK_HAS(disk_save(&none), "its image is empty, or not a module");
	CHECK(!disk_save_cancel(), "there is nothing to cancel");
	wire_room = 20000;
	CHECK(!disk_save(disk[0]), "it can be sent");
	disk_save_work();
	CHECK(disk_save_cancel() && !disk_saving() && !claimed, "it is still being sent");
	memcpy(h, wire + wired - sizeof(h), sizeof(h));
	CHECK(h[0] == 0xFFFFFFFE && !h[1] && !h[2], "the last header: %08x %u %u", h[0], h[1], h[2]);
	CHECK(!disk_save_work(), "nothing is to do");
}

static void sent_and_received(u32 i)
{
	u8 *got = calloc(1, disk[i]->blocks * BLK_BLOCK);
	u32 n, at, blocks = 0, sum = 0;
	char line[80];

	wired = 0;
	wire_room = 100;
	CHECK(!disk_save(disk[i]), "it cannot be sent");
	CHECK(disk_save(disk[i]), "it is sent twice");
	for (n = 0; disk_saving(); n++) {
		disk_save_work();
		wire_room = rnd(3) ? 0 : rnd(20000);
		CHECK(n < 1000000, "it never ends");
	}
	at = (u32)snprintf(line, sizeof(line), "RINGLET-DISK 1 %s %u\n", disk[i]->name, (unsigned)disk[i]->bytes);
	CHECK(wired > at && !memcmp(wire, line, at), "the title");
	CHECK_EQ(crc_slow(0, "123456789", 9), 0xCBF43926);
	for (;; at += BLK_BLOCK, blocks++) {
		u32 h[3];

		CHECK(at + 12 <= wired, "it ends before its end");
		memcpy(h, wire + at, 12);
		at += 12;
		if (h[0] == ~0u) {
			CHECK(h[1] == blocks && at == wired, "the end says %u blocks, there were %u", h[1], blocks);
			CHECK(h[2] == sum, "checksum of all %08x, not %08x", h[2], sum);
			break;
		}
		CHECK(h[0] < disk[i]->blocks && h[1] == BLK_BLOCK, "block %u of %u bytes", h[0], h[1]);
		CHECK(h[2] == crc_slow(0, wire + at, BLK_BLOCK), "checksum of block %u", h[0]);
		CHECK(wire[at] || memcmp(wire + at, wire + at + 1, BLK_BLOCK - 1), "block %u is all zero, and sent", h[0]);
		sum = crc_slow(sum, &h[2], 4);
		for (n = disk[i]->bytes - h[0] * BLK_BLOCK; n < BLK_BLOCK; n++)
			CHECK(!wire[at + n], "byte %u behind the disk's end is sent", n);
		memcpy(got + h[0] * BLK_BLOCK, wire + at, BLK_BLOCK);
	}
	CHECK(!memcmp(got, model[i], disk[i]->bytes), "disk %u came out different", i);
	free(got);
}

static void dropped(u32 i)
{
	u32 before = frames_used, changed = disk[i]->changed;

	disk_reset(disk[i]);
	while (disks_work())
		;
	CHECK(!disk[i]->changed && frames_used <= before - changed, "frames are kept");
	if (disk[i]->image)
		memcpy(model[i], pristine, sizeof(pristine));
	else
		memset(model[i], 0, disk[i]->bytes);
	compare(i);
}

int main(int argc, char **argv)
{
	u32 i, k, round;

	seed_from(argc, argv, 20261121);
	for (i = 0; i < sizeof(image_a); i++)
		image_a[i] = image_b[i] = pristine[i] = (u8)(rnd(4) ? rnd(256) : 0);
	make_disks();
	kernels();
	make_devices();
	for (i = 0; i < DISKS; i++) {
		model[i] = calloc(1, disk[i]->blocks * BLK_BLOCK);
		if (disk[i]->image)
			memcpy(model[i], pristine, sizeof(pristine));
	}
	others();
	came_in_wrong();
	CASE("random requests");
	for (round = 0; round < 6; round++) {
		u32 left = MACHINE_FRAMES - frames_used, hold = round & 1 ? left - MIN(left, rnd(30)) : 0;	/* scarce memory */
		hfn_t *held = malloc((hold + 1) * sizeof(*held));

		for (k = 0; k < hold; k++)
			held[k] = frame_alloc();
		for (k = 0; k < 4000; k++)
			one(rnd(DISKS));
		for (i = 0; i < DISKS; i++)
			compare(i);
		CHECK(!memcmp(image_a, pristine, sizeof(pristine)), "the shared image was written");
		for (k = 0; k < hold; k++)
			frame_free(held[k]);
		free(held);
		make_devices();			/* a reboot */
		if (round == 3)
			dropped(0);
	}
	CHECK(logged, "that there was no memory went unsaid");
	CASE("sending");
	for (i = 0; i < DISKS; i++)
		sent_and_received(i);
	cancelled();
	CASE("dropping");
	dropped(0);
	dropped(1);
	dropped(4);
	CHECK_EQ(frames_used, 0);
	return passed();
}
