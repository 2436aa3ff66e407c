/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hostile, or broken: what would reset a real machine by a triple fault ends the guest, with a reason.
 *
 * Variant no-idt: killed no handler for trap 6 at
 * Variant bad-cs: killed trap 6 wants code segment a1 and stack segment 69
 * Variant user-cs: killed trap 6 wants code segment 71 and stack segment 69
 * Variant bad-eip: killed no stack at fffffff0 for trap 14 at 50000000
 * Variant loop: killed no stack at [0-9a-f]+ for trap 14 at
 * Variant protected: killed left protected mode \(cr0 00000010\)
 */
#include "guest.h"

void test_main(void)
{
	if (variant_is("no-idt")) {
		struct table_reg t = { 0, 0 };
		u32 i;

		asm volatile("lidt %0" : : "m"(t));
		for (i = 0; i < 32; i++)
			hcall(HC_LOAD_IDT_ENTRY, i, 0, 0);
		asm volatile("ud2");
	} else if (variant_is("bad-cs")) {
		idt_put(VEC_UD, make_gate(20 * 8 + 1, stubs[VEC_UD], GATE_TRAP, 0));
		asm volatile("ud2");
	} else if (variant_is("user-cs")) {
		idt_put(VEC_UD, make_gate(USER_CS, stubs[VEC_UD], GATE_TRAP, 0));
		asm volatile("ud2");
	} else if (variant_is("bad-eip")) {
		idt_put(VEC_PF, make_gate(KERNEL_CS, 0x50000000, GATE_TRAP, 0));
		paging_init();
		peek(0x40000000);
	} else if (variant_is("loop")) {
		/* Each page fault's handler faults again, until the stack meets something. */
		paging_init();
		*pte_of((u32)stubs[VEC_PF]) = 0;
		load_cr3((u32)pgd);
		peek(0x40000000);
	} else if (variant_is("protected")) {
		asm volatile("mov %0, %%cr0" : : "r"(0x10));
	}
	test_failure("still here");
}
