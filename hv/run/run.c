/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs a virtual CPU: enter, exit, handle the exit, and again, until its turn is over. */
#include "arch/x86/regs.h"
#include "arch/x86/time.h"
#include "hv/run/run.h"

static void collect_switcher_counts(struct cpu *c, struct vcpu *v)
{
	struct stats *s = &v->guest->stats;
	struct regs_page *p = v->page;
	u32 i;

	/* The guest can write here, so these numbers are only for display. */
	c->nmis += p->nmis;
	s->seg_nulled += p->nulled;
	p->nmis = p->nulled = 0;
	for (i = 0; i < FAST_VECTORS; i++) {
		s->trap_injected[i] += p->fast[i];
		s->fast_traps += p->fast[i];
		p->fast[i] = 0;
	}
}

static void run_once(struct cpu *c, struct vcpu *v)
{
	struct stats *s = &v->guest->stats;
	struct vcpu_regs *r = v->regs;
	enum exit_reason reason;
	u32 entered, left, took, trap, cr2;	/* the clock's low words: neither takes seconds */

	if (v->irq_pending) {
		virq_deliver(v);
		if (!guest_alive(v->guest))
			return;
	}
	if (v->tables_changed || c->low_open != shadow_low_open(v->guest)) {
		descriptors_load(c, v);
		watchdog_set(c->low_open);
	}
	if (v->root_changed) {
		fast_root(v, cpu_state(c));
		v->root_changed = false;
	}
	r->eflags = (r->eflags & ~(EFLAGS_IOPL | EFLAGS_VM | EFLAGS_VIF | EFLAGS_VIP)) |
		    EFLAGS_IF | EFLAGS_FIXED;

	s->switches++;
	entered = (u32)rdtsc();
	trap = switch_to_guest(c->pages, hpa_x(shadow_cr3(v, c->guest_table)));
	cr2 = read_cr2();
	left = (u32)rdtsc();
	s->guest_cycles += left - entered;

	reason = handle_exit(v, trap, cr2);
	s->exit_count[reason]++;
	took = (u32)rdtsc() - left;
	s->exit_cycles[reason] += took;
	if (took > s->exit_longest[reason])
		s->exit_longest[reason] = took;
	if (reason == EXIT_INTERRUPT)
		loop_interrupted(c);
}

void vcpu_run(struct cpu *c, struct vcpu *v)
{
	u64 now = time_ns();

	c->running = v;
	c->resched = false;
	c->slice_end_ns = now + v->slice_left_ns;
	timer_program(now);
	vcpu_load(c, v);
	watchdog_set(c->low_open);
	shared_update_time(v);
	while (guest_alive(v->guest) && !v->halted && !c->resched)
		run_once(c, v);
	collect_switcher_counts(c, v);
	c->running = NULL;
	watchdog_set(false);
	sched_charge(v, sched_account(c));
}
