/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shadow paging against a slow, obvious model.
 *
 * The model is a TLB that never forgets: for every address we look at it keeps all that the guest's
 * tables have allowed there since the last flush that matters (a frame, and rights, if
 * accessed was set; writing, only if dirty was).  After each random step the shadow is walked as
 * the processor would, and whatever it allows must be something the model remembers.
 * Whatever the guest's tables allow now must be granted by a fault, and then be there.
 *
 * Beside that, at each step: what is not present is all zeroes, every frame is the guest's, the
 * Switcher's range has no entry of ours, the pool's bound holds.  The audit must agree, and
 * must not when a violation is planted.  At the end every frame has come back.
 */
#include <sys/mman.h>
#define MACHINE_FRAMES 2048
#include "tests/unit/machine.h"

#define GUEST_PAGES	1300	/* 4 MiB and a part of the next: a large page can cross the end */
#define PGDS		8	/* guest frames 1.. are page directories */
#define TABLES		(2 * (PGDS + 1) * 9)	/* after them, page tables */
#define FIRST_TABLE	(1 + PGDS)
#define KERNEL		0xC0000000u
#define MMIO_FRAME	0xF0000u

/* The directory entries and table entries that the test uses: some user, some kernel. */
static const u16 dirs[] = { 0, 1, 2, 5, 0x2FE, 0x2FF, 0x300, 0x301, 0x3FE };
#define DIRS		ARRAY_SIZE(dirs)
#define INDICES		32
static u32 index_at(u32 i) { return i < 16 ? i : 1024 - 32 + i; }	/* 0..15, 1008..1023 */

static struct guest g;
static struct vcpu v;
static hfn_t top_table;

static bool bus_has(const struct guest *guest, gpa_t a)
{
	(void)guest;
	return gpa_x(a) >> PAGE_SHIFT == MMIO_FRAME;
}
static const struct guest_bus bus = { .has = bus_has };

/*
 * As every OS does it, a page table of user space serves one place in one directory, one of the kernel
 * one place in all of them.  With `aliases` any table may serve anywhere; and then the model is
 * strict with directory entries too: a page flush forgets what they allowed that page.
 */
static bool aliases;

/* ---- the model ---- */

struct seen {		/* what one address may still show */
	struct { u32 gfn, rights; } leaf[24];
	u32 leaves, pde_rights;
};

#define SLOTS		16	/* more than there are roots for such a guest, and fewer than it names */
static struct seen user_seen[SLOTS][DIRS][INDICES];
static struct seen kernel_seen[DIRS][INDICES];
static u32 slot_cr3[SLOTS];	/* as the guest named it; NO_CR3: unused */
static int slot_asid[SLOTS];

static bool is_kernel(u32 dir)
{
	return v.have_shared && dir >= KERNEL >> 22;
}

static u32 *guest_word(u32 gfn_number, u32 index)
{
	hfn_t h = gfn_number < GUEST_PAGES ? g.p2m[gfn_number / 1024][gfn_number % 1024] : HFN_NONE;

	return hfn_x(h) ? (u32 *)machine[hfn_x(h) - MACHINE_FIRST] + index : NULL;
}

static hfn_t owned(u32 gfn_number)
{
	return gfn_number < GUEST_PAGES ? g.p2m[gfn_number / 1024][gfn_number % 1024] : HFN_NONE;
}

struct model_walk {
	bool bad;		/* a table is outside the guest's memory */
	bool present;
	u32 gfn, pde_rights, pte_rights;	/* rights as the guest's entries say */
	u32 *pde, *pte;
};

static struct model_walk model_walk(u32 cr3, u32 dir, u32 index)
{
	struct model_walk w = { 0 };

	if (dir == 1023)
		return w;
	if (!(v.cr0 & CR0_PG)) {
		w.present = true;
		w.gfn = dir << 10 | index;
		w.pde_rights = w.pte_rights = PTE_RW | PTE_US;
		return w;
	}
	w.pde = guest_word(cr3 >> 12, dir);
	if (!w.pde) {
		w.bad = true;
		return w;
	}
	if (!(*w.pde & PTE_P))
		return w;
	w.pde_rights = *w.pde & (PTE_RW | PTE_US);
	if (*w.pde & PTE_PS) {
		w.present = true;
		w.gfn = (*w.pde >> 22 << 10) + index;
		w.pte_rights = PTE_RW | PTE_US;
		return w;
	}
	w.pte = guest_word(*w.pde >> 12, index);
	if (!w.pte) {
		w.bad = true;
		return w;
	}
	w.present = *w.pte & PTE_P;
	w.gfn = *w.pte >> 12;
	w.pte_rights = *w.pte & (PTE_RW | PTE_US);
	return w;
}

static void remember(struct seen *s, u32 cr3, u32 dir, u32 index)
{
	struct model_walk w = model_walk(cr3, dir, index);
	u32 i;

	if (!w.present || !hfn_x(owned(w.gfn)))
		return;
	if (w.pde) {
		if (!(*w.pde & PTE_A) || (w.pte && !(*w.pte & PTE_A)))
			return;		/* no TLB holds an entry that is not accessed */
		if (w.pte ? !(*w.pte & PTE_D) : !(*w.pde & PTE_D)) {
			w.pte_rights &= ~PTE_RW;
			if (!w.pte)
				w.pde_rights &= ~PTE_RW;
		}
	}
	s->pde_rights |= w.pde_rights;	/* (a whole directory's, unless strict: see sample) */
	for (i = 0; i < s->leaves; i++)
		if (s->leaf[i].gfn == w.gfn && (w.pte_rights & ~s->leaf[i].rights) == 0)
			return;
	/* Too long without a flush: drop nothing, but let the test make one. */
	CHECK(s->leaves < ARRAY_SIZE(s->leaf), "the model's memory is too small");
	s->leaf[s->leaves].gfn = w.gfn;
	s->leaf[s->leaves++].rights = w.pte_rights;
}

static u32 pde_rights(u32 cr3, u32 dir)
{
	const u32 *pde = v.cr0 & CR0_PG ? guest_word(cr3 >> 12, dir) : NULL;

	if (!pde || (*pde & (PTE_P | PTE_A)) != (PTE_P | PTE_A))
		return 0;
	return *pde & (PTE_US | ((*pde & PTE_PS) && !(*pde & PTE_D) ? 0 : PTE_RW));
}

/* What the tables allow now, for every root that the guest has named. */
static void sample(void)
{
	u32 r, d, i;

	for (r = 0; r < SLOTS; r++) {
		if (slot_cr3[r] == NO_CR3)
			continue;
		for (d = 0; d < DIRS; d++)
			for (i = 0; i < INDICES; i++) {
				struct seen *s = is_kernel(dirs[d]) ? &kernel_seen[d][i] : &user_seen[r][d][i];

				if (!aliases)
					s->pde_rights |= pde_rights(slot_cr3[r], dirs[d]);
				remember(s, slot_cr3[r], dirs[d], index_at(i));
			}
	}
}

static void forget_root(u32 r)
{
	memset(user_seen[r], 0, sizeof(user_seen[r]));
}

static void forget_all(void)
{
	memset(user_seen, 0, sizeof(user_seen));
	memset(kernel_seen, 0, sizeof(kernel_seen));
}

static void forget_page(struct seen (*s)[INDICES], u32 d, u32 i, bool whole_dir)
{
	if (whole_dir)
		memset(s[d], 0, sizeof(s[d]));
	else if (aliases)
		memset(&s[d][i], 0, sizeof(s[d][i]));
	else
		s[d][i].leaves = 0;
}

static u32 crowded(void)	/* the longest memory of one page */
{
	u32 r, n = 0, i, d;

	for (d = 0; d < DIRS; d++)
		for (i = 0; i < INDICES; i++) {
			n = MAX(n, kernel_seen[d][i].leaves);
			for (r = 0; r < SLOTS; r++)
				n = MAX(n, user_seen[r][d][i].leaves);
		}
	return n;
}

/* ---- the shadow as the processor sees it ---- */

static u32 slot_of(const struct shadow_root *r) { return (u32)(r - g.shadow.root); }

static bool guest_owns(u32 hfn_number)
{
	u32 f;

	for (f = 0; f < GUEST_PAGES; f++)
		if (hfn_x(owned(f)) == hfn_number)
			return true;
	return false;
}

static bool is_shadow_table(u32 hfn_number)
{
	u32 i;

	for (i = 0; i < g.shadow.max_pages; i++)
		if (hfn_x(g.shadow.pool[i].page) == hfn_number)
			return true;
	return false;
}

static void check_entry(u32 slot, u32 d, u32 index, u32 spde, u32 spte)
{
	const struct seen *s;
	u32 i, n, rights = spde & spte & (PTE_RW | PTE_US);

	for (n = 0; n < INDICES && index_at(n) != index; n++)
		;
	CHECK(n < INDICES, "root %u: entry at %u:%u, where the guest has nothing", slot, dirs[d], index);
	s = is_kernel(dirs[d]) ? &kernel_seen[d][n] : &user_seen[slot][d][n];
	for (i = 0; i < s->leaves; i++)
		if (hfn_x(owned(s->leaf[i].gfn)) == spte >> 12 &&
		    !(rights & ~(s->leaf[i].rights & s->pde_rights)))
			return;
	CHECK(i < s->leaves, "root %u: %03x:%03x -> %#x (directory %#x): the guest's tables never allowed "
	      "this since the last flush (%u remembered, pde rights %x)", slot, dirs[d], index, spte, spde,
	      s->leaves, s->pde_rights);
}

/* As the processor would walk it; what is of an older generation it never gets to see, nor the kernel's part of any root
 * but the current one. */
static void check_root(u32 slot)
{
	const struct shadow_root *r = &g.shadow.root[slot];
	const u32 *pgd = frame_ptr(r->pgd);
	u32 dir, index, d;

	for (dir = 0; dir < 1023; dir++) {
		const u32 *table;

		if (!pgd[dir] || (is_kernel(dir) && r != g.shadow.current))
			continue;
		CHECK(pgd[dir] & PTE_P, "not present but %#x", pgd[dir]);
		CHECK(is_shadow_table(pgd[dir] >> 12), "directory entry %#x is no shadow table", pgd[dir]);
		for (d = 0; d < DIRS && dirs[d] != dir; d++)
			;
		table = frame_ptr(hfn(pgd[dir] >> 12));
		for (index = 0; index < 1024; index++) {
			if (!table[index])
				continue;
			CHECK(table[index] & PTE_P, "not present but %#x", table[index]);
			CHECK(!(table[index] & (PTE_G | PTE_PS | PTE_PWT | PTE_PCD | 0xE00)), "%#x",
			      table[index]);
			CHECK(guest_owns(table[index] >> 12), "%#x is not the guest's frame", table[index]);
			CHECK(d < DIRS, "table in directory entry %u, which no guest root has", dir);
			check_entry(slot, d, index, pgd[dir], table[index]);
		}
	}
}

static void check_all(void)
{
	u32 r;

	for (r = 0; r < g.shadow.roots; r++)
		if (g.shadow.root[r].generation == g.shadow.generation)
			check_root(r);
	CHECK(g.shadow.pages <= g.shadow.max_pages, "%u of %u", g.shadow.pages, g.shadow.max_pages);
	CHECK(g.shadow.roots <= g.shadow.max_roots, "%u roots of %u", g.shadow.roots, g.shadow.max_roots);
	CHECK(g.shadow.current->generation == g.shadow.generation, "the processor is given a root that is not ready");
}

static void check_audit(void)
{
	struct audit a;

	shadow_audit(&g, &a);
	CHECK(!a.violation[0], "audit: %s", a.violation);
	CHECK_EQ(a.tables + 2 * (g.shadow.roots + 1), g.shadow.pages);
}

static u32 lags;

/* A violation is planted in some present entry, or in what is kept about it; the audit must see it. */
static void plant_violation(void)
{
	u32 dir, index, was, what = rnd(21), i, top = hpa_x(hfn_hpa(top_table));
	struct shadow_root *r = g.shadow.current, *owner;
	struct audit a;
	u32 *entry, *word, with;

	for (dir = 0; dir < 1023; dir++) {
		u32 *table;

		if (!r->entries[dir])
			continue;
		owner = is_kernel(dir) ? &g.shadow.kernel : r;
		table = frame_ptr(hfn(r->entries[dir] >> 12));
		for (index = 0; index < 1024 && !table[index]; index++)
			;
		if (index == 1024)
			continue;
		entry = &table[index];
		switch (what) {
		case 0: word = entry; with = hpa_x(hfn_hpa(g.shadow.pool[0].page)) | (*entry & 0xFFF); break;
		case 1: word = entry; with = *entry & ~PTE_P; break;
		case 2: word = entry; with = *entry | PTE_G; break;
		case 3: word = entry; with = top | (*entry & 0xFFF); break;
		case 4: word = &owner->entries[dir]; with = 0; break;
		case 5: word = &owner->links; with = *word + 1; break;
		case 6: word = &r->entries[SWITCHER_DIR]; with = *word | PTE_US; break;
		case 7: word = &owner->spt[dir]->parents; with = *word + 1; break;
		case 8: word = &owner->entries[dir]; with = top | (*word & 0xFFF); break;
		case 9: word = &owner->entries[dir]; with = *word | PTE_G; break;
		case 10: word = &g.shadow.pages; with = *word - 1; break;
		case 11: word = &owner->entries[dir]; with = *word & ~PTE_A; break;
		case 12: word = &owner->linked[dir / 32]; with = *word ^ 1u << dir % 32; break;
		case 13: word = &owner->spt[dir]->rows[index / ROW / 32]; with = *word & ~(1u << index / ROW % 32); break;
		case 14: word = (u32 *)&r->generation; with = *word - 1; break;
		case 15: word = (u32 *)&r->kernel_version; with = *word - 1; break;
		case 16: word = (u32 *)&owner->spt[dir]->generation; with = *word - 1; break;
		case 17: word = &g.shadow.roots; with = *word - 1; break;
		case 18: word = &g.shadow.max_roots; with = g.shadow.roots - 1; break;
		case 19:
			word = (u32 *)&owner->spt[dir]->table;
			for (i = 0; i < g.shadow.max_pages - 1 &&
				    (&g.shadow.pool[i] == owner->spt[dir] || !g.shadow.pool[i].parents ||
				     g.shadow.pool[i].large != owner->spt[dir]->large); i++)
				;
			if (g.shadow.pool[i].large != owner->spt[dir]->large || &g.shadow.pool[i] == owner->spt[dir])
				return;
			with = gfn_x(g.shadow.pool[i].table);
			if (!spt_used(&g.shadow, &g.shadow.pool[i]) || with == *word)
				return;
			break;
		default: word = (u32 *)&r->asid; with = *word == 5 ? 6 : 5; break;
		}
		was = *word;
		*word = with;
		shadow_audit(&g, &a);
		CHECK(a.violation[0], "planted %u (%#x -> %#x), the audit said nothing", what, was, *word);
		*word = was;
		return;
	}
}

/* What lags behind the guest's tables is allowed, and counted. */
static void plant_lag(void)
{
	const struct shadow_root *r = g.shadow.current;
	u32 dir, index, was, before;
	struct audit a;

	shadow_audit(&g, &a);
	before = a.lagging;
	for (dir = 0; dir < 1023; dir++) {
		u32 *table = r->entries[dir] ? frame_ptr(hfn(r->entries[dir] >> 12)) : NULL;

		for (index = 0; table && index < 1024; index++) {
			was = table[index];
			table[index] = hpa_x(hfn_hpa(owned(GUEST_PAGES - 1))) | (was & 0xFFF);
			shadow_audit(&g, &a);
			if (was && a.lagging == before + 1) {
				CHECK(!a.violation[0], "lagging is %s", a.violation);
				lags++;
			}
			table[index] = was;
			if (was)
				return;
		}
	}
}

/* Whatever the guest has in its directory there: at the Switcher's addresses there is nothing. */
static void check_switcher(void)
{
	struct walk w;

	CHECK(!gva_walk(&v, gva(SWITCHER_BASE + rnd(0x400000)), &w) && !w.present, "the guest has something at the Switcher's place");
}

/* What is read across the end of a page is what is there byte by byte. */
static void check_across(void)
{
	u32 at, err, n, page = (u32)dirs[rnd(DIRS)] << 22 | index_at(rnd(INDICES)) << 12, a = page + PAGE_SIZE - 1 - rnd(7);
	u8 whole[8], one;

	if (!gva_read(&v, gva(a), whole, sizeof(whole), 0, &err, &at))
		return;
	for (n = 0; n < sizeof(whole); n++)
		CHECK(gva_read(&v, gva(a + n), &one, 1, 0, &err, &at) && one == whole[n], "byte %u at %08x", n, a);
}

/* ---- the steps ---- */

static u32 random_pte(void)
{
	u32 flags = rnd(0x200) & ~PTE_PS;

	if (!one_in(4))
		flags |= PTE_P;
	if (one_in(2))
		flags |= PTE_RW | PTE_US;
	if (one_in(100))
		return MMIO_FRAME << 12 | flags;
	if (one_in(400))
		return (rnd(2) ? GUEST_PAGES : rnd(1u << 20)) << 12 | flags;
	return rnd(GUEST_PAGES) << 12 | flags;
}

static u32 random_table(u32 pgd, u32 d)
{
	if (aliases)
		return rnd(TABLES / 4);
	return 2 * ((is_kernel(dirs[d]) ? PGDS : pgd) * DIRS + d) + rnd(2);
}

static u32 random_pde(u32 pgd, u32 d)
{
	u32 flags = (rnd(0x80) & ~PTE_PS) | (one_in(8) ? 0 : PTE_P) | (one_in(4) ? 0 : PTE_RW | PTE_US);

	if (one_in(6))
		return rnd(2) << 22 | (one_in(2) ? FIRST_TABLE + random_table(pgd, d) : rnd(2) << 1) << 12 | flags | PTE_PS;
	if (one_in(300))
		return rnd(1u << 20) << 12 | flags;
	return (FIRST_TABLE + random_table(pgd, d)) << 12 | flags;
}

static void write_tables(void)
{
	u32 n = 1 + rnd(4), *p;

	while (n--) {
		if (one_in(3)) {
			u32 pgd = rnd(PGDS), d = rnd(DIRS);

			*guest_word(1 + pgd, dirs[d]) = random_pde(pgd, d);
		} else {
			p = guest_word(FIRST_TABLE + random_table(rnd(PGDS), rnd(DIRS)),
				       index_at(rnd(INDICES)));
			if (one_in(3))
				*p ^= one_in(2) ? PTE_RW : one_in(2) ? PTE_US : PTE_A | PTE_D;
			else
				*p = random_pte();
		}
	}
	if (crowded() > 20) {	/* the model's memory is bounded: flush now and then */
		shadow_flush_all(&g);
		forget_all();
	}
}

static bool guest_died;
static u32 steps_done;
static u64 fills, evictions;

static void fault_in(u32 use_dirs)
{
	u32 d = rnd(use_dirs), i = rnd(INDICES), dir = dirs[d], index = index_at(i);
	u32 access = rnd(2) * ACCESS_WRITE | rnd(2) * ACCESS_USER;
	u32 err = access | rnd(2) * PFERR_P, expected = 0;
	u32 linear = dir << 22 | index << 12 | rnd(4096);
	struct model_walk w = model_walk(v.cr3 & PTE_FRAME, dir, index);
	enum fault_result want, got;
	gpa_t mmio = gpa(0);
	u32 spde, spte;

	killed[0] = 0;
	if (w.bad) {
		want = FAULT_KILLED;
	} else if (!w.present) {
		want = FAULT_GUEST;
		expected = access;
	} else if (((access & ACCESS_WRITE) && !(w.pde_rights & w.pte_rights & PTE_RW)) ||
		   ((access & ACCESS_USER) && !(w.pde_rights & w.pte_rights & PTE_US))) {
		want = FAULT_GUEST;
		expected = access | PFERR_P;
	} else if (hfn_x(owned(w.gfn))) {
		want = FAULT_FILLED;
	} else {
		want = w.gfn == MMIO_FRAME ? FAULT_MMIO : FAULT_KILLED;
	}

	got = shadow_fault(&v, gva(linear), &err, &mmio);
	CHECK(got == want, "fault at %#x access %u: result %u, not %u (%s)", linear, access, got, want, killed);
	switch (got) {
	case FAULT_KILLED:
		CHECK_HAS(killed, "page");
		guest_died = one_in(10);	/* else as if nothing was: the shadow must be whole */
		return;
	case FAULT_GUEST:
		CHECK_EQ(err, expected);
		return;
	case FAULT_MMIO:
		CHECK_EQ(gpa_x(mmio), MMIO_FRAME << 12 | (linear & 0xFFF));
		return;
	case FAULT_FILLED:
		break;
	}
	if (w.pde) {
		CHECK(*w.pde & PTE_A, "accessed not set in the directory entry %#x", *w.pde);
		if (w.pte)
			CHECK(*w.pte & PTE_A, "accessed not set in %#x", *w.pte);
		if (access & ACCESS_WRITE)
			CHECK((w.pte ? *w.pte : *w.pde) & PTE_D, "dirty not set");
	}
	spde = g.shadow.current->entries[dir];
	CHECK(spde, "filled, but no table");
	spte = ((u32 *)frame_ptr(hfn(spde >> 12)))[index];
	CHECK(spte >> 12 == hfn_x(owned(w.gfn)), "filled with frame %#x", spte);
	CHECK(!(access & ACCESS_WRITE) || (spde & spte & PTE_RW), "write not granted: %#x %#x", spde, spte);
	CHECK(!(access & ACCESS_USER) || (spde & spte & PTE_US), "user not granted: %#x %#x", spde, spte);
}

static u32 found, lost;

static void new_root(void)
{
	u32 cr3 = (1 + rnd(PGDS)) << 12 | rnd(2) * PTE_PWT, slot, i;
	int asid = (int)rnd(SLOTS + 16) - 8;
	bool flush = one_in(4), kept;

	if (asid < 0)
		asid = -1;
	else if (one_in(2))
		asid %= 3;
	if (one_in(200))
		cr3 = rnd(1u << 20) << 12;	/* wild: nothing happens until it is used */
	shadow_new_root(&v, cr3, asid, flush);
	slot = slot_of(g.shadow.current);
	CHECK(slot < SLOTS, "slot %u", slot);
	CHECK_EQ(g.shadow.current->cr3, cr3 & PTE_FRAME);
	kept = slot_cr3[slot] == (cr3 & PTE_FRAME) && (asid < 0 || asid == slot_asid[slot]);
	for (i = 0; i < SLOTS; i++)
		if (asid < 0 ? slot_cr3[i] == (cr3 & PTE_FRAME) : slot_asid[i] == asid) {
			CHECK(asid < 0 || i == slot, "asid %d is in slot %u, and then in %u", asid, i, slot);
			CHECK(asid >= 0 || kept, "cr3 %x was known", cr3);
		}
	found += kept;
	lost += !kept && slot_cr3[slot] != NO_CR3;
	if (flush || !kept)
		forget_root(slot);
	if (asid >= 0 || !kept)
		slot_asid[slot] = asid;
	slot_cr3[slot] = cr3 & PTE_FRAME;
}

static void flush_page(void)
{
	u32 d = rnd(DIRS), i = rnd(INDICES), r = slot_of(g.shadow.current);
	gva_t a = gva((u32)dirs[d] << 22 | index_at(i) << 12 | rnd(4096));

	if (one_in(3)) {
		shadow_flush_everywhere(&g, a);
		for (r = 0; r < SLOTS; r++)
			forget_page(user_seen[r], d, i, false);
		forget_page(kernel_seen, d, i, false);
		return;
	}
	shadow_flush_one(&v, a);
	if (is_kernel(dirs[d]))
		forget_page(kernel_seen, d, i, false);
	else
		forget_page(user_seen[r], d, i, false);
}

/* An entry that another root has, too, changes, and is flushed from here. */
static void flush_elsewhere(void)
{
	u32 r = rnd(SLOTS), d, i;

	if (r >= g.shadow.roots || slot_cr3[r] == NO_CR3 || g.shadow.root[r].generation != g.shadow.generation)
		return;
	for (d = 0; d < DIRS; d++)
		for (i = 0; i < INDICES; i++) {
			struct model_walk w = model_walk(slot_cr3[r], dirs[d], index_at(i));
			const struct spt *t = is_kernel(dirs[d]) ? NULL : g.shadow.root[r].spt[dirs[d]];

			if (!t || t->large || !w.pte || !((u32 *)frame_ptr(t->page))[index_at(i)] || one_in(3))
				continue;
			*w.pte = 0;
			shadow_flush_everywhere(&g, gva((u32)dirs[d] << 22 | index_at(i) << 12));
			for (r = 0; r < SLOTS; r++)
				forget_page(user_seen[r], d, i, false);
			return;
		}
}

static void flush_directory(void)
{
	u32 d = rnd(DIRS), cr3 = (1 + rnd(PGDS)) << 12, r;

	shadow_flush_directory(&g, cr3, dirs[d]);
	for (r = 0; r < SLOTS; r++)
		if (slot_cr3[r] == cr3 && !is_kernel(dirs[d]))
			forget_page(user_seen[r], d, 0, true);
}

static void step(void)
{
	u32 n;

	switch (rnd(40)) {
	case 0 ... 9:	write_tables(); break;
	case 10:	shadow_flush_user(&v); forget_root(slot_of(g.shadow.current)); break;
	case 11 ... 13:	flush_page(); break;
	case 14:	flush_directory(); break;
	case 15 ... 17:	new_root(); break;
	case 18:
		if (one_in(4)) {
			shadow_flush_all(&g);
			forget_all();
			for (n = 0; n < 8; n++)
				flush_directory();
		}
		break;
	case 19:	flush_elsewhere(); break;
	default:	fault_in(DIRS); break;
	}
	CHECK_EQ(shadow_cr3(&v, top_table).hpa_raw, hpa_x(hfn_hpa(g.shadow.current->pgd)));
	CHECK(!(g.shadow.current->entries[SWITCHER_DIR] & PTE_US), "Switcher open to user mode");
	if (v.cr0 & CR0_PG)
		sample();
	check_all();
}

/* ---- one guest's life ---- */

static void forget_slots(void)
{
	u32 i;

	for (i = 0; i < SLOTS; i++) {
		slot_cr3[i] = NO_CR3;
		slot_asid[i] = -1;
	}
}

static void born(u32 pool)
{
	u32 f;

	memset(&g, 0, sizeof(g));
	memset(&v, 0, sizeof(v));
	g.mem_pages = GUEST_PAGES;
	g.vcpu = &v;
	g.bus = &bus;
	v.guest = &g;
	v.cr0 = CR0_PE | CR0_WP;
	for (f = 0; f < GUEST_PAGES; f++) {
		hfn_t h;

		if (f >= FIRST_TABLE + TABLES && one_in(50))
			continue;	/* a hole */
		h = frame_alloc();
		CHECK(hfn_x(h) && p2m_set(&g, gfn(f), h), "out of frames");
		memset(guest_word(f, 0), (int)f, PAGE_SIZE);
	}
	for (f = 1; f < FIRST_TABLE + TABLES; f++)
		memset(guest_word(f, 0), 0, PAGE_SIZE);
	CHECK(shadow_init(&g), "shadow_init");
	/* A smaller pool, so that it is used up often. */
	for (pool += g.shadow.pages; g.shadow.max_pages > pool; )
		frame_free(g.shadow.pool[--g.shadow.max_pages].page);
	g.shadow.max_roots = MAX(2, g.shadow.max_pages / 8);
	forget_slots();
	forget_all();
	guest_died = false;
}

static void died(u32 before)
{
	u32 f;

	fills += g.stats.shadow_fills;
	evictions += g.stats.shadow_evictions;
	shadow_destroy(&g);
	for (f = 0; f < GUEST_PAGES; f++) {
		hfn_t h = p2m_clear(&g, gfn(f));

		if (hfn_x(h))
			frame_free(h);
	}
	p2m_free_map(&g);
	CHECK_EQ(frames_used, before);
}

/* Paging off: addresses are guest-physical ones. */
static void linear(void)
{
	u32 n;

	slot_cr3[slot_of(g.shadow.current)] = 0;
	sample();
	for (n = 0; n < 40 && !guest_died; n++) {
		fault_in(1 + one_in(30));	/* directory 1 is in part beyond memory: death */
		check_all();
	}
}

static void life(u32 steps, u32 pool)
{
	u32 before = frames_used, i;

	born(pool);
	linear();
	if (guest_died) {
		died(before);
		return;
	}
	check_audit();
	if (one_in(4) == false) {	/* HC_INIT: the kernel part is known */
		v.have_shared = true;
		v.kernel_address = KERNEL;
		shadow_flush_all(&g);
		forget_all();
	}
	/* The first page table turns paging on. */
	shadow_flush_all(&g);
	forget_all();
	slot_cr3[0] = 0;
	v.cr0 |= CR0_PG;
	new_root();
	for (i = 0; i < (aliases ? 100 : 1500); i++)
		write_tables();
	sample();
	for (i = 0; i < steps && !guest_died; i++) {
		step();
		steps_done++;
		if (i % 64 == 0)
			check_audit();
		if (i % 32 == 17)
			plant_violation();
		if (i % 256 == 18)
			plant_lag();
		check_switcher();
		check_across();
	}
	check_audit();
	died(before);
}

/* One table at two places of a root: what comes back at one of them must not empty the other. */
static void twice_linked(void)
{
	u32 before = frames_used, dir, err = 0, page = 1;
	gpa_t mmio;

	born(10000);
	v.cr0 |= CR0_PG;
	*guest_word(1, 1) = *guest_word(1, 2) = FIRST_TABLE << 12 | PTE_P | PTE_A;
	*guest_word(FIRST_TABLE, 0) = page << 12 | PTE_P | PTE_A;
	shadow_new_root(&v, 1 << 12, -1, true);
	for (dir = 1; dir <= 2; dir++)
		CHECK_EQ(shadow_fault(&v, gva(dir << 22), &err, &mmio), FAULT_FILLED);
	shadow_flush_user(&v);
	CHECK_EQ(shadow_fault(&v, gva(1 << 22), &err, &mmio), FAULT_FILLED);
	CHECK(*(u32 *)frame_ptr(hfn(g.shadow.current->entries[1] >> 12)), "filled, and emptied again");
	died(before);
}

int main(int argc, char **argv)
{
	u32 i, lives = argc > 2 ? (u32)atoi(argv[2]) : 24;

	seed_from(argc, argv, 20240611);
	top_table = frame_alloc_zeroed();
	CASE("a table at two places");
	twice_linked();
	CASE("whole pool");
	for (i = 0; i < lives; i++)
		life(300, 10000);
	CASE("scarce pool");
	for (i = 0; i < lives; i++)
		life(300, 2 + rnd(12));
	CASE("aliased tables");
	aliases = true;
	for (i = 0; i < lives; i++)
		life(300, 2 + rnd(60));
	printf("     %u steps, %llu fills, %llu evictions\n", steps_done, (unsigned long long)fills,
	       (unsigned long long)evictions);
	CHECK(steps_done > lives * 100 && evictions && lags && found && lost, "the test did not do its work");
	return passed();
}
