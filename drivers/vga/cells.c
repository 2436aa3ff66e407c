/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A terminal's cells, and the cursor that moves over them.  Rows and columns are clamped here to
 * the screen, and counts to what is left of it: whoever calls may ask for anything.
 */
#include <string.h>
#include "drivers/vga/cells.h"

#define KEEP_WORK	300		/* about instructions, for a line that goes to the history */
#define KEEP_CELL_WORK	6

u8 cells_attr(const struct vt_cursor *c)
{
	u8 fg = (c->attr & 0x0F) | (c->bold ? 8 : 0), bg = (c->attr >> 4) & 7;

	/* Bit 7 would blink, so a bright background cannot be. */
	return c->reverse ? (u8)((fg & 7) << 4 | bg | (fg & 8 && !bg ? 0 : fg & 8)) : (u8)(bg << 4 | fg);
}

/* Erasing keeps the background colour, as on Linux and xterm. */
static u16 cells_blank(const struct vt *vt)
{
	return (u16)(((vt->now.attr & 0x70) | (DEFAULT_ATTR & 0x0F)) << 8 | ' ');
}

static u16 *cells_row(struct vt *vt, u32 row)
{
	return &vt->cells[row * vt->cols];
}

void cells_erase(struct vt *vt, u32 row, u32 col, u32 n)
{
	u32 at = row * vt->cols + col, end = MIN(at + n, vt->rows * vt->cols);
	u16 *cells = vt->cells, cell = cells_blank(vt);

	vt->work += CELL_WORK * (end - MIN(at, end));
	for (; at + 4 <= end; at += 4)
		cells[at] = cells[at + 1] = cells[at + 2] = cells[at + 3] = cell;
	for (; at < end; at++)
		cells[at] = cell;
}

void cells_scroll_up(struct vt *vt, u32 top, u32 bottom, u32 n)
{
	u32 height = bottom - top + 1;

	n = MIN(n, height);
	vt->work += CELL_WORK * (height - n) * vt->cols;
	memmove(cells_row(vt, top), cells_row(vt, top + n), (height - n) * vt->cols * sizeof(u16));
	cells_erase(vt, bottom + 1 - n, 0, n * vt->cols);
}

void cells_scroll_down(struct vt *vt, u32 top, u32 bottom, u32 n)
{
	u32 height = bottom - top + 1;

	n = MIN(n, height);
	vt->work += CELL_WORK * (height - n) * vt->cols;
	memmove(cells_row(vt, top + n), cells_row(vt, top), (height - n) * vt->cols * sizeof(u16));
	cells_erase(vt, top, 0, n * vt->cols);
}

void cells_insert(struct vt *vt, u32 n)
{
	u32 left = vt->cols - vt->now.col;
	u16 *at = cells_row(vt, vt->now.row) + vt->now.col;

	n = MIN(n, left);
	vt->work += CELL_WORK * (left - n);
	memmove(at + n, at, (left - n) * sizeof(u16));
	cells_erase(vt, vt->now.row, vt->now.col, n);
}

void cells_delete(struct vt *vt, u32 n)
{
	u32 left = vt->cols - vt->now.col;
	u16 *at = cells_row(vt, vt->now.row) + vt->now.col;

	n = MIN(n, left);
	vt->work += CELL_WORK * (left - n);
	memmove(at, at + n, (left - n) * sizeof(u16));
	cells_erase(vt, vt->now.row, vt->cols - n, n);
}

/* ---- cursor ---- */

void cells_move(struct vt *vt, u32 row, u32 col)
{
	vt->now.row = (u8)MIN(row, vt->rows - 1);
	vt->now.col = (u8)MIN(col, vt->cols - 1);
	vt->wrap_pending = false;
}

void cells_up(struct vt *vt, u32 n)
{
	u32 limit = vt->now.row >= vt->top ? vt->top : 0;

	cells_move(vt, vt->now.row - MIN(n, vt->now.row - limit), vt->now.col);
}

void cells_down(struct vt *vt, u32 n)
{
	u32 limit = vt->now.row <= vt->bottom ? vt->bottom : vt->rows - 1;

	cells_move(vt, vt->now.row + MIN(n, limit - vt->now.row), vt->now.col);
}

/* The top n rows are about to leave the screen. */
static void cells_keep(struct vt *vt, u32 n)
{
	u32 row;

	if (!vt->history || vt->alternate)
		return;
	for (row = 0; row < n; row++)
		history_add(vt->history, cells_row(vt, row), vt->cols);
	vt->work += n * (KEEP_WORK + KEEP_CELL_WORK * vt->cols);
}

void cells_line_feed(struct vt *vt)
{
	if (vt->now.row == vt->bottom && !vt->top)
		cells_keep(vt, 1);
	if (vt->now.row == vt->bottom)
		cells_scroll_up(vt, vt->top, vt->bottom, 1);
	else if (vt->now.row < vt->rows - 1)
		vt->now.row++;
	vt->wrap_pending = false;
}

void cells_reverse_feed(struct vt *vt)
{
	if (vt->now.row == vt->top)
		cells_scroll_down(vt, vt->top, vt->bottom, 1);
	else if (vt->now.row > 0)
		vt->now.row--;
	vt->wrap_pending = false;
}

void cells_put(struct vt *vt, u8 glyph)
{
	if (vt->wrap_pending && !vt->no_wrap) {
		vt->now.col = 0;
		cells_line_feed(vt);
	}
	if (vt->insert)
		cells_insert(vt, 1);
	cells_row(vt, vt->now.row)[vt->now.col] = (u16)(cells_attr(&vt->now) << 8 | glyph);
	if (vt->now.col < vt->cols - 1)
		vt->now.col++;
	else
		vt->wrap_pending = true;
}

u32 cells_put_plain(struct vt *vt, const u8 *text, u32 len)
{
	u16 *at = cells_row(vt, vt->now.row) + vt->now.col, attr = (u16)(cells_attr(&vt->now) << 8);
	u32 most = MIN(len, vt->cols - 1 - vt->now.col), n;

	if (vt->insert)
		return 0;
	for (n = 0; n < most && text[n] >= ' ' && text[n] < 0x7F; n++)
		at[n] = attr | text[n];
	vt->now.col += n;
	return n;
}

/* ---- size ---- */

static void cells_fit(const struct vt *vt, struct vt_cursor *c, u32 up)
{
	c->row = (u8)MIN(c->row - MIN(up, (u32)c->row), vt->rows - 1);
	c->col = (u8)MIN((u32)c->col, vt->cols - 1);
}

void vt_resize(struct vt *vt, u16 *cells, u32 cols, u32 rows)
{
	const struct vt was = *vt;
	u32 up = was.now.row >= rows ? was.now.row + 1 - rows : 0;
	u32 row, height = MIN(rows, was.rows), width = MIN(cols, was.cols);

	cells_keep(vt, up);
	vt->cells = cells;
	vt->cols = cols;
	vt->rows = rows;
	cells_erase(vt, 0, 0, cols * rows);
	for (row = 0; row < height; row++)
		memcpy(cells_row(vt, row), was.cells + (row + up) * was.cols, width * sizeof(u16));
	cells_fit(vt, &vt->now, up);
	cells_fit(vt, &vt->saved, up);
	vt->top = 0;
	vt->bottom = (u8)(rows - 1);
	vt->wrap_pending = false;
}
