/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where no NMI could bring virtual-8086 code back that spins with interrupts off, ring 3 gets no page that such
 * code can begin in; a kernel has its own there as ever, and ring 3 all others.
 *
 * No APIC
 * Variant read: killed ring 3 used 00020000.*below 4 MiB
 * Variant write: killed ring 3 used 003ffffc.*below 4 MiB
 * Variant others: SUCCESS
 */
#include "guest.h"

static u32 nothing(u32 x) { return x; }

void test_main(void)
{
	paging_init();
	EXPECT_EQ("ring 1 reads there", try_read(0x20000), -1);
	EXPECT_EQ("ring 1 writes there", try_write(0x20000), -1);
	EXPECT_EQ("ring 3 runs", exec_user(nothing, 5), 5);
	EXPECT_EQ("ring 3 reads above", try_user_read((u32)page_a), -1);
	if (variant_is("others")) {
		map(0x20000, 0x20000, PTE_P | PTE_RW);
		EXPECT_EQ("ring 3 reads the kernel's", try_user_read(0x20000), VEC_PF);
	} else if (variant_is("read")) {
		try_user_read(0x20000);
		test_failure("it came back");
	} else {
		try_user_write(0x3FFFFC);
		test_failure("it came back");
	}
}
