/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who runs next: round robin.  A vcpu that has used up its slice goes to the end of the queue and
 * gets another one at its turn.  One that wakes with part of its slice left goes to the front.  So
 * a guest that mostly waits answers at once beside one that spins, and one that sleeps just before
 * its slice ends gains nothing by it.
 *
 * A slice that is overrun is a debt.  Everything done for a guest comes out of its slices: its own
 * running, its exits, its devices, its part of what is done in between.  What goes beyond a slice
 * is missing from the next one.
 */
#include "arch/x86/time.h"
#include "hv/dev/dev.h"
#include "hv/run/run.h"

#define SLICE_NS	10000000ll
#define SLICE_MIN_NS	200000ll	/* less than this is not worth a switch */

static void sched_enqueue(struct cpu *c, struct vcpu *v)
{
	bool front = v->slice_left_ns >= SLICE_MIN_NS;

	v->queued = true;
	v->next_slice = !front;
	v->queued_ns = time_ns();
	if (front || !c->queue_head) {
		v->run_next = c->queue_head;
		c->queue_head = v;
		if (!c->queue_tail)
			c->queue_tail = v;
	} else {
		v->run_next = NULL;
		c->queue_tail->run_next = v;
		c->queue_tail = v;
	}
}

bool sched_ready(const struct vcpu *v)
{
	return !v->halted && !console_too_far(v->guest);
}

/* A vcpu whose devices have to wait for its turn needs a turn, too. */
void sched_wake(struct vcpu *v)
{
	struct cpu *c = this_cpu();

	if (v->queued || c->running == v || !guest_alive(v->guest) || !(sched_ready(v) || v->devices_wait))
		return;
	sched_enqueue(c, v);
}

void sched_remove(struct vcpu *v)
{
	struct cpu *c = this_cpu();
	struct vcpu **p, *last = NULL;

	if (!v->queued)
		return;
	for (p = &c->queue_head; *p != v; p = &(*p)->run_next)
		last = *p;
	*p = v->run_next;
	if (c->queue_tail == v)
		c->queue_tail = last;
	v->queued = false;
}

struct vcpu *sched_next(struct cpu *c)
{
	struct vcpu *v;

	while ((v = c->queue_head)) {
		sched_remove(v);
		v->guest->stats.wait_ns += time_ns() - v->queued_ns;
		if (v->slice_left_ns >= SLICE_MIN_NS)
			break;
		if (v->next_slice) {
			v->slice_left_ns = MIN(v->slice_left_ns + SLICE_NS, SLICE_NS);
			v->guest->stats.slices++;
		}
		if (v->slice_left_ns >= SLICE_MIN_NS)
			break;
		sched_enqueue(c, v);		/* its devices have used it up, or it is still in debt */
	}
	return v;
}

void sched_admit(struct vcpu *v)
{
	v->slice_left_ns = SLICE_NS;
}

u64 sched_account(struct cpu *c)
{
	u64 from = c->accounted_ns;

	c->accounted_ns = time_ns();
	return c->accounted_ns - from;
}

void sched_charge(struct vcpu *v, u64 ns)
{
	v->slice_left_ns -= ns;
	v->guest->stats.run_ns += ns;
}

void sched_init(void)
{
	virq_set_waker(sched_wake);
}
