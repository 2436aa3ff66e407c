/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The main loop, and who runs next: round robin.  A vcpu may use up one slice before it goes to the
 * end of the queue.  One that wakes with some of its slice left goes to the front, so that
 * a guest that mostly waits answers at once beside one that spins, and one that
 * sleeps a moment before its slice ends gains nothing by it.
 */
#include "arch/x86/regs.h"
#include "arch/x86/time.h"
#include "hv/hv.h"

#define SLICE_NS	10000000ull
#define SLICE_MIN_NS	200000ull	/* less than this is not worth a switch */

u64 sched_slice_ns(void)
{
	return SLICE_NS;
}

static void enqueue(struct cpu *c, struct vcpu *v)
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
	enqueue(c, v);
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

static struct vcpu *sched_next(struct cpu *c)
{
	struct vcpu *v = c->queue_head;

	if (v) {
		sched_remove(v);
		v->guest->stats.wait_ns += time_ns() - v->queued_ns;
	}
	return v;
}

/* After an interrupt of the machine's while a guest ran. */
void sched_interrupted(struct cpu *c)
{
	entropy_stir();
	timer_run();
	if (terminals_busy())
		c->resched = true;
}

static void idle(struct cpu *c)
{
	u64 from = time_ns();

	wait_for_interrupt();
	entropy_stir();
	timer_run();
	c->idle_ns += time_ns() - from;
}

/* True: that gave somebody something to do. */
static bool settle_devices(struct cpu *c)
{
	u32 i;

	for (i = 0; i < guest_count; i++)
		if (guest_alive(guests[i]))
			vdevs_settle(guests[i]);
	return c->queue_head;
}

/*
 * What a guest's devices do for it comes out of its slice.  Otherwise one that only dozes, and leaves the work to its
 * devices, would wake with its slice whole and be first each time: a neighbour waited 40 s.
 */
static bool poll_devices(void)
{
	u64 from = time_ns(), used;
	bool more = false;
	u32 i;

	for (i = 0; i < guest_count; i++) {
		struct vcpu *v = guests[i]->vcpu;

		if (!guest_alive(guests[i]))
			continue;
		more |= vdevs_poll(guests[i]);
		used = time_ns() - from;
		from += used;
		v->slice_left_ns -= MIN(used, v->slice_left_ns);
	}
	return more;
}

void sched_loop(void)
{
	struct cpu *c = this_cpu();

	for (;;) {
		bool more = guests_work() | disks_work();
		struct vcpu *v;

		terminals_poll();
		export_poll();
		more |= poll_devices();
		take_interrupts();	/* work without end must not stop the clock */
		timer_run();
		v = sched_next(c);
		if (v) {
			vcpu_run(c, v);
			sched_wake(v);
		} else if (!more && !terminals_busy() && !settle_devices(c)) {
			idle(c);
		}
	}
}
