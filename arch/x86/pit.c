/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The 8254.  Channel 0 gives us one interrupt when we ask for it.  Channel 2 (the speaker's)
 * measures the TSC, because its output can be polled.
 */
#include "arch/x86/pit.h"
#include "arch/x86/regs.h"
#include "arch/x86/time.h"

#define PIT_CH0		0x40
#define PIT_CH2		0x42
#define PIT_MODE	0x43
#define CH0_ONESHOT	0x30		/* channel 0, low and high byte, mode 0 */
#define CH2_ONESHOT	0xB0		/* channel 2, the same */
#define PORT_B		0x61
#define GATE2		0x01
#define SPEAKER		0x02
#define OUT2		0x20

/* A PIT that never fires must not hang us.  This is more polls than fit in 55 ms. */
#define MAX_POLLS	2000000

u64 pit_measure_tsc(u32 count, u64 *error)
{
	u8 port_b = inb(PORT_B) & ~(GATE2 | SPEAKER);
	u64 loading, loaded, counting, done;
	u32 polls = 0;

	outb(PORT_B, port_b | GATE2);
	outb(PIT_MODE, CH2_ONESHOT);
	outb(PIT_CH2, count & 0xFF);
	loading = rdtsc();
	outb(PIT_CH2, count >> 8);		/* this write starts the count */
	loaded = done = rdtsc();
	do {
		counting = done;
		done = rdtsc();
	} while (!(inb(PORT_B) & OUT2) && ++polls < MAX_POLLS);
	done = rdtsc();
	outb(PORT_B, port_b);

	*error = (loaded - loading + done - counting) / 2;
	if (polls == MAX_POLLS || !polls)	/* done at the first look: nothing is counting */
		return 0;
	return (counting + done) / 2 - (loading + loaded) / 2;
}

void pit_oneshot(u64 ns)
{
	static bool mode_set;
	/* ns * PIT_HZ / 10^9, with the factor in 32.32 fixed point.  Rounded up, plus one for the
	 * error of the TSC's calibration: firing too early would cost a second interrupt each
	 * time. */
	u32 count = (u32)(MIN(ns, (u64)PIT_MAX_NS) * 5124678 >> 32) + 2;

	if (!mode_set) {
		outb(PIT_MODE, CH0_ONESHOT);
		mode_set = true;
	}
	outb(PIT_CH0, count & 0xFF);
	outb(PIT_CH0, count >> 8);
}
