/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's IDT, and how traps are delivered through it, as hardware would do it.
 *
 * Of each gate we keep only what we approve: a 32-bit interrupt or trap gate, its offset, its
 * selector at ring 1, its DPL.  All traps come to ring 0 first.  Only the system-call vector may
 * lead straight to ring 1: it comes only from ring 3, where interrupts are always on, so the flags
 * the processor pushes are right.  (Exceptions also happen in ring 1 with interrupts "off", which
 * only we know.  lguest let them go direct, and its guests returned with interrupts on.)
 */
#include <string.h>
#include "arch/x86/regs.h"
#include "hv/cpu/cpu.h"

void idt_set(struct vcpu *v, u32 vector, struct desc d)
{
	u32 type = gate_type(d);

	if (vector >= ARRAY_SIZE(v->idt))
		return;
	if (!(d.hi & DESC_P) || (type != GATE_INTERRUPT && type != GATE_TRAP))
		v->idt[vector] = (struct desc){ 0 };
	else
		v->idt[vector] = gate_desc((gate_selector(d) & ~3) | 1, gate_offset(d), type, desc_dpl(d));
	v->tables_changed = true;
}

static bool idt_fetch(struct vcpu *v, u32 vector)
{
	struct desc d;
	u32 err, at;

	if (!v->idt_bytes || vector * 8 + 7 >= v->idt_bytes ||
	    !gva_read(v, gva(gva_x(v->idt_base) + vector * 8), &d, sizeof(d), 0, &err, &at))
		return false;
	idt_set(v, vector, d);
	return gate_type(v->idt[vector]);
}

void idt_load(struct vcpu *v, gva_t base, u16 limit)
{
	u32 i;

	v->idt_base = base;
	v->idt_bytes = MIN(limit + 1u, sizeof(v->idt));
	memset(v->idt, 0, sizeof(v->idt));
	for (i = 0; i < ARRAY_SIZE(v->idt); i++)
		idt_fetch(v, i);
	v->tables_changed = true;
}

bool trap_has_gate(struct vcpu *v, u32 vector)
{
	return gate_type(v->idt[vector]) || idt_fetch(v, vector);
}

/* The guest's kernel takes ring 1 for ring 0, so a DPL of 0 counts as 1. */
bool trap_gate_open(struct vcpu *v, u32 vector)
{
	return trap_has_gate(v, vector) && MAX(desc_dpl(v->idt[vector]), 1u) >= (v->regs->cs & 3);
}

struct desc trap_direct_gate(const struct vcpu *v)
{
	struct desc d = { 0 };

	if (v->syscall_vec >= SWITCHER_VECTORS && v->syscall_vec < 256 && !shadow_low_open(v->guest))
		d = v->idt[v->syscall_vec];
	/* The real gate must not clear the real interrupt flag.  The guest's interrupt gate should
	 * clear the virtual one, so it can go direct only if the guest has promised to do that
	 * itself. */
	if (gate_type(d) == GATE_INTERRUPT && !(v->guest_features & RINGLET_F_SYSCALL_IF))
		return (struct desc){ 0 };
	return d;
}

/* Builds the frame as the handler finds it, lowest word first.  Returns the number of words. */
static u32 build_frame(struct vcpu *v, bool outer, bool has_error, u32 error, u32 *f)
{
	const struct vcpu_regs *r = v->regs;
	u32 n = 0;

	if (has_error)
		f[n++] = error;
	f[n++] = r->eip;
	f[n++] = r->cs & 0xFFFF;
	f[n++] = (r->eflags & ~EFLAGS_IF) | (virq_enabled(v) ? EFLAGS_IF : 0);
	if (outer) {
		f[n++] = r->esp;
		f[n++] = r->ss & 0xFFFF;
	}
	return n;
}

void trap_inject(struct vcpu *v, u32 vector, bool has_error, u32 error)
{
	struct vcpu_regs *r = v->regs;
	struct guest *g = v->guest;
	bool outer = (r->cs & 3) == 3;
	u16 ss = outer ? v->ss1 : r->ss;
	u32 f[6], n, sp = outer ? v->esp1 : r->esp, base, mask, err, at;
	struct desc gate;

	if (!trap_has_gate(v, vector)) {
		guest_kill(g, "no handler for trap %u at %08x (error %x, cr2 %08x)", vector,
			   r->eip, error, v->page->cr2);
		return;
	}
	gate = v->idt[vector];
	if (!selector_ok_cs(v, gate_selector(gate)) || !selector_ok_ss(v, ss, gate_selector(gate))) {
		guest_kill(g, "double fault: trap %u wants code segment %x and stack segment %x",
			   vector, gate_selector(gate), ss);
		return;
	}
	if (outer) {
		v->ring3_cs = r->cs;
		v->ring3_ss = r->ss;
	}
	n = build_frame(v, outer, has_error, error, f);
	base = segment_stack(v, ss, &mask);
	sp = (sp & ~mask) | ((sp - n * 4) & mask);
	if (!gva_write(v, gva(base + (sp & mask)), f, n * 4, 0, &err, &at)) {
		guest_kill(g, "double fault: no stack at %08x for trap %u at %08x", at,
			   vector, r->eip);
		return;
	}
	if (gate_type(gate) == GATE_INTERRUPT)
		virq_enable(v, false);
	r->eip = gate_offset(gate);
	r->cs = gate_selector(gate);
	r->esp = sp;
	r->ss = ss;
	r->eflags &= ~(EFLAGS_TF | EFLAGS_NT | EFLAGS_RF | EFLAGS_VM);
	if (vector < ARRAY_SIZE(g->stats.trap_injected))
		g->stats.trap_injected[vector]++;
}

void trap_inject_pf(struct vcpu *v, u32 cr2, u32 error)
{
	v->page->cr2 = cr2;
	if (v->have_shared)
		shared_put(v, RSH_CR2, cr2);
	trap_inject(v, VEC_PF, true, error);
}
