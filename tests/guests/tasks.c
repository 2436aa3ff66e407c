/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hostile.  Hardware task switches: far jumps and calls to Ringlet's TSS, to its double-fault TSS, iret with NT, a
 * task gate in the IDT.  And far transfers to its code segment, at its entry points.  Each is a fault for
 * the guest (or its death), never ring 0.
 *
 * Variant jumps: SUCCESS
 * Variant nt: SUCCESS
 * Variant nt3: SUCCESS
 * Variant taskgate: killed no handler for trap 6 at
 * Variant popf: SUCCESS
 */
#include "guest.h"

static struct { u32 off; u16 sel; } __attribute__((packed)) far_pointer;

static void far_jump(void) { asm volatile("ljmp *%0" : : "m"(far_pointer) : "memory"); }
static void far_call(void) { asm volatile("lcall *%0" : : "m"(far_pointer) : "memory"); }
static void far_ret(void)
{
	asm volatile("pushl %0; pushl %1; lret" : : "r"((u32)far_pointer.sel), "r"(far_pointer.off) : "memory");
}
static void far_iret(void)
{
	asm volatile("pushfl; pushl %0; pushl %1; iret" : : "r"((u32)far_pointer.sel), "r"(far_pointer.off)
		     : "memory");
}
static void (*const ways[])(void) = { far_jump, far_call, far_ret, far_iret };

static void nt_iret(void)
{
	asm volatile("pushfl; orl $0x4000, (%%esp); popfl; pushfl; pushl %%cs; pushl $1f; iret; 1:" : : : "memory");
}
static u32 user_nt(u32 x) { nt_iret(); return x; }
static void nt_at_ring3(void) { exec_user(user_nt, 0); }

static bool ud_hook(struct frame *f)
{
	f->eip += 2;
	return f->vector == VEC_UD;
}

void test_main(void)
{
	static const u32 offsets[] = { 0xFFC00000, 0xFFC00010, 0x100000, 0 };
	u32 sel, w, o, flags;

	if (variant_is("jumps")) {
		for (sel = 0; sel < 32 * 8; sel++) {
			u32 i = sel >> 3;

			if (i == 12 || i == 14)
				continue;	/* our own code segments */
			for (w = 0; w < 4; w++)
				for (o = 0; o < 4; o++) {
					far_pointer.sel = (u16)sel;
					far_pointer.off = offsets[o];
					EXPECT(guard(ways[w]) == 1, "way %u to %x:%x came back", w, sel, offsets[o]);
					EXPECT(fault.vector == VEC_GP || fault.vector == VEC_NP ||
					       fault.vector == VEC_TS, "way %u to %x: trap %d", w, sel, fault.vector);
				}
		}
		return;
	}
	if (variant_is("nt") || variant_is("nt3")) {
		w = variant_is("nt") ? (u32)guard(nt_iret) : (u32)guard(nt_at_ring3);
		EXPECT(w <= 1, "iret with NT");
		print("iret with NT: trap %d", w ? fault.vector : -1);
		return;
	}
	if (variant_is("taskgate")) {
		idt_put(VEC_UD, (struct gate){ 0x80 << 16, 0x8500 });
		asm volatile("ud2");
		EXPECT(0, "a task gate led somewhere");
		return;
	}
	/* popf: IOPL, VM, VIF and VIP do not change; nor does the interrupt flag that is really on. */
	trap_hook = ud_hook;
	asm volatile("pushl %1; popfl; pushfl; popl %0" : "=r"(flags) : "r"(0x001A3002) : "memory", "cc");
	EXPECT_EQ("IOPL after popf", flags & EFLAGS_IOPL, 0);
	EXPECT_EQ("VM, VIF, VIP after popf", flags & 0x001A0000, 0);
	EXPECT(flags & EFLAGS_IF, "popf has cleared the real interrupt flag");
	asm volatile("ud2");
	asm volatile("pushfl; popl %0" : "=r"(flags));
	EXPECT_EQ("IOPL after a trap", flags & EFLAGS_IOPL, 0);
}
