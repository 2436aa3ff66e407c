/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A ring of bytes between one writer and one reader. */
#ifndef HV_LIB_RING_H
#define HV_LIB_RING_H

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
