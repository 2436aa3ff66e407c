/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernel files: a small ELF and a small bzImage are understood; with any of their numbers wrong they
 * are refused, or what comes out still keeps its promises: pieces inside the file, apart
 * from each other, below the device registers, the entry in one of them.
 */
#include "hv/load/kernel_image.h"
#include "tests/unit/test.h"

static u8 file[8192];
static struct kernel_image k;

static void put(u32 at, u32 v, u32 n) { memcpy(file + at, &v, n); }

static const char *parse(u32 size)
{
	u8 *exact = malloc(size ? size : 1);
	const char *wrong;
	u32 i, j;

	memcpy(exact, file, size);
	memset(&k, 0xEE, sizeof(k));
	wrong = kernel_image_parse(&k, exact, size);
	free(exact);
	if (wrong)
		return wrong;
	CHECK(k.pieces >= 1 && k.pieces <= KERNEL_PIECES, "%u pieces", k.pieces);
	for (i = 0; i < k.pieces; i++) {
		const struct kernel_piece *p = &k.piece[i];

		CHECK(p->offset <= size && p->len <= size - p->offset, "piece %u is not in the file", i);
		CHECK(p->len <= p->size, "piece %u: %u of %u", i, p->len, p->size);
		CHECK(p->gpa >= KERNEL_LOWEST && (u64)p->gpa + p->size <= 0xF0000000u, "piece %u at %#x", i, p->gpa);
		CHECK(p->gpa + p->size <= k.end, "end %#x", k.end);
		for (j = 0; j < i; j++)
			CHECK(p->gpa >= k.piece[j].gpa + k.piece[j].size || k.piece[j].gpa >= p->gpa + p->size,
			      "pieces %u and %u overlap", i, j);
	}
	for (i = 0; i < k.pieces && k.entry - k.piece[i].gpa >= k.piece[i].size; i++)
		;
	CHECK(i < k.pieces, "entry %#x is nowhere", k.entry);
	CHECK(k.setup_len <= SETUP_END - SETUP_HEADER, "setup header of %u", k.setup_len);
	return NULL;
}

static void make_elf(void)
{
	memset(file, 0, sizeof(file));
	memcpy(file, "\177ELF\1\1\1", 7);
	put(16, 2, 2);		/* ET_EXEC */
	put(18, 3, 2);		/* EM_386 */
	put(20, 1, 4);
	put(24, 0x100010, 4);	/* entry */
	put(28, 52, 4);		/* phoff */
	put(40, 52, 2);
	put(42, 32, 2);
	put(44, 2, 2);
	put(52, 1, 4);		/* PT_LOAD */
	put(56, 4096, 4);
	put(60, 0xC0100000, 4);
	put(64, 0x100000, 4);
	put(68, 1000, 4);
	put(72, 5000, 4);
	put(84, 1, 4);
	put(88, 6000, 4);
	put(96, 0x200000, 4);
	put(100, 100, 4);
	put(104, 100, 4);
}

static void make_bzimage(void)
{
	memset(file, 0, sizeof(file));
	file[0x1F1] = 3;
	put(0x1FE, 0xAA55, 2);
	put(0x200, 0x66EB, 2);
	memcpy(file + 0x202, "HdrS", 4);
	put(0x1F4, (sizeof(file) - 4 * 512) / 16, 4);
	put(0x206, 0x20F, 2);
	put(0x24C, 1000, 4);
	file[0x211] = 1;
	put(0x214, 0x100000, 4);
	put(0x258, 0x1000000, 4);
	put(0x260, 0x800000, 4);
}

/* What people put there by mistake: each is told apart by its own words. */
static void others(void)
{
	static const u8 libraries[] = { 3, 1 };
	u32 i;

	make_elf();
	put(84, 3, 4);			/* PT_INTERP */
	CHECK_HAS(parse(sizeof(file)), "runs under Linux");
	put(84, 7, 4);			/* PT_TLS: linked statically */
	CHECK_HAS(parse(sizeof(file)), "runs under Linux");
	make_elf();
	put(24, 0x08048010, 4);
	put(60, 0x08048000, 4);
	put(64, 0x08048000, 4);
	put(96, 0x08100000, 4);
	CHECK_HAS(parse(sizeof(file)), "where programs do");
	put(60, 0xC8048000, 4);		/* as Linux may be */
	CHECK(!parse(sizeof(file)), "%s", parse(sizeof(file)));
	make_elf();
	put(18, 62, 2);
	CHECK_HAS(parse(sizeof(file)), "32-bit x86");
	for (i = 0; i < sizeof(libraries); i++) {
		make_elf();
		file[16] = libraries[i];
		CHECK_HAS(parse(sizeof(file)), i ? "object file" : "library");
	}
	make_elf();
	put(4096, 0x1BADB002, 4);
	put(4100, 3, 4);
	put(4104, -(0x1BADB002 + 3), 4);
	CHECK_HAS(parse(sizeof(file)), "Multiboot");
	put(4104, 7, 4);
	CHECK(!parse(sizeof(file)), "%s", parse(sizeof(file)));
	make_bzimage();
	file[0x236] = 1;
	CHECK_HAS(parse(sizeof(file)), "64-bit");
	put(0x206, 0x20B, 2);		/* too old to say so */
	CHECK(!parse(sizeof(file)), "%s", parse(sizeof(file)));
	make_bzimage();
	put(0x24C, 0, 4);
	CHECK_HAS(parse(sizeof(file)), "memtest86+");
	make_bzimage();
	CHECK_HAS(parse(sizeof(file) - 16), "cut off");
	CHECK(!parse(sizeof(file) - 15), "%s", parse(sizeof(file) - 15));
	memset(file + 0x202, 0, 4);
	CHECK_HAS(parse(sizeof(file)), "boot sector");
}

int main(int argc, char **argv)
{
	u32 i, n, good = 0;

	seed_from(argc, argv, 21);
	CASE("ELF");
	make_elf();
	CHECK(!parse(sizeof(file)), "%s", parse(sizeof(file)));
	CHECK_EQ(k.pieces, 2);
	CHECK_EQ(k.entry, 0x100010);
	CHECK_EQ(k.piece[0].gpa, 0x100000);
	CHECK_EQ(k.piece[0].size, 5000);
	CHECK_EQ(k.piece[1].offset, 6000);
	CHECK_EQ(k.end, 0x200000 + 100);
	for (i = 0; i < 6100; i++)
		CHECK(parse(i), "cut to %u bytes", i);
	make_elf();
	put(24, 0xC0100000, 4);
	CHECK_HAS(parse(sizeof(file)), "entry");
	make_elf();
	put(96, 0x100000 + 4999, 4);
	CHECK(parse(sizeof(file)), "overlap by one byte");
	put(96, 0x100000 + 5000, 4);
	CHECK(!parse(sizeof(file)), "no overlap");
	make_elf();
	put(72, 999, 4);
	CHECK(parse(sizeof(file)), "more in the file than in memory");
	make_elf();
	put(104, 0xFFFFFFFF, 4);
	CHECK(parse(sizeof(file)), "size that wraps");
	make_elf();
	file[4] = 2;
	CHECK_HAS(parse(sizeof(file)), "64-bit");

	CASE("what is no guest's kernel");
	others();

	CASE("many parts");
	/* As many parts as there is room for, and one more. */
	for (n = KERNEL_PIECES; n <= KERNEL_PIECES + 1; n++) {
		make_elf();
		put(28, 1024, 4);
		put(44, n, 2);
		for (i = 0; i < n; i++) {
			put(1024 + 32 * i, 1, 4);
			put(1024 + 32 * i + 4, 4096, 4);
			put(1024 + 32 * i + 12, 0x100000 + 0x1000 * i, 4);
			put(1024 + 32 * i + 16, 100, 4);
			put(1024 + 32 * i + 20, 100, 4);
		}
		CHECK(!parse(sizeof(file)) == (n <= KERNEL_PIECES), "%u parts", n);
	}

	CASE("bzImage");
	make_bzimage();
	CHECK(!parse(sizeof(file)), "%s", parse(sizeof(file)));
	CHECK_EQ(k.entry, 0x100000);
	CHECK_EQ(k.piece[0].gpa, 0x100000);
	CHECK_EQ(k.piece[0].offset, 4 * 512);
	CHECK_EQ(k.piece[0].len, sizeof(file) - 4 * 512);
	CHECK(k.end >= 0x1800000, "end %#x", k.end);
	CHECK(k.setup_len, "no setup header");
	for (i = 0; i <= sizeof(file) - 16; i++)
		CHECK(parse(i), "cut to %u bytes", i);
	put(0x206, 0x200, 2);
	CHECK_HAS(parse(sizeof(file)), "old");

	make_bzimage();
	file[0x1F1] = 200;	/* its own begin is beyond the file */
	CHECK_HAS(parse(sizeof(file)), "cut off");
	make_bzimage();
	put(0x260, 0xF0000000, 4);
	CHECK_HAS(parse(sizeof(file)), "more memory");
	put(0x260, 0xFFFFFFFF - 0x1000000, 4);
	CHECK_HAS(parse(sizeof(file)), "more memory");

	CASE("neither");
	memset(file, 0, sizeof(file));
	CHECK_HAS(parse(sizeof(file)), "not a Linux kernel");
	strcpy((char *)file, "#!/bin/sh\n");
	CHECK(parse(10), "a script");

	CASE("any numbers");
	for (n = 0; n < 200000; n++) {
		if (one_in(2))
			make_elf();
		else
			make_bzimage();
		for (i = rnd(4); i--;) {
			u32 at = file[0] ? one_in(3) ? rnd(52) : 52 + rnd(64) : 0x1F1 + rnd(0xA0);
			static const u32 odd[] = { 0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xF0000000, 0x100000, 8192 };

			if (one_in(2))
				put(at & ~3u, odd[rnd(8)], 4);
			else
				file[at] = (u8)rnd(256);
		}
		good += !parse(one_in(3) ? rnd(sizeof(file)) : sizeof(file));
	}
	CHECK(good > 5000, "only %u of them were good", good);
	return passed();
}
