/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hostile.  Hypercalls at random: every number near the table and wild ones, arguments from the list of values that break
 * things, straight and through the ring, with the ring's status bytes and the shared page changing.
 * It ends when a call kills the guest, or after ten thousand; the seed is printed.
 *
 * Outcome: SUCCESS or killed ^hypercall [0-9]+ \([0-9a-f, ]+\): (no such|PAE|the shared page|descriptors|text|too long|the trap stack|no stack|a kick|too many) or killed outside its memory$ or killed ^(double fault|no handler for trap|cannot run at)
 * Repeat: 25
 */
#include "guest.h"

#define PATTERN 16384

static u32 value(void)
{
	static const u32 list[] = {
		0, 1, 2, 0xFFFFFFFF, 0x7FFFFFFF, 0x80000000, 0xFFC00000, 0xFFC01000, 0xFFC02FFF, 0xFFFFF000,
		0xFFFFFFFC, 0x1000, 0xFFF, 0xFFD, 0x100000, 0xF0000000, 0xF0000070, 0xC0000000, 0xBFFFFFFF, 0x69, 0x61,
	};
	u32 n = random32() % 32;

	if (n < sizeof(list) / 4)
		return list[n];
	switch (n) {
	case 22: return ram_bytes();
	case 23: return ram_bytes() - random32() % 64;
	case 24: return (u32)&shared;
	case 25: return (u32)pgd;
	case 26: return (u32)page_a + random32() % 4096;
	case 27: return random32() % 300;
	default: return random32();
	}
}

/* Most calls that kill at once come seldom, so that others have their turn before. */
static u32 number(void)
{
	u32 n;

	do
		n = random32() % 400 ? random32() % HC_MAX : random32();
	while (n == HC_SHUTDOWN ||
	       ((n == 3 || n == 11 || n == 12 || n == HC_SET_PMD || n == HC_INIT || n == HC_IRET ||
		 n == HC_KICK || n == HC_FLUSH_RANGE) &&
		random32() % 100));
	return n;
}

/* Never a sleep without an end. */
static u32 first_argument(u32 n) { return n == HC_SLEEP ? (value() & 0xFFFFFF) | 1 : value(); }
static u32 second_argument(u32 n) { return n == HC_SLEEP ? 0 : value(); }

void test_main(void)
{
	u32 i, n, k, *pattern;

	pattern = (u32 *)(ram_bytes() / 2);
	for (i = 0; i < PATTERN; i++)
		pattern[i] = i * 2654435761u;
	print("seed %08x%08x", (u32)(random_seed >> 32), (u32)random_seed);
	if (random32() & 1)
		shared_init(random32() & 31);
	if (random32() & 1)
		paging_init();
	for (i = 0; i < 10000; i++) {
		n = number();
		if (random32() & 1) {
			k = i % RINGLET_RING_SIZE;
			shared.hcalls[k].eax = n;
			shared.hcalls[k].ebx = first_argument(n);
			shared.hcalls[k].ecx = second_argument(n);
			shared.hcalls[k].edx = value();
			shared.hcall_status[random32() % RINGLET_RING_SIZE] = (u8)random32();
			continue;
		}
		if (n == HC_HALT || n == HC_SET_STACK || n == HC_LOAD_GDT_ENTRY || n == HC_TS || n == HC_NEW_PGTABLE ||
		    n == HC_LOAD_IDT_ENTRY) {
			if (random32() % 8)
				continue;
		}
		hcall(HC_SET_CLOCKEVENT, 1000000, 0, 0);	/* so that a halt ends */
		hcall(n, first_argument(n), second_argument(n), value());
	}
	for (i = 0; i < PATTERN; i++)
		EXPECT_EQ("memory that no call was told of", pattern[i], i * 2654435761u);
}
