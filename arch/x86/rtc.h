/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The CMOS clock.  Others use it through wall_at_boot() in time.h. */
#ifndef X86_RTC_H
#define X86_RTC_H

#include "hv/types.h"

#define RTC_FIELDS	6		/* second, minute, hour, day, month, year */

void rtc_init(void);			/* after time_init() */
bool rtc_work(void);			/* looks for the clock's tick, see wall_known(); true: still waiting for it */
/* Pure: turns the registers as read, and status register B, into seconds since 1970; 0: not a valid
 * time. */
u32 rtc_decode(const u8 raw[RTC_FIELDS], u8 status_b);

#endif
