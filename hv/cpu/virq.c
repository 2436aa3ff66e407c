/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtual interrupts.  A raised interrupt waits in vcpu->irq_pending until the guest has interrupts
 * on, does not block it, and is at a place where it may come.
 *
 * Two places need care, both because ring 1 cannot load EFLAGS.IF with iret:
 *
 * - Between noirq_start and noirq_end the guest has decided to turn interrupts on and iret, and its
 *   frame is at (%esp).  If we delivered there, a storm of interrupts would pile up frames without
 *   end; if we waited, the guest's own check for pending ones would be lost.  So we do the iret for
 *   it, and deliver at the place it returns to.
 *
 * - At the first instruction of a system-call handler that was entered directly, interrupts still
 *   seem to be on.  We wait: that instruction turns them off.
 *
 * In a third place hardware waits, too: after `sti` and `mov %ss`, one more instruction runs first.
 * We single-step the guest over it with EFLAGS.TF, and make sure that the guest never sees that
 * flag.
 */
#include "arch/x86/regs.h"
#include "hv/cpu/cpu.h"
#include "hv/cpu/decode.h"

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
	/* hlt with interrupts off never ends. */
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

/* Interrupts that are pending, not blocked, and have a gate.  One without a gate waits until it has
 * one, and holds up no other. */
static u32 virq_deliverable(struct vcpu *v)
{
	u32 blocked = 0, ready, left;

	if (v->have_shared)
		shared_get(v, OFF(blocked_interrupts), &blocked);
	ready = v->irq_pending & ~blocked;
	for (left = ready; left; left &= left - 1)
		if (!trap_has_gate(v, RINGLET_FIRST_VECTOR + __builtin_ctz(left)))
			ready &= ~(left & -left);
	return ready;
}

bool virq_waiting(struct vcpu *v)
{
	return v->irq_pending && virq_deliverable(v);
}

/* ---- one more instruction ---- */

#define OP_PUSHF	0x9C
#define OP_POPF		0x9D
#define OP_IRET		0xCF
#define OP_ICEBP	0xF1
#define OP_POP_SS	0x17
#define OP_LSS		0xB2		/* after 0x0F */

enum { STEP_NONE, STEP_PLAIN, STEP_PUSHF, STEP_POPF };

void virq_hold(struct vcpu *v)
{
	v->hold = true;
	v->hold_eip = v->regs->eip;
}

static bool is_prefix(u8 b)
{
	return b == 0xF0 || b == 0xF2 || b == 0xF3 || (b & 0xE7) == 0x26 || (b >= 0x64 && b <= 0x67);
}

static bool code_byte(struct vcpu *v, u32 i, u8 *b)
{
	u32 err, at;

	return gva_read(v, gva(segment_base(v, v->regs->cs) + v->regs->eip + i), b, 1, 0, &err, &at);
}

/*
 * How to step over the instruction at eip.  We do not if it cannot be read, because it will fault;
 * if it is an `int n`, which would leave TF in a frame where we do not look, and exits soon enough
 * anyway; or if it loads %ss, because then the step comes only after the next instruction, which
 * may be anything.
 */
static u8 step_kind(struct vcpu *v)
{
	u8 op, next = 0;
	u32 i = 0;

	do
		if (i == INSN_MAX || !code_byte(v, i++, &op))
			return STEP_NONE;
	while (is_prefix(op));
	switch (op) {
	case OP_INT3 ... OP_INTO:
	case OP_ICEBP:
	case OP_POP_SS:
		return STEP_NONE;
	case OP_MOV_TO_SEG:
		return code_byte(v, i, &next) && ((next >> 3) & 7) == SEG_SS ? STEP_NONE : STEP_PLAIN;
	case OP_TWO >> 8:
		return code_byte(v, i, &next) && next == OP_LSS ? STEP_NONE : STEP_PLAIN;
	case OP_PUSHF:
		return STEP_PUSHF;
	case OP_POPF:
	case OP_IRET:
		return STEP_POPF;
	}
	return STEP_PLAIN;
}

/* Steps over the instruction that holds interrupts off, with TF; but not if the guest is
 * single-stepping itself. */
static void step(struct vcpu *v)
{
	if (v->regs->eflags & EFLAGS_TF)
		return;
	v->step = step_kind(v);
	if (v->step)
		v->regs->eflags |= EFLAGS_TF;
}

bool virq_stepped(struct vcpu *v, u32 trap)
{
	struct vcpu_regs *r = v->regs;
	u8 kind = v->step, flags;
	u32 mask, base = segment_stack(v, r->ss, &mask), err, at;
	gva_t a = gva(base + (r->esp & mask) + 1);

	v->step = STEP_NONE;
	if (trap == VEC_DB && kind == STEP_PUSHF && gva_read(v, a, &flags, 1, 0, &err, &at)) {
		flags &= ~(EFLAGS_TF >> 8);
		gva_write(v, a, &flags, 1, 0, &err, &at);
	}
	/* popf and iret have loaded the guest's own TF. */
	if (trap != VEC_DB || kind != STEP_POPF)
		r->eflags &= ~EFLAGS_TF;
	if (trap == VEC_DB)
		v->hold = false;
	return trap == VEC_DB;
}

/* ---- delivery ---- */

/*
 * Does the guest's iret from the frame at its stack pointer.  If the frame is unusual, changes
 * nothing and returns false: the guest's own iret will then get the fault.
 */
static bool complete_iret(struct vcpu *v)
{
	struct vcpu_regs *r = v->regs;
	u32 f[5], err, at, words = 3;
	u32 mask, base = segment_stack(v, r->ss, &mask), sp = base + (r->esp & mask);
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
		r->esp = (r->esp & ~mask) | ((r->esp + 12) & mask);
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

/* The handler of a trap gate does not turn interrupts off, so there is nothing to wait for. */
static bool at_syscall_entry(const struct vcpu *v)
{
	return v->syscall_vec < 256 && v->regs->eip == gate_offset(v->idt[v->syscall_vec]) &&
	       gate_type(v->idt[v->syscall_vec]) == GATE_INTERRUPT;
}

static bool held(struct vcpu *v)
{
	v->hold = v->hold && v->regs->eip == v->hold_eip;
	return v->hold;
}

/* Returns those that are still pending. */
static u32 deliver(struct vcpu *v, u32 ready)
{
	u32 irq = __builtin_ctz(ready);

	v->irq_pending &= ~BIT(irq);
	v->guest->stats.irq_injected++;
	trap_inject(v, RINGLET_FIRST_VECTOR + irq, false, 0);
	return ready & ~BIT(irq);
}

void virq_deliver(struct vcpu *v)
{
	u32 ready;

	if (!v->irq_pending)
		return;
	ready = virq_deliverable(v);
	if (ready && (!in_iret_window(v) || complete_iret(v)) && virq_enabled(v)) {
		if (held(v))
			step(v);
		else if (!at_syscall_entry(v))
			ready = deliver(v, ready);
	}
	/* Written after irq_enabled was read, and cleared with the last interrupt, so it is never
	 * stale. */
	if (v->have_shared)
		shared_put(v, OFF(irq_pending), ready ? RINGLET_IF : 0);
}
