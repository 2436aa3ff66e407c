/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hostile.  Random page tables with a model beside them: what may a TLB legally answer?
 *
 * A few dozen frames are directory, page table and data at once, and 4 MiB entries lead to the same frames.  Each
 * step writes an entry (directly, or through an address that the tables give), reads or writes at ring 1
 * or 3, switches to another root, by name or by cr3, or flushes, in every way there is.
 *
 * The model keeps each entry's history and when each address was last flushed.  An access has to be
 * either what the tables say now, with accessed and dirty set as hardware sets them, and
 * nothing else; or what entries of the time since that flush allow, if accessed (and dirty, for a
 * write) was set in them, and then it changes nothing.  So right after a flush only the former will do.  A fault has to
 * be what the tables say now: Ringlet never keeps one.
 *
 * A run is its seed and how many steps: `seed=N steps=N` on the command line, or a variant's name as
 * the seed; else a random one.  kernel_address comes from the seed, or there is no shared page at first.
 *
 * Variant 1: SUCCESS
 * Variant 2: SUCCESS
 * Variant 3: SUCCESS
 * Variant 4: SUCCESS
 * Variant random: SUCCESS
 */
#include "guest.h"

/* Words of a directory, and of a page table, that are used; the first two hold the guest's own memory. */
static const u16 slots[] = {
	0x1F0, 0x1F1, 0x2B8, 0x2B9, 0x2BF, 0x2C0, 0x2FE, 0x2FF, 0x300, 0x301, 0x30F, 0x310,
	0x340, 0x37F, 0x380, 0x3BF, 0x3C0, 0x3C1, 0x3F0, 0x3F1, 0x3FC, 0x3FD, 0x3FE, 0x3FF,
};
#define SLOTS	(sizeof(slots) / sizeof(slots[0]))
#define FRAMES	(2 * SLOTS)	/* those of these numbers in each of the first two 4 MiB: so large entries reach them */
#define NO_FRAME FRAMES
#define SIGNATURE (5 * 4)	/* offset of a word that tells the frame; not present as an entry */
#define AD	(PTE_A | PTE_D)

static u32 frame_pa(u32 f) { return f / SLOTS << 22 | (u32)slots[f % SLOTS] << 12; }
static u32 signature(u32 f) { return f * 64 + 0xF0000; }

static u32 frame_at[2048];	/* the inverse of frame_pa, by page number; all entries lead to one of ours */
static u32 target(u32 pte) { return frame_at[pte >> 12 & 2047]; }

static volatile u32 *word_at(u32 f, u32 slot) { return (volatile u32 *)(frame_pa(f) + slots[slot] * 4); }

static u32 now;			/* steps so far: the model's clock */
static u32 faults, stale, switches;

/* ---- the history of each entry ---- */

#define VERSIONS 16
struct word {
	struct { u32 value, since; } v[VERSIONS];
	u32 n;
};
static struct word words[FRAMES][SLOTS];

static u32 value(const struct word *w) { return w->v[w->n - 1].value; }

/* Was version i there at some time in from..to?  A flush at `from` has seen what was written before. */
static bool alive(const struct word *w, u32 i, u32 from, u32 to)
{
	return w->v[i].since <= to && (i + 1 == w->n || w->v[i + 1].since > from);
}

/* A walk reads the directory first: no table entry that was gone when that directory entry came. */
static bool in_order(const struct word *pde, u32 i, const struct word *pte, u32 j)
{
	return j + 1 == pte->n || pte->v[j + 1].since >= pde->v[i].since;
}

/* ---- what has been flushed when ---- */

struct flushed {		/* at a moment each; the latest that covers an address counts */
	u32 user;
	u32 dir[SLOTS];
	u32 large[SLOTS];	/* 4 MiB entries, by a flush anywhere in them */
	u32 page[SLOTS][SLOTS];
};
/* Roots by number, roots by cr3, kernel addresses (in any root), and the root in use. */
static struct flushed named[RINGLET_ASIDS], unnamed[FRAMES], kernel, here;
static u32 all_flushed;
static u32 named_cr3[RINGLET_ASIDS];	/* the frame */
static bool unnamed_used[FRAMES];
static int here_asid = -1;
static u32 here_cr3;
static u32 last_used[FRAMES];		/* as a directory */

static bool have_shared;
static bool is_kernel(u32 d) { return have_shared && slots[d] >= shared.kernel_address >> 22; }

static u32 later(u32 a, u32 b) { return a > b ? a : b; }

static u32 flushed_at(u32 d, u32 i)
{
	u32 t = is_kernel(d) ? kernel.page[d][i] : later(here.user, later(here.dir[d], here.page[d][i]));

	return later(t, all_flushed);
}

static u32 large_flushed_at(u32 d, u32 i)
{
	return later(flushed_at(d, i), is_kernel(d) ? kernel.large[d] : here.large[d]);
}

static void flush_page(struct flushed *f, u32 d, u32 i)
{
	f->page[d][i] = f->large[d] = now;
}

/* What may have been kept since the older of the two. */
static void older(struct flushed *f, const struct flushed *other)
{
	u32 *a = (u32 *)f;
	const u32 *b = (const u32 *)other;
	size_t n;

	for (n = 0; n < sizeof(*f) / sizeof(u32); n++)
		if (b[n] < a[n])
			a[n] = b[n];
}

static void changed(struct word *w, u32 v)
{
	if (v == value(w))
		return;
	if (w->n == VERSIONS) {		/* the model's memory is bounded */
		hcall(HC_FLUSH_TLB, 1, 0, 0);
		all_flushed = now;
		w->v[0] = w->v[w->n - 1];
		w->n = 1;
	}
	w->v[w->n].value = v;
	w->v[w->n++].since = now;
}

/* ---- chance ---- */

static u32 rnd(u32 n) { return random32() % n; }
static bool one_in(u32 n) { return rnd(n) == 0; }

/* Most of the time a few places and frames, so that they meet. */
#define HOT 4
static u32 hot_slots[HOT], hot_frames[HOT];
static u32 a_slot(void) { return one_in(16) ? rnd(SLOTS) : hot_slots[rnd(HOT)]; }
static u32 a_frame(void) { return one_in(16) ? rnd(FRAMES) : hot_frames[rnd(HOT)]; }

static u32 an_entry(void)
{
	u32 v = frame_pa(a_frame()) | rnd(0x1000);

	v &= ~PTE_PS;
	if (one_in(8))
		v |= PTE_PS;
	if (!one_in(8))
		v |= PTE_P;
	if (!one_in(3))
		v |= PTE_RW | PTE_US;
	return v;
}

/* ---- an access, and whether it was right ---- */

struct access {
	u32 va, value;
	bool write, user;
	int vector;
	u32 d, i, k;		/* the address: slots of directory and table, and of the word that is written */
};
static struct access a;

static u32 perform(u32 unused)
{
	(void)unused;
	if (a.write)
		a.vector = TRY("movl %1, (%2)", : "=m"(fault) : "r"(a.value), "r"(a.va) : "memory");
	else
		a.vector = TRY("movl (%2), %0", : "=&r"(a.value), "+m"(fault) : "r"(a.va) : "memory");
	return 0;
}

/* A way through the tables. */
struct path {
	bool present;
	u32 frame, rights;
	struct word *pde, *leaf;	/* leaf: where dirty belongs */
	u32 pde_value, leaf_value;
};

static struct path path_of(struct word *pde, u32 pde_value, struct word *pte, u32 pte_value)
{
	struct path p = { .pde = pde, .pde_value = pde_value, .rights = pde_value, .leaf = pde, .leaf_value = pde_value };

	if (pde_value & PTE_PS) {
		p.present = pde_value & PTE_P;
		p.frame = a.i + (pde_value >> 22 & 1) * SLOTS;
		return p;
	}
	p.present = pde_value & pte_value & PTE_P;
	p.leaf = pte;
	p.leaf_value = pte_value;
	p.frame = target(pte_value);
	p.rights &= pte_value;
	return p;
}

static struct word *table_word(u32 pde) { return &words[target(pde)][a.i]; }

static struct path walk(void)
{
	struct word *pde = &words[here_cr3][a.d], *pte = table_word(value(pde));

	if (slots[a.d] == SWITCHER >> 22)	/* nothing a guest maps there exists */
		return (struct path){ 0 };
	return path_of(pde, value(pde), pte, value(pte));
}

static bool allows(const struct path *p)
{
	return p->present && (!a.write || (p->rights & PTE_RW)) && (!a.user || (p->rights & PTE_US));
}

/* What has changed in memory since the last access. */
struct change { struct word *w; u32 value; };
struct changes { struct change c[8]; u32 n; };

static struct changes seen;

static void look(void)
{
	u32 f, s;

	seen.n = 0;
	for (f = 0; f < FRAMES; f++)
		for (s = 0; s < SLOTS; s++) {
			u32 v = *word_at(f, s);

			if (v == value(&words[f][s]))
				continue;
			if (seen.n < 8)
				seen.c[seen.n] = (struct change){ &words[f][s], v };
			seen.n++;
		}
}

static void expect_change(struct changes *e, struct word *w, u32 set, bool all, u32 v)
{
	u32 i;

	for (i = 0; i < e->n && e->c[i].w != w; i++)
		;
	if (i == e->n)
		e->c[e->n++] = (struct change){ w, value(w) };
	e->c[i].value = all ? v : e->c[i].value | set;
}

/* Was this the way?  touched: it sets accessed and dirty. */
static bool explains(const struct path *p, bool touched)
{
	struct changes e = { .n = 0 };
	u32 i, j, differ = 0;

	if (!a.write && a.value != signature(p->frame))
		return false;
	if (touched) {
		expect_change(&e, p->pde, PTE_A, false, 0);
		expect_change(&e, p->leaf, a.write ? AD : PTE_A, false, 0);
	}
	if (a.write)
		expect_change(&e, &words[p->frame][a.k], 0, true, a.value);
	for (i = 0; i < e.n; i++) {
		if (e.c[i].value == value(e.c[i].w))
			continue;
		differ++;
		for (j = 0; j < seen.n && seen.c[j].w != e.c[i].w; j++)
			;
		if (j == seen.n || seen.c[j].value != e.c[i].value)
			return false;
	}
	return differ == seen.n;
}

/* A way that was cached has accessed set at both levels; and dirty, if it is written by. */
static bool may_be_cached(const struct path *p)
{
	return (p->pde_value & p->leaf_value & PTE_A) && (!a.write || (p->leaf_value & PTE_D)) && allows(p);
}

static bool cached_from(u32 cr3, u32 from, u32 large_from)
{
	struct word *pde = &words[cr3][a.d];
	u32 i, j, to = cr3 == here_cr3 ? now : last_used[cr3];

	for (i = 0; i < pde->n; i++) {
		u32 e = pde->v[i].value;
		struct word *pte = table_word(e);
		struct path p;

		if (!alive(pde, i, e & PTE_PS ? large_from : from, to))
			continue;
		for (j = 0; j < (e & PTE_PS ? 1 : pte->n); j++) {
			p = path_of(pde, e, pte, pte->v[j].value);
			if (!(e & PTE_PS) && !(alive(pte, j, from, now) && in_order(pde, i, pte, j)))
				continue;
			if (may_be_cached(&p) && explains(&p, false))
				return true;
		}
	}
	return false;
}

static bool cached(void)
{
	u32 from = flushed_at(a.d, a.i), large_from = large_flushed_at(a.d, a.i), f;

	if (slots[a.d] == SWITCHER >> 22)
		return false;
	if (!is_kernel(a.d))
		return cached_from(here_cr3, from, large_from);
	for (f = 0; f < FRAMES; f++)	/* global: whatever root has cached it */
		if ((f == here_cr3 || last_used[f] > from) && cached_from(f, from, large_from))
			return true;
	return false;
}

static void tell(const char *what)
{
	struct path p = walk();
	struct word *pde = &words[here_cr3][a.d];
	u32 i;

	test_failure("step %u: %s: ring %u %s at %08x in root %u (cr3 %x), %s", now, what, a.user ? 3 : 1,
		     a.write ? "writes" : "reads", a.va, (u32)here_asid + 1, frame_pa(here_cr3),
		     is_kernel(a.d) ? "kernel" : "user");
	print("  vector %d error %x cr2 %08x value %x", a.vector, fault.error, fault.cr2, a.value);
	print("  now: entries %x %x, frame %u, flushed at %u (all %u)", p.pde_value, p.leaf_value, p.frame,
	      flushed_at(a.d, a.i), all_flushed);
	for (i = 0; i < pde->n; i++)
		print("  directory entry since %u: %x", pde->v[i].since, pde->v[i].value);
	for (i = 0; p.leaf && i < p.leaf->n; i++)
		print("  table entry since %u: %x", p.leaf->v[i].since, p.leaf->v[i].value);
	for (i = 0; i < seen.n && i < 8; i++)
		print("  changed: frame %u word %x, %x to %x", (u32)(seen.c[i].w - words[0]) / SLOTS,
		      slots[(u32)(seen.c[i].w - words[0]) % SLOTS], value(seen.c[i].w), seen.c[i].value);
	test_end();
}

static void judge(void)
{
	struct path p = walk();
	u32 error = (p.present ? 1 : 0) | a.write << 1 | a.user << 2, i;

	look();
	checks++;
	if (a.vector == VEC_PF) {
		faults++;
		if (allows(&p))
			tell("a fault, though the tables allow it");
		if (fault.error != error || fault.cr2 != a.va)
			tell("a wrong fault");
		if (seen.n)
			tell("a fault has changed something");
	} else if (a.vector != -1) {
		tell("not a page fault");
	} else if (allows(&p) && explains(&p, true)) {
		changed(p.pde, value(p.pde) | PTE_A);	/* so it was for a moment, even if the write then went to the same word */
		changed(p.leaf, value(p.leaf) | (a.write ? AD : PTE_A));
		if (a.write)
			changed(&words[p.frame][a.k], a.value);
	} else if (cached()) {
		stale++;
		for (i = 0; i < seen.n; i++)
			changed(seen.c[i].w, seen.c[i].value);
	} else {
		tell("no entry since the last flush allows this");
	}
}

/* Addresses that worked lately: the ones that something has been cached of. */
static struct { u32 d, i; } recent[16];

static void access(u32 d, u32 i)
{
	struct path p;

	now++;				/* what it writes comes after a flush in this step */
	a = (struct access){ .d = d, .i = i, .k = a_slot(), .write = rnd(2), .user = rnd(2) };
	a.va = (u32)slots[d] << 22 | (u32)slots[i] << 12 | (a.write ? slots[a.k] * 4u : SIGNATURE);
	p = walk();
	/* What is written is an entry like any other, or what should be there anyway. */
	a.value = !a.write ? 0 : p.present && rnd(2) ? value(&words[p.frame][a.k]) : an_entry();
	if (a.user)
		exec_user(perform, 0);
	else
		perform(0);
	judge();
	if (a.vector == -1) {
		u32 n = rnd(16);

		recent[n].d = d;
		recent[n].i = i;
	}
}

static void choose(u32 *d, u32 *i)
{
	u32 n = rnd(16);

	if (one_in(2)) {
		*d = recent[n].d;
		*i = recent[n].i;
		return;
	}
	for (n = 0; n < 4; n++) {
		a.d = *d = a_slot();
		a.i = *i = a_slot();
		if (walk().present)
			break;
	}
}

/* ---- roots and flushes ---- */

static void leave_root(void)
{
	if (here_asid >= 0)
		named[here_asid] = here;
	else
		unnamed[here_cr3] = here;
	last_used[here_cr3] = now;
}

/* By its cr3: that may be any root that has it. */
static void unnamed_root(u32 f)
{
	u32 n;

	if (!unnamed_used[f])
		unnamed[f] = (struct flushed){ .user = now };
	unnamed_used[f] = true;
	here = unnamed[f];
	for (n = 0; n < RINGLET_ASIDS; n++)
		if (named_cr3[n] == f)
			older(&here, &named[n]);
	here_asid = -1;
	here_cr3 = f;
}

static void named_root(u32 f, u32 n, bool flush)
{
	here = named[n];
	if (named_cr3[n] != f)
		here.user = now;
	if (unnamed_used[f])		/* that root may have this number now */
		older(&here, &unnamed[f]);
	if (flush)
		here.user = now;
	named_cr3[n] = f;
	here_asid = (int)n;
	here_cr3 = f;
}

static u32 unnamed_share;	/* of root switches, in 1/4 */

static void switch_root(void)
{
	u32 f = a_frame(), n = one_in(4) ? rnd(RINGLET_ASIDS) : rnd(3);
	bool by_name = rnd(4) >= unnamed_share, flush = one_in(3);

	leave_root();
	if (by_name && rnd(2) && named_cr3[n] != NO_FRAME)
		f = named_cr3[n];
	hcall(HC_NEW_PGTABLE, frame_pa(f) | rnd(2) << 3, by_name ? n + 1 : 0, flush);
	if (by_name) {
		named_root(f, n, flush);
	} else {
		unnamed_root(f);
		if (flush)
			here.user = now;
	}
	switches++;
}

/* A hypercall, straight or by way of the ring. */
static void call(u32 nr, u32 b, u32 c, u32 d)
{
	if (have_shared && one_in(4) && queue(nr, b, c, d))
		hcall(HC_FLUSH_ASYNC, 0, 0, 0);
	else
		hcall(nr, b, c, d);
}

static void move_cr3(void)
{
	u32 f = one_in(2) ? here_cr3 : a_frame();

	leave_root();
	load_cr3(frame_pa(f));
	all_flushed = now;
	unnamed_root(f);
}

static void flush_directory(u32 d)
{
	u32 f = one_in(4) ? a_frame() : here_cr3, n;

	call(HC_SET_PGD, frame_pa(f), slots[d], 0);
	if (f == here_cr3)
		here.dir[d] = now;
	unnamed[f].dir[d] = now;
	for (n = 0; n < RINGLET_ASIDS; n++)
		if (named_cr3[n] == f)
			named[n].dir[d] = now;
}

static void flush_everywhere(u32 d, u32 i, u32 va)
{
	u32 n;

	call(HC_SET_PTE, frame_pa(here_cr3), va, 0);
	for (n = 0; n < RINGLET_ASIDS; n++)
		flush_page(&named[n], d, i);
	for (n = 0; n < FRAMES; n++)
		flush_page(&unnamed[n], d, i);
	flush_page(&here, d, i);
	flush_page(&kernel, d, i);
}

/* Flushes so that the address is covered. */
static void flush(u32 d, u32 i)
{
	u32 va = (u32)slots[d] << 22 | (u32)slots[i] << 12 | rnd(PAGE);

	switch (rnd(16)) {
	case 0:
		move_cr3();
		break;
	case 1:
		call(HC_FLUSH_TLB, 1, 0, 0);
		all_flushed = now;
		break;
	case 2 ... 3:
		call(HC_FLUSH_TLB, 0, 0, 0);
		here.user = now;
		break;
	case 4:
		flush_everywhere(d, i, va);
		break;
	case 5 ... 6:
		flush_directory(d);
		break;
	default:
		if (rnd(2))
			invlpg(va);
		else
			call(HC_INVLPG, va, 0, 0);
		flush_page(is_kernel(d) ? &kernel : &here, d, i);
	}
}

/* ---- a run ---- */

static void write_entry(u32 d, u32 i)
{
	static const u32 flips[] = { PTE_RW, PTE_RW, PTE_US, PTE_US, PTE_A, PTE_D, PTE_PS, PTE_P };
	u32 f = here_cr3, s = d, v = value(&words[f][s]);

	if (one_in(3)) {
		f = a_frame();
		s = a_slot();
	} else if (one_in(2) && !(v & PTE_PS)) {
		f = target(v);
		s = i;
	}
	v = one_in(2) ? an_entry() : value(&words[f][s]);
	if (one_in(2))
		v ^= flips[rnd(sizeof(flips) / sizeof(flips[0]))];
	*word_at(f, s) = v;
	changed(&words[f][s], v);
}

static void share_page(void)
{
	if (hcall(HC_INIT, (u32)&shared, RINGLET_MAGIC, 0) < 1)
		test_error("HC_INIT is refused");
	have_shared = true;
	all_flushed = now;
}

static void step(void)
{
	u32 d, i;

	now++;
	choose(&d, &i);
	if (one_in(100)) {
		hot_slots[rnd(HOT)] = rnd(SLOTS);
		hot_frames[rnd(HOT)] = rnd(FRAMES);
	}
	switch (rnd(16)) {
	case 0 ... 5:
		write_entry(d, i);
		break;
	case 6 ... 8:
		flush(d, i);
		if (!one_in(4))
			access(d, i);
		break;
	case 9:
		switch_root();
		break;
	default:
		access(d, i);
	}
}

/* All frames as directories have the guest's own memory, at the beginning. */
static void prepare(void)
{
	static const u32 edges[] = { 0, 0xFFFFFFFF, SWITCHER, SWITCHER - 1, 0xC0000000 };
	u32 f, s;

	if ((u32)guest_end > frame_pa(SLOTS))
		test_error("the guest reaches into its frames");
	for (f = 0; f < FRAMES; f++) {
		u32 *frame = (u32 *)frame_pa(f);

		frame_at[frame_pa(f) >> 12] = f;
		memset(frame, 0, PAGE);
		frame[0] = pgd[0];
		frame[1] = pgd[1];
		*(u32 *)(frame_pa(f) + SIGNATURE) = signature(f);
	}
	for (s = 0; s < HOT; s++) {
		hot_slots[s] = rnd(SLOTS);
		hot_frames[s] = rnd(FRAMES);
	}
	for (f = 0; f < FRAMES; f++)
		for (s = 0; s < SLOTS; s++) {
			words[f][s].n = 1;
			words[f][s].v[0].value = *word_at(f, s) = an_entry();
		}
	for (f = 0; f < RINGLET_ASIDS; f++)
		named_cr3[f] = NO_FRAME;
	unnamed_share = rnd(3) * 2;
	s = rnd(10);
	shared.kernel_address = s < 5 ? edges[s] : ((u32)slots[rnd(SLOTS)] << 22) + rnd(2) * rnd(1u << 22);
}

static u32 number(const char *s)
{
	u32 n = 0;

	while (*s >= '0' && *s <= '9')
		n = n * 10 + (u32)(*s++ - '0');
	return n;
}

void test_main(void)
{
	u32 steps = number(option("steps")), seed = number(option("seed")), shared_at;

	if (!seed)
		seed = number(variant());
	if (!seed)
		seed = random32();
	if (!steps)
		steps = 20000;
	random_seed = (u64)seed << 20 | 1;
	paging_init();
	prepare();
	shared_at = rnd(2) ? 0 : rnd(steps);
	print("seed %u, kernel_address %x from step %u, %u of 4 roots without a name", seed, shared.kernel_address,
	      shared_at, unnamed_share);
	move_cr3();
	while (now < steps) {
		if (now == shared_at)
			share_page();
		step();
	}
	print("%u accesses, %u faults, %u as before a flush that is still to come, %u switches", checks, faults, stale,
	      switches);
	EXPECT(checks > steps / 4 && faults > steps / 50 && stale > steps / 1000, "the test did not do its work");
}
