/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Time comes from the TSC, whose frequency is measured once against the PIT.  An SMI, or a busy
 * machine under QEMU, can spoil a measurement, but each one knows how large its error may be.  So
 * we take several short ones, more if all of them are spoilt, and use the best.  A median could not
 * promise as much.
 */
#include "arch/x86/pit.h"
#include "arch/x86/regs.h"
#include "arch/x86/time.h"
#include "hv/lib/lib.h"

#define TRIES		3
#define MOST_TRIES	20		/* on a busy machine three were not always enough: 1.5 times too fast */
#define GOOD		256		/* an error of one part in this many is good enough */
#define TRY_COUNT	(PIT_HZ / 200)		/* 5 ms each */
#define GUESS_KHZ	1000000

struct clock sys_clock;

u64 clock_ns(const struct clock *c, u64 tsc)
{
	u64 d = tsc - c->tsc0;
	u64 scaled;

	if ((int64_t)d < 0)		/* read before tsc0 was taken */
		return c->ns0;
	scaled = (((u64)(u32)d * c->mult) >> 32) + (d >> 32) * c->mult;
	return c->ns0 + (scaled << c->shift);
}

/* mult / 2^32 * 2^shift = nanoseconds per tick, with mult as large as possible. */
static void set_frequency(struct clock *c, u32 khz)
{
	u64 mult = ((u64)1000000 << 32) / khz;

	c->shift = 0;
	while (mult >> 32) {
		mult >>= 1;
		c->shift++;
	}
	c->mult = (u32)mult;
	c->tsc_khz = khz;
}

static u32 tsc_calibrate(void)
{
	u64 best = 0, best_error = UINT64_MAX;
	u32 i;

	for (i = 0; i < TRIES || (i < MOST_TRIES && best_error > best / GOOD); i++) {
		u64 error, ticks = pit_measure_tsc(TRY_COUNT, &error);

		if (ticks && error < best_error) {
			best = ticks;
			best_error = error;
		}
	}
	return (u32)(best * PIT_HZ / (TRY_COUNT * 1000ull));
}

void time_init(void)
{
	u32 khz = tsc_calibrate();

	if (!khz) {
		hv_log("The PIT does not count: the TSC is taken for %u MHz, and clocks may be wrong.",
		       GUESS_KHZ / 1000);
		khz = GUESS_KHZ;
	}
	sys_clock.tsc0 = rdtsc();
	set_frequency(&sys_clock, khz);
}

u64 time_ns(void)
{
	static u64 last;
	u64 now;

	if (!sys_clock.mult)		/* too early; there may not even be a TSC */
		return 0;
	now = clock_ns(&sys_clock, rdtsc());
	/* Some BIOSes step the TSC in their SMI handlers. */
	if (now < last)
		now = last;
	last = now;
	return now;
}
