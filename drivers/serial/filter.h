/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Removes from a guest's output whatever could make a person's terminal send something itself.
 * Pure: any bytes may come, in pieces cut anywhere.
 */
#ifndef SERIAL_FILTER_H
#define SERIAL_FILTER_H

#include "hv/types.h"

#define FILTER_HELD	64		/* no program needs longer sequences */

struct filter {				/* all zero to begin with */
	bool text_only;			/* no sequences at all */
	u8 state, len;
	u8 held[FILTER_HELD];		/* a sequence or a character that is not complete yet */
	u8 *to;
};

/* Writes what may pass to `to`, which has room for len + FILTER_HELD bytes, and returns how many
 * bytes that is.  A sequence passes whole, when it is complete, or not at all. */
u32 filter_text(struct filter *f, const void *from, u32 len, u8 *to);

#endif
