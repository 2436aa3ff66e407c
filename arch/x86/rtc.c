/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The wall clock, read from the CMOS clock, which we assume runs in UTC.  It counts whole seconds
 * only, so once, at boot, we wait for it to tick; guests start after that.  The clock says itself
 * whether it counts in BCD or binary, and in 12 or 24 hours.  The century is not in the same place
 * on all machines, so a two-digit year means 1980 to 2079.
 */
#include <string.h>
#include "arch/x86/regs.h"
#include "arch/x86/rtc.h"
#include "arch/x86/time.h"

#define CMOS_INDEX	0x70		/* bit 7 would mask NMIs */
#define CMOS_DATA	0x71
#define RTC_HOUR	4
#define RTC_A		0x0A
#define RTC_B		0x0B
#define A_UPDATING	0x80
#define B_BINARY	0x04
#define B_24H		0x02
#define HOUR_PM		0x80
#define NS		1000000000ull
#define PATIENCE_NS	(2 * NS)	/* if it has not ticked by then, it stands still */
#define MAX_POLLS	20000		/* an update takes 2 ms, a port access 1 us */

static const u8 rtc_index[RTC_FIELDS] = { 0, 2, RTC_HOUR, 7, 8, 9 };
static u64 wall_boot_ns;
static u8 rtc_first;		/* the second in which we booted */
static bool rtc_known;

static u8 rtc_cmos(u8 index)
{
	outb(CMOS_INDEX, index);
	return inb(CMOS_DATA);
}

static u32 rtc_plain(u8 v, u8 status_b)
{
	return status_b & B_BINARY ? v : (v >> 4) * 10 + (v & 0xF);
}

static bool rtc_leap(u32 year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

u32 rtc_decode(const u8 raw[RTC_FIELDS], u8 status_b)
{
	static const u8 month_days[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	u32 second = rtc_plain(raw[0], status_b), minute = rtc_plain(raw[1], status_b);
	u32 hour = rtc_plain(raw[2] & ~HOUR_PM, status_b), day = rtc_plain(raw[3], status_b);
	u32 month = rtc_plain(raw[4], status_b), year = rtc_plain(raw[5], status_b);
	u32 days = 0, i;

	if (!(status_b & B_24H))
		hour = hour % 12 + (raw[2] & HOUR_PM ? 12 : 0);
	if (second > 59 || minute > 59 || hour > 23 || !day || day > 31 || !month || month > 12 ||
	    year > 99)
		return 0;
	year += year < 80 ? 2000 : 1900;
	for (i = 1970; i < year; i++)
		days += rtc_leap(i) ? 366 : 365;
	for (i = 1; i < month; i++)
		days += month_days[i - 1] + (i == 2 && rtc_leap(year));
	days += day - 1;
	return ((days * 24 + hour) * 60 + minute) * 60 + second;
}

static void read_raw(u8 raw[RTC_FIELDS])
{
	u32 i, polls = 0;

	while ((rtc_cmos(RTC_A) & A_UPDATING) && ++polls < MAX_POLLS)
		;
	for (i = 0; i < RTC_FIELDS; i++)
		raw[i] = rtc_cmos(rtc_index[i]);
}

static void rtc_read(void)
{
	u8 a[RTC_FIELDS], b[RTC_FIELDS];
	u64 now = time_ns();
	u32 tries = 0;

	/* If the clock ticks while we read its fields, the two readings differ. */
	do {
		read_raw(a);
		read_raw(b);
	} while (memcmp(a, b, sizeof(a)) && ++tries < 5);
	rtc_first = a[0];
	wall_boot_ns = rtc_decode(a, rtc_cmos(RTC_B)) * NS - now;
}

void rtc_init(void)
{
	rtc_read();
}

bool rtc_work(void)
{
	if (rtc_known)
		return false;
	rtc_known = time_ns() > PATIENCE_NS;
	if (!rtc_known && !(rtc_cmos(RTC_A) & A_UPDATING) && rtc_cmos(rtc_index[0]) != rtc_first) {
		rtc_read();
		rtc_known = true;
	}
	return !rtc_known;
}

bool wall_known(void)
{
	return rtc_known;
}

u64 wall_at_boot(void)
{
	return wall_boot_ns;
}
