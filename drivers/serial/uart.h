/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Serial ports, 8250s or 16550s.  Two ways to write: uart_putc() waits for the wire and works from
 * the first instruction to a panic; uart_write() only fills a ring.  All of these run with
 * interrupts off.  Without a UART, everything written is accepted and dropped.
 */
#ifndef SERIAL_UART_H
#define SERIAL_UART_H

#include "hv/lib/ring.h"

struct uart {
	u16 port;
	u8 irq;
	bool present, by_irq, stalled;
	u8 ier, mcr;			/* as last written */
	u32 fifo;
	struct byte_ring rx, tx;
};
extern struct uart com1, com2;		/* com2 has no rings of its own */

/* Looks for the chip and sets 115200 8N1.  Never hangs. */
void uart_init(struct uart *u);
void uart_start_irq(struct uart *u);	/* from now on works by interrupt, too; call pic_init() first */

void uart_putc(struct uart *u, char c);	/* synchronous, after what uart_write() left; "\n" as it is */

u32 uart_tx_room(const struct uart *u);	/* bytes uart_write() can take now */
void uart_write(struct uart *u, const void *data, u32 len);	/* drops what exceeds uart_tx_room() */
bool uart_tx_idle(const struct uart *u);	/* everything written is on the wire */
/* How many of the waiting bytes there are up to and including the first c; 0: there is no c. */
u32 uart_find(const struct uart *u, u8 c);
bool uart_waiting(const struct uart *u);	/* uart_getc() has something */
/* The next byte typed, or -1.  If nobody calls this, the other end is made to wait. */
int uart_getc(struct uart *u);
void uart_poll(struct uart *u);		/* moves bytes without waiting for an interrupt */

#endif
