/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All deadlines on the one PIT: each guest's clock event, the time when its devices report what
 * they held back, and the end of the running slice.  The PIT is set to the nearest one, at most
 * PIT_MAX_NS away.
 */
#include "arch/x86/irq.h"
#include "arch/x86/time.h"
#include "hv/run/run.h"

#define LOST_NS	200000

static u64 programmed_ns;	/* when the PIT will fire; 0: it has fired */

static void pit_fired(void)
{
	programmed_ns = 0;
}

void timer_init(void)
{
	irq_register(IRQ_PIT, pit_fired);
	timer_program(time_ns());
}

static u64 timer_nearest(u64 now)
{
	struct cpu *c = this_cpu();
	u64 t = now + PIT_MAX_NS;
	u32 i;

	if (c->running)
		t = MIN(t, c->slice_end_ns);
	for (i = 0; i < guest_count; i++) {
		struct vcpu *v = guests[i]->vcpu;

		if (v && v->event_ns)
			t = MIN(t, v->event_ns);
		if (v && v->halted && guests[i]->settle_ns && guest_alive(guests[i]))
			t = MIN(t, guests[i]->settle_ns);
	}
	return t;
}

/*
 * Sets the PIT again if something is due before it would fire.  (Firing early does no harm.)
 *
 * What is overdue counts as due now.  Compared as it was, it was always before the time the PIT was
 * set to, and each call set the PIT anew: a guest that calls this more often than the PIT's shortest
 * time, 1.7 us, then kept it from firing for ever, and the processor with it.
 *
 * Once it should have fired, it is not set here: that takes an interrupt back which waits for the end
 * of this exit, and a guest with long exits never let one through.  It comes, or it got lost, and
 * then the main loop goes on as if it had come: the clock must not stop for ever.
 */
void timer_program(u64 now)
{
	u64 t = MAX(timer_nearest(now), now + 1);

	if (programmed_ns && programmed_ns <= now) {
		if (now < programmed_ns + LOST_NS)
			return;
		programmed_ns = 0;
		this_cpu()->resched = true;
		return;
	}
	if (programmed_ns && programmed_ns <= t)
		return;
	programmed_ns = t;
	pit_oneshot(t - now);
}

void timer_set(struct vcpu *v, u64 delta_ns)
{
	u64 now = time_ns();

	v->event_ns = delta_ns ? now + delta_ns : 0;
	timer_program(now);
}

void timer_set_at(struct vcpu *v, u64 ns)
{
	v->event_ns = ns;
	timer_program(time_ns());
}

void timer_run(void)
{
	struct cpu *c = this_cpu();
	u64 now;
	u32 i;

	if (programmed_ns)
		return;
	now = time_ns();
	for (i = 0; i < guest_count; i++) {
		struct vcpu *v = guests[i]->vcpu;

		if (!v || !v->event_ns || v->event_ns > now)
			continue;
		v->event_ns = 0;
		virq_raise(guests[i], RINGLET_IRQ_TIMER);
	}
	if (c->running && now >= c->slice_end_ns)
		c->resched = true;
	timer_program(now);
}
