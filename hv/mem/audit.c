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

static void audit_table(const struct guest *g, const struct owned *o, const struct spt *t,
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
		if ((e & ~(PTE_FRAME | PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D)) ||
		    (e & (PTE_P | PTE_A)) != (PTE_P | PTE_A))
			violation(a, "table of gfn %05x entry %u: odd bits %08x",
				  gfn_x(t->table), i, e);
		else if (!owned_has(o, hfn(e >> PAGE_SHIFT)))
			violation(a, "table of gfn %05x entry %u: frame %05x is not the guest's",
				  gfn_x(t->table), i, (e >> PAGE_SHIFT));
		else if (!in_step(g, t, i, e))
			a->lagging++;
	}
}

static void audit_root(const struct shadow_root *r, u32 n, struct audit *a)
{
	u32 dir, links = 0;

	a->roots++;
	for (dir = 0; dir < SWITCHER_DIR; dir++) {
		const struct spt *t = r->spt[dir];
		u32 e = r->entries[dir];

		links += !!t;
		if (!t ? e != 0 : (e & PTE_FRAME) != hpa_x(hfn_hpa(t->page)) ||
				  (e & (PTE_P | PTE_A)) != (PTE_P | PTE_A) ||
				  (e & ~(PTE_FRAME | PTE_P | PTE_RW | PTE_US | PTE_A)))
			violation(a, "root %u directory entry %u: %08x", n,
				  dir, e);
	}
	if (links != r->links)
		violation(a, "root %u: %u links, counted %u", n, r->links,
			  links);
	if (r->entries[SWITCHER_DIR] & PTE_US)
		violation(a, "root %u: Switcher open to user mode", n);
}

static u32 count_links(const struct shadow *s, const struct spt *t)
{
	u32 i, dir, n = 0;

	for (i = 0; i < SHADOW_ROOTS; i++)
		for (dir = 0; s->root[i].entries && dir < SWITCHER_DIR; dir++)
			n += s->root[i].spt[dir] == t;
	return n;
}

void shadow_audit(struct guest *g, struct audit *a)
{
	struct shadow *s = &g->shadow;
	struct owned o;
	u32 i;

	memset(a, 0, sizeof(*a));
	if (!s->current)	/* not running: no shadows */
		return;
	if (!owned_build(&o, g))
		violation(a, "(no memory for the audit itself)");
	else
		for (i = 0; i < ARRAY_SIZE(s->hash); i++) {
			const struct spt *t;

			for (t = s->hash[i]; t; t = t->next) {
				audit_table(g, &o, t, a);
				if (count_links(s, t) != t->parents)
					violation(a, "table of gfn %05x: %u parents, not so many links",
						  gfn_x(t->table), t->parents);
			}
		}
	for (i = 0; i < SHADOW_ROOTS; i++)
		if (s->root[i].entries)
			audit_root(&s->root[i], i, a);
	if (a->tables != s->pages || s->pages > s->max_pages)
		violation(a, "%u tables in use, counted %u, bound %u", s->pages,
			  a->tables, s->max_pages);
	owned_free(&o);
}
