/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The interrupt flag that a trap's frame shows is the guest's own, not the processor's (which
 * is always on under it): lguest's direct traps got this wrong.  An interrupt gate turns them off, a
 * trap gate does not.
 *
 * Outcome: SUCCESS
 */
#include "guest.h"

static u32 seen_flags, seen_enabled, hits;

static bool hook(struct frame *f)
{
	if (f->vector != VEC_UD)
		return false;
	seen_flags = f->eflags;
	seen_enabled = shared.irq_enabled;
	hits++;
	f->eip += 2;
	return true;
}

static void ud2(void) { asm volatile("ud2" : : : "memory"); }
static u32 user_ud2(u32 x) { ud2(); return x; }

void test_main(void)
{
	shared_init(0);
	trap_hook = hook;
	irq_on();
	ud2();
	EXPECT(seen_flags & EFLAGS_IF, "on, trap gate: the frame says off");
	EXPECT(seen_enabled, "on, trap gate: it was turned off");
	irq_off();
	ud2();
	EXPECT(!(seen_flags & EFLAGS_IF), "off, trap gate: the frame says on");

	idt_put(VEC_UD, make_gate(KERNEL_CS, stubs[VEC_UD], GATE_INTERRUPT, 0));
	irq_on();
	ud2();
	EXPECT(seen_flags & EFLAGS_IF, "on, interrupt gate: the frame says off");
	EXPECT(!seen_enabled && !shared.irq_enabled, "on, interrupt gate: still on in the handler");
	ud2();
	EXPECT(!(seen_flags & EFLAGS_IF), "off, interrupt gate: the frame says on");
	irq_on();
	exec_user(user_ud2, 0);
	EXPECT(seen_flags & EFLAGS_IF, "ring 3, interrupt gate: the frame says off");
	EXPECT(!seen_enabled, "ring 3, interrupt gate: still on in the handler");
	EXPECT_EQ("traps", hits, 5);
	EXPECT_EQ("IOPL in the frames", seen_flags & EFLAGS_IOPL, 0);
}
