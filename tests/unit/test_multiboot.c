/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the boot loader says, distrusted: memory maps unsorted, overlapping, with odd lengths, holes,
 * parts above 4 GiB, 64-bit wraps; modules that make no sense.  A bitmap of pages is the model.
 */
#include <stddef.h>
#include "boot/multiboot.h"
#include "tests/unit/test.h"

#define PAGES (1u << 20)
#define MEMORY 0x20000u		/* what read() can reach, from 0 */
#define INFO 0x1000u
#define MMAP 0x2000u
#define MODS 0x8000u
#define STRINGS 0x10000u

static u8 memory[MEMORY];
static struct boot_info bi;
static u8 *exact;		/* the last answer of read(): good until the next, and no longer */

static const void *read_memory(u32 pa, u32 len)
{
	free(exact);
	exact = NULL;
	if (pa >= MEMORY || len > MEMORY - pa)
		return NULL;
	exact = malloc(len ? len : 1);
	memcpy(exact, memory + pa, len);
	return exact;
}

static void put32(u32 at, u32 v) { memcpy(memory + at, &v, 4); }
static void put64(u32 at, u64 v) { memcpy(memory + at, &v, 8); }

static u32 mmap_at;

static void begin(u32 flags)
{
	memset(memory, 0, sizeof(memory));
	put32(INFO, flags);
	put32(INFO + 48, MMAP);
	put32(INFO + 24, MODS);
	mmap_at = MMAP;
}

static void entry(u64 base, u64 len, u32 type, u32 extra)
{
	put32(mmap_at, 20 + extra);
	put64(mmap_at + 4, base);
	put64(mmap_at + 12, len);
	put32(mmap_at + 20, type);
	mmap_at += 24 + extra;
	put32(INFO + 44, mmap_at - MMAP);
}

static void module(u32 n, u32 start, u32 end, const char *string)
{
	put32(MODS + 16 * n, start);
	put32(MODS + 16 * n + 4, end);
	put32(MODS + 16 * n + 8, STRINGS + 256 * n);
	strcpy((char *)memory + STRINGS + 256 * n, string);
	put32(INFO + 20, n + 1);
}

static const char *parse(void) { return multiboot_parse(&bi, MULTIBOOT_MAGIC, INFO, read_memory); }

static void check_regions(void)
{
	u32 i;

	for (i = 0; i < bi.regions; i++) {
		const struct boot_region *r = &bi.ram[i];

		CHECK(r->start < r->end && !(r->start & ~PAGE_MASK) && !(r->end & ~PAGE_MASK),
		      "region %u: %#x..%#x", i, r->start, r->end);
		CHECK(!i || bi.ram[i - 1].end < r->start, "regions %u and %u touch or are unsorted", i - 1, i);
		CHECK(r->end <= 0xFFFFF000, "region end %#x", r->end);
	}
}

static bool is_ram(u32 page)
{
	u32 i;

	for (i = 0; i < bi.regions; i++)
		if (page >= bi.ram[i].start >> 12 && page < bi.ram[i].end >> 12)
			return true;
	return false;
}

static void plain(void)
{
	begin(1 << 6 | 1 << 3 | 1 << 2);
	entry(0, 0x9FC00, 1, 0);
	entry(0x9FC00, 0x400, 2, 0);
	entry(0x100000, 0x7EE0000, 1, 4);	/* entries may be longer than we know */
	entry(0xFFFC0000, 0x40000, 2, 0);
	entry(0x100000000ull, 0x40000000, 1, 0);
	strcpy((char *)memory + STRINGS + 4096, "escape=x log");
	put32(INFO + 16, STRINGS + 4096);
	module(0, 0x200000, 0x212345, "/boot/linux-6.1 quiet");
	module(1, 0x300000, 0x300000, "/boot/empty");
	module(2, 0x500000, 0x400000, "backwards");
	module(3, 0x8000, 0x9000, "low");
	module(4, 0, 0, "/boot/ringlet.conf ringlet.conf");	/* of an empty file GRUB says that it is at 0 */
	CHECK(!parse(), "%s", parse());
	check_regions();
	CHECK_EQ(bi.regions, 2);
	CHECK_EQ(bi.ram[0].start, 0);
	CHECK_EQ(bi.ram[0].end, 0x9F000);
	CHECK_EQ(bi.ram[1].start, 0x100000);
	CHECK_EQ(bi.ram[1].end, 0x7FE0000);
	CHECK_EQ(bi.modules, 3);
	CHECK_EQ(bi.dropped, 2);
	CHECK_EQ(bi.module[2].end - bi.module[2].start, 0);
	CHECK_STR(bi.module[0].string, "/boot/linux-6.1 quiet");
	CHECK_EQ(bi.module[0].end, 0x212345);
	CHECK_STR(bi.cmdline, "escape=x log");
}

static void refusals(void)
{
	begin(0);
	CHECK_HAS(multiboot_parse(&bi, 0x36d76289, INFO, read_memory), "multiboot");
	CHECK(multiboot_parse(&bi, MULTIBOOT_MAGIC, 0, read_memory), "null information");
	CHECK(multiboot_parse(&bi, MULTIBOOT_MAGIC, MEMORY - 8, read_memory), "cut information");
	CHECK(multiboot_parse(&bi, MULTIBOOT_MAGIC, 0xFFFFFFF0, read_memory), "wrapping information");
	CHECK_HAS(parse(), "memory");
	/* No map, but the two old words. */
	begin(1);
	put32(INFO + 4, 639);
	put32(INFO + 8, 31 * 1024);
	CHECK(!parse(), "%s", parse());
	CHECK_EQ(bi.regions, 2);
	CHECK_EQ(bi.ram[1].end, 32 << 20);
	/* A map of nothing usable. */
	begin(1 << 6);
	entry(0, 0xFFF, 1, 0);
	entry(0x100000, 0x100000, 2, 0);
	CHECK(parse(), "no RAM, but it goes on");
	/* An entry size that would not get on, or leads out. */
	begin(1 << 6);
	entry(0x100000, 0x100000, 1, 0);
	entry(0x200000, 0x100000, 1, 0);
	put32(MMAP + 24, 0);
	CHECK(!parse() && bi.ram[0].end == 0x200000 && bi.dropped, "size 0");
	put32(MMAP + 24, 0xFFFFFFFC);
	CHECK(!parse() && bi.dropped, "size -4");
}

static void bounds(void)
{
	u32 i;

	/* More modules and regions than there is room for; an endless string. */
	begin(1 << 6 | 1 << 3 | 1 << 2);
	entry(0x100000, 0x10000000, 1, 0);
	for (i = 0; i < 100; i++)
		module(i, 0x200000 + i * 4096, 0x201000 + i * 4096, "m");
	memset(memory + STRINGS, 'x', 0x8000);
	put32(INFO + 16, STRINGS);
	CHECK(!parse(), "%s", parse());
	CHECK(bi.modules <= BOOT_MAX_MODULES && bi.modules + bi.dropped == 100, "%u + %u", bi.modules, bi.dropped);
	CHECK_EQ(strlen(bi.module[0].string), BOOT_STRING - 1);
	CHECK_EQ(strlen(bi.cmdline), BOOT_CMDLINE - 1);
	/* A count that no memory could hold. */
	put32(INFO + 20, 0xFFFFFFFF);
	CHECK(!parse() && bi.modules <= BOOT_MAX_MODULES, "many modules");
	begin(1 << 6);
	for (i = 0; i < 300; i++)
		entry(0x100000 + i * 0x4000, 0x2000, 1, 0);
	CHECK(!parse(), "%s", parse());
	CHECK(bi.regions <= BOOT_MAX_REGIONS && bi.dropped, "%u regions", bi.regions);
	check_regions();
}

/* RAM is what some entry calls RAM in whole, and no entry calls anything else in any part. */
static void random_maps(void)
{
	static u8 model[PAGES];		/* bit 0: some RAM entry has all of it, bit 1: other */
	u32 round, i, n, p;

	for (round = 0; round < 60; round++) {
		begin(1 << 6);
		memset(model, 0, sizeof(model));
		n = 1 + rnd(20);
		for (i = 0; i < n; i++) {
			u64 base = one_in(3) ? (u64)rnd(PAGES) << 12 : (u64)rnd(PAGES) << 12 | rnd(4096);
			u64 len = one_in(10) ? ~0ull - rnd(100000) : one_in(10) ? 0
				: one_in(3) ? (u64)rnd(1 << 16) << 12 : (u64)rnd(1 << 30);
			u32 type = one_in(3) ? rnd(6) : 1;
			u64 end = base + len < base ? ~0ull : base + len;

			if (one_in(10))
				base += 1ull << 32;
			end = base + len < base ? ~0ull : base + len;
			entry(base, len, type, rnd(2) * 4);
			if (!len)
				continue;
			for (p = 0; p < PAGES; p++) {
				u64 a = (u64)p << 12;

				if (type == 1 ? a >= base && a + 4096 <= end : a < end && a + 4096 > base)
					model[p] |= type == 1 ? 1 : 2;
			}
		}
		parse();
		check_regions();
		for (p = 0; p < PAGES - 1; p++)
			if (is_ram(p) != (model[p] == 1))
				CHECK(0, "round %u: page %#x is %sRAM", round, p, is_ram(p) ? "" : "not ");
		CHECK(!is_ram(PAGES - 1), "the last page");
	}
}

/* Anything at all: only no crash, and the promises of the header. */
static void garbage(void)
{
	u32 round, i;

	for (round = 0; round < 3000; round++) {
		for (i = 0; i < MEMORY; i += 1 + rnd(200))
			memory[i] = (u8)rnd(256);
		put32(INFO, rnd(0x10000));
		if (one_in(2)) {
			put32(INFO + 48, rnd(MEMORY + 100));
			put32(INFO + 44, rnd(5000));
		}
		parse();
		check_regions();
		for (i = 0; i < bi.modules; i++)
			CHECK(bi.module[i].start <= bi.module[i].end && bi.module[i].start >= 0x100000,
			      "module %#x..%#x", bi.module[i].start, bi.module[i].end);
	}
}

int main(int argc, char **argv)
{
	seed_from(argc, argv, 11);
	CASE("an ordinary PC");
	plain();
	CASE("refusals");
	refusals();
	CASE("bounds");
	bounds();
	CASE("random maps");
	random_maps();
	CASE("garbage");
	garbage();
	free(exact);
	return passed();
}
