/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The terminal: a state machine over bytes (plain, ESC, CSI, string) that moves a cursor over
 * cells.  What bytes do to the cells is in cells.c.  Parameters are clamped here, to 9999.
 */
#include <stdio.h>
#include <string.h>
#include "drivers/vga/cells.h"
#include "drivers/vga/glyphs.h"

enum { GROUND, ESCAPE, CSI, STRING, SWALLOW };

#define ESC		0x1B
#define MAX_PARAM	9999

/* What vt_write_some() counts: about instructions. */
#define BYTE_WORK	120
#define REPLY_WORK	2400
#define GLYPH_WORK	600
#define CLEAR_WORK	10000

/* As programs count: from 1, and from the top of the scroll region if they chose that origin. */
static void vt_address(struct vt *vt, u32 row, u32 col)
{
	if (vt->origin)
		row = MIN(row + vt->top, (u32)vt->bottom);
	cells_move(vt, row, col);
}

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
	vt->wrap_pending = vt->app_cursor = vt->no_wrap = vt->insert = vt->origin = vt->alternate = false;
	vt->cursor_visible = true;
	vt->top = 0;
	vt->bottom = (u8)(vt->rows - 1);
	vt->state = GROUND;
	vt->utf8_left = 0;
	cells_erase(vt, 0, 0, vt->rows * vt->cols);
}

void vt_init(struct vt *vt, u16 *cells, u32 cols, u32 rows)
{
	memset(vt, 0, sizeof(*vt));
	vt->cells = cells;
	vt->cols = cols;
	vt->rows = rows;
	vt_reset(vt);
}

/* Parameter i, or its default if it is left out or, which mostly means the same, 0. */
static u32 vt_param(const struct vt *vt, u32 i, u32 otherwise)
{
	return i < vt->nparams && vt->params[i] ? vt->params[i] : otherwise;
}

/* ---- colours ---- */

/* One of 256 colours: the 16, then a 6x6x6 cube, then greys. */
static u8 nearest_16(u32 n)
{
	u32 r, g, b;

	if (n < 16)
		return vt_colour(n);
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
			c->attr = (c->attr & 0xF0) | vt_colour(p - 30);
		else if (p == 39)
			c->attr = (c->attr & 0xF0) | (DEFAULT_ATTR & 0x0F);
		else if (p >= 40 && p <= 47)
			c->attr = (u8)((c->attr & 0x0F) | vt_colour(p - 40) << 4);
		else if (p == 49)
			c->attr = (c->attr & 0x0F) | (DEFAULT_ATTR & 0xF0);
		else if (p >= 90 && p <= 97)
			c->attr = (c->attr & 0xF0) | vt_colour(p - 90) | 8;
		else if (p >= 100 && p <= 107)
			c->attr = (u8)((c->attr & 0x0F) | vt_colour(p - 100) << 4);
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
			if (on && !vt->alternate)	/* once, though a sequence may ask 16 times */
				cells_erase(vt, 0, 0, vt->rows * vt->cols);
			vt->alternate = on;
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
		cells_erase(vt, vt->now.row, vt->now.col, all - at);
	else if (what == 1)
		cells_erase(vt, 0, 0, at + 1);
	else if (what == 2 || what == 3)
		cells_erase(vt, 0, 0, all);
	if (what == 3 && vt->history) {
		vt->work += CLEAR_WORK;
		history_clear(vt->history);
	}
	vt->wrap_pending = false;
}

static void erase_line(struct vt *vt, u32 what)
{
	if (what == 0)
		cells_erase(vt, vt->now.row, vt->now.col, vt->cols - vt->now.col);
	else if (what == 1)
		cells_erase(vt, vt->now.row, 0, vt->now.col + 1u);
	else if (what == 2)
		cells_erase(vt, vt->now.row, 0, vt->cols);
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
	(insert ? cells_scroll_down : cells_scroll_up)(vt, vt->now.row, vt->bottom, vt_param(vt, 0, 1));
	cells_move(vt, vt->now.row, 0);
}

static void csi_plain(struct vt *vt, u8 final)
{
	u32 n = vt_param(vt, 0, 1);

	switch (final) {
	case '@': cells_insert(vt, n); break;
	case 'A': cells_up(vt, n); break;
	case 'B': case 'e': cells_down(vt, n); break;
	case 'C': case 'a': cells_move(vt, vt->now.row, vt->now.col + n); break;
	case 'D': cells_move(vt, vt->now.row, vt->now.col - MIN(n, (u32)vt->now.col)); break;
	case 'E': cells_down(vt, n); cells_move(vt, vt->now.row, 0); break;
	case 'F': cells_up(vt, n); cells_move(vt, vt->now.row, 0); break;
	case 'G': case '`': cells_move(vt, vt->now.row, n - 1); break;
	case 'H': case 'f': vt_address(vt, n - 1, vt_param(vt, 1, 1) - 1); break;
	case 'J': erase_display(vt, vt_param(vt, 0, 0)); break;
	case 'K': erase_line(vt, vt_param(vt, 0, 0)); break;
	case 'L': shift_lines(vt, true); break;
	case 'M': shift_lines(vt, false); break;
	case 'P': cells_delete(vt, n); break;
	case 'S': cells_scroll_up(vt, vt->top, vt->bottom, n); break;
	case 'T': cells_scroll_down(vt, vt->top, vt->bottom, n); break;
	case 'X': cells_erase(vt, vt->now.row, vt->now.col, MIN(n, vt->cols - vt->now.col)); break;
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
	case 'D': cells_line_feed(vt); break;
	case 'E': vt->now.col = 0; cells_line_feed(vt); break;
	case 'M': cells_reverse_feed(vt); break;
	case 'Z': vt_answer(vt, "\033[?6c"); break;
	case 'c': vt_reset(vt); break;
	}
}

static void vt_control(struct vt *vt, u8 c)
{
	switch (c) {
	case '\b':
		cells_move(vt, vt->now.row, vt->now.col - (vt->now.col > 0));
		break;
	case '\t':
		cells_move(vt, vt->now.row, (vt->now.col + 8u) & ~7u);
		break;
	case '\n': case '\v': case '\f':
		cells_line_feed(vt);
		break;
	case '\r':
		cells_move(vt, vt->now.row, 0);
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
			cells_put(vt, glyph_of(vt->utf8));
		}
		return;
	}
	if (vt->utf8_left) {		/* cut off: shown as one unknown */
		vt->utf8_left = 0;
		cells_put(vt, GLYPH_UNKNOWN);
	}
	if (c < 0x80) {
		cells_put(vt, vt->now.line_drawing ? glyph_drawing(c) : c);
	} else if (c >= 0xC2 && c <= 0xF4) {
		vt->utf8_left = c >= 0xF0 ? 3 : c >= 0xE0 ? 2 : 1;
		vt->utf8 = c & (0x3F >> vt->utf8_left);
	} else {
		cells_put(vt, GLYPH_UNKNOWN);
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

/* Nearly all of it is plain text, which goes into its row at once.  Returns how many bytes did. */
static u32 vt_plain(struct vt *vt, const u8 *p, u32 len)
{
	if (vt->state != GROUND || vt->utf8_left || vt->now.line_drawing)
		return 0;
	return cells_put_plain(vt, p, len);
}

static u32 vt_bytes(struct vt *vt, const u8 *p, u32 len, u32 limit)
{
	u32 i, n;

	vt->work = 0;
	for (i = 0; i < len && vt->work < limit; i += n) {
		n = vt_plain(vt, p + i, MIN(len - i, (limit - vt->work) / BYTE_WORK + 1));
		if (!n) {
			vt_byte(vt, p[i]);
			n = 1;
		}
		vt->work += n * BYTE_WORK;
	}
	return i;
}

u32 vt_write_some(struct vt *vt, const void *data, u32 len, s32 *work)
{
	u32 n = vt_bytes(vt, data, len, MAX(*work, 0));

	*work -= vt->work;
	return n;
}

void vt_write(struct vt *vt, const void *data, u32 len)
{
	vt_bytes(vt, data, len, ~0u);
}
