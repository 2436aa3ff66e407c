/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hostile.  The processor refuses to enter the guest, whose code segment is gone.  The report of it
 * shows each register as it was.
 *
 * Outcome: killed cannot run
 * Info: eax 00000012  ebx 0000000c  ecx 00000000  edx 00000000
 * Info: esi 51515151  edi d1d1d1d1  ebp b1b1b1b1  ds 0069  es 0079  fs 00a1  gs 00a9
 */
#include "guest.h"

void test_main(void)
{
	gdt_put(15, 0xFFFF, SEG(2, 1));
	gdt_put(20, 0xFFFF, SEG(2, 1));
	gdt_put(21, 0xFFFF, SEG(2, 1));
	EXPECT(1, " ");
	asm volatile("movl %0, %%es; movl %1, %%fs; movl %2, %%gs" : : "r"(0x79), "r"(0xA1), "r"(0xA9));
	asm volatile("movl $0xb1b1b1b1, %%ebp; int $0x1f"
		     : : "a"(HC_LOAD_GDT_ENTRY), "b"(KERNEL_CS >> 3), "c"(0), "d"(0), "S"(0x51515151), "D"(0xD1D1D1D1)
		     : "memory");
}
