/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guests' consoles, and the two terminals that look at them.
 *
 * A console is what one guest says and is told: a ring of what it said lately, a terminal
 * emulator that always knows what its screen looks like, and a ring of what was typed for it.  A terminal
 * (COM1; the VGA screen with the keyboard) shows one console, or the monitor.  What a guest
 * says is never taken for input of ours, and what could make a person's terminal answer does not reach it: the
 * guest's own emulator answers.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "arch/x86/time.h"
#include "drivers/ps2/kbd.h"
#include "drivers/serial/filter.h"
#include "drivers/serial/uart.h"
#include "drivers/vga/vga.h"
#include "drivers/vga/vt.h"
#include "hv/console.h"
#include "hv/hv.h"

#define SCROLLBACK	32768
#define INPUT		8192
#define PASTE		131072		/* room for what is typed if INPUT was not enough */
#define HOLD_NS		2000000000ull	/* how long we wait for a guest that does not read ... */
#define LEAST_READ	4096		/* ... so much */
#define ANSWER_NS	1000000000ull	/* a terminal's, to a question of ours */
#define NO_CELL		0x0720
#define BYTES_PER_POLL	4096
#define SCREEN_NS	30000000ull	/* a screen that scrolls need not be drawn more often */
#define WIRE		65536		/* holds the longest answer of the monitor, a whole scrollback */

struct console {
	struct guest *guest;
	struct vt vt;
	struct filter filter;		/* on its way to COM1 */
	u32 said;			/* bytes ever; the newest SCROLLBACK of them are kept */
	u32 typed_head, typed_tail;	/* free-running */
	u32 typed_size;
	u8 *typed;			/* few, or PASTE bytes on the heap */
	u64 held_ns;			/* since when COM1 waits until there is room; 0: it does not */
	u32 held_tail;			/* typed_tail then */
	char last;			/* byte that console_print() put out */
	u8 scrollback[SCROLLBACK];
	u8 few[INPUT];
};

static struct terminal serial, screen = { .screen = true };
static struct vt monitor_vt;		/* what the VGA screen shows of the monitor */
static u16 monitor_cells[VGA_ROWS * VGA_COLS];
static bool screen_dirty, started;
static u64 screen_ns;			/* when it was drawn last */
static u8 escape_key = 'T' & 0x1F;

static u8 wire_ring[WIRE];		/* for COM1, behind the UART's own ring */
static u32 wire_head, wire_tail;	/* free-running */
static u32 wire_dropped;		/* bytes, since it was told last */

static bool serial_held;		/* COM1 is not read just now: see may_take() */
static struct {				/* typed on COM1 for a guest that did not read */
	struct guest *by;
	u32 bytes;			/* since it was told last */
	u64 ns;				/* the last one */
} lost;

static struct {				/* "how large are you?", to the terminal at COM1 */
	u64 until;			/* 0: not asked */
	u32 len;
	u8 text[12];			/* what may be the answer */
} asked;

/* What programs of a guest may have left on in the terminal at the other end of the line; the cursor
 * stays where it is. */
static const char plain_modes[] =
	"\030\017\0337\033[?6l\033[r\0338\033[0m\033(B\033)B\033>\033[4l\033[?7h\033[?25h\033[?1;47l";

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

	if (wire_backlog() + len > WIRE) {	/* half a sequence would make another one with what follows */
		wire_dropped += len;
		return;
	}
	for (i = 0; i < len; i++)
		wire_ring[wire_head++ % WIRE] = from[i];
	wire_flush();
}

/* The screen is a window on a console that may be larger: as far down and right as the cursor needs. */
static void show_screen(void)
{
	static u16 window[VGA_ROWS * VGA_COLS];
	const struct vt *vt = shown_vt();
	u32 up = MAX(vt->now.row + 1, VGA_ROWS) - VGA_ROWS, left = MAX(vt->now.col + 1, VGA_COLS) - VGA_COLS;
	u32 i;

	for (i = 0; i < VGA_ROWS * VGA_COLS; i++) {
		u32 row = up + i / VGA_COLS, col = left + i % VGA_COLS;

		window[i] = row < vt->rows && col < vt->cols ? vt->cells[row * vt->cols + col] : NO_CELL;
	}
	screen_dirty = false;
	screen_ns = time_ns();
	vga_show(window, vt->cursor_visible ? vt->now.row - up : VGA_ROWS, vt->now.col - left);
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
	if (g && !t->screen)
		t->focus->filter = (struct filter){ 0 };
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

/* The other half of the ring is for what the monitor says. */
static void wire_guest(struct console *c, const u8 *from, u32 len)
{
	u8 text[128 + FILTER_HELD];
	u32 n, piece;

	for (; len; from += piece, len -= piece) {
		piece = MIN(len, 128u);
		n = filter_text(&c->filter, from, piece, text);
		if (wire_backlog() + n > WIRE / 2)
			wire_dropped += n;
		else
			wire(text, n);
	}
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
	if (on_wire(c))
		wire_guest(c, data, len);
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

static u32 typed(const struct console *c)
{
	return c->typed_head - c->typed_tail;
}

static bool typed_full(const struct console *c)
{
	return typed(c) == c->typed_size;
}

static void type(struct console *c, const u8 *data, u32 len)
{
	while (len-- && !typed_full(c))
		c->typed[c->typed_head++ % c->typed_size] = *data++;
}

/* More than anybody types: a paste.  If there is no memory, INPUT must do. */
static void grow_typed(struct console *c)
{
	u8 *big = c->typed == c->few ? malloc(PASTE) : NULL;
	u32 i;

	if (!big)
		return;
	for (i = c->typed_tail; i != c->typed_head; i++)
		big[i % PASTE] = c->few[i % INPUT];
	c->typed = big;
	c->typed_size = PASTE;
}

static void all_read(struct console *c)
{
	c->held_ns = 0;
	if (c->typed == c->few)
		return;
	free(c->typed);
	c->typed = c->few;
	c->typed_size = INPUT;
}

bool console_typed(struct guest *g)
{
	return typed(g->console);
}

u32 console_input(struct guest *g, void *buf, u32 len)
{
	struct console *c = g->console;
	u32 n = 0;

	while (n < len && typed(c))
		((u8 *)buf)[n++] = c->typed[c->typed_tail++ % c->typed_size];
	if (!typed(c))
		all_read(c);
	g->stats.console_in += n;
	return n;
}

void console_forget_typed(struct guest *g)
{
	g->console->typed_tail = g->console->typed_head;
	all_read(g->console);
}

/* A program asked the terminal something. */
static void vt_reply(void *arg, const void *data, u32 len)
{
	type(arg, data, len);
}

/* ---- their size ---- */

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
	if (screen.focus == g->console)
		screen_dirty = true;
	vdev_console_resized(g);
	return true;
}

struct console *console_create(struct guest *g)
{
	struct console *c = calloc(1, sizeof(*c));
	u16 *cells = malloc(VGA_COLS * VGA_ROWS * sizeof(u16));

	if (!c || !cells)
		panic("no memory for the console of %s", g->name);
	c->guest = g;
	c->typed = c->few;
	c->typed_size = INPUT;
	vt_init(&c->vt, cells, VGA_COLS, VGA_ROWS);
	c->vt.reply = vt_reply;
	c->vt.reply_arg = c;
	return c;
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

	hint(t, "\r\n[Ctrl-%c and then  m: monitor  1..9: that guest  n: next guest  r: this terminal's size  "
	     "Ctrl-%c: sends one  ?: this.  On the screen also Alt-F1..F8 and Alt-F12.]\r\n", k, k);
}

static void fit(struct terminal *t, u32 cols, u32 rows)
{
	cols = MIN(MAX(cols, CONSOLE_MIN_COLS), CONSOLE_MAX_COLS);
	rows = MIN(MAX(rows, CONSOLE_MIN_ROWS), CONSOLE_MAX_ROWS);
	if (console_resize(t->focus->guest, cols, rows))
		hint(t, "\r\n[%s: %ux%u]\r\n", t->focus->guest->name, (unsigned)cols, (unsigned)rows);
}

/* Gives the guest the size of this terminal: the screen's is known, the one at COM1 is asked. */
static void fit_guest(struct terminal *t)
{
	static const char question[] = "\0337\033[999;999H\033[6n\0338";

	if (!t->focus) {
		hint(t, "\r\n[r is for a guest's console; here there is resize]\r\n");
	} else if (t->screen) {
		fit(t, VGA_COLS, VGA_ROWS);
	} else {
		wire(question, sizeof(question) - 1);
		asked.until = time_ns() + ANSWER_NS;
	}
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
	} else if (c == 'r') {
		fit_guest(t);
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

	if (g->state == GUEST_BUILDING || g->state == GUEST_RUNNING || g->state == GUEST_PAUSED) {
		if (!t->screen && typed_full(t->focus)) {
			lost.by = g;
			lost.bytes++;
			lost.ns = time_ns();
		}
		type(t->focus, &c, 1);
	} else if (c == '\r' || c == '\n')
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

/* ---- COM1 ---- */

/*
 * What is pasted waits for a guest that reads: it stays in the chip, and then at the other end.  But a guest
 * that does not read has a moment only; then what is typed for it is lost, because the escape key may be behind.
 */
static bool may_take(struct console *c)
{
	if (c && typed_full(c))
		grow_typed(c);
	if (!c || !typed_full(c))
		return true;
	if (!c->held_ns || c->typed_tail - c->held_tail >= LEAST_READ) {
		c->held_ns = time_ns();
		c->held_tail = c->typed_tail;
	}
	return time_ns() - c->held_ns > HOLD_NS;
}

/* When there comes no more of it. */
static void tell_lost(void)
{
	if (!lost.bytes || time_ns() - lost.ns < SCREEN_NS)
		return;
	hint(&serial, "\r\n[%s does not read: %u bytes typed for it are lost]\r\n", lost.by->name,
	     (unsigned)lost.bytes);
	lost.bytes = 0;
}

/* Nothing more belongs to the answer, which may be none: then it was typed. */
static void answered(void)
{
	u32 i, len = asked.len;
	char *at = (char *)asked.text + 2;

	asked.len = 0;
	if (len && asked.text[len - 1] == 'R') {
		u32 rows = strtoul(at, &at, 10);

		asked.until = 0;
		if (serial.focus && *at == ';')
			fit(&serial, strtoul(at + 1, NULL, 10), rows);
		return;
	}
	for (i = 0; i < len; i++)
		key(&serial, asked.text[i]);
}

/* ESC [ rows ; columns R */
static void maybe_answer(u8 c)
{
	static const char start[] = "\033[";
	u32 at = asked.len;

	asked.text[asked.len++] = c;
	if (!(at < 2 ? c == start[at] : (c >= '0' && c <= '9') || c == ';') || asked.len == sizeof(asked.text))
		answered();
}

static void end_question(void)
{
	if (!asked.until || time_ns() < asked.until)
		return;
	asked.until = 0;
	answered();
	hint(&serial, "\r\n[this terminal does not tell its size]\r\n");
}

static void poll_serial(void)
{
	u32 n;
	int c;

	for (n = 0; n < BYTES_PER_POLL; n++) {
		serial_held = !may_take(serial.focus);
		if (serial_held || (c = uart_getc(&com1)) < 0)
			break;
		if (asked.until)
			maybe_answer(c);
		else
			key(&serial, c);
	}
	end_question();
	tell_lost();
}

/* ---- the keyboard ---- */

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
	return (uart_waiting(&com1) && !serial_held) || kbd_waiting() || screen_due();
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
	vt_init(&monitor_vt, monitor_cells, VGA_COLS, VGA_ROWS);
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

struct reader {
	void (*line)(const char *text);
	u32 len;
	bool over;			/* after CR: what comes is written over the line */
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
	u32 at = c->said > SCROLLBACK ? c->said - SCROLLBACK : 0, end = c->said, i, n;
	struct filter f = { .text_only = true };
	struct reader r = { .line = line };
	u8 text[1 + FILTER_HELD];

	for (; at != end; at++) {
		n = filter_text(&f, &c->scrollback[at % SCROLLBACK], 1, text);
		for (i = 0; i < n; i++)
			read_byte(&r, text[i]);
	}
	if (r.len)
		end_line(&r);
}
