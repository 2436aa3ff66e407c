/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guests' devices at work.  What they do for a guest comes out of its slice.  Otherwise one that
 * only dozes, and leaves the work to its devices, would wake with its slice whole and be first each
 * time: a neighbour waited 40 s.
 */
#include "arch/x86/time.h"
#include "hv/dev/dev.h"
#include "hv/run/run.h"

bool devices_work(void)
{
	u64 from = time_ns(), used;
	bool more = false;
	u32 i;

	for (i = 0; i < guest_count; i++) {
		if (!guest_alive(guests[i]))
			continue;
		more |= vdevs_poll(guests[i]);
		used = time_ns() - from;
		from += used;
		sched_charge(guests[i]->vcpu, used);
	}
	return more;
}

/* True: that gave somebody something to do. */
bool devices_settle(void)
{
	u32 i;

	for (i = 0; i < guest_count; i++)
		if (guest_alive(guests[i]))
			vdevs_settle(guests[i]);
	return this_cpu()->queue_head;
}
