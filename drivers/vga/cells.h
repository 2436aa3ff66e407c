/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parser, vt.c, does to the cells.  Each function counts its work in vt->work. */
#ifndef VGA_CELLS_H
#define VGA_CELLS_H

#include "drivers/vga/vt.h"

#define DEFAULT_ATTR	0x07
#define CELL_WORK	3		/* about instructions */

/* ANSI counts red as 1 and blue as 4, VGA the other way round. */
static inline u8 vt_colour(u32 ansi)
{
	return (u8)((ansi & 0xA) | (ansi & 1) << 2 | (ansi & 4) >> 2);
}

u8 cells_attr(const struct vt_cursor *c);	/* of what would be written now */
/* Blanks n cells from a row and column on, never beyond the screen. */
void cells_erase(struct vt *vt, u32 row, u32 col, u32 n);
/* Scroll what is between two rows (both inside) by n. */
void cells_scroll_up(struct vt *vt, u32 top, u32 bottom, u32 n);
void cells_scroll_down(struct vt *vt, u32 top, u32 bottom, u32 n);
/* Make room for n cells at the cursor, or close up n of them. */
void cells_insert(struct vt *vt, u32 n);
void cells_delete(struct vt *vt, u32 n);
void cells_move(struct vt *vt, u32 row, u32 col);	/* absolute, counted from 0, clamped */
void cells_up(struct vt *vt, u32 n);
void cells_down(struct vt *vt, u32 n);
void cells_line_feed(struct vt *vt);
void cells_reverse_feed(struct vt *vt);
void cells_put(struct vt *vt, u8 glyph);		/* at the cursor, which goes on */
/* Puts the printable ASCII that text begins with, but not into the row's last cell: how the cursor
 * goes on from there is cells_put()'s.  Returns how many bytes it was. */
u32 cells_put_plain(struct vt *vt, const u8 *text, u32 len);

#endif
