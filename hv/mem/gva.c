/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest virtual memory: walks the guest's own page tables as hardware would, and copies through
 * them.  The shadow tables are filled from the same walk.
 *
 * Non-PAE, two levels.  The guest's CR0.WP is taken as set: we do not support kernels that rely on
 * writing through read-only user entries.  A directory entry with PS is a 4 MiB page whether or not
 * CR4.PSE is set.
 */
#include "arch/x86/regs.h"
#include "hv/mem/mem.h"

/* Paging is off, so a gva is a gpa.  It looks like a 4 MiB entry that allows everything. */
static void walk_linear(gva_t a, struct walk *w)
{
	w->present = w->large = true;
	w->pde = PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D | PTE_PS;
	w->flags = PTE_RW | PTE_US;
	w->frame = gfn(gva_x(a) >> PAGE_SHIFT);
	w->table = gfn(gfn_x(w->frame) & ~1023u);
}

/* row: NULL, or for the entries around that of the page table. */
static inline const char *walk_tables(struct vcpu *v, gva_t a, struct walk *w, u32 *row)
{
	u32 dir = gva_x(a) >> 22, index = (gva_x(a) >> PAGE_SHIFT) & 1023;

	w->present = w->large = false;
	if (gva_x(a) >= SWITCHER_BASE)	/* ours: the guest sees nothing there */
		return NULL;
	if (!(v->cr0 & CR0_PG)) {
		walk_linear(a, w);
		return NULL;
	}
	w->pde_addr = gpa((v->cr3 & PTE_FRAME) + dir * 4);
	if (!gmem_read_u32(v->guest, w->pde_addr, &w->pde))
		return "page directory (cr3) outside its memory";
	if (!(w->pde & PTE_P))
		return NULL;
	w->table = gfn(w->pde >> PAGE_SHIFT);
	w->flags = w->pde & (PTE_RW | PTE_US);
	if (w->pde & PTE_PS) {
		w->present = w->large = true;
		/* Bits 12..21 are for PSE-36 and PAT, which guests do not get. */
		w->table = gfn(gfn_x(w->table) & ~1023u);
		w->frame = gfn(gfn_x(w->table) + index);
		return NULL;
	}
	w->pte_addr = gpa((w->pde & PTE_FRAME) + index * 4);
	if (row ? !gmem_read_row(v->guest, gpa((w->pde & PTE_FRAME) + index / GMEM_ROW * GMEM_ROW * 4), row)
		: !gmem_read_u32(v->guest, w->pte_addr, &w->pte))
		return "page table outside its memory";
	if (row)
		w->pte = row[index % GMEM_ROW];
	w->present = w->pte & PTE_P;
	w->flags &= w->pte;
	w->frame = gfn(w->pte >> PAGE_SHIFT);
	return NULL;
}

const char *gva_walk(struct vcpu *v, gva_t a, struct walk *w)
{
	return walk_tables(v, a, w, NULL);
}

const char *gva_walk_row(struct vcpu *v, gva_t a, struct walk *w, u32 row[GMEM_ROW])
{
	return walk_tables(v, a, w, row);
}

static void set_bits(struct vcpu *v, gpa_t a, u32 *entry, u32 bits)
{
	u32 new = *entry | bits;

	/* This fails only if the entry changed under us, through another vcpu or a device that
	 * writes there.  Then *entry stays without the bits, too, and the caller acts on *entry. */
	if (new != *entry && gmem_update_u32(v->guest, a, *entry, new))
		*entry = new;
}

/* (With paging off all bits are there already, see walk_linear().) */
void walk_set(struct vcpu *v, struct walk *w, u32 bits)
{
	if (w->large) {
		set_bits(v, w->pde_addr, &w->pde, bits);
		return;
	}
	set_bits(v, w->pde_addr, &w->pde, PTE_A);
	set_bits(v, w->pte_addr, &w->pte, bits);
}

/* Finds and touches the page of a; the gpa in *pa.  0, or an error code | WALK_FAULT. */
static u32 gva_translate(struct vcpu *v, gva_t a, u32 access, gpa_t *pa)
{
	struct walk w;
	u32 fault;

	if (gva_walk(v, a, &w))
		return WALK_FAULT | access;
	fault = walk_check(&w, access);
	if (fault)
		return fault;
	walk_touch(v, &w, access);
	*pa = gpa(gpa_x(gfn_gpa(w.frame)) | (gva_x(a) & ~PAGE_MASK));
	return 0;
}

/* Copies page by page, in both directions: either to or from is NULL. */
static bool gva_copy(struct vcpu *v, gva_t a, u8 *to, const u8 *from, u32 len, u32 access,
		     u32 *err, u32 *at)
{
	while (len) {
		u32 n = MIN(len, PAGE_SIZE - (gva_x(a) & ~PAGE_MASK));
		gpa_t pa = gpa(0);
		u32 fault = gva_translate(v, a, access, &pa);

		if (!fault && !(to ? gmem_read(v->guest, pa, to, n) : gmem_write(v->guest, pa, from, n)))
			fault = WALK_FAULT | access;	/* a device or nothing at all */
		if (fault) {
			*err = fault & ~WALK_FAULT;
			*at = gva_x(a);
			return false;
		}
		if (to)
			to += n;
		else
			from += n;
		len -= n;
		a = gva(gva_x(a) + n);
	}
	return true;
}

bool gva_read(struct vcpu *v, gva_t a, void *dst, u32 len, u32 access, u32 *err, u32 *at)
{
	return gva_copy(v, a, dst, NULL, len, access & ~ACCESS_WRITE, err, at);
}

bool gva_write(struct vcpu *v, gva_t a, const void *src, u32 len, u32 access, u32 *err, u32 *at)
{
	return gva_copy(v, a, NULL, src, len, access | ACCESS_WRITE, err, at);
}
