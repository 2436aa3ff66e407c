/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A ring of bytes between one writer and one reader. */
#ifndef HV_LIB_RING_H
#define HV_LIB_RING_H

#include <string.h>
#include "hv/types.h"

struct byte_ring {
	u8 *byte;
	u32 size;			/* a power of two; 0: this direction is not used */
	u32 head, tail;			/* free-running: written, read */
};

static inline u32 ring_used(const struct byte_ring *r) { return r->head - r->tail; }
static inline u32 ring_room(const struct byte_ring *r) { return r->size - ring_used(r); }
/* Only while there is room. */
static inline void ring_push(struct byte_ring *r, u8 c) { r->byte[r->head++ & (r->size - 1)] = c; }
/* Returns how many there was room for. */
static inline u32 ring_put(struct byte_ring *r, const u8 *p, u32 len)
{
	u32 n = MIN(len, ring_room(r)), at = r->head & (r->size - 1), first = MIN(n, r->size - at);

	if (!n)
		return 0;
	memcpy(r->byte + at, p, first);
	memcpy(r->byte, p + first, n - first);
	r->head += n;
	return n;
}
/* Only while it is not empty. */
static inline u8 ring_pull(struct byte_ring *r) { return r->byte[r->tail++ & (r->size - 1)]; }
/* How many bytes can be read in one piece, starting at *from; they stay in the ring. */
static inline u32 ring_piece(const struct byte_ring *r, const u8 **from)
{
	u32 at = r->tail & (r->size - 1);

	*from = r->byte + at;
	return MIN(ring_used(r), r->size - at);
}

#endif
