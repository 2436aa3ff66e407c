/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CR0.AM is the guest's own: with it, and EFLAGS.AC, ring 3 gets #AC for what is not aligned;
 * without it never.  (QEMU checks no alignment; Bochs does, and there the variant is "strict".)
 *
 * Outcome: SUCCESS
 */
#include "guest.h"

#define CR0_AM 0x40000
#define VEC_AC 17

static u32 misaligned(u32 ac)
{
	u32 got, v;

	asm volatile("pushfl; orl %0, (%%esp); popfl" : : "r"(ac) : "memory", "cc");
	got = (u32)TRY("movl page_a + 1, %0", : "=r"(v));
	asm volatile("pushfl; andl %0, (%%esp); popfl" : : "i"(~EFLAGS_AC) : "memory", "cc");
	return got;
}

static void one(bool am, u32 ac)
{
	bool want = am && ac && variant_is("strict");
	u32 cr0;

	asm volatile("mov %%cr0, %0" : "=r"(cr0));
	asm volatile("mov %0, %%cr0" : : "r"(am ? cr0 | CR0_AM : cr0 & ~CR0_AM));
	EXPECT(exec_user(misaligned, ac) == (want ? VEC_AC : -1u), "AM %u, AC %x, ring 3: trap %d", am, ac, fault.vector);
	if (want)
		EXPECT_EQ("its error code", fault.error, 0);
	EXPECT(misaligned(ac) == -1u, "AM %u, AC %x, ring 1: trap %d", am, ac, fault.vector);
}

void test_main(void)
{
	EXPECT_EQ("at first", exec_user(misaligned, EFLAGS_AC), -1);
	one(false, EFLAGS_AC);
	one(true, 0);
	one(true, EFLAGS_AC);
	one(false, EFLAGS_AC);
	one(true, EFLAGS_AC);
}
