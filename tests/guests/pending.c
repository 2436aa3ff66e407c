/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An interrupt that comes while they are off is not lost: irq_pending says so, and it arrives when the
 * guest turns them on and looks.  A blocked one neither shows nor arrives until it is unblocked.
 *
 * Outcome: SUCCESS
 */
#include "guest.h"

/* Long enough for the timer to fire, with exits in between so that it can be seen. */
static void let_it_fire(void)
{
	u32 i;

	timer_ns(1000000);
	for (i = 0; i < 100000 && !shared.irq_pending; i++)
		hcall(HC_FLUSH_ASYNC, 0, 0, 0);
}

void test_main(void)
{
	u32 n, i;

	shared_init(0);
	irq_off();
	n = irq_count[0];
	let_it_fire();
	EXPECT_EQ("pending is shown", shared.irq_pending, RINGLET_IF);
	EXPECT_EQ("none while off", irq_count[0], n);
	shared.irq_enabled = RINGLET_IF;
	EXPECT_EQ("none by the store alone", irq_count[0], n);
	hcall(HC_SEND_INTERRUPTS, 0, 0, 0);
	EXPECT_EQ("it arrives", irq_count[0], n + 1);
	EXPECT_EQ("nothing pending any more", shared.irq_pending, 0);
	EXPECT(irq_is_on(), "still on after the handler");

	irq_off();
	shared.blocked_interrupts = 1;
	timer_ns(1000000);
	for (i = 0; i < 20000; i++)
		hcall(HC_FLUSH_ASYNC, 0, 0, 0);
	EXPECT_EQ("a blocked one does not show", shared.irq_pending, 0);
	irq_on();
	hcall(HC_SEND_INTERRUPTS, 0, 0, 0);
	EXPECT_EQ("nor arrive", irq_count[0], n + 1);
	shared.blocked_interrupts = 0;
	hcall(HC_SEND_INTERRUPTS, 0, 0, 0);
	EXPECT_EQ("but when unblocked", irq_count[0], n + 2);

	/* hlt with one pending returns at once, by hypercall and by instruction. */
	irq_off();
	let_it_fire();
	hcall(HC_HALT, 0, 0, 0);
	EXPECT_EQ("halt with one pending", irq_count[0], n + 3);
	irq_off();
	let_it_fire();
	asm volatile("sti; hlt" : : : "memory");
	EXPECT_EQ("sti; hlt with one pending", irq_count[0], n + 4);
	irq_off();
	timer_ns(2000000);
	asm volatile("sti; hlt" : : : "memory");
	EXPECT_EQ("sti; hlt waits for one", irq_count[0], n + 5);
}
