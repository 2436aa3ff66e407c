/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page tables that are reached by two ways: from two places of a directory, from two directories, with other rights
 * in the directory than in the table.  What was flushed by one way is gone by that way, whatever
 * the other one still shows; and rights that were never given together are not there together.
 *
 * Outcome: SUCCESS
 */
#include "guest.h"

static u32 table[1024] __attribute__((aligned(4096))), other[1024] __attribute__((aligned(4096)));
static u32 second_pgd[1024] __attribute__((aligned(4096)));

#define RIGHTS (PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D)
#define USER 0x40000000u		/* two places below kernel_address, */
#define USER2 0x40400000u
#define KERNEL 0xC0000000u		/* and two above */
#define KERNEL2 0xC0400000u
#define PAGE_AT 5			/* where in the table, */
#define FAR_AT 100			/* and so far from there that no fault brings both */

static void place(u32 va, const u32 *t, u32 rights) { pgd[va >> 22] = (u32)t | rights; }

static void fresh(u32 one, u32 two)
{
	memset(table, 0, PAGE);
	memset(other, 0, PAGE);
	poke((u32)page_a, 0xA);
	poke((u32)page_b, 0xB);
	table[PAGE_AT] = table[FAR_AT] = (u32)page_a | RIGHTS;
	other[PAGE_AT] = (u32)page_b | RIGHTS;
	place(one, table, RIGHTS);
	place(two, table, RIGHTS);
	hcall(HC_FLUSH_TLB, 1, 0, 0);
}

/* Seen at one place, changed, flushed at the other one, where it was not seen yet. */
static void not_seen_yet(u32 one, u32 two)
{
	fresh(one, two);
	EXPECT_EQ("one place", peek(one + FAR_AT * PAGE), 0xA);
	table[FAR_AT] = (u32)page_b | RIGHTS;
	invlpg(two + FAR_AT * PAGE);
	EXPECT_EQ("the table is there", peek(two + PAGE_AT * PAGE), 0xA);
	EXPECT_EQ("another place, flushed", peek(two + FAR_AT * PAGE), 0xB);
}

/* The directory leads to another table; that is flushed; the old table is filled again by the other way. */
static void led_elsewhere(u32 one, u32 two)
{
	fresh(one, two);
	EXPECT_EQ("one place", peek(one + PAGE_AT * PAGE), 0xA);
	EXPECT_EQ("another", peek(two + PAGE_AT * PAGE), 0xA);
	place(one, other, RIGHTS);
	invlpg(one + PAGE_AT * PAGE);
	EXPECT_EQ("another", peek(two + PAGE_AT * PAGE), 0xA);
	EXPECT_EQ("through another table", peek(one + PAGE_AT * PAGE), 0xB);
}

/* The directory allows less; that is flushed; the table is filled again by the other way. */
static void less_allowed(u32 one, u32 two)
{
	fresh(one, two);
	poke(one + PAGE_AT * PAGE, 0xA);
	place(one, table, RIGHTS & ~PTE_RW);
	invlpg(one + PAGE_AT * PAGE);
	poke(two + PAGE_AT * PAGE, 0xA);
	EXPECT_EQ("write where the directory forbids it", try_write(one + PAGE_AT * PAGE), VEC_PF);
}

/* The directory forbids writing, so that need not be flushed when the table does, too; then the directory allows it. */
static void never_together(u32 one)
{
	fresh(one, USER2);
	place(one, table, RIGHTS & ~PTE_RW);
	hcall(HC_FLUSH_TLB, 1, 0, 0);
	EXPECT_EQ("read", peek(one + PAGE_AT * PAGE), 0xA);
	table[PAGE_AT] &= ~PTE_RW;
	place(one, table, RIGHTS);
	table[PAGE_AT + 64] = (u32)page_c | RIGHTS;
	poke(one + (PAGE_AT + 64) * PAGE, 1);	/* the processor hears of the directory's entry */
	EXPECT_EQ("write that was never allowed", try_write(one + PAGE_AT * PAGE), VEC_PF);
}

/* Two address spaces with one table at the same place: each is flushed for itself. */
static void two_directories(void)
{
	fresh(USER, USER2);
	memcpy(second_pgd, pgd, PAGE);
	hcall(HC_NEW_PGTABLE, (u32)second_pgd, 2, 1);
	EXPECT_EQ("second", peek(USER + FAR_AT * PAGE), 0xA);
	hcall(HC_NEW_PGTABLE, (u32)pgd, 1, 1);
	EXPECT_EQ("first", peek(USER + FAR_AT * PAGE), 0xA);
	table[FAR_AT] = (u32)page_b | RIGHTS;
	hcall(HC_NEW_PGTABLE, (u32)second_pgd, 2, 1);
	EXPECT_EQ("the table is there", peek(USER + PAGE_AT * PAGE), 0xA);
	EXPECT_EQ("second, flushed", peek(USER + FAR_AT * PAGE), 0xB);
	hcall(HC_NEW_PGTABLE, (u32)pgd, 1, 1);
}

void test_main(void)
{
	shared_init(0);
	paging_init();
	hcall(HC_NEW_PGTABLE, (u32)pgd, 1, 1);
	not_seen_yet(USER, USER2);
	not_seen_yet(KERNEL, KERNEL2);
	not_seen_yet(USER, KERNEL);
	not_seen_yet(KERNEL, USER);
	led_elsewhere(USER, USER2);
	led_elsewhere(KERNEL, KERNEL2);
	led_elsewhere(KERNEL, USER);
	less_allowed(USER, USER2);
	less_allowed(KERNEL, KERNEL2);
	never_together(USER);
	never_together(KERNEL);
	two_directories();
}
