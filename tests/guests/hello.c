/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest finds when it starts: ring 1, flat segments, boot_params at 0 with one piece of RAM,
 * memory that is zero where nothing was loaded, and no memory beyond.
 *
 * Outcome: SUCCESS
 */
#include "guest.h"

void test_main(void)
{
	u32 a, nonzero = 0, eax = 0, ebx, ecx, edx;

	print("Hello from ring %u", start_regs[3] & 3);
	EXPECT_EQ("cs", start_regs[3] & 0xFFFF, KERNEL_CS);
	EXPECT_EQ("ds", start_regs[4] & 0xFFFF, KERNEL_DS);
	EXPECT_EQ("ss", start_regs[5] & 0xFFFF, KERNEL_DS);
	EXPECT_EQ("esi, where boot_params are", start_regs[2], 0);
	EXPECT(start_regs[1] & EFLAGS_IF, "EFLAGS.IF is clear");
	EXPECT_EQ("IOPL", start_regs[1] & EFLAGS_IOPL, 0);
	EXPECT_EQ("RAM", ram_bytes(), 8 << 20);
	for (a = (u32)guest_end; a < ram_bytes(); a += 4)
		nonzero += !!peek(a);
	EXPECT_EQ("words left over from somebody else", nonzero, 0);
	EXPECT(try_read(ram_bytes() - 4) == -1, "the last word of RAM cannot be read");

	/* CPUID as the hypervisor wants it seen: no feature that it cannot give. */
	asm volatile("int $0x1f" : "=a"(eax), "=b"(ebx), "=c"(ecx), "=d"(edx)
		     : "a"(HC_CPUID), "b"(1), "c"(0) : "memory");
	EXPECT(!(edx & (1 << 6 | 1 << 9 | 1 << 11)), "CPUID offers PAE, APIC or SYSENTER: %x", edx);
	EXPECT(edx & (1 << 4), "CPUID has no TSC");
}
