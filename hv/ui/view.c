/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The view keeps its place by a line's number, so it stands still when more is written below, until
 * that line is forgotten.
 */
#include <stdio.h>
#include <string.h>
#include "hv/ui/view.h"

#define BLANK		0x0720
#define STATUS_ATTR	0x70		/* black on grey */

static u32 view_first(const struct vt *vt) { return vt->history ? vt->history->start : 0; }
static u32 view_screen(const struct vt *vt) { return vt->history ? vt->history->end : 0; }

/* The top line of the last page that is not the screen itself yet. */
static u32 view_last(const struct vt *vt)
{
	return view_screen(vt) + (vt->rows > VGA_ROWS ? vt->rows - VGA_ROWS : 0);
}

u32 view_line(const struct vt *vt)
{
	return view_screen(vt) + vt->now.row;
}

static void view_end(struct view *v)
{
	*v = (struct view){ 0 };
}

static void view_up(struct view *v, const struct vt *vt, u32 n)
{
	v->top -= MIN(n, v->top - view_first(vt));
}

static void view_down(struct view *v, const struct vt *vt, u32 n)
{
	v->top += n;
	if (v->paging ? v->top + VIEW_ROWS >= view_line(vt) : v->top >= view_last(vt))
		view_end(v);
}

void view_back(struct view *v, const struct vt *vt)
{
	if (!v->on) {
		if (view_last(vt) == view_first(vt))
			return;
		*v = (struct view){ .on = true, .top = view_last(vt) };
	}
	view_up(v, vt, VIEW_ROWS - 1);
}

void view_on(struct view *v, const struct vt *vt)
{
	if (v->on)
		view_down(v, vt, VIEW_ROWS - 1);
}

void view_page(struct view *v, const struct vt *vt, u32 from)
{
	if (view_line(vt) - from > VIEW_ROWS)
		*v = (struct view){ .on = true, .paging = true, .top = MAX(from, view_first(vt)) };
}

static bool view_is(const u8 *bytes, u32 len, const char *key)
{
	return len == strlen(key) && !memcmp(bytes, key, len);
}

bool view_key(struct view *v, const struct vt *vt, const u8 *bytes, u32 len)
{
	if (!v->paging) {
		view_end(v);
		return false;
	}
	if (view_is(bytes, len, " ") || view_is(bytes, len, "\033[6~"))
		view_down(v, vt, VIEW_ROWS);
	else if (view_is(bytes, len, "\r") || view_is(bytes, len, "\033[B"))
		view_down(v, vt, 1);
	else if (view_is(bytes, len, "b") || view_is(bytes, len, "\033[5~"))
		view_up(v, vt, VIEW_ROWS);
	else if (view_is(bytes, len, "\033[A"))
		view_up(v, vt, 1);
	else {
		view_end(v);
		return view_is(bytes, len, "q") || view_is(bytes, len, "\033") || view_is(bytes, len, "\003");
	}
	return true;
}

static void draw_line(const struct vt *vt, u32 number, u16 *cells)
{
	u32 i, row = number - view_screen(vt);

	if (vt->history && history_line(vt->history, number, cells, VGA_COLS))
		return;
	for (i = 0; i < VGA_COLS; i++)
		cells[i] = row < vt->rows && i < vt->cols ? vt->cells[row * vt->cols + i] : BLANK;
}

static void draw_status(const struct view *v, const struct vt *vt, u16 *cells)
{
	char text[VGA_COLS + 1];
	u32 i, n;

	if (v->paging)
		n = (u32)snprintf(text, sizeof(text), " %u more lines.  Space: a page, Enter: a line, b: back, q: to the end",
				  view_line(vt) - v->top - VIEW_ROWS);
	else
		n = (u32)snprintf(text, sizeof(text), " %u lines below.  Shift-PgUp, Shift-PgDn; any other key: to the end",
				  view_screen(vt) + vt->rows - v->top - VIEW_ROWS);
	for (i = 0; i < VGA_COLS; i++)
		cells[i] = (u16)(STATUS_ATTR << 8 | (u8)(i < n ? text[i] : ' '));
}

void view_draw(struct view *v, const struct vt *vt, u16 *window)
{
	u32 row;

	if (v->top - view_first(vt) > view_last(vt) - view_first(vt))	/* that line is forgotten */
		v->top = view_first(vt);
	for (row = 0; row < VIEW_ROWS; row++)
		draw_line(vt, v->top + row, window + row * VGA_COLS);
	draw_status(v, vt, window + VIEW_ROWS * VGA_COLS);
}
