/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The frame map: which machine frame is behind each guest frame.  It has two levels, so that guest
 * memory need not be contiguous and a guest costs only the leaves it needs.  It is looked up at
 * every use and cached nowhere but in shadow entries; a leaf is kept while a row of these is made.
 */
#include "hv/mem/mem.h"

bool p2m_set(struct guest *g, gfn_t f, hfn_t h)
{
	if (!g->p2m[p2m_leaf(f)]) {
		hfn_t leaf = frame_alloc_zeroed();

		if (hfn_x(leaf) == hfn_x(HFN_NONE))
			return false;
		g->p2m[p2m_leaf(f)] = frame_ptr(leaf);
	}
	g->p2m[p2m_leaf(f)][p2m_slot(f)] = h;
	return true;
}

bool p2m_run_to(const struct guest *g, struct p2m_run *r, gfn_t f)
{
	u32 leaf = p2m_leaf(f);

	if (gfn_x(f) >= g->mem_pages || !g->p2m[leaf])
		return false;
	r->leaf = g->p2m[leaf];
	r->first = leaf * P2M_LEAF;
	r->count = MIN(P2M_LEAF, g->mem_pages - r->first);
	return true;
}

hfn_t p2m_clear(struct guest *g, gfn_t f)
{
	hfn_t h = p2m_lookup(g, f);

	if (hfn_x(h) != hfn_x(HFN_NONE))
		g->p2m[p2m_leaf(f)][p2m_slot(f)] = HFN_NONE;
	return h;
}

void p2m_free_map(struct guest *g)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(g->p2m); i++) {
		if (g->p2m[i])
			frame_free(ptr_frame(g->p2m[i]));
		g->p2m[i] = NULL;
	}
}
