/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From TSC ticks to nanoseconds: against long multiplication by hand, for any multiplier; and a calibration with measurements
 * of which some are spoilt, where the best one counts.
 */
#include <stdarg.h>
#include "arch/x86/pit.h"
#include "arch/x86/regs.h"
#include "arch/x86/time.h"
#include "tests/unit/test.h"

static bool logged;
void hv_log(const char *fmt, ...) { (void)fmt; logged = true; }

/* d * mult / 2^32, bit by bit. */
static u64 times(u64 d, u32 mult)
{
	u64 whole = 0, rest = 0;	/* rest in 2^-32 */
	int bit;

	for (bit = 63; bit >= 0; bit--) {
		whole = whole * 2 + (rest >> 31);
		rest = rest << 1 & 0xFFFFFFFF;
		if (d >> bit & 1) {
			rest += mult;
			whole += rest >> 32;
			rest &= 0xFFFFFFFF;
		}
	}
	return whole;
}

static void any_clock(void)
{
	struct clock c = { .tsc0 = (u64)rnd(0) << 20, .mult = rnd(0xFFFFFFFF) | 1u << 31, .shift = rnd(8) };
	u64 d = ((u64)rnd(1u << 31) << 31 | rnd(1u << 31)) >> rnd(60), before;

	c.tsc0 = (u64)rnd(1u << 31) << rnd(32);
	c.ns0 = rnd(1u << 31);
	d &= ~0ull >> 12;
	CHECK_EQ(clock_ns(&c, c.tsc0 + d), c.ns0 + (times(d, c.mult) << c.shift));
	CHECK_EQ(clock_ns(&c, c.tsc0), c.ns0);
	before = clock_ns(&c, c.tsc0 + d);
	CHECK(clock_ns(&c, c.tsc0 + d + 1) >= before, "it goes back");
	if (c.tsc0)
		CHECK_EQ(clock_ns(&c, c.tsc0 - 1), c.ns0);
}

/* ---- the calibration ---- */

static u32 khz, measured, good_at;

u64 pit_measure_tsc(u32 count, u64 *error)
{
	u64 ticks = (u64)khz * 1000 * count / PIT_HZ;

	measured++;
	if (!khz)
		return 0;
	if (measured == good_at) {
		*error = ticks / 5000;
		return ticks;
	}
	*error = ticks / 20;		/* it may be so much wrong, and it is */
	return ticks + ticks / (measured % 2 ? 3 : 30);
}

static void calibrated(u32 real, u32 good)
{
	u64 hour, error;

	khz = real;
	good_at = good;
	measured = 0;
	time_init();
	hour = clock_ns(&sys_clock, sys_clock.tsc0 + (u64)real * 1000 * 3600) - sys_clock.ns0;
	error = hour > 3600000000000 ? hour - 3600000000000 : 3600000000000 - hour;
	CHECK(error < 3600000000000 / 1000, "%u kHz, good at %u: an hour is %llu ns", real, good, (unsigned long long)hour);
	CHECK(measured >= good && measured <= 20, "%u measurements", measured);
	CHECK(sys_clock.tsc_khz > real - real / 1000 && sys_clock.tsc_khz < real + real / 1000, "%u kHz", sys_clock.tsc_khz);
}

int main(int argc, char **argv)
{
	u32 i;

	seed_from(argc, argv, 0);
	CASE("before there is a clock");
	CHECK_EQ(time_ns(), 0);
	CASE("any clock");
	for (i = 0; i < 20000; i++)
		any_clock();
	CASE("calibration");
	for (i = 1; i <= 20; i++)
		calibrated(50000 + rnd(6000000), i);
	CHECK(!logged, "told that the PIT does not count");
	khz = 0;
	time_init();
	CHECK(logged && sys_clock.mult, "no PIT: that is told, and there still is a clock");
	return passed();
}
