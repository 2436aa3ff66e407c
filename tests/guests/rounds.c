/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sleeps for a moment, again and again: each time the main loop goes round.  How long that takes it says for
 * tests/system/system.py, which looks at what others' idle devices add.
 *
 * Outcome: SUCCESS
 */
#include "guest.h"

#define ROUNDS	10000u

void test_main(void)
{
	u32 i;
	u64 from;

	shared_init(0);
	from = rdtsc();
	for (i = 0; i < ROUNDS; i++) {
		irq_off();
		timer_ns(20000);
		wait_irq(RINGLET_IRQ_TIMER);
	}
	print("a round takes %u cycles", (u32)((rdtsc() - from) / ROUNDS));
	EXPECT(irq_count[RINGLET_IRQ_TIMER] >= ROUNDS, "%u rounds", irq_count[RINGLET_IRQ_TIMER]);
}
