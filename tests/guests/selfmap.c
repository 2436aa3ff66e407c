/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hostile.  A directory that is its own page table (and the table of another slot too), tables at two levels, page
 * tables mapped writable by many aliases, by a large page too, and changed through them: what the
 * guest sees is what its tables say, after the flushes that hardware would need.
 *
 * Outcome: SUCCESS
 */
#include "guest.h"

#define SELF 0x3F0u		/* directory slot of itself */
#define WINDOW (SELF << 22)
#define VA 0x40000000u

void test_main(void)
{
	volatile u32 *table = (u32 *)(WINDOW + (VA >> 22) * PAGE), *dir = (u32 *)(WINDOW + SELF * PAGE);
	u32 i;

	paging_init();
	map(VA, (u32)page_a, 7);
	pgd[SELF] = (u32)pgd | 7;
	pgd[SELF + 1] = (u32)pgd | 3;
	load_cr3((u32)pgd);
	EXPECT_EQ("the directory in its window", dir[5], pgd[5]);
	EXPECT_EQ("a table in its window", table[0] & ~0x60u, (u32)page_a | 7);
	/* Change entries through the window. */
	poke((u32)page_b, 0xBBBB);
	poke((u32)page_a, 0xAAAA);
	for (i = 0; i < 100; i++) {
		table[0] = (u32)(i & 1 ? page_a : page_b) | 7;
		invlpg(VA);
		EXPECT_EQ("changed through the window", peek(VA), i & 1 ? 0xAAAA : 0xBBBB);
		EXPECT_EQ("accessed, seen through the window", table[0] & PTE_A, PTE_A);
	}
	/* The directory changed through its own window: a slot appears and goes. */
	for (i = 0; i < 50; i++) {
		dir[0x200] = pgd[VA >> 22];
		EXPECT_EQ("slot appears", peek(0x80000000), 0xAAAA);
		dir[0x200] = 0;
		invlpg(0x80000000);
		EXPECT_EQ("slot goes", try_read(0x80000000), VEC_PF);
	}
	/* One table by many aliases, and by a large page. */
	pgd[0x300] = ((u32)pte_of(VA) & ~0x3FFFFFu) | 7 | PTE_PS;
	for (i = 1; i < 64; i++)
		map(VA + i * PAGE, (u32)pte_of(VA) & ~(PAGE - 1), 7);
	for (i = 1; i < 64; i++) {
		*(volatile u32 *)(VA + i * PAGE) = (u32)(i & 1 ? page_b : page_a) | 7;
		invlpg(VA);
		EXPECT_EQ("through an alias", peek(VA), i & 1 ? 0xBBBB : 0xAAAA);
	}
	*(volatile u32 *)(0xC0000000 + ((u32)pte_of(VA) & 0x3FFFFF)) = (u32)page_a | 7;
	invlpg(VA);
	EXPECT_EQ("through the large page", peek(VA), 0xAAAA);
	/* A page table entry that leads to the directory, writable from ring 3: the guest's own trouble. */
	map(VA + 100 * PAGE, (u32)pgd, 7);
	EXPECT_EQ("user write to the directory", try_user_write(VA + 100 * PAGE + 0x3F8 * 4), -1);
	pgd[0x3F8] = 0;
	/* Itself unmapped from itself. */
	dir[SELF] = 0;
	load_cr3((u32)pgd);
	EXPECT_EQ("window gone", try_read(WINDOW), VEC_PF);
	EXPECT(try_read(WINDOW + 0x400000) == -1, "the other window");
}
