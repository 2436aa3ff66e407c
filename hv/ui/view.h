/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looking back: what has scrolled off a terminal, shown on a screen that is VIEW_ROWS high.  A pager
 * is the same, begun where a long answer begins.  Pure.
 */
#ifndef HV_VIEW_H
#define HV_VIEW_H

#include "drivers/vga/vga.h"
#include "drivers/vga/vt.h"

#define VIEW_ROWS	(VGA_ROWS - 1)	/* the last row tells where we are */

/* All zero: not looking back.  Lines have the numbers that the terminal's history gives them; those
 * still on its screen come after these. */
struct view {
	bool on;
	bool paging;		/* a pager: the keys are its own */
	u32 top;		/* the line in the first row */
};

void view_back(struct view *v, const struct vt *vt);	/* a page */
void view_on(struct view *v, const struct vt *vt);	/* a page; behind the last one it ends */
/* The number of the line with the cursor, to be given to view_page(). */
u32 view_line(const struct vt *vt);
/* Becomes a pager if what was written from line `from` on does not fit on the screen. */
void view_page(struct view *v, const struct vt *vt, u32 from);
/* A key for the pager; false: it was none, and the view has ended. */
bool view_key(struct view *v, const struct vt *vt, const u8 *bytes, u32 len);
/* What the screen shows then: VGA_ROWS * VGA_COLS cells. */
void view_draw(struct view *v, const struct vt *vt, u16 *window);

#endif
