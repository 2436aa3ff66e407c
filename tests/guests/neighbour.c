/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The neighbour: wants the processor all the time and looks at what it gets.  After each window it says the longest
 * time that it was kept waiting and its share of the whole.  A window begins and ends with a turn
 * of its own, so that shares are of whole rounds.
 *
 * Measures: what others do to it; see bounds.py
 */
#include "guest.h"

#define WINDOW_NS	150000000u
#define PAUSE_NS	5000u		/* less than this is its own interrupts */

void test_main(void)
{
	u64 begin, last, now;
	u32 waited = 0, longest = 0, window = 0, ns;

	begin = last = rdtsc();
	for (;;) {
		now = rdtsc();
		ns = (u32)(now - last);
		last = now;
		if (ns >= PAUSE_NS) {
			waited += ns;
			longest = ns > longest ? ns : longest;
		}
		if (now - begin < WINDOW_NS || (longest > PAUSE_NS * 200 && ns < PAUSE_NS * 200 &&
						now - begin < 2 * WINDOW_NS))
			continue;
		print("window %u: longest wait %u us, share %u of 1000", ++window, longest / 1000,
		      (u32)(now - begin - waited) / ((u32)(now - begin) / 1000));
		waited = longest = 0;
		begin = last = rdtsc();
	}
}
