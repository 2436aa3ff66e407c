/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The CMOS clock; wall_at_boot() in time.h is what others use of it. */
#ifndef X86_RTC_H
#define X86_RTC_H

#include "hv/types.h"

#define RTC_FIELDS	6		/* second, minute, hour, day, month, year */

void rtc_init(void);			/* after time_init() */
bool rtc_work(void);			/* waits for the next second, see wall_known(); true: it has not come */
/* Pure: the registers as read, and status register B -> seconds since 1970; 0: no such time. */
u32 rtc_decode(const u8 raw[RTC_FIELDS], u8 status_b);

#endif
