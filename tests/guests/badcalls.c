/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hostile.  Hypercalls with arguments that cannot be right: each kills the guest, saying which
 * hypercall it was.  And those at the very edge, which can.
 *
 * Variant number: killed no such hypercall
 * Variant number-max: killed no such hypercall
 * Variant number-gap: killed no such hypercall
 * Variant pae: killed PAE is not offered
 * Variant asid: killed no such address-space number
 * Variant asid-minus: killed no such address-space number
 * Variant console-pointer: killed text outside its memory
 * Variant console-crossing: killed text outside its memory
 * Variant console-wrap: killed text outside its memory
 * Variant console-long: killed too long for the console
 * Variant tls-pointer: killed descriptors outside its memory
 * Variant tls-crossing: killed descriptors outside its memory
 * Variant shutdown: killed no such way to shut down
 * Variant init-twice: killed the shared page is there already
 * Variant iret: killed no stack to return from
 * Variant ring-unknown: killed no such hypercall
 * Variant kick: killed no such device
 * Variant kick-far: killed no such device
 * Variant kick-ring: killed a kick cannot wait in the ring
 * Variant range: killed too many pages
 * Variant edges: SUCCESS
 */
#include "guest.h"

void test_main(void)
{
	struct gate other = make_gate(KERNEL_CS, stubs[VEC_GP], GATE_TRAP, 0);
	u32 end = ram_bytes(), i;

	if (variant_is("number"))
		hcall(HC_MAX, 0, 0, 0);
	else if (variant_is("number-max"))
		hcall(0xFFFFFFFF, 0, 0, 0);
	else if (variant_is("number-gap"))
		hcall(3, 0, 0, 0);
	else if (variant_is("pae"))
		hcall(HC_SET_PMD, 0, 0, 0);
	else if (variant_is("asid"))
		hcall(HC_NEW_PGTABLE, (u32)pgd, RINGLET_ASIDS + 1, 0);
	else if (variant_is("asid-minus"))
		hcall(HC_NEW_PGTABLE, (u32)pgd, 0xFFFFFFFF, 0);
	else if (variant_is("console-pointer"))
		hcall(HC_CONSOLE_WRITE, end, 1, 0);
	else if (variant_is("console-crossing"))
		hcall(HC_CONSOLE_WRITE, end - 10, 11, 0);
	else if (variant_is("console-wrap"))
		hcall(HC_CONSOLE_WRITE, 0xFFFFFFFF, 2, 0);
	else if (variant_is("console-long"))
		hcall(HC_CONSOLE_WRITE, 0x1000, 4097, 0);
	else if (variant_is("tls-pointer"))
		hcall(HC_LOAD_TLS, 0xFFFFFFF0, 0, 0);
	else if (variant_is("tls-crossing"))
		hcall(HC_LOAD_TLS, end - 20, 0, 0);
	else if (variant_is("shutdown"))
		hcall(HC_SHUTDOWN, 0, 77, 0);
	else if (variant_is("init-twice")) {
		shared_init(0);
		hcall(HC_INIT, (u32)page_a, RINGLET_MAGIC, 0);
	} else if (variant_is("iret")) {
		asm volatile("movl $0xF0000000, %%esp; int $0x1f" : : "a"(HC_IRET));
	} else if (variant_is("ring-unknown")) {
		shared_init(0);
		shared.hcalls[0].eax = 12345;
		shared.hcall_status[0] = 0;
		hcall(HC_FLUSH_ASYNC, 0, 0, 0);
	} else if (variant_is("kick")) {
		hcall(HC_KICK, 2, 0, 0);	/* it has a console and random numbers */
	} else if (variant_is("kick-far")) {
		hcall(HC_KICK, 0x100000, 0, 0);	/* times a page: what 0 is */
	} else if (variant_is("kick-ring")) {
		shared_init(0);
		queue(HC_KICK, 0, 0, 0);
		hcall(HC_FLUSH_ASYNC, 0, 0, 0);
	} else if (variant_is("range")) {
		hcall(HC_FLUSH_RANGE, 0x40000000, RINGLET_RANGE + 1, 0);
	} else {
		hcall(HC_CONSOLE_WRITE, end - 10, 10, 0);
		hcall(HC_CONSOLE_WRITE, end, 0, 0);
		hcall(HC_CONSOLE_WRITE, 0xFFFFFFFF, 0, 0);
		for (i = 0; i < 24; i += 8) {
			poke(end - 24 + i, 0xFFFF);
			poke(end - 20 + i, SEG(2, 3));
		}
		hcall(HC_LOAD_TLS, end - 24, 0, 0);
		hcall(HC_LOAD_IDT_ENTRY, 256, ~0u, ~0u);
		hcall(HC_LOAD_IDT_ENTRY, 0xFFFFFFFF, ~0u, ~0u);
		hcall(HC_LOAD_IDT_ENTRY, 0x20000000, ~0u, ~0u);
		hcall(HC_LOAD_IDT_ENTRY, 0x20000000 + VEC_UD, other.lo, other.hi);	/* times 8: what a smaller one is */
		hcall(HC_SET_PGD, ~0u, ~0u, ~0u);
		hcall(HC_SET_PGD, 0, 1023, 0);
		hcall(HC_SET_PGD, 0, 1024, 0);
		for (i = 0; i < 32; i++) {
			hcall(HC_SET_PTE, 1u << i, 1u << i, ~0u);
			hcall(HC_SET_PTE, ~0u, ~0u << i, 0);
			hcall(HC_INVLPG, ~0u << i, 0, 0);
			hcall(HC_REFILL, 1u << i < end ? 1u << i : i, 0, 0);	/* beyond, it is as if it wrote there */
			hcall(HC_FLUSH_RANGE, ~0u << i, RINGLET_RANGE, 0);
			hcall(HC_FLUSH_RANGE, 1u << i, i, 0);
			hcall(HC_KICK, 0, 1u << i, 0);
			hcall(HC_FLUSH_TLB, i, 0, 0);
			hcall(HC_SET_CLOCKEVENT, 1u << i, 0, 0);
			hcall(HC_CPUID, 1u << i, ~0u, 0);
			hcall(HC_CPUID, 0x80000000u + i, i, 0);
		}
		hcall(HC_NOTIFY, 0xFFFFFFFF, 0, 0);	/* a string that is nowhere is empty */
		hcall(HC_NOTIFY, end - 1, 0, 0);
		hcall(HC_SET_CLOCKEVENT, 0, 0, 0);
		for (i = 6; i <= 8; i++)
			EXPECT_EQ("segment by LOAD_TLS", TRY("movl %0, %%fs", : : "r"(i * 8 + 3)), -1);
		EXPECT_EQ("ud2 after gates beyond the table", TRY("ud2", : : ), VEC_UD);
		return;
	}
	test_failure("it came back");
}
