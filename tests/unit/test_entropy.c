/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entropy: the cipher against RFC 8439, the pool's output by what a coin would do, also when
 * the clocks tell nothing or the processor's own source is broken; and the device's allowance against a
 * clock that we turn.
 */
#include <sys/wait.h>
#include <unistd.h>
#include "arch/x86/cpu.h"
#include "arch/x86/pit.h"
#include "arch/x86/time.h"
#include "drivers/virtio/rng.h"
#include "hv/dev/dev.h"
#include "hv/lib/lib.h"
#include "tests/unit/test.h"

/* ---- the machine ---- */
struct cpu_info cpu_info;
static u64 now, asked;
static enum { GOOD, STUCK, EMPTY } source;
static u32 logged;

u64 time_ns(void) { return now; }
u64 wall_at_boot(void) { return 1700000000000000000; }
u64 pit_measure_tsc(u32 count, u64 *error) { *error = 0; return count * 1000; }
void hv_log(const char *fmt, ...) { (void)fmt; logged++; }
bool rdrand(u32 *v)
{
	asked++;
	*v = source == GOOD ? rnd(0xFFFFFFFF) : 0xFFFFFFFF;
	return source != EMPTY;
}

static void cipher(void)
{
	static const u32 in[16] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574, 0x03020100, 0x07060504,
		0x0b0a0908, 0x0f0e0d0c, 0x13121110, 0x17161514, 0x1b1a1918, 0x1f1e1d1c, 1, 0x09000000,
		0x4a000000, 0 };
	static const u32 want[16] = { 0xe4e7f110, 0x15593bd1, 0x1fdd0f50, 0xc47120a3, 0xc7f4d1c7, 0x0368c033,
		0x9aaa2204, 0x4e6cd4c3, 0x466482d2, 0x09aa9f07, 0x05d7c214, 0xa2028bd9, 0xd19c12b5, 0xb94e16de,
		0xe883d0cb, 0x4e3c50a2 };
	u32 out[16];

	chacha20(in, out);
	CHECK(!memcmp(out, want, sizeof(out)), "not what RFC 8439, 2.3.2 has");
	memcpy(out, in, sizeof(out));
	chacha20(out, out);
	CHECK(!memcmp(out, want, sizeof(out)), "in place");
}

/* Each limit is passed by an honest coin in all but one of some million runs. */
static void looks_random(const u8 *p, u32 n)
{
	u32 i, ones = 0, runs = 1, count[256] = { 0 }, pairs = 0;
	double chi = 0, bits = n * 8.0, z;

	for (i = 0; i < n; i++)
		count[p[i]]++;
	for (i = 1; i < n; i++)
		pairs += p[i] == p[i - 1];
	for (i = 0; i < n * 8; i++) {
		u32 bit = p[i / 8] >> i % 8 & 1;

		ones += bit;
		runs += i && bit != (u32)(p[(i - 1) / 8] >> (i - 1) % 8 & 1);
	}
	for (i = 0; i < 256; i++)
		chi += (count[i] - n / 256.0) * (count[i] - n / 256.0) / (n / 256.0);
	z = (2.0 * ones - bits) * (2.0 * ones - bits) / bits;
	CHECK(z < 25, "%u ones of %.0f bits", ones, bits);
	z = (2.0 * runs - bits) * (2.0 * runs - bits) / bits;
	CHECK(z < 25, "%u runs in %.0f bits", runs, bits);
	CHECK(chi > 255 - 5 * 22.6 && chi < 255 + 6 * 22.6, "chi square of the bytes: %.1f", chi);
	z = (pairs - n / 256.0) * (pairs - n / 256.0) / (n / 256.0);
	CHECK(z < 36, "%u equal neighbours", pairs);
}

#define MUCH (1u << 18)

static void pool(void)
{
	u8 *data = malloc(2 * MUCH), first[64], second[64];
	u32 at, n;

	entropy_init();
	CHECK_EQ(asked, 0);
	entropy_get(data, MUCH);		/* in one go ... */
	for (at = MUCH; at < 2 * MUCH; at += n) {	/* ... and in odd pieces */
		n = 1 + rnd(100);
		n = MIN(n, 2 * MUCH - at);
		data[at + n - 1] = data[at];
		entropy_get(data + at, n);
	}
	looks_random(data, MUCH);
	looks_random(data + MUCH, MUCH);
	CHECK(memcmp(data, data + MUCH, 64), "the same twice");
	entropy_get(first, sizeof(first));
	entropy_get(second, sizeof(second));
	CHECK(memcmp(first, second, sizeof(first)), "the same to two");
	free(data);
}

/* Broken once, it stays so: each way in a process of its own. */
static void processors(int how)
{
	u8 buf[64];
	u64 before;

	cpu_info.features_ecx = CPU_RDRAND;
	source = GOOD;
	entropy_get(buf, sizeof(buf));
	CHECK(asked == 8 && !logged, "asked %u times, told %u times", (u32)asked, logged);
	source = how;
	entropy_get(buf, sizeof(buf));
	CHECK_EQ(logged, 1);
	before = asked;
	source = GOOD;
	entropy_get(buf, sizeof(buf));
	CHECK(asked == before && logged == 1, "a broken source is asked again");
}

/* ---- the device ---- */

#define RAM	0x80000u
#define SIZE	256u
#define DESC	0x1000u
#define AVAIL	0x3000u
#define USED	0x4000u
#define BUFS	0x10000u

static u8 ram[RAM];
static u32 irqs;
static struct guest guest;
static struct virtio_dev *d;
static u16 offered;

static bool rd(void *o, u64 a, void *dst, u32 len) { (void)o; return a <= RAM && len <= RAM - a && memcpy(dst, ram + a, len); }
static bool wr(void *o, u64 a, const void *src, u32 len) { (void)o; return a <= RAM && len <= RAM - a && memcpy(ram + a, src, len); }
static void irq(void *o, u32 why) { (void)o; irqs += why == VIRTIO_INT_USED; }
static void told(void *o, const char *line) { (void)o; CHECK(0, "%s", line); }
static struct work work;
static const struct virtio_guest reach = { .read = rd, .write = wr, .raise_irq = irq, .log = told, .work = &work };

static void up(void)
{
	static const u32 settings[][2] = { { 0x70, 0 }, { 0x70, 3 }, { 0x24, 1 }, { 0x20, 1 }, { 0x70, 11 }, { 0x30, 0 },
		{ 0x38, SIZE }, { 0x80, DESC }, { 0x90, AVAIL }, { 0xA0, USED }, { 0x44, 1 }, { 0x70, 15 } };

	for (u32 i = 0; i < ARRAY_SIZE(settings); i++)
		virtio_mmio_write(d, settings[i][0], 4, settings[i][1]);
	memset(ram, 0, sizeof(ram));
	offered = 0;
}

static void offer(u32 len)
{
	u16 slot = offered++ % SIZE;
	u64 addr = BUFS + slot * 1024;
	u16 flags = 2;

	memcpy(ram + DESC + 16 * slot, &addr, 8);
	memcpy(ram + DESC + 16 * slot + 8, &len, 4);
	memcpy(ram + DESC + 16 * slot + 12, &flags, 2);
	memcpy(ram + AVAIL + 4 + 2 * slot, &slot, 2);
	memcpy(ram + AVAIL + 2, &offered, 2);
}
static u16 used(void) { u16 v; memcpy(&v, ram + USED + 2, 2); return v; }
static u32 used_len(u16 i) { u32 v; memcpy(&v, ram + USED + 4 + 8 * (i % SIZE) + 4, 4); return v; }

/* Until it has nothing to do at once. */
static void settle(void)
{
	for (u32 n = 0; work_begin(&work), d->ops->poll(d); n++)
		CHECK(n < 1000, "its poll() never ends");
}

/* However much it may have, each piece has a bound, and is its guest's work. */
static void pieces(void)
{
	now += 3600000000000ull;
	up();
	while (offered < SIZE)
		offer(1024);
	work.left = 0;
	virtio_mmio_write(d, 0x50, 4, 0);
	CHECK_EQ(used(), 0);
	work.left = 1 << 30;
	work.done = 0;
	d->ops->poll(d);
	CHECK(used() && used() <= 32, "%u buffers in one piece", used());
	CHECK(work.done >= used() * 128 * 100, "%u of work for %u buffers", work.done, used());
	settle();
}

static void allowance(void)
{
	u64 given = 0, from;
	u32 i, burst, reset;
	u16 seen = 0;

	now = 1000000000000ull;
	d = entropy_make(&guest, 0, &reach);
	up();
	offer(64);
	work_begin(&work);
	virtio_mmio_write(d, 0x50, 4, 0);
	CHECK(used() == 1 && used_len(0) == 64 && irqs == 1 && guest.stats.entropy == 64, "a buffer is not filled at once");
	CHECK(memcmp(ram + BUFS, ram + BUFS + 512, 64) && !ram[BUFS + 64], "filled wrongly");
	/* A greedy one: the burst, then the rate. */
	for (reset = 0; reset < 2; reset++) {
		up();
		seen = 0;
		while (offered < SIZE)
			offer(1024);
		virtio_mmio_write(d, 0x50, 4, 0);
		settle();
		burst = used() * 128;
		if (!reset)
			CHECK(burst > 8192 && burst <= 16384, "%u bytes at once", burst);
		else
			CHECK(burst < 512, "a reset gives a new allowance: %u bytes", burst);
	}
	seen = used();
	CHECK(!d->ops->poll(d), "it keeps the processor awake");
	for (from = now; now < from + 10000000000ull;) {
		now += 1000000 + rnd(50000000);
		settle();
		for (; seen != used(); seen++, given += 128) {
			CHECK_EQ(used_len(seen), 128);
			offer(1024);
		}
	}
	CHECK(given > 610000 && given < 630000, "%u bytes in ten seconds", (u32)given);
	/* What is saved has a bound. */
	now += 3600000000000ull;
	i = used();
	settle();
	CHECK(used() - i <= 128, "%u buffers after an hour", used() - i);
	pieces();
	d->ops->destroy(d);
}

int main(int argc, char **argv)
{
	seed_from(argc, argv, 11);
	CASE("cipher");
	cipher();
	CASE("pool");
	pool();
	CASE("the processor's own source");
	for (int how = STUCK; how <= EMPTY; how++) {
		int status;

		fflush(stdout);
		if (!fork()) {
			processors(how);
			exit(0);
		}
		CHECK(wait(&status) > 0 && !status, "see above");
	}
	CASE("allowance");
	allowance();
	return passed();
}
