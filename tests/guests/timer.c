/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The clock event and the clock: one interrupt for each request, never before its time, at any extreme
 * of the argument; 0 takes it back; the clock in the shared page goes on and only forward.
 *
 * Outcome: SUCCESS
 */
#include "guest.h"

static u64 now(void)
{
	u64 d = rdtsc() - shared.clock_tsc;
	u64 lo = (d & 0xFFFFFFFF) * shared.clock_mult >> 32, hi = (d >> 32) * shared.clock_mult;

	return shared.clock_mult ? shared.clock_ns + ((hi + lo) << shared.clock_shift) : shared.clock_ns;
}

void test_main(void)
{
	static const u32 waits[] = { 1, 1000, 999999, 20000000, 100000000 };
	u64 t, last;
	u32 i, n;

	shared_init(RINGLET_F_CLOCK);
	EXPECT(shared.wall_sec > 1000000000, "wall clock %u", shared.wall_sec);
	EXPECT(shared.time_sec >= shared.wall_sec, "time %u before boot", shared.time_sec);
	if (!shared.clock_mult)
		print("no TSC to be trusted here");
	for (i = 0; i < 5; i++) {
		irq_off();
		t = now();
		timer_ns(waits[i]);
		wait_irq(RINGLET_IRQ_TIMER);
		/* A calibrated clock may be off by a little. */
		EXPECT(!shared.clock_mult || now() - t >= waits[i] - waits[i] / 50,
		       "asked for %u ns, it took %u", waits[i], (u32)(now() - t));
	}
	/* The same by the clock, in one call with the wait; what is over already comes at once. */
	for (i = 0; i < 10; i++) {
		irq_off();
		t = now() + 3000000 * (i & 3);
		n = irq_count[0];
		while (irq_count[0] == n)
			hcall(HC_SLEEP, (u32)t, (u32)(t >> 32), 0);
		EXPECT(!shared.clock_mult || now() >= t, "it came %u ns too early", (u32)(t - now()));
	}
	irq_off();
	timer_ns(20000000);
	hcall(HC_SET_CLOCKEVENT, 1000000, 0, 0);	/* wakes it from a sleep without an end: 0 took nothing else back */
	last = now();
	for (i = 0; i < 100000; i++) {
		t = now();
		EXPECT(t >= last, "the clock went back by %u ns", (u32)(last - t));
		last = t;
	}
	/* One interrupt a request, and none that was taken back. */
	n = irq_count[0];
	irq_off();
	timer_ns(30000000);
	timer_ns(0);
	timer_ns(0xFFFFFFFF);
	timer_ns(0x80000000);
	timer_ns(40000000);
	wait_irq(0);
	timer_ns(0);
	EXPECT_EQ("interrupts from the last request alone", irq_count[0], n + 1);
	for (i = 0; i < 20; i++) {
		irq_off();
		timer_ns(1000000);
		wait_irq(0);
	}
	EXPECT_EQ("interrupts", irq_count[0], n + 21);
}
