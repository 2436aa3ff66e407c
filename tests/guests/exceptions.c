/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The processor's exceptions, from ring 1 and from ring 3: each arrives with the vector, the error code
 * and the address that hardware would give.
 *
 * Outcome: SUCCESS
 */
#include "guest.h"


const int bounds[2] __attribute__((used)) = { 10, 20 };

/* int3 and into leave eip behind them. */
static int last_trap;
static u32 last_eip;

static bool hook(struct frame *f)
{
	if (f->vector != VEC_BP && f->vector != VEC_OF)
		return false;
	last_trap = (int)f->vector;
	last_eip = f->eip;
	return true;
}

static u32 run(u32 n)
{
	switch (n) {
	case 0: return (u32)TRY("divl %0", : : "r"(0), "a"(1), "d"(0) : "cc");
	case 1: return (u32)TRY("ud2", : : );
	case 2: return (u32)TRY(".byte 0xF0, 0x90", : : );
	case 3: return (u32)TRY("bound %0, bounds", : : "r"(30));
	case 4: return (u32)TRY("movl %0, %%fs", : : "r"(0x1001));
	case 5: return (u32)TRY("movl %0, %%es", : : "r"(0x50));	/* Ringlet's own code segment */
	case 6: return (u32)TRY("movl %0, %%ds", : : "r"(0x58));
	case 7: return (u32)TRY("movl %0, %%ss", : : "r"(0));
	case 8: return (u32)TRY("divl %0", : : "r"(1), "a"(0), "d"(5) : "cc");	/* too large */
	case 9: return (u32)TRY(".byte 0x0F, 0xC7, 0xC8", : : );	/* cmpxchg8b of a register */
	case 10: return (u32)TRY(".byte 0xF0, 0x0F, 0xC7, 0xC8", : : );	/* the F00F bug */
	}
	return 0;
}

static const int want[] = { VEC_DE, VEC_UD, VEC_UD, VEC_BR, VEC_GP, VEC_GP, VEC_GP, VEC_GP, VEC_DE, VEC_UD,
			    VEC_UD };

static u32 int3(u32 x) { asm volatile("int3" : : : "memory"); return x; }
static u32 into(u32 x) { asm volatile("movb $0x7f, %%al; addb $1, %%al; into" : : : "eax", "cc", "memory"); return x; }

static void three(u32 (*f)(u32), int vector, const char *what)
{
	last_trap = -1;
	f(0);
	EXPECT(last_trap == vector, "%s at ring 1: trap %d", what, last_trap);
	EXPECT(last_eip > (u32)f && last_eip < (u32)f + 32, "%s: eip %x", what, last_eip);
	last_trap = -1;
	exec_user(f, 0);
	EXPECT(last_trap == vector, "%s at ring 3: trap %d", what, last_trap);
}

void test_main(void)
{
	u32 i;

	for (i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		int got = (int)run(i);

		EXPECT(got == want[i], "case %u at ring 1: trap %d, not %d", i, got, want[i]);
		got = (int)exec_user(run, i);
		EXPECT(got == want[i], "case %u at ring 3: trap %d, not %d", i, got, want[i]);
		EXPECT_EQ("cs in the frame", fault.cs & 0xFFFF, USER_CS);
	}
	run(4);
	EXPECT_EQ("error code of a bad selector", fault.error, 0x1000);
	exec_user(run, 5);
	EXPECT_EQ("error code of Ringlet's selector", fault.error, 0x50);
	trap_hook = hook;
	three(int3, VEC_BP, "int3");
	three(into, VEC_OF, "into");
}
