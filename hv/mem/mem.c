/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine's frames: one bit for each, covering all 4 GiB, set while the frame is free.
 * Whatever must not be given out (the first MiB, our image, every module, the C heap) has its bits
 * cleared before the first frame_alloc(), wherever it lies.
 */
#include <string.h>
#include "hv/boot_info.h"
#include "hv/lib/lib.h"
#include "hv/mem/mem.h"

#define FRAMES		(1u << 20)
#define WORDS		(FRAMES / 32)
#define FIRST_MIB	0x100000u
#define HEAP_MIN	(512u << 10)
#define HEAP_MAX	(4u << 20)

extern u8 hv_start[], hv_end[];

static u32 free_bits[WORDS];
/* One bit for each word of free_bits, set if it has a bit.  Without it, finding the one free frame of
 * a machine took three million instructions. */
static u32 free_words[WORDS / 32];
static u32 cursor, end_word = 1;	/* where to look next in free_words; one past the last word with RAM */
static u32 total, unused;

static bool is_free(u32 f)
{
	return free_bits[f / 32] & BIT(f % 32);
}

static void set_word(u32 i, u32 bits)
{
	free_bits[i] = bits;
	free_words[i / 32] = (free_words[i / 32] & ~BIT(i % 32)) | (bits ? BIT(i % 32) : 0);
}

static void set_range(u32 start, u32 end, bool free)
{
	u32 f = start, n;

	for (; f < end; f += n) {
		u32 bits, was = free_bits[f / 32];

		n = MIN(32 - f % 32, end - f);
		bits = (n == 32 ? ~0u : BIT(n) - 1) << f % 32;
		set_word(f / 32, free ? was | bits : was & ~bits);
		unused += (u32)(__builtin_popcount(free_bits[f / 32]) - __builtin_popcount(was));
	}
}

/* start and end are in bytes; a partly used page counts as used. */
static void mem_reserve(u32 start, u32 end)
{
	set_range(start >> PAGE_SHIFT, (u32)(((u64)end + PAGE_SIZE - 1) >> PAGE_SHIFT), false);
}

hfn_t frame_alloc(void)
{
	u32 word, bit;

	if (!unused)
		return HFN_NONE;
	while (!free_words[cursor])
		cursor = (cursor + 1) * 32 < end_word ? cursor + 1 : 0;
	word = cursor * 32 + (u32)__builtin_ctz(free_words[cursor]);
	bit = (u32)__builtin_ctz(free_bits[word]);
	set_word(word, free_bits[word] & ~BIT(bit));
	unused--;
	return hfn(word * 32 + bit);
}

hfn_t frame_alloc_zeroed(void)
{
	hfn_t f = frame_alloc();

	if (hfn_x(f) != hfn_x(HFN_NONE))
		memset(frame_ptr(f), 0, PAGE_SIZE);
	return f;
}

void frame_free(hfn_t f)
{
	u32 n = hfn_x(f);

	if (n < FIRST_MIB >> PAGE_SHIFT || n / 32 >= end_word ||
	    (n >= (u32)hv_start >> PAGE_SHIFT && n < (u32)hv_end >> PAGE_SHIFT))
		panic("frame_free: %05x never came from frame_alloc", n);
	if (is_free(n))
		panic("frame_free: %05x is free already", n);
	set_word(n / 32, free_bits[n / 32] | BIT(n % 32));
	unused++;
}

u32 frames_free(void)
{
	return unused;
}

/* The lowest run of n free frames, or 0. */
static u32 find_run(u32 n)
{
	u32 f, run = 0;

	for (f = 0; f < end_word * 32; f++) {
		run = is_free(f) ? run + 1 : 0;
		if (run == n)
			return f + 1 - n;
	}
	return 0;
}

static void make_heap(void)
{
	u32 pages = MIN(MAX(total / 16, HEAP_MIN / PAGE_SIZE), HEAP_MAX / PAGE_SIZE);
	u32 first = find_run(pages);

	if (!first)
		panic("no %u KiB of memory in one piece for the heap", (pages * 4));
	set_range(first, first + pages, false);
	heap_init(hpa_ptr(hfn_hpa(hfn(first))), pages * PAGE_SIZE);
}

void mem_init(const struct boot_info *bi)
{
	u32 i;

	for (i = 0; i < bi->regions; i++) {
		/* The top 4 MiB of addresses belong to the Switcher, so RAM there is not mapped or
		 * used. */
		u32 end = MIN(bi->ram[i].end, SWITCHER_BASE);

		set_range(bi->ram[i].start >> PAGE_SHIFT, end >> PAGE_SHIFT, true);
		end_word = MAX(end_word, (end >> PAGE_SHIFT) / 32 + 1);
	}
	mem_reserve(0, FIRST_MIB);
	total = unused;
	mem_reserve((u32)hv_start, (u32)hv_end);
	for (i = 0; i < bi->modules; i++)
		mem_reserve(bi->module[i].start, bi->module[i].end);
	make_heap();
}

void mem_stats(u32 *all, u32 *free, u32 *heap_used, u32 *heap_size)
{
	*all = total * PAGE_SIZE;
	*free = unused * PAGE_SIZE;
	heap_stats(heap_used, heap_size);
}
