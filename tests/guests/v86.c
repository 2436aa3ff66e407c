/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hostile.  iret with EFLAGS.VM at ring 1 and at ring 3.  A processor ignores the flag there, and the rest of the frame is an
 * ordinary iret to a bad selector; QEMU enters virtual-8086 mode, with CS a paragraph whose low
 * bits are no privilege level, IF and IOPL as the frame has them, and a longer frame at the next trap.  By
 * whatever trap it comes out, it ends in a fault of ring 3's, or the guest's end, and never in ring 0,
 * never with a port open, and never with the machine's interrupts off.
 *
 * Variant ring1-cs0: SUCCESS or killed 8086
 * Variant ring1-cs1: SUCCESS or killed 8086
 * Variant ring1-cs2: SUCCESS or killed 8086
 * Variant ring1-cs3: SUCCESS or killed 8086
 * Variant ring3-cs0: SUCCESS
 * Variant ring3-cs1: SUCCESS
 * Variant ring3-cs2: SUCCESS
 * Variant ring3-cs3: SUCCESS
 * Variant registers: SUCCESS
 * Variant interrupt: SUCCESS
 * Variant page-fault: SUCCESS
 * Variant step: SUCCESS
 * Variant nt: SUCCESS
 * Variant spin: SUCCESS
 * Variant spin-later: SUCCESS
 * Variant spin-closed: SUCCESS
 * Variant spin-forever: running
 * Variant iopl-direct: SUCCESS
 * Variant iopl-ring1: SUCCESS or killed 8086
 * Variant iopl-closed: SUCCESS
 * Variant iopl-late: SUCCESS
 * Variant never-ring3: SUCCESS or killed 8086
 * Variant many: SUCCESS
 */
#include "guest.h"

#define EFLAGS_VM 0x20000
#define CODE 0x20000u		/* below 1 MiB: what virtual-8086 mode can reach */

static u32 flags = 2 | EFLAGS_VM | EFLAGS_IF, code_seg = CODE >> 4, wanted = VEC_GP;

/* The frame of nine words; ring 1 or 3 all the same. */
static void enter(void)
{
	asm volatile("pushl $0x1005; pushl $0x1004; pushl $0x1003; pushl $0x1002; pushl $0x2100; pushl $0x800\n"
		     "pushl %0; pushl %1; pushl $0; movl $0xA1A1A1A1, %%eax; movl $0xB1B1B1B1, %%ebx\n"
		     "movl $0xC1C1C1C1, %%ecx; movl $0xD1D1D1D1, %%edx; movl $0x51515151, %%esi\n"
		     "movl $0xD2D2D2D2, %%edi; iret" : : "m"(flags), "m"(code_seg) : "memory");
}
static u32 user_enter(u32 x) { enter(); return x; }
static void user(void) { exec_user(user_enter, 0); }

/* 16-bit code at each of the four paragraphs that code_seg may name. */
static void put_code(const u8 *code, u32 len)
{
	u32 i;
	u8 *at = (u8 *)CODE;

	asm("" : "+r"(at));
	memset(at, 0xF4, PAGE);
	for (i = 0; i < 4; i++)
		memcpy(at + i * 16, code, len);
}

static struct frame seen;
static u32 hits, direct_flags, port;

static bool hook(struct frame *f)
{
	seen = *f;
	if (f->vector == 0x80) {
		/* Straight from there by the direct gate: is a port of the machine open?  0xFF: emulated, so no. */
		hits++;
		asm volatile("pushfl; popl %0" : "=r"(direct_flags));
		asm volatile("inb $0x61, %%al" : "=a"(port));
		user_exit(0);
	}
	return false;
}

static void ring3_fault(const char *what)
{
	EXPECT(guard(user) == 1, "%s came back", what);
	EXPECT(fault.vector == (int)wanted || fault.vector == VEC_GP, "%s: trap %d", what, fault.vector);
	EXPECT_EQ("the ring in the frame", fault.cs & 3, 3);
	EXPECT_EQ("VM and IOPL in the frame", fault.eflags & (EFLAGS_VM | EFLAGS_IOPL), 0);
	EXPECT(seen.cs == USER_CS && seen.ss == USER_DS, "%s: cs %x ss %x", what, seen.cs, seen.ss);
}

static u32 nothing(u32 x) { return x; }

void test_main(void)
{
	const char *v = variant();
	static const u8 hlt[] = { 0xF4 }, int3[] = { 0xCC }, int80[] = { 0xCD, 0x80, 0xF4 }, spin[] = { 0xEB, 0xFE },
			far_read[] = { 0xA1, 0xF0, 0xFF }, nop[] = { 0x90, 0x90, 0x90, 0x90, 0xF4 };
	u32 i;

	trap_hook = hook;
	put_code(hlt, sizeof(hlt));
	if (variant_is("never-ring3")) {	/* then nobody can tell it to ring 3 */
		EXPECT(guard(enter) == 1, "it came back");
		return;
	}
	exec_user(nothing, 0);
	if (variant_is("iopl-late"))		/* the gate is there already */
		idt_put(0x80, make_gate(KERNEL_CS, stubs[0x80], GATE_TRAP, 3));
	/* Ring 3 has touched those pages, so they are mapped for it.  The variants "-closed" do without. */
	if (!variant_is("spin-closed") && !variant_is("iopl-closed"))
		EXPECT_EQ("ring 3 reads the code", try_user_read(CODE), -1);
	if (v[0] == 'r' && v[1] == 'i') {	/* ringN-csM */
		code_seg |= (u32)v[8] & 3;
		if (v[4] == '1') {
			EXPECT(guard(enter) == 1, "it came back");
			EXPECT_EQ("VM and IOPL in the frame", fault.eflags & (EFLAGS_VM | EFLAGS_IOPL), 0);
		} else {
			ring3_fault(v);
		}
	} else if (variant_is("registers")) {
		code_seg |= 3;
		ring3_fault(v);
		EXPECT(seen.eax == 0xA1A1A1A1 && seen.ebx == 0xB1B1B1B1 && seen.ecx == 0xC1C1C1C1 &&
		       seen.edx == 0xD1D1D1D1 && seen.esi == 0x51515151 && seen.edi == 0xD2D2D2D2,
		       "the registers: %x %x %x %x %x %x", seen.eax, seen.ebx, seen.ecx, seen.edx, seen.esi, seen.edi);
	} else if (variant_is("interrupt")) {
		put_code(int3, sizeof(int3));
		ring3_fault(v);
		put_code(spin, sizeof(spin));
		for (i = 0; i < 300; i++)	/* until the machine's own timer comes, among others */
			ring3_fault(v);
	} else if (variant_is("page-fault")) {
		paging_init();
		map(0x1F000, 0, 0);
		put_code(far_read, sizeof(far_read));
		wanted = VEC_PF;
		ring3_fault(v);
	} else if (variant_is("step")) {
		put_code(nop, sizeof(nop));
		flags |= EFLAGS_TF;
		ring3_fault(v);
	} else if (variant_is("nt")) {
		flags |= EFLAGS_NT | 0x180000;
		ring3_fault(v);
	} else if (variant_is("spin") || variant_is("spin-closed") || variant_is("spin-forever")) {
		/* With interrupts off, and nothing that could be asked of us: the neighbour must go on. */
		put_code(spin, sizeof(spin));
		flags &= ~EFLAGS_IF;
		do
			ring3_fault(v);
		while (variant_is("spin-forever"));
	} else if (variant_is("spin-later")) {
		/* After some turns in which nothing changed; and without a call on the way there. */
		u64 until;

		put_code(spin, sizeof(spin));
		ring3_fault(v);
		flags &= ~EFLAGS_IF;
		for (i = 0; i < 5; i++) {
			for (until = rdtsc() + 100000000; rdtsc() < until; )
				;
			EXPECT(guard(enter) == 1, "it came back");
		}
	} else if (v[0] == 'i' && v[1] == 'o') {	/* iopl-... */
		put_code(int80, sizeof(int80));
		if (!variant_is("iopl-late"))
			idt_put(0x80, make_gate(KERNEL_CS, stubs[0x80], GATE_TRAP, 3));
		flags |= EFLAGS_IOPL;
		for (i = 0; i < 4; i++) {
			code_seg = (CODE >> 4) | i;
			guard(variant_is("iopl-ring1") ? enter : user);
			EXPECT_EQ("IOPL in the handler", direct_flags & EFLAGS_IOPL, 0);
			EXPECT(!hits || port == 0xFF, "a port of the machine reads %x", port);
		}
	} else if (variant_is("many")) {
		for (i = 0; i < 20000; i++) {
			code_seg = (CODE >> 4) | (i & 3);
			flags = (random32() & 0x3F7FD7) | EFLAGS_VM | EFLAGS_IF;
			guard(user);
		}
		ring3_fault(v);
	}
}
