/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Work is counted, not timed: in about as many instructions as it takes.  Each guest has one account; what walks its
 * descriptors, fills its buffers or moves its bytes is put down there, whoever caused it.
 */
#ifndef VIRTIO_WORK_H
#define VIRTIO_WORK_H

#include "hv/types.h"

#define WORK_PIECE	130000		/* in one exit, or in a guest's devices before the next guest's; then it waits */

struct work {
	u32 done;			/* ever */
	s32 left;			/* of the piece that goes on */
};

static inline void work_begin(struct work *w)
{
	w->left = WORK_PIECE;
}

static inline void work_spend(struct work *w, u32 n)
{
	w->done += n;
	w->left -= n;
}

#endif
