/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's GDT: how it changes, and what its selectors mean.  descriptors.c decides what becomes
 * of a descriptor that the guest asks for.
 */
#include <string.h>
#include "arch/x86/regs.h"
#include "hv/cpu/cpu.h"

void gdt_set(struct vcpu *v, u32 index, struct desc d)
{
	if (index >= GDT_ENTRIES || descriptor_reserved(index))
		return;
	v->gdt[index] = descriptor_approve(index, d);
	v->tables_changed = true;
}

static bool in_use(const struct vcpu *v, u32 index)
{
	const struct vcpu_regs *r = v->regs;

	return SEL_INDEX(r->cs & 0xFFFF) == index || SEL_INDEX(r->ss & 0xFFFF) == index ||
	       SEL_INDEX(r->ds & 0xFFFF) == index || SEL_INDEX(r->es & 0xFFFF) == index;
}

/*
 * Linux loads GDTs that lack the descriptors its segment registers were loaded from, and goes on
 * with what the processor has cached.  We reload cs and ss at every entry, so an entry that is in
 * use but empty in the new table keeps its old descriptor.
 */
bool gdt_load(struct vcpu *v, gva_t base, u16 limit)
{
	struct desc d[GDT_ENTRIES] = { { 0 } };
	u32 bytes = MIN(limit + 1u, sizeof(d)), err, at, i;

	if (!gva_read(v, base, d, bytes, 0, &err, &at)) {
		trap_inject_pf(v, at, err);
		return false;
	}
	v->gdt_base = base;
	v->gdt_limit = limit;
	for (i = 0; i < GDT_ENTRIES; i++) {
		struct desc new = descriptor_approve(i, d[i]);

		if (descriptor_reserved(i) || (!new.hi && in_use(v, i)))
			continue;
		v->gdt[i] = new;
	}
	v->tables_changed = true;
	return true;
}

/* lguest's guests and the boot protocol start with flat code at 0x61 and flat data at 0x69. */
void segments_reset(struct vcpu *v)
{
	u32 flat = DESC_P | DESC_S | DESC_RW | DESC_DB | DESC_G | (1 << DESC_DPL_SHIFT);

	memset(v->gdt, 0, sizeof(v->gdt));
	gdt_set(v, GUEST_CS >> 3, seg_desc(0, 0xFFFFF, flat | DESC_CODE));
	gdt_set(v, GUEST_DS >> 3, seg_desc(0, 0xFFFFF, flat));
}

static const struct desc *segment_lookup(const struct vcpu *v, u16 sel)
{
	/* There is no LDT; the null slot and our own are empty in the guest's table. */
	if ((sel & SEL_TI) || SEL_INDEX(sel) >= GDT_ENTRIES || !v->gdt[SEL_INDEX(sel)].hi)
		return NULL;
	return &v->gdt[SEL_INDEX(sel)];
}

bool selector_ok_cs(const struct vcpu *v, u16 sel)
{
	const struct desc *d = segment_lookup(v, sel);

	return d && (d->hi & DESC_CODE) && SEL_RPL(sel) >= 1 && SEL_RPL(sel) == desc_dpl(*d);
}

bool selector_ok_ss(const struct vcpu *v, u16 sel, u16 cs)
{
	const struct desc *d = segment_lookup(v, sel);

	return d && !(d->hi & DESC_CODE) && (d->hi & DESC_RW) && SEL_RPL(sel) == SEL_RPL(cs) &&
	       desc_dpl(*d) == SEL_RPL(cs);
}

u32 segment_base(const struct vcpu *v, u16 sel)
{
	const struct desc *d = segment_lookup(v, sel);

	return d ? desc_base(*d) : 0;
}

u32 segment_stack(const struct vcpu *v, u16 ss, u32 *mask)
{
	const struct desc *d = segment_lookup(v, ss);

	*mask = !d || (d->hi & DESC_DB) ? ~0u : 0xFFFF;
	return d ? desc_base(*d) : 0;
}

static bool desc_allows(const struct desc *d, u32 offset, u32 len, bool write)
{
	u32 last = offset + len - 1;

	if (!d || last < offset)
		return false;
	if (d->hi & DESC_CODE)
		return !write && (d->hi & DESC_RW) && last <= desc_limit(*d);
	if (write && !(d->hi & DESC_RW))
		return false;
	if (d->hi & DESC_EC)
		return offset > desc_limit(*d) && last <= (d->hi & DESC_DB ? ~0u : 0xFFFF);
	return last <= desc_limit(*d);
}

bool segment_at(const struct vcpu *v, u16 sel, u32 offset, u32 len, bool write, gva_t *a)
{
	const struct desc *d = segment_lookup(v, sel);

	/* Nearly always all of memory. */
	if (d && desc_is_flat_data(*d) && offset + len - 1 >= offset) {
		*a = gva(offset);
		return true;
	}
	if (!desc_allows(d, offset, len, write))
		return false;
	*a = gva(desc_base(*d) + offset);
	return true;
}

u32 segment_code(const struct vcpu *v, u32 most, gva_t *a)
{
	const struct desc *d = segment_lookup(v, v->regs->cs);
	u32 eip = v->regs->eip, limit;

	if (!d || !(d->hi & DESC_DB))
		return 0;
	limit = desc_limit(*d);
	if (eip > limit)
		return 0;
	*a = gva(desc_base(*d) + eip);
	return MIN(limit - eip, most - 1) + 1;
}
