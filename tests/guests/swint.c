/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `int n` from ring 3, for all n: it gets in where the guest's gate is open to ring 3 and nowhere
 * else; from the guest's kernel, which takes itself for ring 0, through every gate.  A forged page
 * fault, timer interrupt or hypercall is a general protection fault.  No interrupt of the machine's
 * can be forged either, and Ringlet's own vectors do not show.
 *
 * Outcome: SUCCESS
 */
#include "guest.h"

/* No software interrupt pushes one; our frames would be askew. */
#define HAS_ERROR_CODE (1 << 8 | 1 << 10 | 1 << 11 | 1 << 12 | 1 << 13 | 1 << 14 | 1 << 17)

static u32 got[256];
/* The 256 instructions, eight bytes apart; each ends in a jump out. */
void ints(void);
asm(".text\n.balign 8\nints:\n .set n, 0\n .rept 256\n .balign 8\n .byte 0xCD, n\n ret\n .set n, n + 1\n .endr\n");

static bool hook(struct frame *f)
{
	u32 n = (f->eip - (u32)ints) / 8;

	if (f->eip < (u32)ints || f->eip >= (u32)ints + 2048 || (f->vector == 0x40 && n != 0x40))
		return false;
	got[n] = f->vector << 16 | f->error;
	if (f->eip == (u32)ints + n * 8)
		f->eip += 2;		/* it faulted: eip is still on it */
	return true;
}

static u32 go(u32 n) { ((void (*)(void))((u8 *)ints + n * 8))(); return 0; }

void test_main(void)
{
	u32 n;

	trap_hook = hook;
	for (n = 0; n < 256; n++) {
		bool open = n == VEC_BP || n == VEC_OF || n == 0x40 || n == 0x80;

		got[n] = 0xFFFF;
		exec_user(go, n);
		if (open)
			EXPECT(got[n] >> 16 == n, "int %x: vector %x", n, got[n] >> 16);
		else
			EXPECT(got[n] == (VEC_GP << 16 | (n * 8 + 2)), "int %x: vector %x error %x", n,
			       got[n] >> 16, got[n] & 0xFFFF);
	}
	for (n = 0; n < 256; n++) {
		if (n == RINGLET_TRAP || HAS_ERROR_CODE >> (n & 31) & (n < 32))
			continue;
		got[n] = 0xFFFF;
		go(n);
		EXPECT(got[n] >> 16 == n, "int %x at ring 1: vector %x error %x", n, got[n] >> 16, got[n] & 0xFFFF);
	}
	/* The guest may open others, but not the hypercall. */
	/* (Not those that push an error code: software interrupts push none, and our frames would
	 * be askew.) */
	for (n = 1; n < 256; n += n == 6 ? 9 : 5)
		idt_put(n, make_gate(KERNEL_CS, stubs[n], GATE_TRAP, 3));
	idt_put(RINGLET_TRAP, make_gate(KERNEL_CS, stubs[RINGLET_TRAP], GATE_TRAP, 3));
	for (n = 1; n < 256; n += n == 6 ? 9 : 5) {
		if (n == 0x40)
			continue;
		got[n] = 0xFFFF;
		exec_user(go, n);
		EXPECT(got[n] >> 16 == n, "opened, int %x: vector %x error %x", n, got[n] >> 16, got[n] & 0xFFFF);
	}
	got[RINGLET_TRAP] = 0xFFFF;
	exec_user(go, RINGLET_TRAP);
	EXPECT(got[RINGLET_TRAP] >> 16 == VEC_GP || got[RINGLET_TRAP] >> 16 == RINGLET_TRAP,
	       "hypercall from ring 3: %x", got[RINGLET_TRAP]);
	print("still here, so no hypercall was made");
}
