/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * 4 MiB entries: Ringlet need not offer them (CPUID), but what the guest puts there is handled.
 * All of it is mapped, with the entry's rights, to the right frames, and a change takes
 * effect by one invlpg anywhere in it.
 *
 * Outcome: SUCCESS
 */
#include "guest.h"

#define VA 0x80000000u
#define FIRST 0x10000u		/* below it is what the loader left; the image is in the second 4 MiB */

void test_main(void)
{
	u32 a, v;

	paging_init();
	for (a = FIRST; a < 0x400000; a += PAGE)
		poke(a, a ^ 0x55AA55AA);
	pgd[VA >> 22] = PTE_P | PTE_RW | PTE_US | PTE_PS;
	for (a = FIRST; a < 0x400000; a += PAGE) {
		v = peek(VA + a);
		EXPECT_EQ("through the large page", v, a ^ 0x55AA55AA);
	}
	poke(VA + 0x3FF000, 1);
	EXPECT_EQ("written through it", peek(0x3FF000), 1);
	/* Read-only, then kernel only. */
	pgd[VA >> 22] = PTE_P | PTE_US | PTE_PS;
	invlpg(VA + 0x123000);
	EXPECT_EQ("write to read-only", try_write(VA + 0x200000), VEC_PF);
	EXPECT_EQ("error", fault.error, 3);
	EXPECT_EQ("user read", try_user_read(VA + 0x200000), -1);
	pgd[VA >> 22] = PTE_P | PTE_RW | PTE_PS;
	invlpg(VA);
	EXPECT_EQ("user read of kernel page", try_user_read(VA + 0x200000), VEC_PF);
	EXPECT_EQ("error", fault.error, 5);
	EXPECT_EQ("kernel write", try_write(VA + 0x200000), -1);
	/* The second 4 MiB, then back to small pages in the same place. */
	pgd[VA >> 22] = 0x400000 | 7 | PTE_PS;
	invlpg(VA);
	poke((u32)page_b, 77);
	EXPECT_EQ("other frames", peek(VA + (u32)page_b - 0x400000), 77);
	pgd[VA >> 22] = 0;
	invlpg(VA);
	EXPECT_EQ("gone", try_read(VA), VEC_PF);
	map(VA, (u32)page_a, 7);
	poke((u32)page_a, 99);
	EXPECT_EQ("small page", peek(VA), 99);
	EXPECT_EQ("and no more", try_read(VA + PAGE), VEC_PF);
}
