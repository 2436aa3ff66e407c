/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flushes: what is changed and then flushed is gone, by each of the ways there are: invlpg, cr3,
 * the flush hypercalls, the hints, for user and kernel addresses, through aliases.  (What is not
 * flushed may stay, as in a TLB: so it is not looked at.)
 *
 * Outcome: SUCCESS
 */
#include "guest.h"

static void by_invlpg(u32 va) { invlpg(va); }
static void by_hcall(u32 va) { hcall(HC_INVLPG, va, 0, 0); }
static void by_range(u32 va) { hcall(HC_FLUSH_RANGE, va, 1, 0); }
static void by_wide_range(u32 va) { hcall(HC_FLUSH_RANGE, va - 7 * PAGE, RINGLET_RANGE, 0); }
static void by_refill(u32 va) { hcall(HC_REFILL, va, 0, 0); }
static void by_cr3(u32 va) { (void)va; load_cr3((u32)pgd); }
static void by_flush_all(u32 va) { (void)va; hcall(HC_FLUSH_TLB, 1, 0, 0); }
static void by_set_pte(u32 va) { hcall(HC_SET_PTE, (u32)pgd, va, *pte_of(va)); }
static void by_set_pgd(u32 va) { hcall(HC_SET_PGD, (u32)pgd, va >> 22, 0); }
static void by_flush_user(u32 va) { (void)va; hcall(HC_FLUSH_TLB, 0, 0, 0); }

static void (*const ways[])(u32) = {
	by_invlpg, by_hcall, by_cr3, by_flush_all, by_set_pte, by_set_pgd, by_flush_user, by_range,
	by_wide_range, by_refill,
};

static void use(u32 va, u32 w, bool user)
{
	u32 *pte = pte_of(va);

	poke((u32)page_a, 0xA);
	poke((u32)page_b, 0xB);
	*pte = (u32)page_a | 7;
	ways[w](va);
	EXPECT_EQ("first page", peek(va), 0xA);
	poke(va, 0xA);			/* cached, writable */
	*pte = (u32)page_b | 7;
	ways[w](va);
	EXPECT(peek(va) == 0xB, "way %u at %x: still the old page", w, va);
	*pte = (u32)page_b | (7 - PTE_RW) | PTE_A;
	ways[w](va);
	EXPECT(try_write(va) == VEC_PF, "way %u at %x: still writable", w, va);
	*pte = (u32)page_b | (7 - PTE_US) | PTE_A | PTE_D;
	ways[w](va);
	EXPECT(try_write(va) == -1, "way %u at %x: not writable for us", w, va);
	if (user)
		EXPECT(try_user_read(va) == VEC_PF, "way %u at %x: still open to ring 3", w, va);
	*pte = 0;
	ways[w](va);
	EXPECT(try_read(va) == VEC_PF, "way %u at %x: still there", w, va);
	/* Not present to present needs no flush at all. */
	*pte = (u32)page_a | 7;
	EXPECT(try_read(va) == -1, "way %u at %x: a new entry is not seen", w, va);
}

/* A kernel address leads to another table, in all directories, and is flushed in one root: that is enough. */
static void in_all_roots(void)
{
	static u32 other[1024] __attribute__((aligned(4096)));
	u32 va = 0xC1000000, dir = va >> 22, to[2], i;

	map(va, (u32)page_a, 7);
	map(0x60000000, (u32)page_b, 7);
	to[0] = pgd[dir];
	to[1] = pgd[0x60000000 >> 22];
	memcpy(other, pgd, sizeof(other));
	for (i = 0; i < 6; i++) {
		hcall(HC_NEW_PGTABLE, (u32)(i & 1 ? other : pgd), 1 + (i & 1), 0);
		pgd[dir] = other[dir] = to[i & 1];
		ways[i / 2](va);
		EXPECT_EQ("here", peek(va), i & 1 ? 0xB : 0xA);
		hcall(HC_NEW_PGTABLE, (u32)(i & 1 ? pgd : other), 2 - (i & 1), 0);
		EXPECT_EQ("there", peek(va), i & 1 ? 0xB : 0xA);
	}
}

void test_main(void)
{
	u32 w, table[2];

	paging_init();
	shared_init(0);		/* from 0xC0000000 on it is the kernel's, global */
	for (w = 0; w < sizeof(ways) / sizeof(ways[0]); w++) {
		use(0x40000000, w, true);
		use(0x403FF000, w, true);
		if (ways[w] != by_flush_user)
			use(0xC0000000, w, true);
		use(0xBFFFF000, w, true);
		if (ways[w] != by_flush_user)
			use(0xFFBFF000, w, true);
	}
	/* The directory entry goes to another table, with one invlpg. */
	map(0x50000000, (u32)page_a, 7);
	map(0x60000000, (u32)page_b, 7);
	poke((u32)page_a, 0xA);
	poke((u32)page_b, 0xB);
	EXPECT_EQ("before", peek(0x50000000), 0xA);
	table[0] = pgd[0x50000000 >> 22];
	pgd[0x50000000 >> 22] = pgd[0x60000000 >> 22];
	invlpg(0x50000000);
	EXPECT_EQ("the other table", peek(0x50000000), 0xB);
	/* One table at two places: a flush at each is enough for each. */
	*pte_of(0x60000000) = (u32)page_c | 7;
	poke((u32)page_c, 0xC);
	invlpg(0x60000000);
	EXPECT_EQ("alias flushed", peek(0x60000000), 0xC);
	invlpg(0x50000000);
	EXPECT_EQ("and the other", peek(0x50000000), 0xC);
	pgd[0x50000000 >> 22] = table[0];
	load_cr3((u32)pgd);
	EXPECT_EQ("back again", peek(0x50000000), 0xA);
	in_all_roots();
}
