/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 8254 timer as tsc.c uses it; pit_oneshot() is in time.h. */
#ifndef X86_PIT_H
#define X86_PIT_H

#include "hv/types.h"

#define PIT_HZ	1193182

/* How many TSC ticks pass while the PIT counts down from `count` (at most 65535).  Polls, with
 * interrupts off.  0: the PIT does not count.  *error: the result may be off by this many ticks. */
u64 pit_measure_tsc(u32 count, u64 *error);

#endif
