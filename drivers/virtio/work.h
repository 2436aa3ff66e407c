/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Work is counted, not timed: in units of about one instruction.  Each guest has one account.
 * Walking its descriptors, filling its buffers and moving its bytes is charged to it, no matter who
 * caused the work.
 */
#ifndef VIRTIO_WORK_H
#define VIRTIO_WORK_H

#include "hv/types.h"

#define WORK_PIECE	130000		/* in one exit, or for a guest's devices in one go; the rest waits */

struct work {
	u32 done;			/* ever */
	s32 left;			/* in the current piece */
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
