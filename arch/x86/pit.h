/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 8254 timer's two uses beside pit_oneshot(); for tsc.c. */
#ifndef X86_PIT_H
#define X86_PIT_H

#include "hv/types.h"

#define PIT_HZ	1193182

/* TSC ticks while the PIT counts `count` (at most 65535) down, by polling with interrupts off; 0:
 * the PIT does not count.  *error: the result may be wrong by so many ticks. */
u64 pit_measure_tsc(u32 count, u64 *error);

#endif
