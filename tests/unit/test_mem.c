/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine's frames: what must not be given out never is (the first MiB, our image, every module wherever
 * GRUB put it, the heap, the Switcher's range), each frame is given once, all come
 * back, freeing wrongly is a panic.
 */
#include <setjmp.h>
#include <stdarg.h>
#include "hv/boot_info.h"
#include "hv/mem/mem.h"
#include "hv/lib/lib.h"
#include "tests/unit/test.h"

/* hv_start and hv_end come from the linker command: 0x100000 and 0x141000. */
#define IMAGE_END 0x141000u

static u8 page[PAGE_SIZE];	/* every frame: the contents do not matter here */
static jmp_buf panicked;
static bool may_panic;
static u32 heap_at, heap_bytes;

void *hpa_ptr(hpa_t a)
{
	if (!heap_bytes)
		heap_at = hpa_x(a);
	return page;
}

void panic(const char *fmt, ...)
{
	CHECK(may_panic, "panic: %s", fmt);
	longjmp(panicked, 1);
}

void heap_init(void *start, u32 size)
{
	CHECK(start == page, "heap");
	heap_bytes = size;
}

void heap_stats(u32 *used, u32 *size)
{
	*used = 0;
	*size = heap_bytes;
}

static struct boot_info bi;
static u8 seen[1 << 17];

static void ram(u32 start, u32 end) { bi.ram[bi.regions++] = (struct boot_region){ start, end }; }
static void module(u32 start, u32 end)
{
	bi.module[bi.modules].start = start;
	bi.module[bi.modules++].end = end;
}

/* Not RAM, or taken from the start by somebody else than the heap. */
static bool reserved(u32 f)
{
	u32 i, a = f << 12, b = a + 4095;
	bool in = false;

	for (i = 0; i < bi.regions; i++)
		in |= a >= bi.ram[i].start && b < bi.ram[i].end;
	for (i = 0; i < bi.modules; i++)
		if (bi.module[i].end > bi.module[i].start && a < bi.module[i].end && b >= bi.module[i].start)
			return true;
	return !in || a < IMAGE_END || a >= SWITCHER_BASE;
}

static bool forbidden(u32 f)
{
	return reserved(f) || (f << 12 >= heap_at && f << 12 < heap_at + heap_bytes);
}

int main(int argc, char **argv)
{
	u32 f, n = 0, i, total, allowed = 0, all, unused, used, size;

	seed_from(argc, argv, 3);
	ram(0, 0x9F000);
	ram(0x100000, 0xF00000);
	ram(0x1000000, 0x4000000);	/* a hole at 15 MiB */
	ram(0xFFB00000, 0xFFFFF000);	/* reaches into the Switcher's range */
	module(IMAGE_END + 0x5000, IMAGE_END + 0x5001);		/* where the heap would like to be */
	module(0xEFFF00, 0xF00000);
	module(0xFFF123, 0x1100007);	/* crosses 16 MiB and a hole */
	module(0x3FFFFFF, 0x4000000);	/* the very last byte */
	module(0x200000, 0x200000);	/* empty */
	mem_init(&bi);
	CASE("what is given out");
	for (f = 0; f < 1u << 20; f++)
		allowed += !forbidden(f);
	total = frames_free();
	CHECK_EQ(total, allowed);
	for (f = heap_at >> 12; f < (heap_at + heap_bytes) >> 12; f++)
		CHECK(!reserved(f), "frame %#x of the heap is somebody's", f);
	CHECK(heap_bytes >= 512 << 10 && heap_at >= IMAGE_END, "heap %#x + %#x", heap_at, heap_bytes);
	while (hfn_x(frame_alloc()) * 0 == 0 && frames_free() + n + 1 == total) {
		n++;
		if (n == total)
			break;
	}
	CHECK_EQ(n, total);
	CHECK_EQ(hfn_x(frame_alloc()), 0);
	for (f = 0; f < 1u << 20; f++)
		if (!forbidden(f))
			frame_free(hfn(f));	/* panics unless it was out */
	CHECK_EQ(frames_free(), total);

	memset(page, 0xEE, sizeof(page));
	frame_free(frame_alloc_zeroed());
	for (i = 0; i < PAGE_SIZE; i++)
		CHECK(!page[i], "byte %u of a zeroed frame", i);

	/* Wherever it lies, the one free frame of a full machine is the next. */
	CASE("the last one");
	while (frames_free())
		frame_alloc();
	for (f = 0; f < 1u << 20; f += 1 + rnd(64))
		if (!forbidden(f)) {
			frame_free(hfn(f));
			CHECK_EQ(hfn_x(frame_alloc()), f);
		}
	for (f = 0; f < 1u << 20; f++)
		if (!forbidden(f))
			frame_free(hfn(f));

	CASE("each once");
	for (i = 0; i < 20000; i++) {
		hfn_t h = frame_alloc();

		if (!hfn_x(h))
			break;
		f = hfn_x(h);
		CHECK(!forbidden(f), "frame %#x", f);
		CHECK(!(seen[f / 8] >> f % 8 & 1), "frame %#x twice", f);
		seen[f / 8] |= 1 << f % 8;
		if (one_in(3)) {
			frame_free(h);
			seen[f / 8] &= ~(1 << f % 8);
		}
	}
	for (f = 0; f < 1u << 20; f++)
		if (seen[f / 8] >> f % 8 & 1)
			frame_free(hfn(f));
	CHECK_EQ(frames_free(), total);
	mem_stats(&all, &unused, &used, &size);
	CHECK_EQ(unused, total * PAGE_SIZE);
	CHECK(all > unused && size == heap_bytes, "mem_stats");

	CASE("wrong frees");
	may_panic = true;
	for (i = 0; i < 6; i++) {
		static const u32 wrong[] = { 0, 0x80, 0x100, 0x140, 0x2000, 0xFFFFF };

		if (setjmp(panicked))
			continue;
		frame_free(hfn(wrong[i]));
		may_panic = false;
		CHECK(0, "freeing %#x, which is not out, went through", wrong[i]);
	}
	return passed();
}
