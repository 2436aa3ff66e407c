/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guests' consoles.  Each has a ring of the guest's latest output, a terminal emulator that always
 * knows what its screen looks like, and a ring of what was typed for it.  The output goes on to
 * whoever shows it to people.
 */
#include <stdlib.h>
#include <string.h>
#include "drivers/serial/filter.h"
#include "drivers/vga/vga.h"
#include "hv/cpu/cpu.h"
#include "hv/dev/console.h"
#include "hv/dev/dev.h"
#include "hv/lib/lib.h"

#define SHOW_PIECE	512u		/* bytes shown at a time */
#define PASTE		131072		/* room for input if CONSOLE_INPUT is not enough */

static const struct console_viewer *console_viewer;

void console_set_viewer(const struct console_viewer *v)
{
	console_viewer = v;
}

/* ---- output ---- */

void console_write(struct guest *g, const void *data, u32 len)
{
	struct console *c = g->console;
	const u8 *from = data;
	u32 n, at;

	g->stats.console_out += len;
	for (; len; from += n, len -= n) {
		at = c->said % CONSOLE_SCROLLBACK;
		n = MIN(len, CONSOLE_SCROLLBACK - at);
		memcpy(c->scrollback + at, from, n);
		c->said += n;
	}
	if (c->said - c->shown >= CONSOLE_AHEAD) {
		c->too_far = true;
		this_cpu()->resched = true;
	}
}

static u32 console_behind(const struct console *c)
{
	return c->said - c->shown;
}

bool console_pending(const struct guest *g)
{
	return console_behind(g->console);
}

bool console_too_far(const struct guest *g)
{
	return g->console->too_far;
}

bool console_show(struct guest *g)
{
	struct console *c = g->console;
	u32 n, at;
	s32 left;

	while (console_behind(c) && g->work.left > 0) {
		at = c->shown % CONSOLE_SCROLLBACK;
		n = MIN(MIN(console_behind(c), SHOW_PIECE), CONSOLE_SCROLLBACK - at);
		left = g->work.left;
		n = vt_write_some(&c->vt, c->scrollback + at, n, &left);
		work_spend(&g->work, g->work.left - left);
		if (console_viewer)
			console_viewer->says(c, c->scrollback + at, n);
		c->shown += n;
	}
	c->too_far &= console_behind(c) > 0;
	return console_behind(c);
}

void console_print(struct guest *g, const char *text, u32 len)
{
	struct console *c = g->console;
	char buf[128];
	u32 n = 0;

	for (; len; text++, len--) {
		if (*text == '\n' && c->last != '\r')
			buf[n++] = '\r';
		buf[n++] = c->last = *text;
		if (n >= sizeof(buf) - 1 || len == 1) {
			console_write(g, buf, n);
			n = 0;
		}
	}
}

u32 console_room(struct guest *g)
{
	u32 behind = console_behind(g->console);
	u32 room = console_viewer ? console_viewer->room(g->console) : CONSOLE_SCROLLBACK;

	room = MIN(room, CONSOLE_AHEAD);
	return room - MIN(behind, room);
}

/* ---- input ---- */

/* A paste is more than anybody types.  If there is no memory for it, CONSOLE_INPUT must do. */
static void grow_typed(struct console *c)
{
	struct byte_ring big = { .size = PASTE, .head = c->typed.tail, .tail = c->typed.tail };

	if (c->typed.byte != c->few || !(big.byte = malloc(PASTE)))
		return;
	while (ring_used(&c->typed))
		ring_push(&big, ring_pull(&c->typed));
	c->typed = big;
}

static u32 console_free(struct console *c)
{
	if (ring_room(&c->typed) <= CONSOLE_SPARE)
		grow_typed(c);
	return ring_room(&c->typed);
}

bool console_full(struct console *c)
{
	return console_free(c) <= CONSOLE_SPARE;
}

bool console_type(struct console *c, const u8 *data, u32 len)
{
	u32 n = MIN(len, console_free(c)), i;

	for (i = 0; i < n; i++)
		ring_push(&c->typed, data[i]);
	vdev_console_typed(c->guest);
	return n == len;
}

static void all_read(struct console *c)
{
	if (c->typed.byte != c->few)
		free(c->typed.byte);
	c->typed.byte = c->few;
	c->typed.size = CONSOLE_INPUT;
}

bool console_typed(struct guest *g)
{
	return ring_used(&g->console->typed) || ring_used(&g->console->replies);
}

u32 console_input(struct guest *g, void *buf, u32 len)
{
	struct console *c = g->console;
	u32 n = 0;

	while (n < len && ring_used(&c->replies))	/* a program is waiting for them */
		((u8 *)buf)[n++] = ring_pull(&c->replies);
	while (n < len && ring_used(&c->typed))
		((u8 *)buf)[n++] = ring_pull(&c->typed);
	if (!ring_used(&c->typed))
		all_read(c);
	g->stats.console_in += n;
	return n;
}

void console_forget_typed(struct guest *g)
{
	g->console->typed.tail = g->console->typed.head;
	g->console->replies.tail = g->console->replies.head;
	all_read(g->console);
}

/* A program queried the terminal.  If it does not read the answers, it gets no more of them. */
static void vt_reply(void *arg, const void *data, u32 len)
{
	struct console *c = arg;
	const u8 *from = data;
	u32 i;

	if (ring_room(&c->replies) < len)
		return;
	for (i = 0; i < len; i++)
		ring_push(&c->replies, from[i]);
	vdev_console_typed(c->guest);
}

/* ---- size ---- */

void console_size(const struct guest *g, u32 *cols, u32 *rows)
{
	*cols = g->console->vt.cols;
	*rows = g->console->vt.rows;
}

bool console_resize(struct guest *g, u32 cols, u32 rows)
{
	struct vt *vt = &g->console->vt;
	u16 *was = vt->cells, *cells = malloc(cols * rows * sizeof(u16));

	if (!cells)
		return false;
	vt_resize(vt, cells, cols, rows);
	free(was);
	if (console_viewer)
		console_viewer->redraw(g->console);
	vdev_console_resized(g);
	return true;
}

struct console *console_create(struct guest *g)
{
	struct console *c = calloc(1, sizeof(*c));
	u16 *cells = malloc(VGA_COLS * VGA_ROWS * sizeof(u16));

	if (!c || !cells) {
		free(c);
		free(cells);
		return NULL;
	}
	c->guest = g;
	all_read(c);
	c->replies = (struct byte_ring){ .byte = c->reply, .size = CONSOLE_REPLIES };
	vt_init(&c->vt, cells, VGA_COLS, VGA_ROWS);
	c->vt.history = &c->history;
	c->vt.reply = vt_reply;
	c->vt.reply_arg = c;
	return c;
}

void console_destroy(struct console *c)
{
	free(c->vt.cells);
	free(c);
}

/* ---- reading back ---- */

struct reader {
	void (*line)(const char *text);
	u32 len;
	bool over;			/* after CR: the next text overwrites the line */
	char text[200];
};

static void end_line(struct reader *r)
{
	r->text[r->len] = 0;
	r->len = 0;
	r->line(r->text);
}

static void read_byte(struct reader *r, u8 b)
{
	if (b == '\n' || r->len == sizeof(r->text) - 1)
		end_line(r);
	if (b == '\r' || b == '\n') {
		r->over = b == '\r';
	} else if (b == '\b') {
		r->len -= r->len > 0;
	} else if (b >= ' ' || b == '\t') {
		r->len = r->over ? 0 : r->len;
		r->over = false;
		r->text[r->len++] = b;
	}
}

void console_each_line(const struct guest *g, void (*line)(const char *text))
{
	const struct console *c = g->console;
	u32 at = c->said > CONSOLE_SCROLLBACK ? c->said - CONSOLE_SCROLLBACK : 0, end = c->said, i, n;
	struct filter f = { .text_only = true };
	struct reader r = { .line = line };
	u8 text[1 + FILTER_HELD];

	for (; at != end; at++) {
		n = filter_text(&f, &c->scrollback[at % CONSOLE_SCROLLBACK], 1, text);
		for (i = 0; i < n; i++)
			read_byte(&r, text[i]);
	}
	if (r.len)
		end_line(&r);
}
