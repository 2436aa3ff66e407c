/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page faults as hardware gives them: every pair of directory and table entry rights, from ring
 * 1 and ring 3, reading and writing: whether there is a fault, its error code, and its address.
 * CR0.WP counts as set, so ring 1 too may not write what is read-only.
 *
 * Outcome: SUCCESS
 */
#include "guest.h"

#define VA 0x40000000u

static void access(u32 pde_flags, u32 pte_flags, bool user, bool write)
{
	u32 both = pde_flags & pte_flags, want = 0, i;
	bool present = both & PTE_P, ok;
	int got;

	ok = present && (!user || (both & PTE_US)) && (!write || (both & PTE_RW));
	if (!ok)
		want = (present ? 1 : 0) | (write ? 2 : 0) | (user ? 4 : 0);
	for (i = 0; i < 2; i++) {	/* the second time with whatever the first has cached */
		u32 va = VA + (i ? 0xFFC : 0x123) / 4 * 4;

		fault.vector = -1;
		got = user ? write ? try_user_write(va) : try_user_read(va)
			   : write ? try_write(va) : try_read(va);
		EXPECT(got == (ok ? -1 : VEC_PF), "pde %x pte %x %s %s: trap %d", pde_flags, pte_flags,
		       user ? "user" : "kernel", write ? "write" : "read", got);
		if (ok || got != VEC_PF)
			continue;
		EXPECT(fault.error == want, "pde %x pte %x %s %s: error %x, not %x", pde_flags, pte_flags,
		       user ? "user" : "kernel", write ? "write" : "read", fault.error, want);
		EXPECT_EQ("cr2", fault.cr2, va);
	}
}

void test_main(void)
{
	u32 d, t, *pte;

	paging_init();
	for (d = 0; d < 8; d++)
		for (t = 0; t < 8; t++)
			for (u32 a = 0; a < 4; a++) {
				pgd[VA >> 22] |= PTE_P;
				pte = pte_of(VA);
				*pte = (u32)page_a | t;
				pgd[VA >> 22] = (pgd[VA >> 22] & ~7u) | d;
				load_cr3((u32)pgd);
				access(d, t, a & 1, a & 2);
			}
	/* An address with no directory entry at all, the very top below the Switcher, and address 0. */
	EXPECT_EQ("nothing there", try_read(0x80000000), VEC_PF);
	EXPECT_EQ("error", fault.error, 0);
	EXPECT_EQ("top", try_user_write(SWITCHER - 4), VEC_PF);
	EXPECT_EQ("error", fault.error, 6);
	EXPECT_EQ("cr2", fault.cr2, SWITCHER - 4);
	/* An access over the edge of two pages: the second one is missing. */
	map(VA, (u32)page_a, PTE_P | PTE_RW | PTE_US);
	pgd[VA >> 22] |= 7;
	load_cr3((u32)pgd);
	map(VA + PAGE, 0, 0);
	EXPECT_EQ("over the edge", try_read(VA + PAGE - 2), VEC_PF);
	EXPECT_EQ("cr2", fault.cr2, VA + PAGE);
	EXPECT_EQ("over the edge, writing", try_write(VA + PAGE - 1), VEC_PF);
	EXPECT_EQ("cr2", fault.cr2, VA + PAGE);
	shared_init(0);
	EXPECT_EQ("nothing there", try_user_write(0x80000124), VEC_PF);
	EXPECT_EQ("cr2 in the shared page", shared.cr2, 0x80000124);
}
