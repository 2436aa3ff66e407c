/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The CMOS clock's registers to seconds since 1970, against the C library's calendar: days from 1980 to the end of 2079 and
 * all ways to write an hour. What is no time gives 0.
 */
#include "arch/x86/rtc.h"
#include "arch/x86/time.h"
#include "tests/unit/test.h"

#define BINARY 4
#define H24 2

u64 time_ns(void) { return 0; }

static u8 digits(u32 v, u8 b) { return (u8)(b & BINARY ? v : v / 10 << 4 | v % 10); }

static void registers(const struct tm *t, u8 b, u8 raw[RTC_FIELDS])
{
	u32 hour = (u32)t->tm_hour;
	u8 pm = 0;

	if (!(b & H24)) {		/* 12 AM is midnight, 12 PM is noon */
		pm = hour >= 12 ? 0x80 : 0;
		hour = hour % 12 ? hour % 12 : 12;
	}
	raw[0] = digits((u32)t->tm_sec, b);
	raw[1] = digits((u32)t->tm_min, b);
	raw[2] = digits(hour, b) | pm;
	raw[3] = digits((u32)t->tm_mday, b);
	raw[4] = digits((u32)t->tm_mon + 1, b);
	raw[5] = digits((u32)t->tm_year % 100, b);
}

static void at(long long second, u8 b)
{
	time_t t = (time_t)second;
	struct tm tm;
	u8 raw[RTC_FIELDS];

	if (sizeof(t) < 8 && second > 0x7FFFFFFF) {	/* 56 years before, the same calendar */
		t = (time_t)(second - 56ll * 1461 / 4 * 86400);
		gmtime_r(&t, &tm);
		tm.tm_year += 56;
	} else {
		gmtime_r(&t, &tm);
	}
	registers(&tm, b, raw);
	CHECK(rtc_decode(raw, b) == (u32)second, "%d-%d-%d %d:%d:%d with B %u: %u, not %u", tm.tm_year + 1900, tm.tm_mon + 1,
	      tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, b, rtc_decode(raw, b), (u32)second);
}

static void refused(u32 field, u8 v, u8 b)
{
	u8 raw[RTC_FIELDS] = { 1, 1, 1, 1, 1, 1 };

	CHECK(rtc_decode(raw, b), "an ordinary time");
	raw[field] = v;
	CHECK(!rtc_decode(raw, b), "field %u is %#x (B %u): that is no time", field, v, b);
}

int main(int argc, char **argv)
{
	const long long first = 315532800, end = 3471292800;	/* 1980, 2080 */
	long long day;
	u8 b;

	seed_from(argc, argv, 0);
	CASE("every day");
	for (day = first; day < end; day += 86400)
		at(day + rnd(86400), (u8)rnd(4) << 1);
	CASE("every hour, at the edges of days");
	for (b = 0; b <= 6; b += 2)
		for (day = 0; day < 48; day++) {
			at(951782400 + day * 3600, b);		/* 29 February 2000 and the day after */
			at(951782400 + day * 3600 - 1, b);
		}
	CASE("no time");
	for (b = 0; b <= 6; b += 2) {
		refused(0, digits(60, b), b);
		refused(1, digits(60, b), b);
		refused(3, 0, b);
		refused(3, digits(32, b), b);
		refused(4, 0, b);
		refused(4, digits(13, b), b);
		refused(5, b & BINARY ? 100 : 0xA0, b);
		if (b & H24)
			refused(2, digits(24, b), b);
	}
	return passed();
}
