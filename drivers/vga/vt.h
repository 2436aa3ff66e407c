/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A terminal: bytes in, cells out.  A VT100 with ANSI colours, as much of it as vi, top and a
 * coloured shell need.  Pure and bounded: any bytes may come (they are a guest's).
 */
#ifndef VGA_VT_H
#define VGA_VT_H

#include "drivers/vga/history.h"
#include "hv/types.h"

#define VT_MAX_COLS	255
#define VT_MAX_ROWS	100
#define VT_MAX_PARAMS	16

struct vt_cursor {
	u8 row, col;
	u8 attr;		/* VGA attribute: the colours as set, with bold as bright */
	bool bold, reverse;
	bool line_drawing;	/* ESC ( 0 is on */
};

struct vt {
	u16 *cells;		/* row * cols + col: CP437 character, attribute << 8 */
	u32 cols, rows;
	struct vt_cursor now, saved;
	bool wrap_pending;	/* the last column was written; the next character wraps first */
	bool cursor_visible;
	bool app_cursor;	/* ?1: arrow keys must be sent as ESC O x */
	bool no_wrap, insert, origin;
	u8 top, bottom;		/* scroll region, both inside */
	u8 state;		/* of the escape parser, like the fields that follow */
	u8 intermediate;
	u8 nparams;
	u16 params[VT_MAX_PARAMS];
	u32 utf8, utf8_left;
	bool alternate;		/* a program has the whole screen: nothing of it is kept */
	u32 work;		/* done in this write */

	/* Set these after vt_init(), or leave them NULL: where lines go that scroll off the top;
	 * what takes the answers to queries (cursor position, identity). */
	struct history *history;
	void (*reply)(void *arg, const void *data, u32 len);
	void *reply_arg;
};

/* cells has room for cols * rows; 1 to VT_MAX_*. */
void vt_init(struct vt *vt, u16 *cells, u32 cols, u32 rows);
/* Changes the size, with new cells.  Keeps what fits of the old content, and always the cursor's
 * row.  The old cells belong to the caller again. */
void vt_resize(struct vt *vt, u16 *cells, u32 cols, u32 rows);
void vt_write(struct vt *vt, const void *data, u32 len);
/* As much of it as *work allows, which is counted down by about the instructions it takes; below 0
 * it is used up.  Returns how many bytes were taken. */
u32 vt_write_some(struct vt *vt, const void *data, u32 len, s32 *work);
/* Outputs what makes another VT100-like terminal show the same. */
void vt_repaint(const struct vt *vt, void (*put)(void *arg, const void *data, u32 len), void *arg);

#endif
