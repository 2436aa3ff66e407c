/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the Switcher may do by itself for the guest that is loaded: give it the traps that are its
 * own (see switcher.S).  All that it needs is approved here beforehand and lies in the state page,
 * which no guest can write.  A guest that has not promised RINGLET_F_LINEAR gets nothing of this,
 * nor does one with a gate, segment or address that is unusual: then C delivers, as it always can.
 */
#include <string.h>
#include "arch/x86/cpu.h"
#include "arch/x86/regs.h"
#include "hv/cpu/cpu.h"

#define OFF(field)	offsetof(struct ringlet_shared, field)

_Static_assert(RINGLET_IF == EFLAGS_IF, "the Switcher takes one for the other");

bool fast_off;

static bool promised(const struct vcpu *v)
{
	return !fast_off && v->have_shared && (v->guest_features & RINGLET_F_LINEAR);
}

/* From kernel_address on, as much of the guest's memory as has room below the Switcher. */
static u32 linear_bytes(const struct vcpu *v)
{
	u32 room = v->kernel_address < SWITCHER_BASE ? (SWITCHER_BASE - v->kernel_address) >> PAGE_SHIFT : 0;

	return MIN(room, v->guest->mem_pages) << PAGE_SHIFT;
}

static bool flat(const struct vcpu *v, u16 sel)
{
	struct desc d = v->gdt[SEL_INDEX(sel)];

	return desc_is_flat(d) && (d.hi & DESC_DB);
}

/* The handler for a trap, if it is entered through an interrupt gate with this code segment. */
static u32 handler(struct vcpu *v, u32 vector, u16 cs)
{
	struct desc gate = v->idt[vector];

	if (!(FAST_TRAPS >> vector & 1) || gate_type(gate) != GATE_INTERRUPT || gate_selector(gate) != cs)
		return 0;
	if (vector == VEC_UD && !cpu_has(CPU_CMOV))
		return 0;	/* first emulate_ud() looks at it */
	return gate_offset(gate);
}

void fast_load(struct vcpu *v, struct state_page *s)
{
	struct fast f = { .linear = v->kernel_address };
	u32 i;

	memset(&s->fast, 0, sizeof(s->fast));
	if (!promised(v))
		return;
	f.bytes = linear_bytes(v);
	f.cs = gate_selector(v->idt[VEC_PF]);
	f.ss = s->tss.ss1;
	if (gpa_x(v->shared) + sizeof(struct ringlet_shared) > f.bytes || !selector_ok_cs(v, f.cs) || !flat(v, f.cs) ||
	    SEL_RPL(f.cs) != 1 || !f.ss || !flat(v, f.ss))
		return;
	f.irq_enabled = f.linear + gpa_x(v->shared) + OFF(irq_enabled);
	f.cr2 = f.linear + gpa_x(v->shared) + OFF(cr2);
	for (i = 0; i < FAST_VECTORS; i++)
		f.handler[i] = handler(v, i, f.cs);
	s->fast = f;
	fast_root(v, s);
}

void fast_root(const struct vcpu *v, struct state_page *s)
{
	u32 pgd = v->cr3 & PTE_FRAME;

	s->fast.pgd = (v->cr0 & CR0_PG) && pgd < s->fast.bytes ? s->fast.linear + pgd : 0;
}

/* As audit reads it. */
const char *fast_wrong(const struct state_page *s)
{
	const struct fast *f = &s->fast;
	struct desc cs = s->gdt[SEL_INDEX(f->cs) % GDT_ENTRIES], ss = s->gdt[SEL_INDEX(f->ss) % GDT_ENTRIES];
	u32 end = f->linear + f->bytes, i, any = f->pgd;

	for (i = 0; i < FAST_VECTORS; i++)
		any |= f->handler[i];
	if (!any)
		return NULL;
	if (SEL_RPL(f->cs) != 1 || desc_dpl(cs) != 1 || !desc_is_code(cs) || !desc_is_flat(cs))
		return "the Switcher would enter a handler outside ring 1";
	if (f->ss != s->tss.ss1 || SEL_RPL(f->ss) != 1 || desc_dpl(ss) != 1 || !desc_is_flat_data(ss))
		return "the Switcher would give a handler a stack that is not of ring 1";
	if (end < f->linear || end > SWITCHER_BASE)
		return "the Switcher would look for a guest's memory outside its address space";
	if (f->pgd - f->linear >= f->bytes && f->pgd)
		return "the Switcher would look for a page directory outside the guest's memory";
	if (f->irq_enabled - f->linear >= f->bytes || f->cr2 - f->linear >= f->bytes)
		return "the Switcher would look for the shared page outside the guest's memory";
	return NULL;
}
