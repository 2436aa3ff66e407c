/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs guests' devices, those that have asked for it.  Their work for a guest comes out of its
 * slice; when that is used up, they wait for the guest's next turn.  Otherwise a guest that mostly
 * sleeps, and leaves the work to its devices, would wake with a whole slice and be first each time:
 * a neighbour once waited 40 s.
 */
#include "arch/x86/time.h"
#include "hv/dev/dev.h"
#include "hv/run/run.h"

static void charge(struct guest *g, u64 ns)
{
	struct stats *s = &g->stats;

	s->devices_ns += ns;
	s->devices_longest_ns = MAX(s->devices_longest_ns, ns);
	sched_charge(g->vcpu, ns);
}

/* Charges the time of g's piece of work.  Guests whose buffers it filled pay their part. */
static void share_out(struct guest *g, u64 ns)
{
	u32 i, part, all = 0;
	u64 others = 0;

	for (i = 0; i < guest_count; i++)
		all += guests[i]->work.done - guests[i]->work_charged;
	for (i = 0; i < guest_count; i++) {
		part = guests[i]->work.done - guests[i]->work_charged;
		guests[i]->work_charged += part;
		if (!part || guests[i] == g || !guest_alive(guests[i]))
			continue;
		charge(guests[i], ns * part / all);
		others += ns * part / all;
	}
	charge(g, ns - others);
}

static void work_for(struct cpu *c, struct guest *g)
{
	g->vcpu->devices_wait = vdevs_poll(g);
	if (g->work.done != g->work_charged)
		share_out(g, sched_account(c));
	else
		charge(g, sched_account(c));
}

/* A guest in debt has to wait for its next turn.  True: there is more to do. */
static bool work_or_wait(struct cpu *c, struct guest *g)
{
	struct vcpu *v = g->vcpu;

	if (v->slice_left_ns > 0)
		work_for(c, g);
	else
		v->devices_wait = true;
	sched_wake(v);
	return v->devices_wait;
}

static bool devices_overdue(const struct guest *g, u64 now)
{
	return g->settle_ns && g->settle_ns <= now && guest_alive(g);
}

static void devices_settle_overdue(u64 now)
{
	u32 i;

	for (i = 0; i < guest_count; i++)
		if (devices_overdue(guests[i], now))
			vdevs_settle(guests[i]);
}

/* Only for a guest that sleeps; a running one will see it anyway. */
bool devices_urgent(void)
{
	u64 now = time_ns();
	u32 i;

	for (i = 0; i < guest_count; i++)
		if (devices_overdue(guests[i], now) && guests[i]->vcpu->halted)
			return true;
	return false;
}

void devices_turn(struct cpu *c, struct vcpu *v)
{
	u64 others;

	if (!v->devices_wait)
		return;
	others = sched_account(c);
	work_for(c, v->guest);
	c->accounted_ns -= others;
}

/* The output of a guest that no longer runs is shown all the same. */
static bool last_words(struct guest *g)
{
	work_begin(&g->work);
	return console_show(g);
}

bool devices_work(void)
{
	struct cpu *c = this_cpu();
	u64 others = sched_account(c);	/* charged to whoever runs next */
	bool more = false;
	u32 i;

	devices_settle_overdue(c->accounted_ns);
	for (i = 0; i < guest_count; i++) {
		struct guest *g = guests[i];

		if (guest_alive(g) && (g->vdevs_due || console_pending(g))) {
			more |= work_or_wait(c, g);
		} else if (!guest_alive(g) && console_pending(g)) {
			more |= last_words(g);
			others += sched_account(c);
		}
	}
	c->accounted_ns -= others;
	return more;
}

/* True: that gave some guest something to do. */
bool devices_settle(void)
{
	u32 i;

	for (i = 0; i < guest_count; i++)
		if (guests[i]->settle_ns && guest_alive(guests[i]))
			vdevs_settle(guests[i]);
	return this_cpu()->queue_head;
}
