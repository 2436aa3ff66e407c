/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guests' consoles, and the two terminals that look at them.
 *
 * A console is what one guest says and is told: a ring of what it said lately, a terminal
 * emulator that always knows what its screen looks like, and a ring of what was typed for it.  A terminal
 * (COM1; the VGA screen with the keyboard) shows one console, or the monitor.  What a guest
 * says is never taken for input of ours.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "arch/x86/time.h"
#include "drivers/ps2/kbd.h"
#include "drivers/serial/uart.h"
#include "drivers/vga/vga.h"
#include "drivers/vga/vt.h"
#include "hv/console.h"
#include "hv/hv.h"

#define SCROLLBACK	32768
#define INPUT		4096
#define COLS		80
#define ROWS		25
#define BYTES_PER_POLL	4096
#define PATIENCE_NS	20000000ull	/* how long urgent text waits for the wire */

struct console {
	struct guest *guest;
	struct vt vt;
	u32 said;			/* bytes ever; the newest SCROLLBACK of them are kept */
	u32 typed_head, typed_tail;	/* free-running */
	char last;			/* byte that console_print() put out */
	u8 scrollback[SCROLLBACK];
	u8 typed[INPUT];
};

static struct terminal serial, screen = { .screen = true };
static struct vt monitor_vt;		/* what the VGA screen shows of the monitor */
static bool screen_dirty, started;
static u8 escape_key = 'T' & 0x1F;

/* ---- terminals ---- */

static struct vt *shown_vt(void)
{
	return screen.focus ? &screen.focus->vt : &monitor_vt;
}

/* Waits for the wire until deadline_ns (0: as long as it takes); what is left then is lost there. */
static void wire(const u8 *data, u32 len, u64 deadline_ns)
{
	while (len) {
		u32 n = MIN(len, uart_tx_room());

		uart_write(data, n);
		data += n;
		len -= n;
		if (len && deadline_ns && time_ns() > deadline_ns)
			return;
		if (len)
			uart_poll();
	}
}

void terminal_put(struct terminal *t, const char *data, u32 len)
{
	if (t->screen) {
		vt_write(&monitor_vt, data, len);
		screen_dirty = true;
	} else {
		wire((const u8 *)data, len, 0);
	}
}

static void wire_put(void *arg, const void *data, u32 len)
{
	(void)arg;
	wire(data, len, 0);
}

static bool blank(const struct vt *vt)
{
	u32 i;

	for (i = 0; i < vt->cols * vt->rows; i++)
		if ((vt->cells[i] & 0xFF) != ' ' && (vt->cells[i] & 0xFF))
			return false;
	return true;
}

static void say_keys(struct console *c)
{
	char line[160], key = escape_key + '@';

	snprintf(line, sizeof(line), "[%s.  Ctrl-%c m: the monitor, Ctrl-%c 1..9: a guest, Ctrl-%c ?: help]\n",
		 c->guest->name, key, key, key);
	console_print(c->guest, line, strlen(line));
}

void terminal_focus(struct terminal *t, struct guest *g)
{
	t->focus = g ? g->console : NULL;
	if (t->screen)
		screen_dirty = true;
	if (!g)
		monitor_enter(t);
	else if (!t->screen)
		vt_repaint(&t->focus->vt, wire_put, NULL);
	if (g && blank(&t->focus->vt))
		say_keys(t->focus);
}

u8 console_escape_key(void)
{
	return escape_key;
}

/* ---- what guests say ---- */

static bool on_wire(const struct console *c)
{
	return started && serial.focus == c;
}

static void say(struct console *c, const u8 *data, u32 len, u64 deadline_ns)
{
	u32 i;

	for (i = 0; i < len; i++)
		c->scrollback[c->said++ % SCROLLBACK] = data[i];
	vt_write(&c->vt, data, len);
	if (started && screen.focus == c)
		screen_dirty = true;
	if (on_wire(c))
		wire(data, len, deadline_ns);
	c->guest->stats.console_out += len;
}

void console_write(struct guest *g, const void *data, u32 len)
{
	say(g->console, data, len, time_ns() + PATIENCE_NS);
}

void console_print(struct guest *g, const char *text, u32 len)
{
	struct console *c = g->console;
	u64 deadline = time_ns() + PATIENCE_NS;

	for (; len; text++, len--) {
		if (*text == '\n' && c->last != '\r')
			say(c, (const u8 *)"\r", 1, deadline);
		say(c, (const u8 *)text, 1, deadline);
		c->last = *text;
	}
}

u32 console_room(struct guest *g)
{
	return on_wire(g->console) ? uart_tx_room() : SCROLLBACK;
}

/* ---- what is typed for them ---- */

static void type(struct console *c, const u8 *data, u32 len)
{
	while (len-- && c->typed_head - c->typed_tail < INPUT)
		c->typed[c->typed_head++ % INPUT] = *data++;
}

bool console_typed(struct guest *g)
{
	return g->console->typed_head != g->console->typed_tail;
}

u32 console_input(struct guest *g, void *buf, u32 len)
{
	struct console *c = g->console;
	u32 n = 0;

	while (n < len && c->typed_tail != c->typed_head)
		((u8 *)buf)[n++] = c->typed[c->typed_tail++ % INPUT];
	g->stats.console_in += n;
	return n;
}

/* A program asked the terminal something.  On COM1 the person's own terminal answers. */
static void vt_reply(void *arg, const void *data, u32 len)
{
	struct console *c = arg;

	if (screen.focus == c && serial.focus != c)
		type(c, data, len);
}

struct console *console_create(struct guest *g)
{
	struct console *c = calloc(1, sizeof(*c));

	if (!c)
		panic("no memory for the console of %s", g->name);
	c->guest = g;
	vt_init(&c->vt, COLS, ROWS);
	c->vt.reply = vt_reply;
	c->vt.reply_arg = c;
	return c;
}

void console_forget_typed(struct guest *g)
{
	g->console->typed_tail = g->console->typed_head;
}

/* ---- keys ---- */

static void next_guest(struct terminal *t)
{
	u32 i = t->focus ? t->focus->guest->id % guest_count : 0;	/* id counts from 1 */

	if (guest_count)
		terminal_focus(t, guests[i]);
}

static void hint(struct terminal *t, const char *text)
{
	if (t->screen && t->focus) {
		vt_write(&t->focus->vt, text, strlen(text));
		screen_dirty = true;
	} else {
		terminal_put(t, text, strlen(text));
	}
}

static void escape_help(struct terminal *t)
{
	char text[240], k = escape_key + '@';

	snprintf(text, sizeof(text), "\r\n[Ctrl-%c and then  m: monitor  1..9: that guest  n: next guest  Ctrl-%c: "
		 "sends one  ?: this.  On the screen also Alt-F1..F8 and Alt-F12.]\r\n", k, k);
	hint(t, text);
	if (!t->focus)
		line_redraw(&t->edit);
}

static void escape_command(struct terminal *t, u8 c)
{
	char text[80];

	if (c == escape_key) {
		if (t->focus)
			type(t->focus, &c, 1);
	} else if (c == 'm') {
		terminal_focus(t, NULL);
	} else if (c == 'n') {
		next_guest(t);
	} else if (c >= '1' && c <= '9' && (u32)(c - '0') <= guest_count) {
		terminal_focus(t, guests[c - '1']);
	} else if (c == '?') {
		escape_help(t);
	} else if (c >= '1' && c <= '9') {
		snprintf(text, sizeof(text), "\r\n[there is no guest %c]\r\n", c);
		hint(t, text);
	} else {
		escape_help(t);
	}
}

static void key(struct terminal *t, u8 c)
{
	if (t->escaped) {
		t->escaped = false;
		escape_command(t, c);
	} else if (c == escape_key) {
		t->escaped = true;
	} else if (t->focus) {
		type(t->focus, &c, 1);
	} else {
		monitor_key(t, c);
	}
}

static bool room_to_type(const struct terminal *t)
{
	return !t->focus || t->focus->typed_head - t->focus->typed_tail < INPUT;
}

static void poll_serial(void)
{
	u32 n;
	int c;

	for (n = 0; n < BYTES_PER_POLL && room_to_type(&serial) && (c = uart_getc()) >= 0; n++)
		key(&serial, c);
}

static void poll_keyboard(void)
{
	struct kbd_event e;
	u32 i;

	while (kbd_get(&e)) {
		if (e.kind == KBD_BYTES) {
			for (i = 0; i < e.len; i++)
				key(&screen, e.bytes[i]);
		} else if (e.number == 12) {
			terminal_focus(&screen, NULL);
		} else if (e.number <= 8 && e.number <= guest_count) {
			terminal_focus(&screen, guests[e.number - 1]);
		}
	}
}

bool console_busy(void)
{
	return uart_waiting() || kbd_waiting() || screen_dirty;
}

void console_poll(void)
{
	struct vt *vt;

	uart_poll();
	poll_serial();
	poll_keyboard();
	if (screen_dirty) {
		screen_dirty = false;
		vt = shown_vt();
		vga_show(vt->cells, vt->cursor_visible ? vt->now.row : ROWS, vt->now.col);
	}
}

/* ---- our own lines ---- */

/* At a monitor a line of the log appears above the prompt; a guest's console is not disturbed. */
static void show_log(const char *text)
{
	struct terminal *const all[] = { &serial, &screen };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(all); i++) {
		struct terminal *t = all[i];

		if (t->focus)
			continue;
		if (!t->in_command)
			terminal_put(t, "\r\033[K", 4);
		terminal_put(t, text, strlen(text));
		terminal_put(t, "\r\n", 2);
		if (!t->in_command)
			line_redraw(&t->edit);
	}
}

static void read_escape_option(void)
{
	char buf[8];

	if (!hv_cmdline_get("escape", buf, sizeof(buf)))
		return;
	if (buf[0] == '^' && buf[1] && !buf[2] && (buf[1] & 0x1F) && (buf[1] & 0x40))
		escape_key = buf[1] & 0x1F;
	else
		hv_log("escape=%s: write ^ and a letter, like escape=^T", buf);
}

static struct guest *first_starting(void)
{
	u32 i;

	for (i = 0; i < guest_count; i++)
		if (guests[i]->state != GUEST_OFF)
			return guests[i];
	return NULL;
}

void console_start(void)
{
	struct guest *g = first_starting();

	read_escape_option();
	vt_init(&monitor_vt, COLS, ROWS);
	started = true;
	if (g) {
		serial.focus = screen.focus = g->console;
		say_keys(g->console);
	} else {
		terminal_focus(&serial, NULL);
		terminal_focus(&screen, NULL);
	}
	screen_dirty = true;
	hv_log_sink(show_log);
}

/* ---- reading back ---- */

void console_each_line(const struct guest *g, void (*line)(const char *text))
{
	const struct console *c = g->console;
	u32 at = c->said > SCROLLBACK ? c->said - SCROLLBACK : 0, n = 0;
	char buf[200];
	u8 escape = 0;

	for (; at != c->said; at++) {
		u8 b = c->scrollback[at % SCROLLBACK];

		if (escape) {			/* ESC [ ... letter, or ESC x */
			if (escape == 1 && b == '[')
				escape = 2;
			else if (escape == 1 || (b >= '@' && b <= '~'))
				escape = 0;
			continue;
		}
		if (b == 033) {
			escape = 1;
		} else if (b == '\b') {
			n -= n > 0;
		} else if (b == '\n' || n == sizeof(buf) - 1) {
			buf[n] = 0;
			n = 0;
			line(buf);
		} else if ((b >= ' ' && b != 0x7F) || b == '\t') {
			buf[n++] = b;
		}
	}
	if (n) {
		buf[n] = 0;
		line(buf);
	}
}
