/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is not offered is refused cleanly: no LDT, no task register, no breakpoints.  Debug registers are a
 * memory, and DR7 shows that nothing is switched on; no breakpoint fires, wherever it points,
 * also not on Ringlet's own pages.  Single-stepping does work.
 *
 * Outcome: SUCCESS
 */
#include "guest.h"

static u32 steps;

static bool hook(struct frame *f)
{
	if (f->vector != VEC_DB)
		return false;
	if (++steps == 5)
		f->eflags &= ~EFLAGS_TF;
	return true;
}

static volatile u32 watched;

void test_main(void)
{
	static const u32 where[] = { 0xFFC00000, 0xFFC01FFC, 0xFFC02000, 0xFFC02800, 0x100000 };
	u32 i, v;

	EXPECT_EQ("lldt 0", TRY("lldt %0", : : "r"((u16)0)), -1);
	EXPECT_EQ("lldt", TRY("lldt %0", : : "r"((u16)0x68)), VEC_GP);
	for (i = 0; i < 0x10000; i += 0x404)
		EXPECT(TRY("lldt %0", : : "r"((u16)(i | 8))) == VEC_GP, "lldt %x", i | 8);
	for (i = 4; i < 0x100; i += 8) {	/* LDT selectors */
		EXPECT(TRY("movl %0, %%fs", : : "r"(i | 1)) == VEC_GP, "LDT selector %x", i | 1);
		EXPECT(TRY("movl %0, %%es", : : "r"(i | 1)) == VEC_GP, "LDT selector %x", i | 1);
	}
	/* Breakpoints on anything: read, written, executed. */
	for (i = 0; i < 5; i++) {
		asm volatile("mov %0, %%db0" : : "r"(where[i]));
		asm volatile("mov %0, %%db1" : : "r"(&watched));
		asm volatile("mov %0, %%db7" : : "r"(0x00FF07FF));
		watched++;
		hcall(HC_FLUSH_ASYNC, 0, 0, 0);
		try_read(where[i]);
	}
	asm volatile("mov %%db0, %0" : "=r"(v));
	EXPECT_EQ("dr0 keeps what was written", v, 0x100000);
	asm volatile("mov %%db7, %0" : "=r"(v));
	EXPECT_EQ("dr7 enables nothing", v & 0xFF, 0);
	/* GD: the next access would trap. */
	asm volatile("mov %0, %%db7" : : "r"(0x2400));
	EXPECT_EQ("DR7.GD", TRY("mov %%db6, %%eax", : : : "eax"), -1);

	trap_hook = hook;
	asm volatile("pushfl; orl %0, (%%esp); popfl; nop; nop; nop; nop; nop; nop; nop; nop"
		     : : "i"(EFLAGS_TF) : "memory", "cc");
	EXPECT_EQ("single steps", steps, 5);
	/* Stepping over a hypercall and over instructions that are emulated. */
	steps = 4;
	asm volatile("pushfl; orl %0, (%%esp); popfl; nop; nop" : : "i"(EFLAGS_TF) : "memory", "cc");
	EXPECT_EQ("one more", steps, 5);
	steps = 0;
	asm volatile("pushfl; orl %0, (%%esp); popfl; int $0x1f; cli; nop; nop; nop; nop; nop; nop; nop"
		     : : "i"(EFLAGS_TF), "a"(HC_FLUSH_ASYNC) : "memory", "cc");
	EXPECT(steps >= 5, "stepping across exits gave %u steps", steps);
	asm volatile("pushfl; andl %0, (%%esp); popfl" : : "i"(~EFLAGS_TF) : "memory", "cc");
}
