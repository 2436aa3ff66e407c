/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Time on a PC: the TSC, the PIT, the RTC. */
#ifndef X86_TIME_H
#define X86_TIME_H

#include "hv/types.h"

/* ns = ns0 + (((tsc - tsc0) * mult) >> 32 << shift).  mult 0: not calibrated yet. */
struct clock {
	u64 tsc0, ns0;
	u32 mult, shift;
	u32 tsc_khz;
};
extern struct clock sys_clock;

void time_init(void);		/* calibrates the TSC against the PIT; needs no interrupts */
u64 time_ns(void);		/* since time_init(); never goes back */
u64 clock_ns(const struct clock *c, u64 tsc);
/* Nanoseconds since 1970 (UTC) at the moment when time_ns() was 0, by the RTC.  Until wall_known()
 * it may be up to a second too low. */
u64 wall_at_boot(void);
bool wall_known(void);
/* One PIT interrupt (IRQ 0) after about ns nanoseconds, at most 54.9 ms. */
void pit_oneshot(u64 ns);
#define PIT_MAX_NS	50000000ull

#endif
