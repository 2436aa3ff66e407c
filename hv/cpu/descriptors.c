/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tables the processor obeys: every descriptor and gate in the real GDT, IDT and TSS is made
 * here, built from a few approved fields and never patched.  These are the rules;
 * descriptors_wrong() checks them on the finished tables:
 *
 *  1. Ring 0 is in Ringlet's own four slots and nowhere else.  A guest's descriptor is code or
 *     data of rings 1 to 3, and never conforming: conforming code runs in whatever ring jumped to
 *     it.
 *  2. A gate is judged by where it leads, which is the DPL of the descriptor it names: the
 *     processor ignores the RPL in a gate.  Only the gates to the Switcher's stubs lead to ring 0;
 *     one gate may lead to a guest's ring 1.
 *  3. The stack for ring 1 is a segment of ring 1, or there is none.  No port is open.
 *
 * Whatever a guest changes, all of its entries are built again from what it has now, so that no
 * gate outlives the descriptor it was made for.
 *
 * A guest's descriptors are marked accessed, because the processor would fault if it had to mark
 * them in our read-only table.  Their limits protect nothing: page tables do.
 */
#include <stdio.h>
#include "arch/x86/regs.h"
#include "hv/cpu/cpu.h"
#include "hv/lib/lib.h"

/* Our own slots, listed here and nowhere else. */
bool descriptor_reserved(u32 index)
{
	return index == 0 || index == HV_CS_INDEX || index == HV_DS_INDEX ||
	       index == HV_TSS_INDEX || index == HV_DF_TSS_INDEX;
}

bool check_descriptors;

/* ---- building ---- */

/* kind: type, S, and the flags of the high word.  Ring 0 is refused outside our slots, the others
 * in them. */
static struct desc build_segment(u32 index, u32 dpl, u32 base, u32 limit20, u32 kind)
{
	if ((dpl == 0) != descriptor_reserved(index))
		return (struct desc){ 0 };
	return seg_desc(base, limit20, kind | DESC_P | dpl << DESC_DPL_SHIFT);
}

/* The gate must lead into `ring`, through the code segment (or for a task gate the task) that gdt
 * has there now; otherwise it is empty. */
static struct desc build_gate(const struct desc *gdt, u32 ring, u32 type, u32 dpl, u16 sel,
			      u32 offset)
{
	struct desc to = gdt[SEL_INDEX(sel) % GDT_ENTRIES];

	if ((sel & SEL_TI) || SEL_INDEX(sel) >= GDT_ENTRIES || SEL_RPL(sel) != ring ||
	    desc_dpl(to) != ring || (type != GATE_TASK && !desc_is_code(to)))
		return (struct desc){ 0 };
	return gate_desc(sel, offset, type, dpl);
}

/* What becomes of a guest's descriptor: empty for anything that is not present code or data. */
struct desc descriptor_approve(u32 index, struct desc d)
{
	u32 keep = DESC_RW | DESC_EC | DESC_CODE | DESC_DB | DESC_G;

	if ((d.hi & (DESC_P | DESC_S)) != (DESC_P | DESC_S))
		return (struct desc){ 0 };
	if (desc_is_code(d))
		keep &= ~DESC_EC;	/* conforming code: nobody needs it */
	return build_segment(index, MAX(desc_dpl(d), 1u), desc_base(d),
			     (d.lo & 0xFFFF) | (d.hi & DESC_LIMIT_HI),
			     (d.hi & keep) | DESC_S | DESC_ACCESSED);
}

/* The entries that stay, whoever runs. */
void descriptors_init(struct state_page *s, u32 pages)
{
	u32 tss = pages + LP_STATE + offsetof(struct state_page, tss);
	u32 df_tss = pages + LP_HOST + offsetof(struct host_page, df_tss);
	u32 flat = DESC_S | DESC_RW | DESC_ACCESSED | DESC_DB | DESC_G, i;

	s->gdt[HV_CS_INDEX] = build_segment(HV_CS_INDEX, 0, 0, 0xFFFFF, flat | DESC_CODE);
	s->gdt[HV_DS_INDEX] = build_segment(HV_DS_INDEX, 0, 0, 0xFFFFF, flat);
	s->gdt[HV_TSS_INDEX] = build_segment(HV_TSS_INDEX, 0, tss, sizeof(struct tss) - 1,
					     DESC_TYPE_TSS);
	s->gdt[HV_DF_TSS_INDEX] = build_segment(HV_DF_TSS_INDEX, 0, df_tss, sizeof(struct tss) - 1,
						DESC_TYPE_TSS);
	/* DPL 1 for the hypercall: ring 1 may make it, ring 3 may not. */
	for (i = 0; i < SWITCHER_VECTORS; i++)
		s->idt[i] = build_gate(s->gdt, 0, GATE_INTERRUPT, i == RINGLET_TRAP, HV_CS,
				       switcher_stubs[i]);
	s->idt[VEC_DF] = build_gate(s->gdt, 0, GATE_TASK, 0, HV_DF_TSS_INDEX * 8, 0);

	s->tss.ss0 = HV_DS;
	s->tss.esp0 = pages + LP_REGS + PAGE_SIZE;
	/* Beyond the limit, so no port is open to any ring but ours. */
	s->tss.iomap = sizeof(struct tss);
}

/* The guest's entries, all built again. */
void descriptors_load(struct cpu *c, struct vcpu *v)
{
	struct state_page *s = cpu_state(c);
	struct desc direct = trap_direct_gate(v);
	u32 i;

	for (i = 0; i < GDT_ENTRIES; i++)
		if (!descriptor_reserved(i))
			s->gdt[i] = v->gdt[i];
	if (c->direct_vector)
		s->idt[c->direct_vector] = (struct desc){ 0 };
	c->direct_vector = gate_type(direct) ? v->syscall_vec : 0;
	if (c->direct_vector)
		s->idt[c->direct_vector] = build_gate(s->gdt, 1, GATE_TRAP,
						      MAX(desc_dpl(direct), 1u),
						      gate_selector(direct), gate_offset(direct));
	s->tss.esp1 = v->esp1;
	s->tss.ss1 = selector_ok_ss(v, v->ss1, 1) ? v->ss1 : 0;
	fast_load(v, s);
	v->tables_changed = false;
	c->low_open = shadow_low_open(v->guest);
	if (check_descriptors && descriptors_wrong(c))
		panic("descriptors of %s: %s", v->guest->name, descriptors_wrong(c));
}

/* ---- reading back ---- */

static bool is_empty(struct desc d) { return !d.lo && !d.hi; }
static bool is_segment(struct desc d) { return (d.hi & (DESC_P | DESC_S)) == (DESC_P | DESC_S); }

/* Ours are flat segments and the two tasks (busy or not); a guest's belong to its own rings. */
static bool segment_right(u32 index, struct desc d, u32 pages)
{
	u32 base_limit = DESC_BASE_HI | DESC_BASE_MID | DESC_LIMIT_HI, kind = d.hi & ~DESC_BASE_HI;

	switch (index) {
	case 0:
		return is_empty(d);
	case HV_CS_INDEX:
	case HV_DS_INDEX:
		return d.lo == 0xFFFF && (d.hi & base_limit) == DESC_LIMIT_HI && is_segment(d) &&
		       desc_dpl(d) == 0 && !(d.hi & DESC_EC) &&
		       desc_is_code(d) == (index == HV_CS_INDEX);
	case HV_TSS_INDEX:
	case HV_DF_TSS_INDEX:
		kind &= ~DESC_TSS_BUSY & ~DESC_BASE_MID;
		return kind == (DESC_P | DESC_TYPE_TSS) && desc_base(d) - pages < LP_PAGES * PAGE_SIZE;
	default:
		return is_empty(d) || (is_segment(d) && desc_dpl(d) != 0 &&
				       !(desc_is_code(d) && (d.hi & DESC_EC)));
	}
}

/* Where would the processor go through this gate, and who could send it there? */
static bool gate_right(const struct state_page *s, u32 vector, u32 direct)
{
	struct desc g = s->idt[vector];
	u32 sel = gate_selector(g);
	struct desc to = s->gdt[SEL_INDEX(sel) % GDT_ENTRIES];

	if (vector == VEC_DF)
		return gate_type(g) == GATE_TASK && sel == HV_DF_TSS_INDEX * 8 && desc_dpl(g) == 0;
	if (vector < SWITCHER_VECTORS)
		return gate_type(g) == GATE_INTERRUPT && sel == HV_CS && (g.hi & DESC_P) &&
		       gate_offset(g) == switcher_stubs[vector] &&
		       desc_dpl(g) == (vector == RINGLET_TRAP);
	if (vector != direct || is_empty(g))
		return is_empty(g);
	return gate_type(g) == GATE_TRAP && (sel & 7) == 1 && SEL_INDEX(sel) < GDT_ENTRIES &&
	       is_segment(to) && desc_is_code(to) && desc_dpl(to) == 1;
}

static bool tss_right(const struct state_page *s, u32 pages)
{
	const struct tss *t = &s->tss;
	struct desc stack = s->gdt[SEL_INDEX(t->ss1) % GDT_ENTRIES];

	if (t->back_link || t->ss0 != HV_DS || t->esp0 != pages + LP_REGS + PAGE_SIZE || t->ss2 ||
	    t->ldt || t->trap || t->iomap < sizeof(*t))
		return false;
	return !t->ss1 || ((t->ss1 & 7) == 1 && SEL_INDEX(t->ss1) < GDT_ENTRIES &&
			   is_segment(stack) && desc_dpl(stack) == 1 &&
			   (stack.hi & (DESC_CODE | DESC_RW)) == DESC_RW);
}

const char *descriptors_wrong(struct cpu *c)
{
	const struct state_page *s = cpu_state(c);
	static char text[80];
	u32 i;

	for (i = 0; i < GDT_ENTRIES; i++)
		if (!segment_right(i, s->gdt[i], c->pages)) {
			snprintf(text, sizeof(text), "GDT entry %u is %08x:%08x", i, s->gdt[i].hi,
				 s->gdt[i].lo);
			return text;
		}
	for (i = 0; i < ARRAY_SIZE(s->idt); i++)
		if (!gate_right(s, i, c->direct_vector)) {
			snprintf(text, sizeof(text), "the gate at vector %02x is %08x:%08x", i,
				 s->idt[i].hi, s->idt[i].lo);
			return text;
		}
	return tss_right(s, c->pages) ? fast_wrong(s) : "the TSS has another stack, link or port map";
}
