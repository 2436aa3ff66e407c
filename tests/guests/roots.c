/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Named roots: HC_NEW_PGTABLE with an address-space number keeps what that number had cached, unless it is
 * told to drop it or the page table is another one.  More address spaces than numbers, and more
 * unnamed ones than are kept: each still sees its own memory.
 *
 * Outcome: SUCCESS
 */
#include "guest.h"

#define SPACES (RINGLET_ASIDS + 8)
#define VA 0x40000000u

static u32 dirs[SPACES][1024] __attribute__((aligned(4096)));
static u32 user_tables[SPACES][1024] __attribute__((aligned(4096)));
static u8 pages[SPACES][4096] __attribute__((aligned(4096)));

static void go(u32 space, u32 number, bool flush)
{
	hcall(HC_NEW_PGTABLE, (u32)dirs[space], number, flush);
}

void test_main(void)
{
	u32 i, n, s;

	paging_init();
	shared_init(RINGLET_F_ASID);
	map(0xC0000000, (u32)page_c, 3);
	for (i = 0; i < SPACES; i++) {
		memcpy(dirs[i], pgd, PAGE);
		dirs[i][VA >> 22] = (u32)user_tables[i] | 7;
		user_tables[i][0] = (u32)pages[i] | 7;
		poke((u32)pages[i], 1000 + i);
	}
	for (n = 0; n < 3; n++)
		for (i = 0; i < SPACES; i++) {
			go(i, 1 + i % RINGLET_ASIDS, false);
			EXPECT_EQ("own page, named", peek(VA), 1000 + i);
		}
	for (n = 0; n < 3; n++)
		for (i = 0; i < SPACES; i++) {
			go(i, 0, false);
			EXPECT_EQ("own page, unnamed", peek(VA), 1000 + i);
		}
	for (n = 0; n < 3000; n++) {
		i = random32() % SPACES;
		go(i, random32() % (RINGLET_ASIDS + 1), random32() & 1);
		EXPECT_EQ("own page, at random", peek(VA), 1000 + i);
		poke(0xC0000000, n);
		EXPECT_EQ("kernel page", peek((u32)page_c), n);
	}
	/* The flush flag: a change made while another root was in use. */
	go(0, 1, false);
	EXPECT_EQ("before", peek(VA), 1000);
	go(1, 2, false);
	user_tables[0][0] = (u32)pages[7] | 7;
	go(0, 1, true);
	EXPECT_EQ("after a flush", peek(VA), 1007);
	/* A number given to another page table forgets the first one's. */
	for (s = 0; s < 6; s++) {
		go(s, 5, false);
		EXPECT_EQ("number reused", peek(VA), s ? 1000 + s : 1007);
	}
	/* Kernel addresses are global: one invlpg counts for all roots. */
	for (i = 0; i < RINGLET_ASIDS; i++) {
		go(i, i + 1, false);
		poke(0xC0000000, i);
	}
	*pte_of(0xC0000000) = (u32)page_b | 3;
	poke((u32)page_b, 4711);
	invlpg(0xC0000000);
	for (i = 0; i < RINGLET_ASIDS; i++) {
		go(i, i + 1, false);
		EXPECT_EQ("kernel page after invlpg in another root", peek(0xC0000000), 4711);
	}
}
