/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The terminal: a state machine over bytes (plain, ESC, CSI, string) that moves a cursor over
 * cells.  Everything from outside is clamped where it is used: rows and columns to the screen,
 * counts to what is left of it, parameters to 9999.
 */
#include <stdio.h>
#include <string.h>
#include "drivers/vga/vt.h"

enum { GROUND, ESCAPE, CSI, STRING, SWALLOW };

#define ESC		0x1B
#define DEFAULT_ATTR	0x07
#define MAX_PARAM	9999
#define UNKNOWN		'?'

/* What vt_write_some() counts: about instructions. */
#define BYTE_WORK	120
#define CELL_WORK	3
#define REPLY_WORK	2400
#define GLYPH_WORK	600

/* Unicode to CP437 and back, for what text programs draw with. */
static const struct {
	u16 unicode;
	u8 cp437;
} glyphs[] = {
	{ 0x2500, 0xC4 }, { 0x2502, 0xB3 }, { 0x250C, 0xDA }, { 0x2510, 0xBF }, { 0x2514, 0xC0 },
	{ 0x2518, 0xD9 }, { 0x251C, 0xC3 }, { 0x2524, 0xB4 }, { 0x252C, 0xC2 }, { 0x2534, 0xC1 },
	{ 0x253C, 0xC5 }, { 0x2550, 0xCD }, { 0x2551, 0xBA }, { 0x2554, 0xC9 }, { 0x2557, 0xBB },
	{ 0x255A, 0xC8 }, { 0x255D, 0xBC }, { 0x2560, 0xCC }, { 0x2563, 0xB9 }, { 0x2566, 0xCB },
	{ 0x2569, 0xCA }, { 0x256C, 0xCE }, { 0x2580, 0xDF }, { 0x2584, 0xDC }, { 0x2588, 0xDB },
	{ 0x258C, 0xDD }, { 0x2590, 0xDE }, { 0x2591, 0xB0 }, { 0x2592, 0xB1 }, { 0x2593, 0xB2 },
	{ 0x25A0, 0xFE }, { 0x25C6, 0x04 }, { 0x2190, 0x1B }, { 0x2191, 0x18 }, { 0x2192, 0x1A },
	{ 0x2193, 0x19 }, { 0x2022, 0x07 }, { 0x2026, 0xFA }, { 0x2264, 0xF3 }, { 0x2265, 0xF2 },
	{ 0x03C0, 0xE3 }, { 0x00A3, 0x9C }, { 0x00B0, 0xF8 }, { 0x00B1, 0xF1 }, { 0x00B5, 0xE6 },
	{ 0x00B7, 0xFA }, { 0x00A0, ' ' }, { 0x00C4, 0x8E }, { 0x00C5, 0x8F }, { 0x00C7, 0x80 },
	{ 0x00C9, 0x90 }, { 0x00D6, 0x99 }, { 0x00DC, 0x9A }, { 0x00DF, 0xE1 }, { 0x00E0, 0x85 },
	{ 0x00E1, 0xA0 }, { 0x00E2, 0x83 }, { 0x00E4, 0x84 }, { 0x00E5, 0x86 }, { 0x00E6, 0x91 },
	{ 0x00E7, 0x87 }, { 0x00E8, 0x8A }, { 0x00E9, 0x82 }, { 0x00EA, 0x88 }, { 0x00EB, 0x89 },
	{ 0x00EC, 0x8D }, { 0x00ED, 0xA1 }, { 0x00EE, 0x8C }, { 0x00EF, 0x8B }, { 0x00F1, 0xA4 },
	{ 0x00F2, 0x95 }, { 0x00F3, 0xA2 }, { 0x00F4, 0x93 }, { 0x00F6, 0x94 }, { 0x00F9, 0x97 },
	{ 0x00FA, 0xA3 }, { 0x00FB, 0x96 }, { 0x00FC, 0x81 }, { 0x00FF, 0x98 }, { 0x2018, '\'' },
	{ 0x2019, '\'' }, { 0x201C, '"' }, { 0x201D, '"' }, { 0x2010, '-' }, { 0x2013, '-' },
	{ 0x2014, '-' },
};

/* The DEC line drawing set, from '`' to '~'. */
static const u8 dec_graphics[] = {
	0x04, 0xB1, '?', '?', '?', '?', 0xF8, 0xF1, '?', '?', 0xD9, 0xBF, 0xDA, 0xC0, 0xC5, 0xC4,
	0xC4, 0xC4, 0xC4, 0xC4, 0xC3, 0xB4, 0xC1, 0xC2, 0xB3, 0xF3, 0xF2, 0xE3, '?', 0x9C, 0xFA,
};

static u8 glyph_of(u32 unicode)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(glyphs); i++)
		if (glyphs[i].unicode == unicode)
			return glyphs[i].cp437;
	return UNKNOWN;
}

/* ---- cells ---- */

static u8 effective_attr(const struct vt_cursor *c)
{
	u8 fg = (c->attr & 0x0F) | (c->bold ? 8 : 0), bg = (c->attr >> 4) & 7;

	/* Bit 7 would blink, so a bright background cannot be. */
	return c->reverse ? (u8)((fg & 7) << 4 | bg | (fg & 8 && !bg ? 0 : fg & 8)) : (u8)(bg << 4 | fg);
}

/* Erasing keeps the background colour, as on Linux and xterm. */
static u16 vt_blank(const struct vt *vt)
{
	return (u16)(((vt->now.attr & 0x70) | (DEFAULT_ATTR & 0x0F)) << 8 | ' ');
}

static u16 *row_at(struct vt *vt, u32 row)
{
	return &vt->cells[row * vt->cols];
}

/* Blanks n cells from a row and column on, never beyond the screen. */
static void vt_erase(struct vt *vt, u32 row, u32 col, u32 n)
{
	u32 at = row * vt->cols + col, end = MIN(at + n, vt->rows * vt->cols);
	u16 *cells = vt->cells, cell = vt_blank(vt);

	vt->work += CELL_WORK * (end - MIN(at, end));
	for (; at + 4 <= end; at += 4)
		cells[at] = cells[at + 1] = cells[at + 2] = cells[at + 3] = cell;
	for (; at < end; at++)
		cells[at] = cell;
}

static void scroll_up(struct vt *vt, u32 top, u32 bottom, u32 n)
{
	u32 height = bottom - top + 1;

	n = MIN(n, height);
	vt->work += CELL_WORK * (height - n) * vt->cols;
	memmove(row_at(vt, top), row_at(vt, top + n), (height - n) * vt->cols * sizeof(u16));
	vt_erase(vt, bottom + 1 - n, 0, n * vt->cols);
}

static void scroll_down(struct vt *vt, u32 top, u32 bottom, u32 n)
{
	u32 height = bottom - top + 1;

	n = MIN(n, height);
	vt->work += CELL_WORK * (height - n) * vt->cols;
	memmove(row_at(vt, top + n), row_at(vt, top), (height - n) * vt->cols * sizeof(u16));
	vt_erase(vt, top, 0, n * vt->cols);
}

static void insert_cells(struct vt *vt, u32 n)
{
	u32 left = vt->cols - vt->now.col;
	u16 *at = row_at(vt, vt->now.row) + vt->now.col;

	n = MIN(n, left);
	vt->work += CELL_WORK * (left - n);
	memmove(at + n, at, (left - n) * sizeof(u16));
	vt_erase(vt, vt->now.row, vt->now.col, n);
}

static void delete_cells(struct vt *vt, u32 n)
{
	u32 left = vt->cols - vt->now.col;
	u16 *at = row_at(vt, vt->now.row) + vt->now.col;

	n = MIN(n, left);
	vt->work += CELL_WORK * (left - n);
	memmove(at, at + n, (left - n) * sizeof(u16));
	vt_erase(vt, vt->now.row, vt->cols - n, n);
}

/* ---- cursor ---- */

/* Absolute, counted from 0, clamped. */
static void move_to(struct vt *vt, u32 row, u32 col)
{
	vt->now.row = (u8)MIN(row, vt->rows - 1);
	vt->now.col = (u8)MIN(col, vt->cols - 1);
	vt->wrap_pending = false;
}

/* As programs count: from 1, and from the top of the scroll region if they chose that origin. */
static void vt_address(struct vt *vt, u32 row, u32 col)
{
	if (vt->origin)
		row = MIN(row + vt->top, (u32)vt->bottom);
	move_to(vt, row, col);
}

static void vt_up(struct vt *vt, u32 n)
{
	u32 limit = vt->now.row >= vt->top ? vt->top : 0;

	move_to(vt, vt->now.row - MIN(n, vt->now.row - limit), vt->now.col);
}

static void vt_down(struct vt *vt, u32 n)
{
	u32 limit = vt->now.row <= vt->bottom ? vt->bottom : vt->rows - 1;

	move_to(vt, vt->now.row + MIN(n, limit - vt->now.row), vt->now.col);
}

static void line_feed(struct vt *vt)
{
	if (vt->now.row == vt->bottom)
		scroll_up(vt, vt->top, vt->bottom, 1);
	else if (vt->now.row < vt->rows - 1)
		vt->now.row++;
	vt->wrap_pending = false;
}

static void reverse_line_feed(struct vt *vt)
{
	if (vt->now.row == vt->top)
		scroll_down(vt, vt->top, vt->bottom, 1);
	else if (vt->now.row > 0)
		vt->now.row--;
	vt->wrap_pending = false;
}

static void put_glyph(struct vt *vt, u8 glyph)
{
	if (vt->wrap_pending && !vt->no_wrap) {
		vt->now.col = 0;
		line_feed(vt);
	}
	if (vt->insert)
		insert_cells(vt, 1);
	row_at(vt, vt->now.row)[vt->now.col] = (u16)(effective_attr(&vt->now) << 8 | glyph);
	if (vt->now.col < vt->cols - 1)
		vt->now.col++;
	else
		vt->wrap_pending = true;
}

/* ---- sequences ---- */

static void vt_answer(struct vt *vt, const char *s)
{
	vt->work += REPLY_WORK;
	if (vt->reply)
		vt->reply(vt->reply_arg, s, (u32)strlen(s));
}

static void clear_attributes(struct vt_cursor *c)
{
	c->attr = DEFAULT_ATTR;
	c->bold = c->reverse = false;
}

static void vt_reset(struct vt *vt)
{
	memset(&vt->now, 0, sizeof(vt->now));
	clear_attributes(&vt->now);
	vt->saved = vt->now;
	vt->wrap_pending = vt->app_cursor = vt->no_wrap = vt->insert = vt->origin = false;
	vt->cursor_visible = true;
	vt->top = 0;
	vt->bottom = (u8)(vt->rows - 1);
	vt->state = GROUND;
	vt->utf8_left = 0;
	vt_erase(vt, 0, 0, vt->rows * vt->cols);
}

void vt_init(struct vt *vt, u16 *cells, u32 cols, u32 rows)
{
	memset(vt, 0, sizeof(*vt));
	vt->cells = cells;
	vt->cols = cols;
	vt->rows = rows;
	vt_reset(vt);
}

static void fit_cursor(const struct vt *vt, struct vt_cursor *c, u32 up)
{
	c->row = (u8)MIN(c->row - MIN(up, (u32)c->row), vt->rows - 1);
	c->col = (u8)MIN((u32)c->col, vt->cols - 1);
}

void vt_resize(struct vt *vt, u16 *cells, u32 cols, u32 rows)
{
	const struct vt was = *vt;
	u32 up = was.now.row >= rows ? was.now.row + 1 - rows : 0;
	u32 row, height = MIN(rows, was.rows), width = MIN(cols, was.cols);

	vt->cells = cells;
	vt->cols = cols;
	vt->rows = rows;
	vt_erase(vt, 0, 0, cols * rows);
	for (row = 0; row < height; row++)
		memcpy(row_at(vt, row), was.cells + (row + up) * was.cols, width * sizeof(u16));
	fit_cursor(vt, &vt->now, up);
	fit_cursor(vt, &vt->saved, up);
	vt->top = 0;
	vt->bottom = (u8)(rows - 1);
	vt->wrap_pending = false;
}

/* Parameter i, or its default if it is left out or, which mostly means the same, 0. */
static u32 vt_param(const struct vt *vt, u32 i, u32 otherwise)
{
	return i < vt->nparams && vt->params[i] ? vt->params[i] : otherwise;
}

/* ANSI counts red as 1 and blue as 4, VGA the other way round. */
static u8 vga_colour(u32 ansi)
{
	return (u8)((ansi & 0xA) | (ansi & 1) << 2 | (ansi & 4) >> 2);
}

/* One of 256 colours: the 16, then a 6x6x6 cube, then greys. */
static u8 nearest_16(u32 n)
{
	u32 r, g, b;

	if (n < 16)
		return vga_colour(n);
	if (n >= 232)
		return n < 238 ? 0 : n < 244 ? 8 : n < 250 ? 7 : 15;
	n = MIN(n, 231u) - 16;
	r = n / 36;
	g = n / 6 % 6;
	b = n % 6;
	return (u8)((r > 2) << 2 | (g > 2) << 1 | (b > 2) | (MAX(r, MAX(g, b)) > 4 ? 8 : 0));
}

/* 38 or 48 at parameter i: a colour from a palette, or as red, green, blue.  Returns the last
 * parameter used. */
static u32 extended_colour(struct vt *vt, u32 i, bool background)
{
	u8 colour = 0;
	u32 kind = i + 1 < vt->nparams ? vt->params[i + 1] : 0, used = i + 1;

	if (kind == 5 && i + 2 < vt->nparams) {
		colour = nearest_16(vt->params[i + 2]);
		used = i + 2;
	} else if (kind == 2 && i + 4 < vt->nparams) {
		const u16 *p = &vt->params[i + 2];

		colour = (u8)((p[0] > 100) << 2 | (p[1] > 100) << 1 | (p[2] > 100) |
			      (MAX(p[0], MAX(p[1], p[2])) > 200 ? 8 : 0));
		used = i + 4;
	} else {
		return used;
	}
	vt->now.attr = background ? (u8)((vt->now.attr & 0x0F) | (colour & 7) << 4) :
				    (u8)((vt->now.attr & 0xF0) | colour);
	return used;
}

static void select_graphics(struct vt *vt)
{
	struct vt_cursor *c = &vt->now;
	u32 i;

	for (i = 0; i < MAX(1u, (u32)vt->nparams); i++) {
		u32 p = i < vt->nparams ? vt->params[i] : 0;

		if (p == 0)
			clear_attributes(c);
		else if (p == 1)
			c->bold = true;
		else if (p == 2 || p == 22)
			c->bold = false;
		else if (p == 7)
			c->reverse = true;
		else if (p == 27)
			c->reverse = false;
		else if (p >= 30 && p <= 37)
			c->attr = (c->attr & 0xF0) | vga_colour(p - 30);
		else if (p == 39)
			c->attr = (c->attr & 0xF0) | (DEFAULT_ATTR & 0x0F);
		else if (p >= 40 && p <= 47)
			c->attr = (u8)((c->attr & 0x0F) | vga_colour(p - 40) << 4);
		else if (p == 49)
			c->attr = (c->attr & 0x0F) | (DEFAULT_ATTR & 0xF0);
		else if (p >= 90 && p <= 97)
			c->attr = (c->attr & 0xF0) | vga_colour(p - 90) | 8;
		else if (p >= 100 && p <= 107)
			c->attr = (u8)((c->attr & 0x0F) | vga_colour(p - 100) << 4);
		else if (p == 38 || p == 48)
			i = extended_colour(vt, i, p == 48);
	}
}

static void set_mode(struct vt *vt, u32 mode, bool on)
{
	if (vt->intermediate == '?') {
		switch (mode) {
		case 1:
			vt->app_cursor = on;
			break;
		case 6:
			vt->origin = on;
			vt_address(vt, 0, 0);
			break;
		case 7:
			vt->no_wrap = !on;
			break;
		case 25:
			vt->cursor_visible = on;
			break;
		case 47:		/* the other screen, which we do not have: just clear this one */
		case 1047:
		case 1049:
			if (on)
				vt_erase(vt, 0, 0, vt->rows * vt->cols);
			break;
		}
	} else if (mode == 4) {
		vt->insert = on;
	}
}

static void erase_display(struct vt *vt, u32 what)
{
	u32 at = vt->now.row * vt->cols + vt->now.col, all = vt->rows * vt->cols;

	if (what == 0)
		vt_erase(vt, vt->now.row, vt->now.col, all - at);
	else if (what == 1)
		vt_erase(vt, 0, 0, at + 1);
	else if (what == 2 || what == 3)
		vt_erase(vt, 0, 0, all);
	vt->wrap_pending = false;
}

static void erase_line(struct vt *vt, u32 what)
{
	if (what == 0)
		vt_erase(vt, vt->now.row, vt->now.col, vt->cols - vt->now.col);
	else if (what == 1)
		vt_erase(vt, vt->now.row, 0, vt->now.col + 1u);
	else if (what == 2)
		vt_erase(vt, vt->now.row, 0, vt->cols);
	vt->wrap_pending = false;
}

static void set_region(struct vt *vt)
{
	u32 top = vt_param(vt, 0, 1), bottom = MIN(vt_param(vt, 1, vt->rows), vt->rows);

	if (top >= bottom)
		return;
	vt->top = (u8)(top - 1);
	vt->bottom = (u8)(bottom - 1);
	vt_address(vt, 0, 0);
}

static void vt_report(struct vt *vt)
{
	char s[24];
	u32 row = vt->now.row - (vt->origin ? MIN(vt->top, vt->now.row) : 0);

	if (vt_param(vt, 0, 0) == 5) {
		vt_answer(vt, "\033[0n");
	} else if (vt_param(vt, 0, 0) == 6) {
		snprintf(s, sizeof(s), "\033[%u;%uR", row + 1, vt->now.col + 1u);
		vt_answer(vt, s);
	}
}

/* Insert or delete whole lines, if the cursor is inside the scroll region. */
static void shift_lines(struct vt *vt, bool insert)
{
	if (vt->now.row < vt->top || vt->now.row > vt->bottom)
		return;
	(insert ? scroll_down : scroll_up)(vt, vt->now.row, vt->bottom, vt_param(vt, 0, 1));
	move_to(vt, vt->now.row, 0);
}

static void csi_plain(struct vt *vt, u8 final)
{
	u32 n = vt_param(vt, 0, 1);

	switch (final) {
	case '@': insert_cells(vt, n); break;
	case 'A': vt_up(vt, n); break;
	case 'B': case 'e': vt_down(vt, n); break;
	case 'C': case 'a': move_to(vt, vt->now.row, vt->now.col + n); break;
	case 'D': move_to(vt, vt->now.row, vt->now.col - MIN(n, (u32)vt->now.col)); break;
	case 'E': vt_down(vt, n); move_to(vt, vt->now.row, 0); break;
	case 'F': vt_up(vt, n); move_to(vt, vt->now.row, 0); break;
	case 'G': case '`': move_to(vt, vt->now.row, n - 1); break;
	case 'H': case 'f': vt_address(vt, n - 1, vt_param(vt, 1, 1) - 1); break;
	case 'J': erase_display(vt, vt_param(vt, 0, 0)); break;
	case 'K': erase_line(vt, vt_param(vt, 0, 0)); break;
	case 'L': shift_lines(vt, true); break;
	case 'M': shift_lines(vt, false); break;
	case 'P': delete_cells(vt, n); break;
	case 'S': scroll_up(vt, vt->top, vt->bottom, n); break;
	case 'T': scroll_down(vt, vt->top, vt->bottom, n); break;
	case 'X': vt_erase(vt, vt->now.row, vt->now.col, MIN(n, vt->cols - vt->now.col)); break;
	case 'c': vt_answer(vt, "\033[?6c"); break;		/* "a VT102" */
	case 'd': vt_address(vt, n - 1, vt->now.col); break;
	case 'm': select_graphics(vt); break;
	case 'n': vt_report(vt); break;
	case 'r': set_region(vt); break;
	case 's': vt->saved = vt->now; break;
	case 'u': vt->now = vt->saved; vt->wrap_pending = false; break;
	}
}

static void vt_csi(struct vt *vt, u8 c)
{
	u32 i;

	if (c >= '0' && c <= '9') {
		u16 *p = &vt->params[VT_MAX_PARAMS - 1];

		if (!vt->nparams)
			vt->nparams = 1;
		if (vt->nparams > VT_MAX_PARAMS)	/* too many: the rest is lost */
			return;
		p = &vt->params[vt->nparams - 1];
		*p = (u16)MIN(*p * 10u + (c - '0'), (u32)MAX_PARAM);
	} else if (c == ';' || c == ':') {
		if (!vt->nparams)
			vt->nparams = 1;
		if (vt->nparams <= VT_MAX_PARAMS)
			vt->nparams++;
	} else if (c < 0x40) {
		vt->intermediate = c;
	} else {
		vt->state = GROUND;
		vt->nparams = MIN(vt->nparams, (u8)VT_MAX_PARAMS);
		if (!vt->intermediate)
			csi_plain(vt, c);
		if ((!vt->intermediate || vt->intermediate == '?') && (c == 'h' || c == 'l'))
			for (i = 0; i < vt->nparams; i++)
				set_mode(vt, vt->params[i], c == 'h');
	}
}

static void vt_escape(struct vt *vt, u8 c)
{
	vt->state = GROUND;
	switch (c) {
	case '[':
		vt->state = CSI;
		vt->intermediate = 0;
		vt->nparams = 0;
		memset(vt->params, 0, sizeof(vt->params));
		break;
	case ']': case 'P': case 'X': case '^': case '_':
		vt->state = STRING;
		break;
	case '(': case ')': case '*': case '+': case '#': case '%': case ' ':
		vt->state = SWALLOW;
		vt->intermediate = c;
		break;
	case '7': vt->saved = vt->now; break;
	case '8': vt->now = vt->saved; vt->wrap_pending = false; break;
	case 'D': line_feed(vt); break;
	case 'E': vt->now.col = 0; line_feed(vt); break;
	case 'M': reverse_line_feed(vt); break;
	case 'Z': vt_answer(vt, "\033[?6c"); break;
	case 'c': vt_reset(vt); break;
	}
}

static void vt_control(struct vt *vt, u8 c)
{
	switch (c) {
	case '\b':
		move_to(vt, vt->now.row, vt->now.col - (vt->now.col > 0));
		break;
	case '\t':
		move_to(vt, vt->now.row, (vt->now.col + 8u) & ~7u);
		break;
	case '\n': case '\v': case '\f':
		line_feed(vt);
		break;
	case '\r':
		move_to(vt, vt->now.row, 0);
		break;
	case 0x18: case 0x1A:		/* CAN, SUB: drop what has begun */
		vt->state = GROUND;
		break;
	case ESC:
		vt->state = ESCAPE;
		break;
	}
}

/* One byte of text: ASCII, or part of a UTF-8 sequence. */
static void vt_text(struct vt *vt, u8 c)
{
	if ((c & 0xC0) == 0x80 && vt->utf8_left) {
		vt->utf8 = vt->utf8 << 6 | (c & 0x3F);
		if (!--vt->utf8_left) {
			vt->work += GLYPH_WORK;
			put_glyph(vt, glyph_of(vt->utf8));
		}
		return;
	}
	if (vt->utf8_left) {		/* cut off: shown as one unknown */
		vt->utf8_left = 0;
		put_glyph(vt, UNKNOWN);
	}
	if (c < 0x80) {
		if (vt->now.line_drawing && c >= '`' && c <= '~')
			c = dec_graphics[c - '`'];
		put_glyph(vt, c);
	} else if (c >= 0xC2 && c <= 0xF4) {
		vt->utf8_left = c >= 0xF0 ? 3 : c >= 0xE0 ? 2 : 1;
		vt->utf8 = c & (0x3F >> vt->utf8_left);
	} else {
		put_glyph(vt, UNKNOWN);
	}
}

static void vt_byte(struct vt *vt, u8 c)
{
	if (c < 0x20) {
		/* A string ends with BEL or ESC \; any other control character ends it too, so that
		 * a lost end costs a line and not the rest of the session. */
		if (vt->state == STRING)
			vt->state = GROUND;
		vt->utf8_left = 0;
		vt_control(vt, c);
		return;
	}
	if (c == 0x7F)
		return;
	switch (vt->state) {
	case GROUND:
		vt_text(vt, c);
		break;
	case ESCAPE:
		vt_escape(vt, c);
		break;
	case CSI:
		vt_csi(vt, c);
		break;
	case SWALLOW:
		vt->state = GROUND;
		if (vt->intermediate == '(')
			vt->now.line_drawing = c == '0';
		break;
	default:
		break;
	}
}

u32 vt_write_some(struct vt *vt, const void *data, u32 len, s32 *work)
{
	u32 i, limit = MAX(*work, 0);
	const u8 *p = data;

	vt->work = 0;
	for (i = 0; i < len && vt->work < limit; i++) {
		vt->work += BYTE_WORK;
		vt_byte(vt, p[i]);
	}
	*work -= vt->work;
	return i;
}

void vt_write(struct vt *vt, const void *data, u32 len)
{
	const u8 *p = data;
	u32 i;

	for (i = 0; i < len; i++)
		vt_byte(vt, p[i]);
}

/* ---- repainting ---- */

struct painter {
	void (*put)(void *arg, const void *data, u32 len);
	void *arg;
	u8 attr;
	u32 len;
	char buf[128];
};

static void vt_flush(struct painter *p)
{
	if (p->len)
		p->put(p->arg, p->buf, p->len);
	p->len = 0;
}

static void vt_paint(struct painter *p, const char *s)
{
	u32 n = (u32)strlen(s);

	if (p->len + n > sizeof(p->buf))
		vt_flush(p);
	memcpy(p->buf + p->len, s, n);
	p->len += n;
}

static void paint_attr(struct painter *p, u8 attr)
{
	char s[32];

	if (attr == p->attr)
		return;
	snprintf(s, sizeof(s), "\033[0%s;%u;%um", attr & 8 ? ";1" : "",
		 30u + (vga_colour(attr & 7) & 7), 40u + (vga_colour((attr >> 4) & 7) & 7));
	vt_paint(p, attr == DEFAULT_ATTR ? "\033[0m" : s);
	p->attr = attr;
}

/* ASCII as it is, the rest as UTF-8. */
static void paint_glyph(struct painter *p, u8 glyph)
{
	char s[4] = { (char)glyph };
	u32 i;

	if (glyph < 0x20 || glyph >= 0x7F) {
		s[0] = UNKNOWN;
		for (i = 0; i < ARRAY_SIZE(glyphs); i++) {
			u32 u = glyphs[i].unicode;

			if (glyphs[i].cp437 != glyph)
				continue;
			if (u < 0x800) {
				s[0] = (char)(0xC0 | u >> 6);
				s[1] = (char)(0x80 | (u & 0x3F));
			} else {
				s[0] = (char)(0xE0 | u >> 12);
				s[1] = (char)(0x80 | (u >> 6 & 0x3F));
				s[2] = (char)(0x80 | (u & 0x3F));
			}
			break;
		}
	}
	vt_paint(p, s);
}

static void paint_row(struct painter *p, const struct vt *vt, u32 row)
{
	const u16 *cells = &vt->cells[row * vt->cols];
	u32 end = vt->cols, i;
	char s[24];

	while (end > 0 && cells[end - 1] == (DEFAULT_ATTR << 8 | ' '))
		end--;
	if (!end)
		return;
	snprintf(s, sizeof(s), "\033[%u;1H", row + 1);
	vt_paint(p, s);
	for (i = 0; i < end; i++) {
		paint_attr(p, (u8)(cells[i] >> 8));
		paint_glyph(p, (u8)cells[i]);
	}
}

void vt_repaint(const struct vt *vt, void (*put)(void *arg, const void *data, u32 len), void *arg)
{
	struct painter p = { .put = put, .arg = arg, .attr = DEFAULT_ATTR };
	const struct vt_cursor *c = &vt->now;
	u32 row;
	char s[48];

	/* Reset to a known state first: whatever ran there before may have left modes on. */
	vt_paint(&p, "\033[0m\033(B\033[r\033[4l\033[?6l\033[?7h\033[2J\033[H");
	for (row = 0; row < vt->rows; row++)
		paint_row(&p, vt, row);
	if (vt->top != 0 || vt->bottom != vt->rows - 1) {
		snprintf(s, sizeof(s), "\033[%u;%ur", vt->top + 1u, vt->bottom + 1u);
		vt_paint(&p, s);
	}
	snprintf(s, sizeof(s), "\033[%u;%uH", c->row + 1u, c->col + 1u);
	vt_paint(&p, s);
	/* Only writing the last column again makes the other terminal wait there, too. */
	if (vt->wrap_pending) {
		u16 cell = vt->cells[c->row * vt->cols + c->col];

		paint_attr(&p, (u8)(cell >> 8));
		paint_glyph(&p, (u8)cell);
	}
	paint_attr(&p, effective_attr(c));
	vt_paint(&p, c->line_drawing ? "\033(0" : "");
	vt_paint(&p, vt->cursor_visible ? "\033[?25h" : "\033[?25l");
	vt_paint(&p, vt->app_cursor ? "\033[?1h" : "\033[?1l");
	vt_paint(&p, vt->insert ? "\033[4h" : "");
	vt_paint(&p, vt->no_wrap ? "\033[?7l" : "");
	vt_flush(&p);
}
