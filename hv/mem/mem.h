/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory: the machine's frames, guest memory through the frame map, guest virtual memory, and the
 * shadows of guest page tables. */
#ifndef HV_MEM_MEM_H
#define HV_MEM_MEM_H

#include "hv/mem/guest.h"

struct boot_info;

/* ---- mem.c: the machine's frames, one at a time ---- */
/* Returns HFN_NONE if there is none left.  The frame keeps its old content. */
hfn_t frame_alloc(void);
hfn_t frame_alloc_zeroed(void);
/* f must have come from frame_alloc; freeing one twice is a panic. */
void frame_free(hfn_t f);
u32 frames_free(void);
void mem_init(const struct boot_info *bi);
/* In bytes: usable RAM, how much of it is free, the C heap's use and size. */
void mem_stats(u32 *total, u32 *free, u32 *heap_used, u32 *heap_size);
static inline void *frame_ptr(hfn_t f) { return hpa_ptr(hfn_hpa(f)); }
/* The reverse, for a pointer that came from frame_ptr(). */
#ifndef HPA_PTR_OVERRIDE
static inline hfn_t ptr_frame(const void *p) { return hpa_hfn(hpa((uintptr_t)p)); }
#else
hfn_t ptr_frame(const void *p);
#endif

/* ---- hostmap.c: our own address space, host virtual == machine address ---- */
/* Our page directory.  Static, so that its machine address is a link-time constant: the Switcher
 * loads it into CR3 as an immediate. */
extern u32 hv_pgd[1024];
/* Maps RAM, the low 1 MiB (except page 0) and our image, and turns paging on.  It takes frames for
 * page tables, so mem_init() comes first. */
void hostmap_init(const struct boot_info *bi);
/* Maps frame at va, which is in the top 4 MiB (>= SWITCHER_BASE).  May be called again for the same
 * va. */
void hostmap_set_top(u32 va, hfn_t frame, bool writable);
void hostmap_device(u32 a);		/* one page of registers, at its machine address */

/* ---- p2m.c: guest frame -> machine frame ---- */
#define P2M_LEAF	1024		/* frames */
static inline u32 p2m_leaf(gfn_t f) { return gfn_x(f) / P2M_LEAF; }
static inline u32 p2m_slot(gfn_t f) { return gfn_x(f) % P2M_LEAF; }
/* Returns HFN_NONE for a frame the guest does not own.  Here because it is part of every access to
 * guest memory: an exit does it six times and more. */
static inline hfn_t p2m_lookup(const struct guest *g, gfn_t f)
{
	if (gfn_x(f) >= g->mem_pages || !g->p2m[p2m_leaf(f)])
		return HFN_NONE;
	return g->p2m[p2m_leaf(f)][p2m_slot(f)];
}
/* The same for one who asks for many frames near each other: between two of them nothing of the guest
 * may run or end. */
struct p2m_run {
	const hfn_t *leaf;
	u32 first, count;		/* the frames it has; 0: nothing looked up yet */
};
bool p2m_run_to(const struct guest *g, struct p2m_run *r, gfn_t f);
static inline hfn_t p2m_run_lookup(const struct guest *g, struct p2m_run *r, gfn_t f)
{
	if (gfn_x(f) - r->first >= r->count && !p2m_run_to(g, r, f))
		return HFN_NONE;
	return r->leaf[gfn_x(f) - r->first];
}
/* Gives guest g the frame h, which the caller owned until now, as its frame f; false: no memory for
 * the map. */
bool p2m_set(struct guest *g, gfn_t f, hfn_t h);
/* Takes frame f out of the map and returns what was there. */
hfn_t p2m_clear(struct guest *g, gfn_t f);
void p2m_free_map(struct guest *g);

/* ---- gmem.c: the only way into guest memory ---- */
/* Copy len bytes from or to guest-physical memory, which need not be contiguous in the machine.  a
 * and len may be anything.  false: some of it is not the guest's RAM.  Then the rest of dst is
 * zeroed, or only part of src may have been written. */
bool gmem_read(const struct guest *g, gpa_t a, void *dst, u32 len);
bool gmem_write(struct guest *g, gpa_t a, const void *src, u32 len);
/* A row of a page table, each entry in one access; a is the first one's.  false: not RAM. */
#define GMEM_ROW	16		/* words: a cache line */
bool gmem_read_row(const struct guest *g, gpa_t a, u32 row[GMEM_ROW]);
/* One aligned word in one access; false: not aligned, or not RAM (*v is then 0). */
bool gmem_read_u32(const struct guest *g, gpa_t a, u32 *v);
bool gmem_write_u32(struct guest *g, gpa_t a, u32 v);
/* Stores new in an aligned word if it still is `old`; false: it changed, or is not RAM. */
bool gmem_update_u32(struct guest *g, gpa_t a, u32 old, u32 new);
bool gmem_zero(struct guest *g, gpa_t a, u32 len);
/* Copies straight from one guest to another, or within one. */
enum gmem_copied { GMEM_COPIED, GMEM_BAD_SOURCE, GMEM_BAD_TARGET };
enum gmem_copied gmem_copy(struct guest *to, gpa_t t, const struct guest *from, gpa_t f, u32 len);

/* ---- gva.c: guest virtual memory, through the guest's own page tables ---- */
struct walk {			/* the guest's view of one address, each entry read once */
	bool present;		/* if not, nothing below counts */
	bool large;		/* a 4 MiB entry, or paging is off */
	u32 pde, pte;		/* as read; if large, there is no pte */
	gpa_t pde_addr, pte_addr;
	u32 flags;		/* PTE_RW and PTE_US, each only if all levels allow it */
	gfn_t frame;		/* where it leads */
	gfn_t table;		/* the page table; if large, the first of the 1024 frames */
};
#define ACCESS_WRITE	PFERR_W
#define ACCESS_USER	PFERR_U
/* Returns NULL, or the reason why the guest has to die: a directory or table outside its memory. */
const char *gva_walk(struct vcpu *v, gva_t a, struct walk *w);
/* The same, and if there is a page table, all entries of that row of it. */
const char *gva_walk_row(struct vcpu *v, gva_t a, struct walk *w, u32 row[GMEM_ROW]);
/* What hardware would answer to this access: 0 if it is allowed, else the error code |
 * WALK_FAULT. */
#define WALK_FAULT	0x80000000u
static inline u32 walk_check(const struct walk *w, u32 access)
{
	if (!w->present)
		return WALK_FAULT | access;
	if (((access & ACCESS_WRITE) && !(w->flags & PTE_RW)) ||
	    ((access & ACCESS_USER) && !(w->flags & PTE_US)))
		return WALK_FAULT | PFERR_P | access;
	return 0;
}
/* Sets accessed, and for a write dirty, in the guest's entries, as hardware does before the
 * access. */
void walk_set(struct vcpu *v, struct walk *w, u32 bits);
static inline void walk_touch(struct vcpu *v, struct walk *w, u32 access)
{
	u32 bits = access & ACCESS_WRITE ? PTE_A | PTE_D : PTE_A;

	if ((bits & ~(w->large ? w->pde : w->pte)) || !(w->pde & PTE_A))
		walk_set(v, w, bits);
}
/* Copy with the rights in access (ACCESS_*), setting accessed and dirty, as if the guest did it.
 * false: *err is the page-fault error code and *at the address. */
bool gva_read(struct vcpu *v, gva_t a, void *dst, u32 len, u32 access, u32 *err, u32 *at);
bool gva_write(struct vcpu *v, gva_t a, const void *src, u32 len, u32 access, u32 *err, u32 *at);

/* ---- shadow.c ---- */
enum fault_result {
	FAULT_FILLED,		/* the shadow's: filled, go on */
	FAULT_GUEST,		/* the guest's: inject it with *err */
	FAULT_MMIO,		/* a device register at *mmio */
	FAULT_KILLED,
};
/* How many frames for its shadows a guest of mem_pages gets. */
u32 shadow_pages_for(u32 mem_pages);
/* Takes all the memory the shadows will ever use; false: there is not enough. */
bool shadow_init(struct guest *g);
void shadow_destroy(struct guest *g);
/* The first directory index that counts as kernel.  Until the guest has said, all are user. */
static inline u32 shadow_kernel_dir(const struct guest *g)
{
	return g->vcpu->have_shared ? g->vcpu->kernel_address >> 22 : SWITCHER_DIR;
}
/* Handles a page fault at a; *err is the processor's error code. */
enum fault_result shadow_fault(struct vcpu *v, gva_t a, u32 *err, gpa_t *mmio);
/* asid: -1 or 0..RINGLET_ASIDS-1.  flush: also empty the root's user part. */
void shadow_new_root(struct vcpu *v, u32 cr3, int asid, bool flush);
void shadow_flush_user(struct vcpu *v);
void shadow_flush_all(struct guest *g);
void shadow_flush_one(struct vcpu *v, gva_t a);	/* in this root; a kernel address in all roots */
void shadow_flush_everywhere(struct guest *g, gva_t a);	/* in all roots */
void shadow_flush_directory(struct guest *g, u32 cr3, u32 dir); /* one directory entry of the roots for cr3 */
/* True if ring 3 must get no pages where virtual-8086 code could begin, because this machine could
 * not stop code that spins there. */
extern bool shadow_low_shut;
/* Does the current root give ring 3 pages where virtual-8086 code could begin?  Some processors
 * (QEMU's) let an iret in ring 1 or 3 enter that mode, with interrupts off and IOPL 3, and `int`
 * carries that IOPL through a gate to ring 1.  The mode's first instruction is below 1 MiB + 64 KiB
 * and is fetched with ring 3's rights, so a root without pages for ring 3 there is safe.  For a
 * root that has some, the gate stays closed and the watchdog runs.  (Called before each entry.) */
static inline bool shadow_low_open(const struct guest *g)
{
	return g->shadow.current->entries[V86_DIR] & PTE_US;
}
/* The real cr3 for the current root, with this CPU's table for the top 4 MiB put in. */
hpa_t shadow_cr3(struct vcpu *v, hfn_t top_table);

/* ---- audit.c ---- */
struct audit {
	u32 roots, tables, entries;
	u32 lagging;		/* entries that allow more than the guest's do now: fine until it flushes */
	char violation[120];	/* the first one; "": none */
};
void shadow_audit(struct guest *g, struct audit *a);

#endif
