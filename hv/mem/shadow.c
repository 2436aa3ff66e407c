/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shadow page tables: what the processor really walks while a guest runs.
 *
 * A shadow is a TLB with rules.  It may lag behind the guest's tables exactly as a hardware TLB
 * may: it is filled on faults and emptied by the flushes the guest must do anyway.  So no guest has
 * to tell us about writes to page tables, and none can be forgotten.  The rules:
 *
 * 1. An entry is all zeroes, or was built from nothing (`make_pte`, `make_pde`), for a frame of the
 *    guest, with no more rights than the guest's entry had at some time since its last flush.
 *
 * 2. Accessed is set in the guest's entry before the shadow lets a read through, dirty before it
 *    lets a write through: a clean page is mapped read-only.
 *
 * 3. The last entry of each directory is the Switcher's.
 *
 * One shadow page table (spt) stands for one page table of the guest, however it is reached, or for
 * the 1024 frames of a 4 MiB entry.  Rights of the directory entry go into the shadow's directory
 * entry, those of the table entry into the shadow's table entry, and the processor combines them as
 * it does for the guest's.  So all roots share the kernel's tables.
 *
 * Kernel addresses (from the shared page's `kernel_address` up) count as global: flushing a root
 * leaves them alone, and what one root has cached another may use.  Below that, a table's entries
 * serve only roots that were linked to it when they were filled; see `link_table`.
 *
 * A link from a directory may lag, too, like a processor's cache of directory entries.  Until it is
 * flushed, what is filled into its table through other addresses shows through it.
 *
 * The memory is bounded and taken when the guest starts.  When all of it is in use, the roots that
 * have not been used for the longest time give up theirs first.
 */
#include <stdlib.h>
#include <string.h>
#include "arch/x86/regs.h"
#include "hv/mem/mem.h"

#define PREFILL	16	/* entries looked at around a fault: a cache line of guest entries */

bool shadow_low_shut;

static u32 dir_of(gva_t a) { return gva_x(a) >> 22; }
static u32 index_of(gva_t a) { return (gva_x(a) >> PAGE_SHIFT) & 1023; }

/* The first directory index that counts as kernel.  Until the guest has said, all are user. */
static u32 kernel_dir(const struct guest *g)
{
	return g->vcpu->have_shared ? g->vcpu->kernel_address >> 22 : SWITCHER_DIR;
}

/* ---- tables ---- */

static struct spt **shadow_bucket(struct shadow *s, gfn_t table, bool large)
{
	return &s->hash[(gfn_x(table) ^ (large ? 0x55 : 0)) % ARRAY_SIZE(s->hash)];
}

static struct spt *spt_find(struct shadow *s, gfn_t table, bool large)
{
	struct spt *t;

	for (t = *shadow_bucket(s, table, large); t; t = t->next)
		if (gfn_x(t->table) == gfn_x(table) && t->large == large)
			return t;
	return NULL;
}

static void spt_release(struct shadow *s, struct spt *t)
{
	*t->link = t->next;
	if (t->next)
		t->next->link = t->link;
	t->next = s->free;
	s->free = t;
	s->pages--;
}

static void spt_empty(struct spt *t)
{
	memset(frame_ptr(t->page), 0, PAGE_SIZE);
}

/* Removes the link at r's directory index; the table goes when nothing links to it.  If others do,
 * it keeps its entries for them; should this root link to it again, link_table() empties it. */
static void unlink_table(struct shadow *s, struct shadow_root *r, u32 dir)
{
	struct spt *t = r->spt[dir];

	r->entries[dir] = 0;
	r->spt[dir] = NULL;
	r->links--;
	if (--t->parents == 0)
		spt_release(s, t);
}

static void flush_range(struct shadow *s, struct shadow_root *r, u32 from, u32 to)
{
	struct spt **at = r->spt + from, **end = r->spt + to, *t;
	u32 links = r->links;

	if (!links)
		return;
	/* All roots may be full, and then this is by far the longest thing that an exit does. */
	for (; at < end; at++) {
		t = *at;
		if (!t)
			continue;
		*at = NULL;
		if (--t->parents == 0)
			spt_release(s, t);
		if (!--links)
			break;
	}
	if (links != r->links)
		memset(r->entries + from, 0, (to - from) * sizeof(u32));
	r->links = links;
}

/* ---- giving up memory ---- */

static struct shadow_root *oldest_root(struct shadow *s, bool with_links)
{
	struct shadow_root *old = NULL;
	u32 i;

	for (i = 0; i < SHADOW_ROOTS; i++) {
		struct shadow_root *r = &s->root[i];

		if (!r->entries || r == s->current || (with_links && !r->links))
			continue;
		if (!old || s->clock - r->last_used > s->clock - old->last_used)
			old = r;
	}
	return old;
}

static void make_room(struct guest *g)
{
	struct shadow *s = &g->shadow;
	struct shadow_root *r;

	g->stats.shadow_evictions++;
	while (!s->free && (r = oldest_root(s, true)))
		flush_range(s, r, 0, SWITCHER_DIR);
	if (!s->free)
		flush_range(s, s->current, 0, kernel_dir(g));
	if (!s->free)
		flush_range(s, s->current, 0, SWITCHER_DIR);
}

static struct spt *spt_make(struct guest *g, gfn_t table, bool large)
{
	struct shadow *s = &g->shadow;
	struct spt **b = shadow_bucket(s, table, large), *t;

	if (!s->free)
		make_room(g);
	t = s->free;
	s->free = t->next;
	s->pages++;
	t->table = table;
	t->large = large;
	t->parents = 0;
	t->user = false;
	t->next = *b;
	t->link = b;
	if (*b)
		(*b)->link = &t->next;
	*b = t;
	spt_empty(t);
	g->stats.shadow_tables++;
	return t;
}

/* ---- filling ---- */

/* The only two places where shadow entries are made. */
static u32 make_pte(hfn_t frame, u32 gpte)
{
	u32 rights = gpte & PTE_US;

	if ((gpte & (PTE_RW | PTE_D)) == (PTE_RW | PTE_D))
		rights |= PTE_RW | PTE_D;
	return hpa_x(hfn_hpa(frame)) | PTE_P | PTE_A | rights;
}

static u32 make_pde(const struct spt *t, u32 gpde)
{
	u32 rights = gpde & PTE_US;

	/* A 4 MiB entry has its dirty bit here; entries of a table have their own. */
	if ((gpde & PTE_RW) && (!t->large || (gpde & PTE_D)))
		rights |= PTE_RW;
	return hpa_x(hfn_hpa(t->page)) | PTE_P | PTE_A | rights;
}

/* Some root has t at dir, and none has it there with fewer rights than pde. */
static bool linked_at(const struct shadow *s, const struct spt *t, u32 dir, u32 pde)
{
	bool linked = false;
	u32 i;

	for (i = 0; i < SHADOW_ROOTS; i++) {
		const struct shadow_root *r = &s->root[i];

		if (!r->entries || r->spt[dir] != t)
			continue;
		if (pde & ~r->entries[dir])
			return false;
		linked = true;
	}
	return linked;
}

/*
 * The shadow table for the walk w, linked into the current root.
 *
 * A table that others link already may hold entries older than the last flush of these addresses in
 * this root.  For a kernel table that some root has at the same place, with no fewer rights, that
 * does not matter (it is global); otherwise the table is emptied first.  Tables shared in other
 * ways are rare (no Linux has them), so this seldom costs anything.
 */
static struct spt *link_table(struct guest *g, u32 dir, const struct walk *w, u32 access)
{
	struct shadow *s = &g->shadow;
	struct shadow_root *r = s->current;
	struct spt *t = r->spt[dir];
	bool user = dir < kernel_dir(g);
	u32 pde;

	if (!t || gfn_x(t->table) != gfn_x(w->table) || t->large != w->large) {
		if (t)
			unlink_table(s, r, dir);
		t = spt_find(s, w->table, w->large);
		if (!t)
			t = spt_make(g, w->table, w->large);
		else if (user || t->user || !linked_at(s, t, dir, make_pde(t, w->pde)))
			spt_empty(t);
		t->parents++;
		t->user |= user;
		r->spt[dir] = t;
		r->links++;
		r->entries[dir] = 0;
	}
	/* More rights here must not apply to entries that were cached under fewer. */
	pde = make_pde(t, w->pde);
	if (dir == V86_DIR && !(access & ACCESS_USER) && !(r->entries[dir] & PTE_US))
		pde &= ~PTE_US;		/* not before ring 3 uses it: see shadow_low_open */
	if (r->entries[dir] && (pde & ~r->entries[dir]))
		spt_empty(t);
	r->entries[dir] = pde;
	return t;
}

/* Fills in neighbours whose guest entries are present and accessed.  A TLB might have them, so we
 * may, too; each saves an exit. */
static void shadow_prefill(struct guest *g, struct spt *t, u32 index)
{
	u32 first = index & ~(PREFILL - 1u), i, gpte[PREFILL];
	u32 *entries = frame_ptr(t->page);

	if (!t->large && !gmem_read(g, gpa(gpa_x(gfn_gpa(t->table)) + first * 4), gpte, sizeof(gpte)))
		return;
	for (i = 0; i < PREFILL; i++) {
		u32 e = t->large ? LARGE_RIGHTS : gpte[i];
		gfn_t f = t->large ? gfn(gfn_x(t->table) + first + i) : gfn(e >> PAGE_SHIFT);
		hfn_t h;

		if (entries[first + i] || (e & (PTE_P | PTE_A)) != (PTE_P | PTE_A))
			continue;
		h = p2m_lookup(g, f);
		if (hfn_x(h) == hfn_x(HFN_NONE))
			continue;
		entries[first + i] = make_pte(h, e);
		g->stats.shadow_prefills++;
	}
}

enum fault_result shadow_fault(struct vcpu *v, gva_t a, u32 *err, gpa_t *mmio)
{
	struct guest *g = v->guest;
	u32 access = *err & (ACCESS_WRITE | ACCESS_USER), fault;
	struct walk w;
	const char *why = gva_walk(v, a, &w);
	struct spt *t;
	hfn_t h;

	if (why) {
		guest_kill(g, "%s, for address %08x", why, gva_x(a));
		return FAULT_KILLED;
	}
	fault = walk_check(&w, access);
	if (fault) {
		*err = fault & ~WALK_FAULT;
		return FAULT_GUEST;
	}
	h = p2m_lookup(g, w.frame);
	if (hfn_x(h) == hfn_x(HFN_NONE)) {
		*mmio = gpa(gpa_x(gfn_gpa(w.frame)) | (gva_x(a) & ~PAGE_MASK));
		if (g->bus && g->bus->has(g, *mmio))
			return FAULT_MMIO;
		guest_kill(g, "page table maps %08x to frame %05x, outside its memory",
			   gva_x(a), gfn_x(w.frame));
		return FAULT_KILLED;
	}
	if (shadow_low_shut && dir_of(a) == V86_DIR && (access & ACCESS_USER)) {
		guest_kill(g, "ring 3 used %08x: on this machine it may use nothing below 4 MiB", gva_x(a));
		return FAULT_KILLED;
	}
	walk_touch(v, &w, access);
	t = link_table(g, dir_of(a), &w, access);
	((u32 *)frame_ptr(t->page))[index_of(a)] = make_pte(h, w.large ? LARGE_RIGHTS : w.pte);
	g->stats.shadow_fills++;
	shadow_prefill(g, t, index_of(a));
	return FAULT_FILLED;
}

/* ---- roots and flushes ---- */

/* A root for another directory starts with the kernel tables of the current root, because they are
 * global.  What it had itself is older than the current root's last flush. */
static void share_kernel(struct guest *g, struct shadow_root *r)
{
	struct shadow_root *from = g->shadow.current;
	u32 dir;

	if (!from || from == r)
		return;
	flush_range(&g->shadow, r, kernel_dir(g), SWITCHER_DIR);
	for (dir = kernel_dir(g); dir < SWITCHER_DIR; dir++) {
		struct spt *t = from->spt[dir];

		if (!t || t->user)
			continue;
		t->parents++;
		r->links++;
		r->spt[dir] = t;
		r->entries[dir] = from->entries[dir];
	}
}

static struct shadow_root *root_in_slot(struct guest *g, u32 i)
{
	struct shadow *s = &g->shadow;
	struct shadow_root *r = &s->root[i];

	if (!r->entries) {
		hfn_t pgd = s->root_frames[--s->root_frames_left];
		hfn_t spts = s->root_frames[--s->root_frames_left];

		r->pgd = pgd;
		r->entries = memset(frame_ptr(pgd), 0, PAGE_SIZE);
		r->spt = memset(frame_ptr(spts), 0, PAGE_SIZE);
		r->links = 0;
		r->cr3 = NO_CR3;
	}
	return r;
}

/* For a root without a number: the one with this cr3, else an unused slot, else the one not used
 * for the longest time. */
static struct shadow_root *root_by_cr3(struct guest *g, u32 cr3)
{
	struct shadow *s = &g->shadow;
	struct shadow_root *r;
	u32 i;

	for (i = 0; i < SHADOW_ROOTS; i++)
		if (s->root[i].entries && s->root[i].cr3 == cr3)
			return &s->root[i];
	for (i = 0; i < SHADOW_ROOTS; i++)
		if (!s->root[i].entries)
			return root_in_slot(g, i);
	r = oldest_root(s, false);
	flush_range(s, r, 0, SWITCHER_DIR);
	r->cr3 = NO_CR3;
	g->stats.root_evictions++;
	return r;
}

void shadow_new_root(struct vcpu *v, u32 cr3, int asid, bool flush)
{
	struct guest *g = v->guest;
	struct shadow *s = &g->shadow;
	struct shadow_root *r;

	v->cr3 = cr3;
	v->root_changed = true;
	r = asid < 0 ? root_by_cr3(g, cr3 & PTE_FRAME) : root_in_slot(g, asid);
	if (r->cr3 != (cr3 & PTE_FRAME)) {
		r->cr3 = cr3 & PTE_FRAME;
		flush = true;
		share_kernel(g, r);
	}
	if (flush)
		flush_range(s, r, 0, kernel_dir(g));
	s->current = r;
	r->last_used = ++s->clock;
	g->stats.root_switches++;
}

void shadow_flush_user(struct vcpu *v)
{
	struct guest *g = v->guest;

	flush_range(&g->shadow, g->shadow.current, 0, kernel_dir(g));
	g->stats.flush_user++;
}

void shadow_flush_all(struct guest *g)
{
	struct shadow *s = &g->shadow;
	u32 i;

	for (i = 0; i < SHADOW_ROOTS; i++)
		if (s->root[i].entries)
			flush_range(s, &s->root[i], 0, SWITCHER_DIR);
	g->stats.flush_all++;
}

/*
 * Drops the table's entry.  Also drops the link, if the guest's directory entry no longer leads to
 * this table or is not marked accessed: another address may fill the same table entry again, and
 * this address must not see it, or not without an accessed mark in the directory.
 */
static void flush_one_in(struct guest *g, struct shadow_root *r, gva_t a)
{
	u32 dir = dir_of(a), gpde = 0;
	struct spt *t = r->entries ? r->spt[dir] : NULL;

	if (!t)
		return;
	if (!t->large) {
		((u32 *)frame_ptr(t->page))[index_of(a)] = 0;
		gmem_read_u32(g, gpa(r->cr3 + dir * 4), &gpde);
	}
	/* For a large page hardware drops all 4 MiB. */
	if ((gpde & (PTE_P | PTE_A | PTE_PS)) != (PTE_P | PTE_A) ||
	    gpde >> PAGE_SHIFT != gfn_x(t->table))
		unlink_table(&g->shadow, r, dir);
	else
		r->entries[dir] &= make_pde(t, gpde);
}

void shadow_flush_everywhere(struct guest *g, gva_t a)
{
	u32 i;

	g->stats.flush_one++;
	for (i = 0; i < SHADOW_ROOTS; i++)
		if (dir_of(a) != SWITCHER_DIR)
			flush_one_in(g, &g->shadow.root[i], a);
}

void shadow_flush_one(struct vcpu *v, gva_t a)
{
	struct guest *g = v->guest;

	if (dir_of(a) >= kernel_dir(v->guest)) {
		shadow_flush_everywhere(v->guest, a);
		return;
	}
	g->stats.flush_one++;
	flush_one_in(g, g->shadow.current, a);
}

void shadow_flush_directory(struct guest *g, u32 cr3, u32 dir)
{
	struct shadow *s = &g->shadow;
	u32 i;

	for (i = 0; i < SHADOW_ROOTS; i++) {
		struct shadow_root *r = &s->root[i];

		if (r->entries && r->cr3 == (cr3 & PTE_FRAME) && dir < SWITCHER_DIR && r->spt[dir])
			unlink_table(s, r, dir);
	}
}

hpa_t shadow_cr3(struct vcpu *v, hfn_t top_table)
{
	struct shadow_root *r = v->guest->shadow.current;

	r->entries[SWITCHER_DIR] = hpa_x(hfn_hpa(top_table)) | PTE_P | PTE_RW | PTE_A;
	return hfn_hpa(r->pgd);
}

/* ---- birth and death ---- */

/* One page table per 32 guest frames, and some to begin with.  The sparse tables of processes fit,
 * and the cost stays near 4 % of the guest's memory. */
u32 shadow_pages_for(u32 mem_pages)
{
	return 64 + mem_pages / 32;
}

bool shadow_init(struct guest *g)
{
	struct shadow *s = &g->shadow;
	u32 i, n = shadow_pages_for(g->mem_pages);

	memset(s, 0, sizeof(*s));
	s->pool = calloc(n, sizeof(*s->pool));
	if (!s->pool)
		return false;
	for (i = 0; i < n; i++) {
		struct spt *t = &s->pool[i];

		t->page = frame_alloc();
		if (hfn_x(t->page) == hfn_x(HFN_NONE))
			goto fail;
		s->max_pages++;
		t->next = s->free;
		s->free = t;
	}
	for (i = 0; i < ARRAY_SIZE(s->root_frames); i++) {
		s->root_frames[i] = frame_alloc();
		if (hfn_x(s->root_frames[i]) == hfn_x(HFN_NONE))
			goto fail;
		s->root_frames_left++;
	}
	shadow_new_root(g->vcpu, 0, -1, false);
	return true;
fail:
	shadow_destroy(g);
	return false;
}

void shadow_destroy(struct guest *g)
{
	struct shadow *s = &g->shadow;
	u32 i;

	for (i = 0; i < s->max_pages; i++)
		frame_free(s->pool[i].page);
	/* The frames of used roots are still in the array, above root_frames_left. */
	for (i = 0; i < ARRAY_SIZE(s->root_frames); i++)
		if (hfn_x(s->root_frames[i]) != hfn_x(HFN_NONE))
			frame_free(s->root_frames[i]);
	free(s->pool);
	memset(s, 0, sizeof(*s));
}
