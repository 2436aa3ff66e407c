/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An interrupt whose gate was empty at `lidt` waits; when the gate is filled in the table, without
 * a word to anybody, it arrives.  While it waits it holds up no other, wakes no `hlt`, and does not
 * show in irq_pending.
 *
 * Outcome: SUCCESS
 */
#include "virtio.h"

#define CONSOLE_IRQ	1

static u8 memory[VQ_MEMORY] __attribute__((aligned(4096)));
static char text[] = "one line by the console's queue\n";

/* An empty gate in the table, and the table loaded anew. */
static void take_gate(u32 vector, struct gate *was)
{
	struct table_reg t = { sizeof(idt) - 1, (u32)idt };

	*was = idt[vector];
	idt[vector] = (struct gate){ 0, 0 };
	asm volatile("lidt %0" : : "m"(t));
}

static void let_the_timer_fire(void)
{
	u64 until = rdtsc() + 50000000;

	timer_ns(1000000);
	while (rdtsc() < until)
		hcall(HC_FLUSH_ASYNC, 0, 0, 0);
}

void test_main(void)
{
	u32 timers, consoles, dev;
	struct gate timer;
	struct vqueue q;

	shared_init(0);
	dev = vdev_find(VD_CONSOLE);
	EXPECT(vdev_open(dev, V_VERSION_1), "refused");
	vq_open(&q, dev, 1, 4, memory);
	vdev_go(dev);

	irq_on();
	timers = irq_count[RINGLET_IRQ_TIMER];
	consoles = irq_count[CONSOLE_IRQ];
	take_gate(RINGLET_FIRST_VECTOR + RINGLET_IRQ_TIMER, &timer);
	let_the_timer_fire();
	EXPECT_EQ("interrupts without a gate", irq_count[RINGLET_IRQ_TIMER], timers);
	EXPECT_EQ("it does not show", shared.irq_pending, 0);

	vq_desc(&q, 0, (u32)text, sizeof(text) - 1, 0, 0);
	irq_off();
	vq_offer(&q, 0);
	vq_kick(&q);
	hcall(HC_HALT, 0, 0, 0);	/* for the console's, not for the timer's */
	EXPECT_EQ("a higher one behind it", irq_count[CONSOLE_IRQ], consoles + 1);
	EXPECT_EQ("still none without a gate", irq_count[RINGLET_IRQ_TIMER], timers);

	idt[RINGLET_FIRST_VECTOR + RINGLET_IRQ_TIMER] = timer;
	hcall(HC_FLUSH_ASYNC, 0, 0, 0);
	EXPECT_EQ("when the gate is there", irq_count[RINGLET_IRQ_TIMER], timers + 1);
	irq_off();
	timer_ns(1000000);
	wait_irq(RINGLET_IRQ_TIMER);
	EXPECT_EQ("and from then on", irq_count[RINGLET_IRQ_TIMER], timers + 2);
}
