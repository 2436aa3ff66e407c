/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * COM1, an 8250 or 16550.  Two ways to write: uart_putc() waits for the wire and works
 * from the first instruction to a panic; uart_write() only fills a ring.
 * All run with interrupts off.  Without a UART everything is accepted and thrown away.
 */
#ifndef SERIAL_UART_H
#define SERIAL_UART_H

#include "hv/types.h"

/* Looks for COM1 and sets 115200 8N1.  Never hangs. */
void uart_init(void);
bool uart_present(void);
void uart_start_irq(void);		/* from here on by interrupt too; pic_init() came before */

void uart_putc(char c);			/* synchronous, after what uart_write() left behind; "\n" as it is */

u32 uart_tx_room(void);			/* bytes uart_write() takes now */
void uart_write(const void *data, u32 len);	/* beyond uart_tx_room() bytes are dropped and counted */
bool uart_waiting(void);			/* uart_getc() has something */
int uart_getc(void);			/* the next byte typed, or -1 */
void uart_poll(void);			/* moves bytes without waiting for an interrupt */

extern u32 uart_rx_lost, uart_tx_lost;	/* overruns since boot, in bytes */

#endif
