/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A system call that goes straight to ring 1 finds interrupts still on at its first instruction,
 * which turns them off.  If that very instruction makes the guest come out (its page is not in the
 * shadow tables), no interrupt may come in before it is done; through a trap gate, where nothing
 * turns them off, it may.
 *
 * Outcome: SUCCESS
 */
#include "guest.h"

#define HANDLER 0x40000000u	/* a mapping of its own, that nobody else's fault can fill in passing */

static u32 calls, interrupts, where, enabled;

static bool hook(struct frame *f)
{
	if (f->vector == 0x80) {
		calls++;
		enabled = shared.irq_enabled;
		return true;
	}
	if (f->vector == RINGLET_FIRST_VECTOR) {
		interrupts++;
		where = f->eip;
	}
	return false;
}

void handler(void);
asm(".balign 4096\n.globl handler\nhandler: movl $0, shared\n pushl $0\n pushl $0x80\n movl $trap_common, %eax\n jmp *%eax\n"
    ".balign 4096\n");

/* At ring 3: unblocks the one that waits, and calls. */
static u32 user_call(u32 x)
{
	shared.blocked_interrupts = 0;
	asm volatile("int $0x80" : : : "eax", "memory");
	return x;
}

/* One that waits, but is blocked; a call; and then where the interrupt came in. */
static void one(u32 type)
{
	idt_put(0x80, make_gate(KERNEL_CS, HANDLER, type, 3));
	irq_off();
	timer_ns(500000);
	while (!shared.irq_pending)
		hcall(HC_FLUSH_ASYNC, 0, 0, 0);
	shared.blocked_interrupts = 1;
	hcall(HC_FLUSH_ASYNC, 0, 0, 0);
	EXPECT_EQ("a blocked one does not show", shared.irq_pending, 0);
	calls = interrupts = where = 0;
	enabled = 1;
	irq_on();
	map(HANDLER, (u32)handler, PTE_P | PTE_RW | PTE_US);
	exec_user(user_call, 0);
	if (!(*pte_of(HANDLER) & PTE_A))
		test_error("the handler was not fetched");
	EXPECT_EQ("calls", calls, 1);
	EXPECT_EQ("interrupts on in the handler", enabled, 0);
	irq_on();
	EXPECT_EQ("interrupts", interrupts, 1);
}

void test_main(void)
{
	u32 n;

	shared_init(RINGLET_F_SYSCALL_IF);
	paging_init();
	trap_hook = hook;
	for (n = 0; n < 20; n++) {
		one(GATE_INTERRUPT);
		EXPECT(where != HANDLER, "an interrupt came in before the first instruction");
	}
	one(GATE_TRAP);
	EXPECT_EQ("through a trap gate it comes at", where, HANDLER);
}
