/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hostile.  More page tables than any shadow can hold: a directory of 1023 tables with 1024 entries each, all present,
 * used from one end to the other and at random, with flushes of everything in between.  Shadow
 * memory is bounded, so this only costs the guest its own time; the witness goes on.
 *
 * Outcome: SUCCESS
 */
#include "guest.h"

static u32 tables[256][1024] __attribute__((aligned(4096)));

void test_main(void)
{
	u32 t, i, n, va;

	paging_init();
	for (t = 0; t < 256; t++)
		for (i = 0; i < 1024; i++)
			tables[t][i] = (u32)(i & 1 ? page_a : page_b) | 7;
	for (i = 4; i < 1023; i++)
		pgd[i] = (u32)tables[i % 256] | 7;
	load_cr3((u32)pgd);
	for (n = 0; n < 2; n++)
		for (va = 4 << 22; va < SWITCHER; va += 64 * PAGE) {
			poke(va, va);
			EXPECT_EQ("page", peek(va + 2 * PAGE), va);
		}
	for (n = 0; n < 20000; n++) {
		va = (4 << 22) + random32() % (1019 << 10) * PAGE;
		poke(va, n);
		EXPECT_EQ("page", peek(va), n);
		if (n % 1000 == 0)
			load_cr3((u32)pgd);
		if (n % 100 == 0)
			invlpg(va);
		if (n % 333 == 0)
			hcall(HC_FLUSH_TLB, n & 1, 0, 0);
	}
}
