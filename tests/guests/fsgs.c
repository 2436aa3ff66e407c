/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two guests whose %fs and %gs hold the same selectors, for other places: the Switcher loads them only if they have
 * changed, so neither may find what the other one's descriptors say.  And they are still there after a turn of somebody else.
 *
 * Variant a: SUCCESS
 * Variant b: SUCCESS
 * Together
 */
#include "guest.h"

#define FREE 20
#define SEL (FREE * 8 + 1)
#define ROUNDS 400u

static u32 place[2][64], *in_fs, *in_gs;

static void segment(u32 index, const void *base)
{
	u32 b = (u32)base;

	gdt_put(index, b << 16 | 0xFFFF, (SEG(2, 1) & 0x00FFFF00) | (b & 0xFF000000) | (b >> 16 & 0xFF));
}

void test_main(void)
{
	u32 i, round, fs, gs, there;

	/* Apart from each other in both. */
	in_fs = &place[0][variant_is("a") ? 3 : 30];
	in_gs = &place[1][variant_is("a") ? 7 : 50];
	for (i = 0; i < 128; i++)
		place[i / 64][i % 64] = 0xDEAD0000 + i;
	*in_fs = 0xF5;
	*in_gs = 0x65;
	segment(FREE, in_fs);
	segment(FREE + 1, in_gs);
	asm volatile("movl %0, %%fs; movl %1, %%gs" : : "r"(SEL), "r"(SEL + 8));
	for (round = 0; round < ROUNDS; round++) {
		for (i = 0; i < 300000; i++)	/* its turn ends, and the other's begins: nobody is in between */
			asm volatile("");
		asm volatile("movl %%fs, %0; movl %%gs, %1" : "=r"(fs), "=r"(gs));
		EXPECT(fs == SEL && gs == SEL + 8, "round %u: fs %x, gs %x", round, fs, gs);
		if (fs != SEL || gs != SEL + 8)
			return;
		asm volatile("movl %%fs:0, %0" : "=r"(there));
		EXPECT(there == 0xF5, "round %u: in fs is %x", round, there);
		asm volatile("movl %%gs:0, %0" : "=r"(there));
		EXPECT(there == 0x65, "round %u: in gs is %x", round, there);
	}
}
