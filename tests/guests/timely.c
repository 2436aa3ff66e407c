/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A clock event comes when it is due, not with the next tick or the next turn: to a guest that waits, and to one that
 * spins.  The machine counts instructions instead of time here, so how late it comes is always the same.
 *
 * Outcome: SUCCESS
 * Icount
 */
#include "guest.h"

#define ROUNDS 20
#define DELAY 1000000u		/* ns; far less than a slice, and no divisor of one */

static u64 now(void)
{
	u64 d = rdtsc() - shared.clock_tsc;

	return ((d * shared.clock_mult >> 32) << shared.clock_shift) + shared.clock_ns;
}

static u32 lateness(bool spin)
{
	u32 i, was, worst = 0;
	u64 t, late;

	for (i = 0; i < ROUNDS; i++) {
		irq_off();
		was = irq_count[RINGLET_IRQ_TIMER];
		t = now();
		timer_ns(DELAY);
		if (spin) {
			irq_on();
			while (irq_count[RINGLET_IRQ_TIMER] == was && now() - t < 100 * DELAY)
				;
		} else {
			wait_irq(RINGLET_IRQ_TIMER);
		}
		late = now() - t - DELAY;
		worst = late > worst ? (u32)late : worst;
	}
	return worst;
}

void test_main(void)
{
	u32 waiting, spinning;

	shared_init(RINGLET_F_CLOCK);
	if (!shared.clock_mult)
		test_error("no clock");
	waiting = lateness(false);
	spinning = lateness(true);
	print("late by %u ns waiting, %u ns spinning", waiting, spinning);
	EXPECT(waiting < DELAY / 2, "waiting: late by %u ns", waiting);
	EXPECT(spinning < DELAY / 2, "spinning: late by %u ns", spinning);
}
