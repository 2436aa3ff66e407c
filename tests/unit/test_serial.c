/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The terminal on COM1, with a line that we make slow: nobody waits for it, what is dropped is told, a guest's output leaves
 * room for the monitor's; a paste waits for its guest, but not for ever, and never for an escape key.
 */
#include <stdarg.h>
#include "arch/x86/time.h"
#include "drivers/serial/uart.h"
#include "hv/dev/console.h"
#include "hv/mem/guest.h"
#include "hv/ui/terminal.h"
#include "tests/unit/test.h"

#define ESC	0x14
#define MS	1000000ull
#define RING	65536u

struct uart com1;
static struct guest g = { .name = "one" };
static struct console console = { .guest = &g };
static u64 now = 1000 * MS;
static char wire[400000], typed[20000], hints[1000];
static u32 wired, room, typed_len, waiting, cols, rows;
static char queue[20000];		/* what came, of which so much was taken */
static u32 taken;
static bool full;

u64 time_ns(void) { return now; }
u8 terminal_escape_key(void) { return ESC; }
void line_redraw(struct lineedit *e) { (void)e; }
void vt_repaint(const struct vt *vt, void (*put)(void *arg, const void *data, u32 len), void *arg) { (void)vt; put(arg, "PAINT", 5); }
bool console_full(struct console *c) { CHECK(c == &console, "another"); return full; }

u32 uart_tx_room(const struct uart *u) { (void)u; return room; }
void uart_poll(struct uart *u) { (void)u; }
void uart_putc(struct uart *u, char c) { (void)u; wire[wired++] = c; }
void uart_write(struct uart *u, const void *data, u32 len)
{
	(void)u;
	CHECK(len <= room && wired + len < sizeof(wire), "%u bytes for a room of %u", len, room);
	memcpy(wire + wired, data, len);
	wired += len;
	room -= len;
}
u32 uart_find(const struct uart *u, u8 c)
{
	const char *at = memchr(queue + taken, c, waiting - taken);

	(void)u;
	return at ? (u32)(at - (queue + taken)) + 1 : 0;
}
bool uart_waiting(const struct uart *u) { (void)u; return taken < waiting; }
int uart_getc(struct uart *u) { (void)u; return taken < waiting ? (u8)queue[taken++] : -1; }

void terminal_hint(struct terminal *t, const char *fmt, ...)
{
	va_list ap;

	CHECK(t == &terminal_serial, "another");
	va_start(ap, fmt);
	vsnprintf(hints, sizeof(hints), fmt, ap);
	va_end(ap);
}

void terminal_key(struct terminal *t, u8 c)
{
	typed[typed_len++] = (char)c;
	if (t->escaped)
		t->escaped = false;
	else if (c == ESC)
		t->escaped = true;
	else if (full && t->focus)
		t->ops->lost(&g);
}

void terminal_fit(struct terminal *t, u32 c, u32 r)
{
	CHECK(t->focus, "the monitor has no size");
	cols = c;
	rows = r;
}

/* Comes over the line, and is looked at. */
static void came(const char *s)
{
	waiting = (u32)strlen(s);
	taken = typed_len = 0;
	memcpy(queue, s, waiting);
	serial_poll();
	typed[typed_len] = 0;
}

static void quiet(void)
{
	room = sizeof(wire);
	serial_poll();
	wired = typed_len = waiting = taken = 0;
	*hints = 0;
	serial_poll();
	wired = 0;
	terminal_serial.focus = &console;
}

static void slow(void)
{
	static char text[RING];
	u32 i;

	memset(text, 'x', sizeof(text));
	quiet();
	CHECK_EQ(serial_guest_room(), room);
	room = 0;
	for (i = 0; i < 2 * RING; i += 1000)
		serial_guest_says(text, 1000);
	CHECK_EQ(serial_guest_room(), 0);
	terminal_serial.ops->put("MONITOR", 7);	/* half of the ring is its own */
	room = 100;
	CHECK_EQ(serial_guest_room(), 0);	/* what was said before goes first */
	room = sizeof(wire);
	serial_poll();
	CHECK(wired > RING / 2 - 1000 && wired < RING / 2 + 200, "%u bytes", wired);
	wire[wired] = 0;
	CHECK_HAS(wire, "MONITOR\r\n[");
	CHECK_HAS(wire, " bytes came too fast for this line");
	wired = 0;
	serial_poll();
	CHECK_EQ(wired, 0);			/* that is told once */
	room = 0;				/* what does not fit is dropped whole: no half sequences */
	terminal_serial.ops->put(text, RING - 10);
	terminal_serial.ops->put("0123456789abc", 13);
	terminal_serial.ops->put("0123456789", 10);
	room = sizeof(wire);
	serial_poll();
	CHECK(!memcmp(wire + RING - 10, "0123456789\r\n[13 bytes", 20), "%.20s", wire + RING - 10);
}

static void filtered(void)
{
	quiet();
	serial_guest_says("a\005b\033[6nc\033[31", 13);
	CHECK(wired == 3 && !memcmp(wire, "abc", 3), "%.*s", (int)wired, wire);
	terminal_serial.ops->join();		/* another's screen: half a sequence is not gone on with */
	serial_guest_says("mz", 2);
	wire[wired] = 0;
	CHECK_STR(wire, "abcPAINTmz");
	wired = 0;
	terminal_serial.ops->leave();		/* and its modes are not kept */
	wire[wired] = 0;
	CHECK_HAS(wire, "\033[?25h");
	terminal_serial.focus = NULL;
	wired = 0;
	terminal_serial.ops->join();
	CHECK_EQ(wired, 0);
}

static void pasted(void)
{
	quiet();
	came("abc");
	CHECK_STR(typed, "abc");
	memset(queue, 'y', sizeof(queue));
	waiting = 10000;
	taken = typed_len = 0;
	serial_poll();
	CHECK(typed_len >= 1000 && typed_len < 10000 && serial_busy(), "a piece at a time, and there is more");
	full = true;
	came("0123456789");
	CHECK(!typed_len && !serial_busy(), "its guest has to read first, and nobody need look until then");
	came("0123\x14m5");			/* all up to the key, and the one after it */
	CHECK_STR(typed, "0123\x14m");
	came("0123");
	now += 1900 * MS;
	serial_poll();
	CHECK_EQ(typed_len, 0);
	CHECK_HAS(hints, "one does not read: 4 bytes typed for it are lost");
	*hints = 0;
	console.typed.tail += 4096;		/* it has read: so it may have two seconds more */
	serial_poll();
	now += 1900 * MS;
	console.typed.tail += 4095;		/* too little */
	serial_poll();
	CHECK_EQ(typed_len, 0);
	now += 200 * MS;
	serial_poll();
	CHECK(typed_len == 4 && !*hints, "these are lost, which is told when no more come");
	now += 40 * MS;
	serial_poll();
	CHECK_HAS(hints, "one does not read: 4 bytes typed for it are lost");
	*hints = 0;
	now += 40 * MS;
	serial_poll();
	CHECK_EQ(*hints, 0);
	terminal_serial.focus = NULL;		/* the monitor always reads */
	came("list\r");
	CHECK_STR(typed, "list\r");
	full = false;
}

static void size(void)
{
	quiet();
	terminal_serial.ops->fit();
	wire[wired] = 0;
	CHECK_HAS(wire, "\033[6n");
	came("\033[48;132Rx");
	CHECK(cols == 132 && rows == 48, "%ux%u", cols, rows);
	CHECK_STR(typed, "x");
	cols = 0;
	terminal_serial.ops->fit();
	came("\033[Ay");			/* an arrow key, and then the answer */
	CHECK_STR(typed, "\033[Ay");
	came("\033[1111111111112;3R");		/* longer than any answer */
	CHECK_STR(typed, "\033[1111111111112;3R");
	came("R\033R");
	CHECK_STR(typed, "R\033R");
	CHECK_EQ(cols, 0);
	terminal_serial.focus = NULL;		/* who asked is no longer there */
	came("\033[24;80R");
	CHECK(!cols && !typed_len, "the monitor has no size");
	terminal_serial.focus = &console;
	terminal_serial.ops->fit();
	came("\033[4");
	CHECK_EQ(typed_len, 0);
	now += 900 * MS;
	serial_poll();
	CHECK(!typed_len && !*hints, "there is time");
	now += 200 * MS;
	serial_poll();
	CHECK(typed_len == 3 && !memcmp(typed, "\033[4", 3), "somebody typed that");
	CHECK_HAS(hints, "does not tell its size");
}

int main(void)
{
	CASE("slow");
	slow();
	CASE("filtered");
	filtered();
	CASE("pasted");
	pasted();
	CASE("size");
	size();
	return passed();
}
