/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guests' consoles, and the two terminals that look at them.
 *
 * A console is what one guest says and is told: a ring of what it said lately, a terminal
 * emulator that always knows what its screen looks like, and a ring of what was typed for it.  A terminal
 * (COM1; the VGA screen with the keyboard) shows one console, or the monitor.  What a guest
 * says is never taken for input of ours.
 */
#include <stdarg.h>
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
#define INPUT		8192
#define COLS		80
#define ROWS		25
#define BYTES_PER_POLL	4096
#define SCREEN_NS	30000000ull	/* a screen that scrolls need not be drawn more often */
#define WIRE		65536		/* holds the longest answer of the monitor, a whole scrollback */

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
static bool serial_heard;		/* somebody is at COM1: something came from there */
static u64 screen_ns;			/* when it was drawn last */
static u8 escape_key = 'T' & 0x1F;

static u8 wire_ring[WIRE];		/* for COM1, behind the UART's own ring */
static u32 wire_head, wire_tail;	/* free-running */
static u32 wire_dropped;		/* bytes, since it was told last */

/* What programs of a guest may have left on in the terminal at the other end of the line; the cursor
 * stays where it is. */
static const char plain_modes[] =
	"\030\0337\033[r\0338\033[0m\033(B\033[4l\033[?7h\033[?25h\033[?1;1000;1002;1003;1006;2004l";

/* ---- terminals ---- */

static struct vt *shown_vt(void)
{
	return screen.focus ? &screen.focus->vt : &monitor_vt;
}

static u32 wire_backlog(void)
{
	return wire_head - wire_tail;
}

static void wire_flush(void)
{
	u32 n, at = wire_tail % WIRE;

	while (wire_backlog() && (n = MIN(MIN(wire_backlog(), WIRE - at), uart_tx_room(&com1)))) {
		uart_write(&com1, wire_ring + at, n);
		wire_tail += n;
		at = wire_tail % WIRE;
	}
}

/* Nobody waits for the wire here: at 115200 baud a screenful takes a fifth of a second, and all guests
 * would stand still.  What a line does not take for a long time is lost to it. */
static void wire(const void *data, u32 len)
{
	const u8 *from = data;
	u32 i;

	for (i = 0; i < len && wire_backlog() < WIRE; i++)
		wire_ring[wire_head++ % WIRE] = from[i];
	wire_dropped += len - i;
	wire_flush();
}

static void show_screen(void)
{
	struct vt *vt = shown_vt();

	screen_dirty = false;
	screen_ns = time_ns();
	vga_show(vt->cells, vt->cursor_visible ? vt->now.row : ROWS, vt->now.col);
}

void console_drain(void)
{
	show_screen();
	while (wire_backlog())
		uart_putc(&com1, (char)wire_ring[wire_tail++ % WIRE]);
	uart_putc(&com1, '\r');
}

void terminal_put(struct terminal *t, const char *data, u32 len)
{
	if (t->screen) {
		vt_write(&monitor_vt, data, len);
		screen_dirty = true;
	} else {
		wire(data, len);
	}
}

static void wire_put(void *arg, const void *data, u32 len)
{
	(void)arg;
	wire(data, len);
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
	if (t->focus && !t->screen)
		wire(plain_modes, sizeof(plain_modes) - 1);
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

void console_write(struct guest *g, const void *data, u32 len)
{
	struct console *c = g->console;
	const u8 *from = data;
	u32 i;

	for (i = 0; i < len; i++)
		c->scrollback[c->said++ % SCROLLBACK] = from[i];
	vt_write(&c->vt, data, len);
	if (started && screen.focus == c)
		screen_dirty = true;
	/* The other half of the ring is for what the monitor says. */
	if (on_wire(c) && wire_backlog() + len > WIRE / 2)
		wire_dropped += len;
	else if (on_wire(c))
		wire(data, len);
	g->stats.console_out += len;
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
	if (!on_wire(g->console))
		return SCROLLBACK;
	return wire_backlog() ? 0 : uart_tx_room(&com1);
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

/* A program asked the terminal something.  On COM1 the person's own terminal answers, if there is one. */
static void vt_reply(void *arg, const void *data, u32 len)
{
	struct console *c = arg;

	if (screen.focus == c && (serial.focus != c || !serial_heard))
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

/* A line of ours in between, on this terminal only. */
static void hint(struct terminal *t, const char *fmt, ...) PRINTF(2, 3);
static void hint(struct terminal *t, const char *fmt, ...)
{
	char text[240];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (t->screen && t->focus) {
		vt_write(&t->focus->vt, text, strlen(text));
		screen_dirty = true;
	} else {
		terminal_put(t, text, strlen(text));
	}
	if (!t->focus)
		line_redraw(&t->edit);
}

static void escape_help(struct terminal *t)
{
	char k = escape_key + '@';

	hint(t, "\r\n[Ctrl-%c and then  m: monitor  1..9: that guest  n: next guest  Ctrl-%c: "
	     "sends one  ?: this.  On the screen also Alt-F1..F8 and Alt-F12.]\r\n", k, k);
}

static void escape_command(struct terminal *t, u8 c)
{
	if (c == escape_key) {
		if (t->focus)
			type(t->focus, &c, 1);
	} else if (c == 'm') {
		terminal_focus(t, NULL);
	} else if (c == 'n') {
		next_guest(t);
	} else if (c >= '1' && c <= '9' && (u32)(c - '0') <= guest_count) {
		terminal_focus(t, guests[c - '1']);
	} else if (c >= '1' && c <= '9') {
		hint(t, "\r\n[there is no guest %c: there are %u]\r\n", c, (unsigned)guest_count);
	} else {
		escape_help(t);
	}
}

/* A guest that is not there hears nothing. */
static void type_to_guest(struct terminal *t, u8 c)
{
	struct guest *g = t->focus->guest;
	char k = escape_key + '@';

	if (g->state == GUEST_BUILDING || g->state == GUEST_RUNNING || g->state == GUEST_PAUSED)
		type(t->focus, &c, 1);
	else if (c == '\r' || c == '\n')
		hint(t, "[%s is %s.  Ctrl-%c m: the monitor, where `start %s` starts it]\r\n", g->name,
		     guest_state_name(g), k, g->name);
}

static void key(struct terminal *t, u8 c)
{
	if (t->escaped) {
		t->escaped = false;
		escape_command(t, c);
	} else if (c == escape_key) {
		t->escaped = true;
	} else if (t->focus) {
		type_to_guest(t, c);
	} else {
		monitor_key(t, c);
	}
}

/* All is read, also what a guest will never take: the escape key may be behind it. */
static void poll_serial(void)
{
	u32 n;
	int c;

	for (n = 0; n < BYTES_PER_POLL && (c = uart_getc(&com1)) >= 0; n++) {
		serial_heard = true;
		key(&serial, c);
	}
}

/* The keyboard sends what a VT100 does in its usual mode. */
static void adapt_arrow(struct kbd_event *e)
{
	if (screen.focus && screen.focus->vt.app_cursor && e->len == 3 && e->bytes[0] == 033 &&
	    e->bytes[1] == '[' && e->bytes[2] >= 'A' && e->bytes[2] <= 'D')
		e->bytes[1] = 'O';
}

static void poll_keyboard(void)
{
	struct kbd_event e;
	u32 i;

	while (kbd_get(&e)) {
		if (e.kind == KBD_BYTES) {
			adapt_arrow(&e);
			for (i = 0; i < e.len; i++)
				key(&screen, e.bytes[i]);
		} else if (e.number == 12) {
			terminal_focus(&screen, NULL);
		} else if (e.number <= 8 && e.number <= guest_count) {
			terminal_focus(&screen, guests[e.number - 1]);
		}
	}
}

/* Drawing is slow, so it waits a moment, unless there is nothing else to do. */
static bool screen_due(void)
{
	struct cpu *c = this_cpu();

	return screen_dirty && ((!c->running && !c->queue_head) || time_ns() - screen_ns >= SCREEN_NS);
}

bool console_busy(void)
{
	return uart_waiting(&com1) || kbd_waiting() || screen_due();
}

/* What the line was too slow for is told once it has caught up. */
static void tell_dropped(void)
{
	char text[120];

	if (!wire_dropped || wire_backlog())
		return;
	snprintf(text, sizeof(text), "\r\n[%u bytes came too fast for this line; dmesg in the monitor has the last ones]\r\n",
		 (unsigned)wire_dropped);
	wire_dropped = 0;
	wire(text, strlen(text));
	if (!serial.focus)
		line_redraw(&serial.edit);
}

void console_poll(void)
{
	uart_poll(&com1);
	wire_flush();
	tell_dropped();
	poll_serial();
	poll_keyboard();
	if (screen_due())
		show_screen();
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

/* The monitor's screen begins with what was said before there was one. */
static void show_early(const char *text)
{
	terminal_put(&screen, text, strlen(text));
	terminal_put(&screen, "\r\n", 2);
}

static void read_escape_option(void)
{
	char buf[8];

	if (!hv_cmdline_get("escape", buf, sizeof(buf)))
		return;
	/* Not one of those that every line and every arrow key has. */
	if (buf[0] == '^' && (buf[1] & 0x40) && !buf[2] && !strchr("\b\t\n\r\033", buf[1] & 0x1F))
		escape_key = buf[1] & 0x1F;
	else
		hv_log("escape=%s: write ^ and a letter but H, I, J or M, like escape=^T", buf);
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
	hv_log_each(show_early);
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

/* Takes control sequences out of what a guest said. */
enum { TEXT, AFTER_ESC, IN_CSI, IN_STRING };

static u8 next_state(u8 state, u8 b)
{
	switch (state) {
	case TEXT: return b == 033 ? AFTER_ESC : TEXT;
	case AFTER_ESC: return b == '[' ? IN_CSI : b < '0' ? AFTER_ESC : strchr("]PX^_", b) ? IN_STRING : TEXT;
	case IN_CSI: return b == 033 ? AFTER_ESC : b >= '@' || b == '\n' ? TEXT : IN_CSI;
	default: return b == 033 ? AFTER_ESC : b == 7 || b == '\n' ? TEXT : IN_STRING;
	}
}

void console_each_line(const struct guest *g, void (*line)(const char *text))
{
	const struct console *c = g->console;
	u32 at = c->said > SCROLLBACK ? c->said - SCROLLBACK : 0, end = c->said, n = 0;
	bool over = false;		/* after CR: what comes is written over the line */
	u8 state = TEXT, was, b;
	char buf[200];

	for (; at != end; at++) {
		b = c->scrollback[at % SCROLLBACK];
		was = state;
		state = next_state(was, b);
		if ((was != TEXT || state != TEXT) && b != '\n')
			continue;
		if (b == '\n' || n == sizeof(buf) - 1) {
			buf[n] = 0;
			n = 0;
			line(buf);
		}
		if (b == '\r' || b == '\n') {
			over = b == '\r';
		} else if (b == '\b') {
			n -= n > 0;
		} else if ((b >= ' ' && b != 0x7F) || b == '\t') {
			n = over ? 0 : n;
			over = false;
			buf[n++] = b;
		}
	}
	if (n) {
		buf[n] = 0;
		line(buf);
	}
}
