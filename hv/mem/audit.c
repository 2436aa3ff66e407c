/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The audit: walks all shadows of a guest and checks that what the top of shadow.c promises is
 * true, against the guest's tables and its frame map.  It does not rely on the code that fills the
 * shadows.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "hv/mem/mem.h"

#define BITS_PER_FRAME	(PAGE_SIZE * 8)

/* Which machine frames belong to the guest: a bitmap of all 4 GiB, in pieces of one frame each. */
struct owned {
	u8 *piece[(1u << 20) / BITS_PER_FRAME];
};

static PRINTF(2, 3) void violation(struct audit *a, const char *fmt, ...)
{
	va_list ap;

	if (a->violation[0])
		return;		/* only the first one is kept */
	va_start(ap, fmt);
	vsnprintf(a->violation, sizeof(a->violation), fmt, ap);
	va_end(ap);
}

static bool owned_mark(struct owned *o, hfn_t h)
{
	u32 f = hfn_x(h), p = f / BITS_PER_FRAME;

	if (!o->piece[p]) {
		hfn_t frame = frame_alloc_zeroed();

		if (hfn_x(frame) == hfn_x(HFN_NONE))
			return false;
		o->piece[p] = frame_ptr(frame);
	}
	o->piece[p][f % BITS_PER_FRAME / 8] |= 1 << (f % 8);
	return true;
}

static bool owned_has(const struct owned *o, hfn_t h)
{
	u32 f = hfn_x(h), p = f / BITS_PER_FRAME;

	return o->piece[p] && (o->piece[p][f % BITS_PER_FRAME / 8] >> (f % 8) & 1);
}

static bool owned_build(struct owned *o, const struct guest *g)
{
	u32 f;

	memset(o, 0, sizeof(*o));
	for (f = 0; f < g->mem_pages; f++) {
		hfn_t h = p2m_lookup(g, gfn(f));

		if (hfn_x(h) != hfn_x(HFN_NONE) && !owned_mark(o, h))
			return false;
	}
	return true;
}

static void owned_free(struct owned *o)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(o->piece); i++)
		if (o->piece[i])
			frame_free(ptr_frame(o->piece[i]));
}

static int root_number(const struct shadow *s, const struct shadow_root *r)
{
	return r == &s->kernel ? -1 : (int)(r - s->root);
}

static u32 count_links(const struct shadow *s, const struct spt *t)
{
	u32 i, dir, n = 0;

	for (dir = 0; dir < SWITCHER_DIR; dir++) {
		n += s->kernel.spt[dir] == t;
		for (i = 0; i < s->roots; i++)
			n += s->root[i].generation == s->generation && s->root[i].spt[dir] == t;
	}
	return n;
}

/* Does the shadow entry e allow no more than the guest's own table does right now? */
static bool in_step(const struct guest *g, const struct spt *t, u32 index, u32 e)
{
	u32 gpte = LARGE_RIGHTS;
	gfn_t f = gfn(gfn_x(t->table) + index);

	if (!t->large) {
		if (!gmem_read_u32(g, gpa(gpa_x(gfn_gpa(t->table)) + index * 4), &gpte))
			return false;
		f = gfn(gpte >> PAGE_SHIFT);
	}
	if (!(gpte & PTE_P) || (e >> PAGE_SHIFT) != hfn_x(p2m_lookup(g, f)))
		return false;
	if ((e & PTE_RW) && (gpte & (PTE_RW | PTE_D)) != (PTE_RW | PTE_D))
		return false;
	return !((e & PTE_US) && !(gpte & PTE_US));
}

/* Only rows that are marked may have entries: the others are not cleared before the next use. */
static void audit_rows(const struct spt *t, struct audit *a)
{
	const u32 *entries = frame_ptr(t->page);
	u32 i;

	for (i = 0; i < 1024; i++)
		if (entries[i] && !(t->rows[i / ROW / 32] >> (i / ROW % 32) & 1))
			violation(a, "table of gfn %05x entry %u: its row is not marked",
				  gfn_x(t->table), i);
}

static void audit_entries(const struct guest *g, const struct owned *o, const struct spt *t,
			  struct audit *a)
{
	const u32 *entries = frame_ptr(t->page);
	u32 i;

	a->tables++;
	for (i = 0; i < 1024; i++) {
		u32 e = entries[i];

		if (!e)
			continue;
		a->entries++;
		if ((e & ~(PTE_FRAME | PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D)) || !(e & PTE_P))
			violation(a, "table of gfn %05x entry %u: odd bits %08x",
				  gfn_x(t->table), i, e);
		else if (!owned_has(o, hfn(e >> PAGE_SHIFT)))
			violation(a, "table of gfn %05x entry %u: frame %05x is not the guest's",
				  gfn_x(t->table), i, (e >> PAGE_SHIFT));
		else if (!in_step(g, t, i, e))
			a->lagging++;
	}
}

/* One that is used can be found, and once only. */
static void audit_table(const struct guest *g, const struct owned *o, const struct spt *t,
			struct audit *a)
{
	const struct shadow *s = &g->shadow;
	const struct spt *other;
	u32 i, found = 0;

	audit_rows(t, a);
	if (!spt_used(s, t))
		return;
	audit_entries(g, o, t, a);
	if (count_links(s, t) != t->parents)
		violation(a, "table of gfn %05x: %u parents, not so many links", gfn_x(t->table),
			  t->parents);
	for (i = 0; i < ARRAY_SIZE(s->hash); i++)
		for (other = s->hash[i]; other; other = other->next)
			found += gfn_x(other->table) == gfn_x(t->table) && other->large == t->large;
	if (found != 1)
		violation(a, "table of gfn %05x: found %u times", gfn_x(t->table), found);
}

/* A root's own links are below the kernel, shadow.kernel's the others. */
static void audit_links(const struct shadow *s, const struct shadow_root *r, u32 from, u32 to,
			struct audit *a)
{
	u32 dir, links = 0;

	for (dir = 0; dir < SWITCHER_DIR; dir++) {
		const struct spt *t = r->spt[dir];
		u32 e = r->entries[dir];

		links += !!t;
		if (!t != !(r->linked[dir / 32] >> dir % 32 & 1))
			violation(a, "root %d: link %u and its mark differ", root_number(s, r), dir);
		else if (t && (dir < from || dir >= to))
			violation(a, "root %d: link %u is not its own", root_number(s, r), dir);
		else if (dir < from || dir >= to)
			continue;
		else if (!t ? e != 0 : (e & PTE_FRAME) != hpa_x(hfn_hpa(t->page)) ||
				  (e & (PTE_P | PTE_A)) != (PTE_P | PTE_A) ||
				  (e & ~(PTE_FRAME | PTE_P | PTE_RW | PTE_US | PTE_A)))
			violation(a, "root %d directory entry %u: %08x", root_number(s, r), dir, e);
	}
	if (links != r->links)
		violation(a, "root %d: %u links, counted %u", root_number(s, r), r->links, links);
}

static void audit_root(const struct shadow *s, const struct shadow_root *r, u32 kernel_dir,
		       struct audit *a)
{
	if (r->entries[SWITCHER_DIR] & PTE_US)
		violation(a, "root %d: Switcher open to user mode", root_number(s, r));
	if (r->asid >= 0 && s->named[r->asid] != r)
		violation(a, "root %d: not found by its number %d", root_number(s, r), r->asid);
	if (r->generation != s->generation) {
		if (r == s->current)
			violation(a, "root %d: in use, but not ready", root_number(s, r));
		return;
	}
	a->roots++;
	audit_links(s, r, 0, kernel_dir, a);
	if (r->kernel_version == s->kernel_version ?
	    memcmp(r->entries + kernel_dir, s->kernel.entries + kernel_dir,
		   (SWITCHER_DIR - kernel_dir) * sizeof(u32)) != 0 : r == s->current)
		violation(a, "root %d: the kernel's links differ", root_number(s, r));
}

void shadow_audit(struct guest *g, struct audit *a)
{
	struct shadow *s = &g->shadow;
	u32 i, taken = 0, kernel_dir = shadow_kernel_dir(g);
	struct owned o;

	memset(a, 0, sizeof(*a));
	if (!s->current)	/* not running: no shadows */
		return;
	if (!owned_build(&o, g))
		violation(a, "(no memory for the audit itself)");
	else
		for (i = 0; i < s->max_pages; i++)
			if (s->pool[i].taken)
				taken++;
			else
				audit_table(g, &o, &s->pool[i], a);
	for (i = 0; i < s->roots; i++)
		audit_root(s, &s->root[i], kernel_dir, a);
	audit_links(s, &s->kernel, kernel_dir, SWITCHER_DIR, a);
	for (i = 0; i < RINGLET_ASIDS; i++)
		if (s->named[i] && s->named[i]->asid != (int)i)
			violation(a, "root %d: found by number %u, too", root_number(s, s->named[i]), i);
	if (s->roots > s->max_roots || taken != 2 * (s->roots + 1))
		violation(a, "%u roots of %u, with %u frames", s->roots, s->max_roots, taken);
	if (a->tables + taken != s->pages || s->pages > s->max_pages)
		violation(a, "%u frames in use, counted %u, bound %u", s->pages, a->tables + taken,
			  s->max_pages);
	owned_free(&o);
}
