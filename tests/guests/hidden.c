/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two guests take turns with the same selectors in %fs and %gs, which mean other segments in each.  Neither sees what
 * the processor has cached for the other; nor does it matter to one that the other has its FPU off.
 *
 * Together
 * Variant one: SUCCESS
 * Variant two: SUCCESS
 */
#include "guest.h"

#define SEL (6 << 3 | 1)

void test_main(void)
{
	u32 me = variant_is("one") ? (u32)page_a : (u32)page_b, i, v = 0, w = 0, mine = variant_is("one") ? 0xA : 0xB;
	bool bad = false;
	u64 until;

	shared_init(0);
	for (i = 0; i < PAGE / 4; i++) {
		((volatile u32 *)page_a)[i] = 0xA;
		((volatile u32 *)page_b)[i] = 0xB;
	}
	gdt_put(6, me << 16 | 0xFFF, 0x00409300 | 1 << 13 | (me >> 16 & 0xFF) | (me & 0xFF000000));
	asm volatile("movl %0, %%fs; movl %0, %%gs" : : "r"(SEL));
	if (variant_is("one"))
		hcall(HC_TS, 1, 0, 0);
	/* All the time, so that the two follow on each other. */
	for (until = rdtsc() + 1000000000; rdtsc() < until && !bad; ) {
		asm volatile("movl %%fs:0, %0; movl %%gs:0, %1" : "=r"(v), "=r"(w));
		bad = v != mine || w != mine;
	}
	EXPECT(!bad, "by fs %x, by gs %x, not %x", v, w, mine);
}
