/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The main loop: each worker does a bounded piece, then the next guest runs, and so on.  When there
 * is nothing to do, the processor halts.
 */
#include "arch/x86/regs.h"
#include "arch/x86/time.h"
#include "hv/dev/dev.h"
#include "hv/run/run.h"

static const struct worker *loop_workers;

static bool loop_work(void)
{
	const struct worker *w;
	bool more = false;

	for (w = loop_workers; w->work; w++)
		more |= w->work();
	return more;
}

static bool loop_urgent(void)
{
	const struct worker *w;

	for (w = loop_workers; w->work; w++)
		if (w->urgent && w->urgent())
			return true;
	return false;
}

static bool loop_settle(void)
{
	const struct worker *w;
	bool any = false;

	for (w = loop_workers; w->work; w++)
		any |= w->settle && w->settle();
	return any;
}

void loop_interrupted(struct cpu *c)
{
	entropy_stir();
	timer_run();
	if (loop_urgent())
		c->resched = true;
}

static void loop_idle(struct cpu *c)
{
	sched_account(c);		/* time up to here is charged to nobody */
	wait_for_interrupt();
	entropy_stir();
	timer_run();
	c->idle_ns += sched_account(c);
}

void loop_run(const struct worker *workers)
{
	struct cpu *c = this_cpu();

	loop_workers = workers;
	for (;;) {
		bool more = loop_work();
		struct vcpu *v;

		take_interrupts();	/* endless work must not stop the clock */
		timer_run();
		v = sched_next(c);
		if (v) {
			devices_turn(c, v);
			if (sched_ready(v))
				vcpu_run(c, v);
			else
				sched_charge(v, sched_account(c));
			sched_wake(v);
		} else {
			sched_account(c);	/* charged to nobody: whoever runs next did not cause it */
			if (!more && !loop_urgent() && !loop_settle())
				loop_idle(c);
		}
	}
}
