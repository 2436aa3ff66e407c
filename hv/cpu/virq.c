/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtual interrupts.  A raised one waits in vcpu->irq_pending until the guest has interrupts on,
 * has not blocked it, and is at a place where it may come in.
 *
 * Two places need care, both because ring 1 cannot load EFLAGS.IF with iret:
 *
 * - Between noirq_start and noirq_end the guest has decided to turn interrupts on and to iret, and
 *   its frame is at (%esp).  Delivering there would stack a frame on a frame without end under a
 *   storm; waiting would lose the guest's own check.  So we do its iret for it, and deliver into
 *   what it returns to.
 *
 * - At the first instruction of a system-call handler that was entered directly, interrupts still
 *   look on.  We wait: that instruction turns them off.
 */
#include "arch/x86/regs.h"
#include "hv/cpu/cpu.h"

#define OFF(field)	offsetof(struct ringlet_shared, field)

static void (*virq_wake)(struct vcpu *v);

void virq_set_waker(void (*wake)(struct vcpu *v))
{
	virq_wake = wake;
}

void virq_raise(struct guest *g, u32 irq)
{
	struct vcpu *v = g->vcpu;

	if (!v || irq >= RINGLET_IRQS)
		return;
	v->irq_pending |= BIT(irq);
	g->stats.irq_raised++;
	/* hlt with interrupts off is for good. */
	if (v->halted && virq_waiting(v) && virq_enabled(v)) {
		v->halted = false;
		virq_wake(v);
	}
}

bool virq_enabled(struct vcpu *v)
{
	u32 on;

	if (!v->have_shared)
		return v->irq_on;
	return shared_get(v, OFF(irq_enabled), &on) && (on & RINGLET_IF);
}

void virq_enable(struct vcpu *v, bool on)
{
	if (v->have_shared)
		shared_put(v, OFF(irq_enabled), on ? RINGLET_IF : 0);
	else
		v->irq_on = on;
}

static u32 virq_deliverable(struct vcpu *v)
{
	u32 blocked = 0;

	if (v->have_shared)
		shared_get(v, OFF(blocked_interrupts), &blocked);
	return v->irq_pending & ~blocked;
}

bool virq_waiting(struct vcpu *v)
{
	return v->irq_pending && virq_deliverable(v);
}

/*
 * Does the guest's iret from the frame at its stack pointer.  False, with nothing changed, if the
 * frame is not an ordinary one: then the guest's own iret shall meet the fault.
 */
static bool complete_iret(struct vcpu *v)
{
	struct vcpu_regs *r = v->regs;
	u32 f[5], err, at, words = 3;
	u32 sp = segment_base(v, r->ss) + r->esp;
	u32 keep = ~(EFLAGS_IOPL | EFLAGS_NT | EFLAGS_VM | EFLAGS_VIF | EFLAGS_VIP | EFLAGS_RF);

	if (!gva_read(v, gva(sp), f, 12, 0, &err, &at) || !selector_ok_cs(v, f[1]) ||
	    (f[2] & EFLAGS_VM))
		return false;
	if ((f[1] & 3) != (r->cs & 3)) {
		words = 5;
		if (!gva_read(v, gva(sp + 12), f + 3, 8, 0, &err, &at) ||
		    !selector_ok_ss(v, f[4], f[1]))
			return false;
	}
	r->eip = f[0];
	r->cs = f[1] & 0xFFFF;
	r->eflags = f[2] & keep;
	if (words == 5) {
		r->esp = f[3];
		r->ss = f[4] & 0xFFFF;
	} else {
		r->esp += 12;
	}
	virq_enable(v, true);
	v->guest->stats.irq_window++;
	return true;
}

static bool in_iret_window(const struct vcpu *v)
{
	return (v->regs->cs & 3) == 1 && v->regs->eip >= v->noirq_start &&
	       v->regs->eip < v->noirq_end;
}

static bool at_syscall_entry(const struct vcpu *v)
{
	return v->syscall_vec < 256 && v->regs->eip == gate_offset(v->idt[v->syscall_vec]);
}

void virq_deliver(struct vcpu *v)
{
	u32 ready, irq;

	if (!v->irq_pending)
		return;
	ready = virq_deliverable(v);
	if (ready && in_iret_window(v) && !complete_iret(v))
		goto out;
	if (ready && virq_enabled(v) && !at_syscall_entry(v) &&
	    gate_type(v->idt[RINGLET_FIRST_VECTOR + __builtin_ctz(ready)])) {
		irq = __builtin_ctz(ready);
		v->irq_pending &= ~BIT(irq);
		v->guest->stats.irq_injected++;
		trap_inject(v, RINGLET_FIRST_VECTOR + irq, false, 0);
		ready &= ~BIT(irq);
	}
out:
	/* Written after the flag was looked at, cleared with the last one: never stale. */
	if (v->have_shared)
		shared_put(v, OFF(irq_pending), ready ? RINGLET_IF : 0);
}
