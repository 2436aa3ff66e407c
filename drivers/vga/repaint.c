/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A terminal's content as bytes, which make another VT100-like one show the same. */
#include <stdio.h>
#include <string.h>
#include "drivers/vga/cells.h"
#include "drivers/vga/glyphs.h"

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
		 30u + (vt_colour(attr & 7) & 7), 40u + (vt_colour((attr >> 4) & 7) & 7));
	vt_paint(p, attr == DEFAULT_ATTR ? "\033[0m" : s);
	p->attr = attr;
}

/* ASCII as it is, the rest as UTF-8. */
static void paint_glyph(struct painter *p, u8 glyph)
{
	u32 u = glyph >= 0x20 && glyph < 0x7F ? glyph : glyph_unicode(glyph);
	char s[4] = { (char)u };

	if (!u) {
		s[0] = GLYPH_UNKNOWN;
	} else if (u >= 0x800) {
		s[0] = (char)(0xE0 | u >> 12);
		s[1] = (char)(0x80 | (u >> 6 & 0x3F));
		s[2] = (char)(0x80 | (u & 0x3F));
	} else if (u >= 0x80) {
		s[0] = (char)(0xC0 | u >> 6);
		s[1] = (char)(0x80 | (u & 0x3F));
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
	paint_attr(&p, cells_attr(c));
	vt_paint(&p, c->line_drawing ? "\033(0" : "");
	vt_paint(&p, vt->cursor_visible ? "\033[?25h" : "\033[?25l");
	vt_paint(&p, vt->app_cursor ? "\033[?1h" : "\033[?1l");
	vt_paint(&p, vt->insert ? "\033[4h" : "");
	vt_paint(&p, vt->no_wrap ? "\033[?7l" : "");
	vt_flush(&p);
}
