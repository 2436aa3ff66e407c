/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CR4.TSD takes `rdtsc` from ring 3 and leaves it to the kernel; each guest has its own.
 *
 * Variant on: SUCCESS
 * Variant off: SUCCESS
 * Together
 */
#include "guest.h"

#define CR4_TSD 4

static u32 user_rdtsc(u32 x) { (void)x; return (u32)TRY("rdtsc", : : : "eax", "edx"); }
static u32 read_cr4(void) { u32 v; asm volatile("mov %%cr4, %0" : "=r"(v)); return v; }
static void write_cr4(u32 v) { asm volatile("mov %0, %%cr4" : : "r"(v)); }

void test_main(void)
{
	bool on = variant_is("on");
	u64 was = 0, now;
	u32 i;

	shared_init(0);
	write_cr4(on ? CR4_TSD : 0);
	EXPECT_EQ("cr4", read_cr4(), on ? CR4_TSD : 0);
	for (i = 0; i < 200; i++) {	/* with the other one, and the witness, in between */
		now = 0;
		EXPECT_EQ("rdtsc at ring 1", TRY("rdtsc", : "=A"(now)), -1);
		EXPECT(now > was, "time goes back from %x to %x", (u32)was, (u32)now);
		was = now;
		EXPECT_EQ("rdtsc at ring 3", exec_user(user_rdtsc, 0), on ? VEC_GP : -1);
		if (on)
			EXPECT_EQ("its error code", fault.error, 0);
		if (i % 10)
			continue;
		irq_off();
		timer_ns(500000);
		wait_irq(RINGLET_IRQ_TIMER);
	}
	write_cr4(0);
	EXPECT_EQ("rdtsc at ring 3, without TSD", exec_user(user_rdtsc, 0), -1);
}
