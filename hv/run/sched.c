/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who runs next: round robin.  A vcpu may use up one slice before it goes to the end of the queue.
 * One that wakes with some of its slice left goes to the front, so that a guest that mostly waits
 * answers at once beside one that spins, and one that sleeps a moment before its slice ends gains
 * nothing by it.
 */
#include "arch/x86/time.h"
#include "hv/run/run.h"

#define SLICE_NS	10000000ull
#define SLICE_MIN_NS	200000ull	/* less than this is not worth a switch */

static void sched_enqueue(struct cpu *c, struct vcpu *v)
{
	bool front = v->slice_left_ns >= SLICE_MIN_NS;

	if (!front) {
		v->slice_left_ns = SLICE_NS;
		v->guest->stats.slices++;
	}
	v->queued = true;
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

void sched_wake(struct vcpu *v)
{
	struct cpu *c = this_cpu();

	if (v->queued || c->running == v || !guest_alive(v->guest) || v->halted)
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
	struct vcpu *v = c->queue_head;

	if (v) {
		sched_remove(v);
		v->guest->stats.wait_ns += time_ns() - v->queued_ns;
	}
	return v;
}

void sched_admit(struct vcpu *v)
{
	v->slice_left_ns = SLICE_NS;
}

void sched_charge(struct vcpu *v, u64 ns)
{
	v->slice_left_ns -= MIN(ns, v->slice_left_ns);
}

void sched_init(void)
{
	virq_set_waker(sched_wake);
}
