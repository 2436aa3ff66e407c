/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hostile.  Instructions that lie awkwardly: a hypercall and an emulated instruction across two pages, one that ends
 * in a page that is not there, fifteen prefixes and more, one changed between two runs, one
 * in a page that is there for ring 1 but not to be read as data by ring 3.
 *
 * Outcome: SUCCESS
 */
#include "guest.h"

#define VA 0x40000000u

static u8 *code;
static void run(void) { ((void (*)(void))code)(); }
static u32 user_run(u32 a) { ((void (*)(void))a)(); return 7; }
static void run_user(void) { exec_user(user_run, (u32)code); }

static void put(u32 at, const u8 *bytes, u32 n)
{
	code = (u8 *)at;
	memcpy(code, bytes, n);
	code[n] = 0xC3;
}

void test_main(void)
{
	static const u8 hypercall[] = { 0xB8, 0, 0, 0, 0, 0xCD, 0x1F };	/* mov $0, %eax; int $0x1f */
	static const u8 movcr[] = { 0x0F, 0x20, 0xD8 };			/* mov %cr3, %eax */
	static const u8 outs[] = { 0x66, 0xBA, 0x80, 0, 0xEE };		/* mov $0x80, %dx; out %al, %dx */
	static const u8 cli[] = { 0xFA };
	u8 many[20];
	u32 i;

	paging_init();
	map(VA, (u32)page_a, 7);
	map(VA + PAGE, (u32)page_b, 7);
	for (i = 0; i < 9; i++) {
		put(VA + PAGE - i, hypercall, sizeof(hypercall));
		EXPECT(guard(run) == 0, "hypercall %u bytes before the edge: trap %d", i, fault.vector);
		put(VA + PAGE - i, movcr, sizeof(movcr));
		EXPECT(guard(run) == 0, "mov cr %u bytes before the edge: trap %d", i, fault.vector);
		put(VA + PAGE - i, outs, sizeof(outs));
		EXPECT(guard(run) == 0, "out %u bytes before the edge: trap %d", i, fault.vector);
		EXPECT(guard(run_user) == 1 && fault.vector == VEC_GP, "out at ring 3: trap %d", fault.vector);
	}
	/* The second page is missing.  (QEMU looks at the privilege before it fetches the last byte, so that
	 * Ringlet sees a #GP; the guest has to get the page fault all the same.) */
	for (i = 1; i < sizeof(movcr); i++) {
		put(VA + PAGE - i, movcr, sizeof(movcr));
		map(VA + PAGE, 0, 0);
		EXPECT(guard(run) == 1 && fault.vector == VEC_PF,
		       "cut after %u bytes: trap %d", i, fault.vector);
		EXPECT(fault.cr2 == VA + PAGE, "cr2 %x", fault.cr2);
		map(VA + PAGE, (u32)page_b, 7);
	}
	/* Just fits: nothing after it is needed. */
	put(VA + PAGE - 2, cli, 1);
	map(VA + PAGE, 0, 0);
	EXPECT(guard(run) == 0, "cli, ret at the very end: trap %d", fault.vector);
	map(VA + PAGE, (u32)page_b, 7);
	/* Prefixes: 14 are good, 15 are too many, whatever they are. */
	for (i = 1; i < 18; i++) {
		int want = i <= 14 ? -1 : VEC_GP;

		memset(many, i & 1 ? 0x3E : 0x66, sizeof(many));
		many[i] = 0xFA;
		put(VA, many, i + 1);
		EXPECT((guard(run) ? fault.vector : -1) == want, "%u prefixes: trap %d", i, fault.vector);
	}
	/* Changed between two runs, by an alias. */
	map(VA + 2 * PAGE, (u32)page_a, 7);
	for (i = 0; i < 50; i++) {
		put(VA, i & 1 ? cli : movcr, i & 1 ? 1 : 3);
		EXPECT(guard(run) == 0, "self-modified: trap %d", fault.vector);
		*(volatile u8 *)(VA + 2 * PAGE) = 0x0F;
		*(volatile u8 *)(VA + 2 * PAGE + 1) = 0x0B;
		EXPECT(guard(run) == 1 && fault.vector == VEC_UD, "changed to ud2: trap %d", fault.vector);
	}
	/* What ring 1 may run, ring 3 may not. */
	put(VA, hypercall, sizeof(hypercall));
	map(VA, (u32)page_a, 3);
	EXPECT(guard(run_user) == 1 && fault.vector == VEC_PF && fault.error == 5, "trap %d error %x",
	       fault.vector, fault.error);
	EXPECT(guard(run) == 0, "trap %d", fault.vector);
}
