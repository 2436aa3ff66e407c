/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one door to guest memory.  Everything the hypervisor reads from or writes to a guest goes
 * through gmem_piece(), which asks the frame map for every page it touches.  There is no second way
 * in, and no pointer into guest memory outlives a call.
 */
#include <string.h>
#include "hv/mem/mem.h"

/* A pointer to up to *len bytes at a; *len is cut at the end of the page.  NULL: not guest RAM. */
static void *gmem_piece(const struct guest *g, gpa_t a, u32 *len)
{
	u32 offset = gpa_x(a) & ~PAGE_MASK;
	hfn_t h = p2m_lookup(g, gpa_gfn(a));

	if (hfn_x(h) == hfn_x(HFN_NONE))
		return NULL;
	*len = MIN(*len, PAGE_SIZE - offset);
	return (u8 *)frame_ptr(h) + offset;
}

bool gmem_read(const struct guest *g, gpa_t a, void *dst, u32 len)
{
	u8 *to = dst;

	while (len) {
		u32 n = len;
		void *p = gmem_piece(g, a, &n);

		/* The top page is never RAM, so a + n cannot wrap round without failing here. */
		if (!p) {
			memset(to, 0, len);
			return false;
		}
		memcpy(to, p, n);
		to += n;
		len -= n;
		a = gpa(gpa_x(a) + n);
	}
	return true;
}

bool gmem_write(struct guest *g, gpa_t a, const void *src, u32 len)
{
	const u8 *from = src;

	while (len) {
		u32 n = len;
		void *p = gmem_piece(g, a, &n);

		if (!p)
			return false;
		memcpy(p, from, n);
		from += n;
		len -= n;
		a = gpa(gpa_x(a) + n);
	}
	return true;
}

bool gmem_zero(struct guest *g, gpa_t a, u32 len)
{
	while (len) {
		u32 n = len;
		void *p = gmem_piece(g, a, &n);

		if (!p)
			return false;
		memset(p, 0, n);
		len -= n;
		a = gpa(gpa_x(a) + n);
	}
	return true;
}

/* Copies straight from one guest to the other, page by page: neither side need be contiguous. */
enum gmem_copied gmem_copy(struct guest *to, gpa_t t, const struct guest *from, gpa_t f, u32 len)
{
	while (len) {
		u32 n = len;
		void *p = gmem_piece(from, f, &n), *q;

		if (!p)
			return GMEM_BAD_SOURCE;
		q = gmem_piece(to, t, &n);
		if (!q)
			return GMEM_BAD_TARGET;
		memmove(q, p, n);
		t = gpa(gpa_x(t) + n);
		f = gpa(gpa_x(f) + n);
		len -= n;
	}
	return GMEM_COPIED;
}

/* One aligned word, to be accessed in one piece: page-table walks and the shared page need that. */
static volatile u32 *gmem_word(const struct guest *g, gpa_t a)
{
	hfn_t h = p2m_lookup(g, gpa_gfn(a));

	if (hfn_x(h) == hfn_x(HFN_NONE) || (gpa_x(a) & 3))
		return NULL;
	return (u32 *)((u8 *)frame_ptr(h) + (gpa_x(a) & ~PAGE_MASK));
}

bool gmem_read_u32(const struct guest *g, gpa_t a, u32 *v)
{
	volatile u32 *p = gmem_word(g, a);

	*v = p ? *p : 0;
	return p;
}

bool gmem_read_row(const struct guest *g, gpa_t a, u32 row[GMEM_ROW])
{
	const volatile u32 *p = gmem_word(g, a);
	u32 i;

	if (!p || gpa_x(a) % (GMEM_ROW * sizeof(u32)))
		return false;
#pragma GCC unroll 16
	for (i = 0; i < GMEM_ROW; i++)
		row[i] = p[i];
	return true;
}

bool gmem_write_u32(struct guest *g, gpa_t a, u32 v)
{
	volatile u32 *p = gmem_word(g, a);

	if (p)
		*p = v;
	return p;
}

bool gmem_update_u32(struct guest *g, gpa_t a, u32 old, u32 new)
{
	volatile u32 *p = gmem_word(g, a);

	return p && __sync_bool_compare_and_swap(p, old, new);
}
