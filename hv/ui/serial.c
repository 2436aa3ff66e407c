/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The terminal on COM1.  Nobody waits for the line: what it is too slow for is dropped, and a note
 * says so.  A guest's output reaches it without anything that could make a person's terminal
 * answer.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "arch/x86/time.h"
#include "drivers/serial/filter.h"
#include "drivers/serial/uart.h"
#include "hv/dev/console.h"
#include "hv/dev/dev.h"
#include "hv/lib/lib.h"
#include "hv/ui/terminal.h"

#define RING		65536u		/* holds the monitor's longest output, a whole scrollback */
#define HOLD_NS		2000000000ull	/* how long we wait for a guest that does not read ... */
#define LEAST_READ	4096u		/* ... this much */
#define PAUSE_NS	30000000ull	/* after this, somebody has stopped typing */
#define ANSWER_NS	1000000000ull	/* how long a terminal may take to answer us */
#define BYTES_PER_POLL	4096

static u8 said_bytes[RING];
static struct byte_ring said = { .byte = said_bytes, .size = RING };	/* on its way to the UART's own ring */
static u32 dropped;			/* bytes since the last note */
static struct filter filter;		/* for the guest that is shown */

static bool held;			/* we do not read the line for now, see may_take() ... */
static struct {				/* ... for whom, since when, and how far it had read then */
	const struct console *console;
	u64 ns;
	u32 tail;
} hold;

static struct {				/* input for a guest that did not read */
	struct guest *by;
	u32 bytes;			/* since the last note */
	u64 ns;				/* when the last one came */
} lost;

static struct {				/* "how large are you?" */
	u64 until;			/* 0: not asked */
	u32 len;
	u8 text[12];			/* what may be the answer */
} asked;

/* ---- output ---- */

static void serial_flush(void)
{
	const u8 *from;
	u32 n;

	while ((n = ring_piece(&said, &from)) && (n = MIN(n, uart_tx_room(&com1)))) {
		uart_write(&com1, from, n);
		said.tail += n;
	}
}

/* Never waits: at 115200 baud a screenful takes a fifth of a second, and all guests would stand
 * still for it. */
static void serial_put(const void *data, u32 len)
{
	const u8 *from = data;
	u32 i;

	if (len > ring_room(&said)) {	/* half a sequence would join up with what follows */
		dropped += len;
		return;
	}
	for (i = 0; i < len; i++)
		ring_push(&said, from[i]);
	serial_flush();
}

static void serial_repaint(void *arg, const void *data, u32 len)
{
	(void)arg;
	serial_put(data, len);
}

static void serial_hint(const char *text, u32 len)
{
	serial_put(text, len);
}

static void serial_leave(void)
{
	/* Turns off what a guest's programs may have left on in the terminal at the other end.  The
	 * cursor stays where it is. */
	static const char plain_modes[] = "\030\017\0337\033[?6l\033[r\0338\033[0m\033(B\033)B\033>"
					  "\033[4l\033[?7h\033[?25h\033[?1;47l";

	serial_put(plain_modes, sizeof(plain_modes) - 1);
}

static void serial_join(void)
{
	if (!terminal_serial.focus)
		return;
	filter = (struct filter){ 0 };
	vt_repaint(&terminal_serial.focus->vt, serial_repaint, NULL);
}

/* A guest gets half of the ring; the other half is for the monitor. */
void serial_guest_says(const void *data, u32 len)
{
	u8 text[128 + FILTER_HELD];
	const u8 *from = data;
	u32 n, piece;

	for (; len; from += piece, len -= piece) {
		piece = MIN(len, 128u);
		n = filter_text(&filter, from, piece, text);
		if (ring_used(&said) + n > RING / 2)
			dropped += n;
		else
			serial_put(text, n);
	}
}

u32 serial_guest_room(void)
{
	return ring_used(&said) ? 0 : uart_tx_room(&com1);
}

void serial_drain(void)
{
	while (ring_used(&said))
		uart_putc(&com1, ring_pull(&said));
	uart_putc(&com1, '\r');
}

/* When the line has caught up, says what was dropped because it was too slow. */
static void tell_dropped(void)
{
	char text[120];

	if (!dropped || ring_used(&said))
		return;
	snprintf(text, sizeof(text), "\r\n[%u bytes came too fast for this line; dmesg in the monitor has the last ones]\r\n",
		 dropped);
	dropped = 0;
	serial_put(text, strlen(text));
	if (!terminal_serial.focus)
		line_redraw(&terminal_serial.edit);
}

/* ---- input ---- */

/*
 * A paste waits for the guest to read it: first in our ring, then at the other end.  An escape key
 * in our ring is found at once, but there may be one at the other end.  So a guest that does not
 * read gets only a moment; then its input is dropped.
 */
static bool may_take(void)
{
	struct console *c = terminal_serial.focus;

	if (!c || terminal_serial.escaped || !console_full(c))
		return true;
	if (hold.console != c || c->typed.tail - hold.tail >= LEAST_READ) {
		hold.console = c;
		hold.ns = time_ns();
		hold.tail = c->typed.tail;
	}
	return time_ns() - hold.ns > HOLD_NS;
}

static void serial_lost(struct guest *g)
{
	lost.by = g;
	lost.bytes++;
	lost.ns = time_ns();
}

/* Reports the loss, once no more of it comes. */
static void tell_lost(void)
{
	if (!lost.bytes || time_ns() - lost.ns < PAUSE_NS)
		return;
	terminal_hint(&terminal_serial, "\r\n[%s does not read: %u bytes typed for it are lost]\r\n", lost.by->name,
		      lost.bytes);
	lost.bytes = 0;
}

/* ---- its size ---- */

/* The screen's size is known, but a terminal at the other end of a line has to be asked. */
static void serial_ask_size(void)
{
	static const char question[] = "\0337\033[999;999H\033[6n\0338";

	serial_put(question, sizeof(question) - 1);
	asked.until = time_ns() + ANSWER_NS;
}

/* The answer is complete.  If it is not one, somebody typed it. */
static void serial_answered(void)
{
	u32 i, len = asked.len;
	char *at = (char *)asked.text + 2;

	asked.len = 0;
	if (len > 2 && asked.text[len - 1] == 'R') {
		u32 rows = strtoul(at, &at, 10);

		asked.until = 0;
		if (terminal_serial.focus && *at == ';')
			terminal_fit(&terminal_serial, strtoul(at + 1, NULL, 10), rows);
		return;
	}
	for (i = 0; i < len; i++)
		terminal_key(&terminal_serial, asked.text[i]);
}

/* ESC [ rows ; columns R */
static void maybe_answer(u8 c)
{
	static const char start[] = "\033[";
	u32 at = asked.len;

	asked.text[asked.len++] = c;
	if (!(at < 2 ? c == start[at] : (c >= '0' && c <= '9') || c == ';') || asked.len == sizeof(asked.text))
		serial_answered();
}

static void end_question(void)
{
	if (!asked.until || time_ns() < asked.until)
		return;
	asked.until = 0;
	serial_answered();
	terminal_hint(&terminal_serial, "\r\n[this terminal does not tell its size]\r\n");
}

/* ---- both ways ---- */

static void serial_listen(void)
{
	u32 n, sure = 0;		/* bytes to take even if the guest is full: an escape key follows */
	int c;

	for (n = 0; n < BYTES_PER_POLL; n++) {
		held = n >= sure && !may_take();
		if (held) {
			sure = n + uart_find(&com1, terminal_escape_key());
			held = n == sure;
		}
		if (held || (c = uart_getc(&com1)) < 0)
			break;
		if (asked.until)
			maybe_answer(c);
		else
			terminal_key(&terminal_serial, c);
	}
	end_question();
	tell_lost();
}

void serial_poll(void)
{
	uart_poll(&com1);
	serial_flush();
	tell_dropped();
	serial_listen();
}

bool serial_busy(void)
{
	return uart_waiting(&com1) && !held;
}

/* Whoever reads here has a terminal that scrolls, or is a script. */
static void serial_answer(bool done)
{
	(void)done;
}

static const struct terminal_ops serial_ops = {
	.put = serial_put, .hint = serial_hint, .leave = serial_leave, .join = serial_join, .fit = serial_ask_size,
	.lost = serial_lost, .answer = serial_answer,
};
struct terminal terminal_serial = { .ops = &serial_ops };
