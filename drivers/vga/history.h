/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines that have scrolled off a terminal's screen.  Memory is taken as they come, block by block,
 * until there are HISTORY_LINES of them; then the oldest block is used again.
 */
#ifndef VGA_HISTORY_H
#define VGA_HISTORY_H

#include "hv/types.h"

#define HISTORY_LINES	1000u
#define HISTORY_BLOCK	8192u	/* bytes of the heap, with what malloc() adds */
#define HISTORY_BLOCKS	22u	/* enough for HISTORY_LINES of 80 cells, whatever is in them */

struct history_block;

/* All zero to begin with.  Each line has a number, counted from 0, which it keeps. */
struct history {
	struct history_block *block[HISTORY_BLOCKS];	/* a ring, the oldest at `first` */
	u32 first, blocks;
	u32 start, end;		/* numbers of the oldest line, and of the one to come */
};

/* Keeps a line of cells.  Without any memory for it, it is lost. */
void history_add(struct history *h, const u16 *cells, u32 n);
/* Line `number` as cols cells, cut or filled up with blanks; false: it is not kept. */
bool history_line(const struct history *h, u32 number, u16 *cells, u32 cols);
static inline u32 history_bytes(const struct history *h) { return h->blocks * HISTORY_BLOCK; }
void history_clear(struct history *h);		/* forgets all lines, and gives their memory back */

#endif
