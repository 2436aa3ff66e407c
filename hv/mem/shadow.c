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
 * leaves them alone, and what one root has cached another may use.  So there is one set of links for
 * all roots, `shadow.kernel`, and each root has a copy of it in its directory.  Below that, a table's
 * entries serve only roots that were linked to it when they were filled: whoever links it anew finds
 * it empty.
 *
 * A link from a directory may lag, too, like a processor's cache of directory entries.  Until it is
 * flushed, what is filled into its table through other addresses shows through it.
 *
 * A flush of everything begins a new generation.  Roots and tables of an older one are empty and
 * free; they are cleared when they are next used, and by then only what they have is touched.
 *
 * What a root and its tables had is remembered when they are emptied, and at the first fault after
 * that looked at in the guest's tables again, as if it had been faulted for: accessed in the shadow's
 * entry, which nothing else needs, says what of it was used.
 *
 * The memory is bounded and taken when the guest starts: a pool of frames, for tables and for roots.
 * A root takes its two when it is first used.  When all is in use, the roots that have not been used
 * for the longest time give up theirs first.
 */
#include <stdlib.h>
#include <string.h>
#include "arch/x86/regs.h"
#include "hv/mem/mem.h"

#define MOST_VICTIMS	2	/* roots that make room in one exit */
#define MOST_AGAIN	32	/* tables and rows looked at again in one exit */

_Static_assert(ROW == GMEM_ROW, "they are filled as they are read");
_Static_assert(ROWS == 64, "two words of marks");

bool shadow_low_shut;

static u32 dir_of(gva_t a) { return gva_x(a) >> 22; }
static u32 index_of(gva_t a) { return (gva_x(a) >> PAGE_SHIFT) & 1023; }

/* ---- tables ---- */

static struct spt **shadow_bucket(struct shadow *s, gfn_t table, bool large)
{
	return &s->hash[(gfn_x(table) ^ (large ? 0x55 : 0)) % ARRAY_SIZE(s->hash)];
}

/* Free tables are found, too. */
static struct spt *spt_find(struct shadow *s, gfn_t table, bool large)
{
	struct spt *t;

	for (t = *shadow_bucket(s, table, large); t; t = t->next)
		if (gfn_x(t->table) == gfn_x(table) && t->large == large)
			return t;
	return NULL;
}

/* A free frame of the pool; there is one.  It is for nothing in particular any more. */
static struct spt *pool_take(struct shadow *s)
{
	struct spt *t;

	do {
		t = &s->pool[s->hand];
		s->hand = s->hand + 1 == s->max_pages ? 0 : s->hand + 1;
	} while (spt_used(s, t));
	if (t->link) {
		*t->link = t->next;
		if (t->next)
			t->next->link = t->link;
		t->link = NULL;
	}
	s->pages++;
	return t;
}

static bool spt_has(const u32 rows[ROWS / 32], u32 row) { return rows[row / 32] >> row % 32 & 1; }

/* Remembers the rows of which something was used: accessed is set there. */
static void spt_empty(struct spt *t)
{
	u32 *e = frame_ptr(t->page), row, i, all;

	if (!(t->rows[0] | t->rows[1]))
		return;
	memset(t->used, 0, sizeof(t->used));
	for (row = 0; row < ROWS; row++, e += ROW) {
		if (!spt_has(t->rows, row))
			continue;
		for (i = all = 0; i < ROW; i++) {
			all |= e[i];
			e[i] = 0;
		}
		if (all & PTE_A)
			t->used[row / 32] |= 1u << row % 32;
	}
	memset(t->rows, 0, sizeof(t->rows));
}

/* ---- links ---- */

/* The root that has the links at dir. */
static struct shadow_root *root_at(struct guest *g, u32 dir)
{
	return dir < shadow_kernel_dir(g) ? g->shadow.current : &g->shadow.kernel;
}

static void link_set(struct shadow *s, struct shadow_root *r, u32 dir, u32 pde)
{
	if (r->entries[dir] == pde)
		return;
	r->entries[dir] = pde;
	if (r == &s->kernel) {
		s->current->entries[dir] = pde;
		s->current->kernel_version = ++s->kernel_version;
	}
}

static void link_add(struct shadow_root *r, u32 dir, struct spt *t)
{
	t->parents++;
	r->spt[dir] = t;
	r->links++;
	r->linked[dir / 32] |= 1u << dir % 32;
}

/* The table is free when nothing links to it.  If others do, it keeps its entries for them; should
 * this root link to it again, it is emptied. */
static void link_remove(struct shadow *s, struct shadow_root *r, u32 dir)
{
	struct spt *t = r->spt[dir];

	link_set(s, r, dir, 0);
	r->spt[dir] = NULL;
	r->links--;
	r->linked[dir / 32] &= ~(1u << dir % 32);
	if (--t->parents == 0)
		s->pages--;
}

/* Removes all links.  Those of an older generation are not counted any more. */
static void root_empty(struct shadow *s, struct shadow_root *r)
{
	bool counted = r->generation == s->generation;
	u32 i;

	for (i = 0; r->links; i++) {
		u32 bits = r->linked[i];

		for (; bits; bits &= bits - 1) {
			u32 dir = i * 32 + (u32)__builtin_ctz(bits);

			if (counted && --r->spt[dir]->parents == 0)
				s->pages--;
			r->spt[dir] = NULL;
			r->entries[dir] = 0;
			r->links--;
			r->emptied = true;
		}
		r->before[i] |= r->linked[i];
		r->linked[i] = 0;
	}
	r->generation = s->generation;
}

static void root_copy_kernel(struct guest *g, struct shadow_root *r)
{
	u32 dir = shadow_kernel_dir(g);

	memcpy(r->entries + dir, g->shadow.kernel.entries + dir, (SWITCHER_DIR - dir) * sizeof(u32));
	r->kernel_version = g->shadow.kernel_version;
}

/* ---- giving up memory ---- */

static struct shadow_root *oldest_root(struct shadow *s, bool with_links)
{
	struct shadow_root *old = NULL, *r;

	for (r = s->root; r < s->root + s->roots; r++) {
		if (r == s->current || (with_links && (!r->links || r->generation != s->generation)))
			continue;
		if (!old || s->clock - r->last_used > s->clock - old->last_used)
			old = r;
	}
	return old;
}

/* In a new generation nothing is in use but the roots' own frames. */
static void shadow_start_over(struct guest *g)
{
	struct shadow *s = &g->shadow;

	s->generation++;
	s->pages = 2 * (s->roots + 1);
	root_empty(s, &s->kernel);
	s->kernel_version++;
	root_empty(s, s->current);
	root_copy_kernel(g, s->current);
}

/* Roots may share all of their tables; then it takes too long to wait until one becomes free. */
static void make_room(struct guest *g)
{
	struct shadow *s = &g->shadow;
	struct shadow_root *r;
	u32 n;

	g->stats.shadow_evictions++;
	for (n = 0; n < MOST_VICTIMS && s->pages == s->max_pages && (r = oldest_root(s, true)); n++)
		root_empty(s, r);
	if (s->pages == s->max_pages)
		root_empty(s, s->current);
	if (s->pages == s->max_pages)
		shadow_start_over(g);
}

/* The table for this one of the guest's, empty, for one more link. */
static struct spt *spt_get(struct guest *g, gfn_t table, bool large)
{
	struct shadow *s = &g->shadow;
	struct spt **b = shadow_bucket(s, table, large), *t = spt_find(s, table, large);

	if (!t) {
		if (s->pages == s->max_pages)
			make_room(g);
		t = pool_take(s);
		t->table = table;
		t->large = large;
		t->next = *b;
		t->link = b;
		if (*b)
			(*b)->link = &t->next;
		*b = t;
		t->parents = 0;
		spt_empty(t);
		memset(t->used, 0, sizeof(t->used));	/* that was another table */
		g->stats.shadow_tables++;
	} else if (!spt_used(s, t)) {
		t->parents = 0;
		s->pages++;
	}
	t->generation = s->generation;
	spt_empty(t);
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

static bool spt_is(const struct spt *t, const struct walk *w)
{
	return gfn_x(t->table) == gfn_x(w->table) && t->large == w->large;
}

/* The shadow table for the walk w, linked into the current root. */
static struct spt *link_table(struct guest *g, u32 dir, const struct walk *w, u32 access)
{
	struct shadow *s = &g->shadow;
	struct shadow_root *r = root_at(g, dir);
	struct spt *t = r->spt[dir];
	u32 pde;

	if (!t || !spt_is(t, w)) {
		if (t)
			link_remove(s, r, dir);
		t = spt_get(g, w->table, w->large);
		link_add(r, dir, t);
	}
	/* More rights here must not apply to entries that were cached under fewer. */
	pde = make_pde(t, w->pde);
	if (dir == V86_DIR && !(access & ACCESS_USER) && !(r->entries[dir] & PTE_US))
		pde &= ~PTE_US;		/* not before ring 3 uses it: see shadow_low_open */
	if (r->entries[dir] && (pde & ~r->entries[dir]))
		spt_empty(t);
	link_set(s, r, dir, pde);
	return t;
}

/* What the entries of a page table would be, if this large page had one. */
static bool large_row(const struct spt *t, u32 row, u32 gpte[ROW])
{
	u32 i;

	for (i = 0; i < ROW; i++)
		gpte[i] = (gfn_x(t->table) + row * ROW + i) << PAGE_SHIFT | LARGE_RIGHTS;
	return true;
}

/* Fills in what of this row of guest entries is present and accessed.  A TLB might have it, so we
 * may, too; each saves an exit. */
static void fill_row(struct guest *g, struct spt *t, u32 row, const u32 gpte[ROW])
{
	u32 *entries = (u32 *)frame_ptr(t->page) + row * ROW, i, filled = 0;
	struct p2m_run run = { 0 };

#pragma GCC unroll 4
	for (i = 0; i < ROW; i++) {
		u32 e = gpte[i];
		hfn_t h;

		if (!(e & PTE_A) || !(e & PTE_P) || entries[i])
			continue;
		h = p2m_run_lookup(g, &run, gfn(e >> PAGE_SHIFT));
		if (hfn_x(h) == hfn_x(HFN_NONE))
			continue;
		entries[i] = make_pte(h, e) & ~PTE_A;	/* until it is used */
		filled++;
	}
	if (filled)
		t->rows[row / 32] |= 1u << row % 32;
	g->stats.shadow_prefills += filled;
}

/* What was used of a table before it was emptied is what it will be asked for again: after fork,
 * exec and mprotect nearly all of that is still present. */
static void fill_again(struct guest *g, struct spt *t, u32 *most)
{
	u32 row, gpte[ROW];

	if (!(t->used[0] | t->used[1]))
		return;
	for (row = 0; row < ROWS && *most; row++) {
		if (!spt_has(t->used, row))
			continue;
		t->used[row / 32] &= ~(1u << row % 32);
		if (spt_has(t->rows, row))
			continue;
		if (t->large ? large_row(t, row, gpte)
			     : gmem_read_row(g, gpa(gpa_x(gfn_gpa(t->table)) + row * sizeof(gpte)), gpte))
			fill_row(g, t, row, gpte);
		--*most;
	}
}

/* Links the tables that the root had, so that one fault brings back what each of them would cost one
 * for.  Not t, in which that fault was, and none for which others would have to make room. */
static void link_again(struct guest *g, struct shadow_root *r, const struct spt *t, u32 *most)
{
	struct walk w = { .present = true };
	const struct spt *had;
	u32 i, dir;

	for (i = 0; i < ARRAY_SIZE(r->before); i++)
		while (r->before[i]) {
			if (!*most)
				return;
			--*most;
			dir = i * 32 + (u32)__builtin_ctz(r->before[i]);
			r->before[i] &= r->before[i] - 1;
			if (r->spt[dir] || !gmem_read_u32(g, gpa(r->cr3 + dir * 4), &w.pde) ||
			    (w.pde & (PTE_P | PTE_A | PTE_PS)) != (PTE_P | PTE_A))
				continue;
			w.table = gfn(w.pde >> PAGE_SHIFT);
			had = spt_find(&g->shadow, w.table, false);
			if (had && had != t)
				fill_again(g, link_table(g, dir, &w, 0), most);
		}
	r->emptied = false;
}

/* (Not in line: few faults get here.) */
static __attribute__((noinline)) void shadow_again(struct guest *g, struct spt *t)
{
	u32 most = MOST_AGAIN;

	fill_again(g, t, &most);
	if (g->shadow.current->emptied)
		link_again(g, g->shadow.current, t, &most);
}

enum fault_result shadow_fault(struct vcpu *v, gva_t a, u32 *err, gpa_t *mmio)
{
	struct guest *g = v->guest;
	u32 access = *err & (ACCESS_WRITE | ACCESS_USER), fault, row, gpte[ROW];
	struct walk w;
	const char *why = gva_walk_row(v, a, &w, gpte);
	struct shadow_root *r;
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
	r = root_at(g, dir_of(a));
	t = r->spt[dir_of(a)];
	if (!t || !spt_is(t, &w) || r->entries[dir_of(a)] != make_pde(t, w.pde))
		t = link_table(g, dir_of(a), &w, access);
	row = index_of(a) / ROW;
	t->rows[row / 32] |= 1u << row % 32;
	((u32 *)frame_ptr(t->page))[index_of(a)] = make_pte(h, w.large ? LARGE_RIGHTS : w.pte);
	g->stats.shadow_fills++;
	if (w.large)
		large_row(t, row, gpte);
	fill_row(g, t, row, gpte);
	if (t->used[0] | t->used[1] || g->shadow.current->emptied)
		shadow_again(g, t);
	return FAULT_FILLED;
}

/* ---- roots and flushes ---- */

/* A slot's two frames: its directory, and what is behind each entry. */
static void root_make(struct shadow *s, struct shadow_root *r)
{
	struct spt *pgd = pool_take(s), *spts;

	pgd->taken = true;
	spts = pool_take(s);
	spts->taken = true;
	r->pgd = pgd->page;
	r->entries = memset(frame_ptr(pgd->page), 0, PAGE_SIZE);
	r->spt = memset(frame_ptr(spts->page), 0, PAGE_SIZE);
	r->asid = -1;
}

/* A new slot while there may be more and the pool has room, else that of the root not used for the
 * longest time.  There are always two. */
static struct shadow_root *root_take(struct guest *g, int asid)
{
	struct shadow *s = &g->shadow;
	struct shadow_root *r;

	if (s->roots < s->max_roots && s->pages + 2 <= s->max_pages) {
		r = &s->root[s->roots++];
		root_make(s, r);
	} else {
		r = oldest_root(s, false);
		if (r->asid >= 0)
			s->named[r->asid] = NULL;
		g->stats.root_evictions++;
	}
	r->asid = asid;
	if (asid >= 0)
		s->named[asid] = r;
	r->cr3 = NO_CR3;
	return r;
}

static struct shadow_root *root_by_cr3(struct guest *g, u32 cr3)
{
	struct shadow *s = &g->shadow;
	struct shadow_root *r;

	for (r = s->root; r < s->root + s->roots; r++)
		if (r->cr3 == cr3)
			return r;
	return root_take(g, -1);
}

void shadow_new_root(struct vcpu *v, u32 cr3, int asid, bool flush)
{
	struct guest *g = v->guest;
	struct shadow *s = &g->shadow;
	struct shadow_root *r;

	v->cr3 = cr3;
	v->root_changed = true;
	cr3 &= PTE_FRAME;
	if (asid < 0)
		r = root_by_cr3(g, cr3);
	else
		r = s->named[asid] ?: root_take(g, asid);
	if (r->cr3 != cr3) {
		memcpy(r->before, s->current->linked, sizeof(r->before));
		r->emptied = true;
	}
	if (flush || r->cr3 != cr3 || r->generation != s->generation)
		root_empty(s, r);
	if (r->kernel_version != s->kernel_version)
		root_copy_kernel(g, r);
	r->cr3 = cr3;
	s->current = r;
	r->last_used = ++s->clock;
	g->stats.root_switches++;
}

void shadow_flush_user(struct vcpu *v)
{
	struct guest *g = v->guest;

	root_empty(&g->shadow, g->shadow.current);
	g->stats.flush_user++;
}

void shadow_flush_all(struct guest *g)
{
	shadow_start_over(g);
	g->stats.flush_all++;
}

/*
 * Drops the table's entry.  Also drops the link, if the guest's directory entry no longer leads to
 * this table or is not marked accessed: another address may fill the same table entry again, and
 * this address must not see it, or not without an accessed mark in the directory.
 */
static void flush_one_in(struct guest *g, struct shadow_root *r, u32 cr3, gva_t a)
{
	u32 dir = dir_of(a), gpde = 0;
	struct spt *t = r->generation == g->shadow.generation ? r->spt[dir] : NULL;

	if (!t)
		return;
	if (!t->large) {
		((u32 *)frame_ptr(t->page))[index_of(a)] = 0;
		gmem_read_u32(g, gpa(cr3 + dir * 4), &gpde);
	}
	/* For a large page hardware drops all 4 MiB. */
	if ((gpde & (PTE_P | PTE_A | PTE_PS)) != (PTE_P | PTE_A) ||
	    gpde >> PAGE_SHIFT != gfn_x(t->table))
		link_remove(&g->shadow, r, dir);
	else
		link_set(&g->shadow, r, dir, r->entries[dir] & make_pde(t, gpde));
}

void shadow_flush_one(struct vcpu *v, gva_t a)
{
	struct guest *g = v->guest;

	g->stats.flush_one++;
	flush_one_in(g, root_at(g, dir_of(a)), g->shadow.current->cr3, a);
}

void shadow_flush_everywhere(struct guest *g, gva_t a)
{
	struct shadow *s = &g->shadow;
	struct shadow_root *r;

	if (dir_of(a) >= shadow_kernel_dir(g)) {
		shadow_flush_one(g->vcpu, a);
		return;
	}
	g->stats.flush_one++;
	for (r = s->root; r < s->root + s->roots; r++)
		flush_one_in(g, r, r->cr3, a);
}

void shadow_flush_directory(struct guest *g, u32 cr3, u32 dir)
{
	struct shadow *s = &g->shadow;
	struct shadow_root *r;

	if (dir >= SWITCHER_DIR)
		return;
	if (s->kernel.spt[dir])
		link_remove(s, &s->kernel, dir);
	for (r = s->root; r < s->root + s->roots; r++)
		if (r->cr3 == (cr3 & PTE_FRAME) && r->generation == s->generation && r->spt[dir])
			link_remove(s, r, dir);
}

hpa_t shadow_cr3(struct vcpu *v, hfn_t top_table)
{
	struct shadow_root *r = v->guest->shadow.current;

	r->entries[SWITCHER_DIR] = hpa_x(hfn_hpa(top_table)) | PTE_P | PTE_RW | PTE_A;
	return hfn_hpa(r->pgd);
}

/* ---- birth and death ---- */

/* One per 32 guest frames, and some to begin with.  The sparse tables of processes fit, and the cost
 * stays near 4 % of the guest's memory. */
u32 shadow_pages_for(u32 mem_pages)
{
	return 64 + mem_pages / 32;
}

bool shadow_init(struct guest *g)
{
	struct shadow *s = &g->shadow;
	u32 n = shadow_pages_for(g->mem_pages);

	memset(s, 0, sizeof(*s));
	s->pool = calloc(n, sizeof(*s->pool));
	if (!s->pool)
		return false;
	for (; s->max_pages < n; s->max_pages++) {
		struct spt *t = &s->pool[s->max_pages];

		t->page = frame_alloc();
		if (hfn_x(t->page) == hfn_x(HFN_NONE)) {
			shadow_destroy(g);
			return false;
		}
		memset(t->rows, 0xFF, sizeof(t->rows));
	}
	/* At most a quarter of the pool is for roots. */
	s->max_roots = MIN(n / 8, RINGLET_ASIDS);
	root_make(s, &s->kernel);
	s->current = root_take(g, -1);
	s->current->cr3 = 0;
	root_take(g, -1);
	shadow_new_root(g->vcpu, 0, -1, false);
	return true;
}

void shadow_destroy(struct guest *g)
{
	struct shadow *s = &g->shadow;
	u32 i;

	for (i = 0; i < s->max_pages; i++)
		frame_free(s->pool[i].page);
	free(s->pool);
	memset(s, 0, sizeof(*s));
}
