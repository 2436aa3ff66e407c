/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Accessed and dirty, as hardware sets them: none without an access, accessed by a read, dirty by a write
 * and not before, in the entry of the table and of the directory; set again when the guest has
 * cleared them and flushed; a fault that is refused sets none.
 *
 * Outcome: SUCCESS
 */
#include "guest.h"

#define VA 0x40000000u
#define AD (PTE_A | PTE_D)

static void cycle(u32 va, u32 *entry, bool user)
{
	*entry &= ~AD;
	invlpg(va);
	EXPECT_EQ("untouched", *entry & AD, 0);
	EXPECT_EQ("read", user ? try_user_read(va) : try_read(va), -1);
	EXPECT_EQ("after a read", *entry & AD, PTE_A);
	EXPECT_EQ("read", user ? try_user_read(va) : try_read(va), -1);
	EXPECT_EQ("after another", *entry & AD, PTE_A);
	EXPECT_EQ("write", user ? try_user_write(va) : try_write(va), -1);
	EXPECT_EQ("after a write", *entry & AD, AD);
	/* Cleaned, as for write-back: the next write must show. */
	*entry &= ~PTE_D;
	invlpg(va);
	EXPECT_EQ("read", try_read(va), -1);
	EXPECT_EQ("cleaned and read", *entry & AD, PTE_A);
	EXPECT_EQ("write", try_write(va), -1);
	EXPECT_EQ("cleaned and written", *entry & AD, AD);
}

void test_main(void)
{
	u32 *pte, i;

	paging_init();
	pte = pte_of(VA);
	map(VA, (u32)page_a, 7);
	for (i = 0; i < 3; i++) {
		cycle(VA + i * 1000 / 4 * 4, pte, false);
		cycle(VA, pte, true);
	}
	EXPECT(pgd[VA >> 22] & PTE_A, "accessed is not set in the directory entry");

	/* Refused: nothing is set. */
	*pte = (u32)page_a | PTE_P;
	invlpg(VA);
	EXPECT_EQ("user read", try_user_read(VA), VEC_PF);
	EXPECT_EQ("write", try_write(VA), VEC_PF);
	EXPECT_EQ("nothing set by refused accesses", *pte & AD, 0);
	*pte = (u32)page_a | PTE_RW;
	invlpg(VA);
	EXPECT_EQ("not present", try_read(VA), VEC_PF);
	EXPECT_EQ("entry untouched", *pte, (u32)page_a | PTE_RW);

	/* Neighbours of a touched page stay untouched. */
	for (i = 0; i < 64; i++)
		map(VA + i * PAGE, (u32)page_a, 7);
	EXPECT_EQ("write", try_write(VA + 20 * PAGE), -1);
	for (i = 0; i < 64; i++)
		EXPECT_EQ("neighbour", *pte_of(VA + i * PAGE) & AD, i == 20 ? AD : 0);

	/* A 4 MiB entry has them in itself. */
	pgd[0x200] = ((u32)page_a & ~0x3FFFFFu) | PTE_P | PTE_RW | PTE_US | PTE_PS;
	load_cr3((u32)pgd);
	cycle(0x80000000u + ((u32)page_a & 0x3FFFFF), &pgd[0x200], true);
}
