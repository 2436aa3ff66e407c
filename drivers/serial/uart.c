/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Serial ports.  Two rings are between the wire and everybody else.  What is typed is taken from
 * the chip at once, so that no byte is lost while a guest runs.  What is written leaves in bursts
 * of a FIFO whenever the chip says it is empty, so that nobody has to wait for 115200 baud.
 */
#include "arch/x86/irq.h"
#include "arch/x86/regs.h"
#include "drivers/serial/uart.h"

enum {	/* registers */
	DATA = 0,	/* divisor low while LCR_DLAB */
	IER = 1,	/* divisor high while LCR_DLAB */
	IIR = 2,	/* read */
	FCR = 2,	/* write */
	LCR = 3, MCR = 4, LSR = 5, MSR = 6,
};

#define IER_RX		0x01
#define IER_TX		0x02
#define IIR_NONE	0x01
#define IIR_FIFO	0xC0
#define FCR_ENABLE	0xC7		/* on, both cleared, rx trigger at 14 */
#define LCR_8N1		0x03
#define LCR_DLAB	0x80
#define MCR_ON		0x0B		/* DTR, RTS, and OUT2, which lets the interrupt through */
#define MCR_RTS		0x02
#define LSR_DATA	0x01
#define LSR_THRE	0x20
#define LSR_IDLE	0x40		/* empty, and the last byte is on the wire */
#define DIVISOR_115200	1
#define FIFO_SIZE	16
#define MOST_BURSTS	16		/* a virtual chip is empty again at once */

#define RING		8192
/* 115200 baud send a byte in 87 us; a port access takes about 1 us.  A chip that takes a hundred
 * times as long is stalled. */
#define MAX_POLLS	10000

static u8 com1_rx[RING], com1_tx[RING];
struct uart com1 = { .port = 0x3F8, .irq = IRQ_COM1, .rx = { com1_rx, RING }, .tx = { com1_tx, RING } };
struct uart com2 = { .port = 0x2F8, .irq = IRQ_COM2 };

static u8 uart_in(const struct uart *u, u32 reg)
{
	return inb(u->port + reg);
}

static void uart_out(const struct uart *u, u32 reg, u8 value)
{
	outb(u->port + reg, value);
}

/* A port access is slow, and mostly the value has not changed. */
static void uart_set(struct uart *u, u32 reg, u8 *known, u8 value)
{
	if (*known != value)
		uart_out(u, reg, *known = value);
}

/* An absent chip reads as 0xff or as the last byte on the bus, so it cannot pass both tests. */
static bool uart_probe(const struct uart *u)
{
	u8 zero, ones;

	uart_out(u, IER, 0);
	zero = uart_in(u, IER) & 0x0F;
	uart_out(u, IER, 0x0F);
	ones = uart_in(u, IER) & 0x0F;
	uart_out(u, IER, 0);
	return zero == 0 && ones == 0x0F;
}

void uart_init(struct uart *u)
{
	u32 i;

	u->present = uart_probe(u);
	if (!u->present)
		return;
	uart_out(u, LCR, LCR_DLAB);
	uart_out(u, DATA, DIVISOR_115200);
	uart_out(u, IER, 0);
	uart_out(u, LCR, LCR_8N1);
	uart_out(u, FCR, FCR_ENABLE);
	u->fifo = (uart_in(u, IIR) & IIR_FIFO) == IIR_FIFO ? FIFO_SIZE : 1;
	uart_set(u, MCR, &u->mcr, MCR_ON);
	for (i = 0; i < FIFO_SIZE && (uart_in(u, LSR) & LSR_DATA); i++)
		uart_in(u, DATA);
	uart_in(u, MSR);
}

/*
 * The chip may be stalled for long, for example a virtual one whose other end nobody reads.
 * Waiting once is enough to find out.  Until it moves again nobody waits, and what is written stays
 * in the ring.
 */
static bool wait_empty(struct uart *u)
{
	u32 i, polls = u->stalled ? 1 : MAX_POLLS;

	u->stalled = false;
	for (i = 0; i < polls; i++)
		if (uart_in(u, LSR) & LSR_THRE)
			return true;
	u->stalled = true;
	return false;
}

void uart_putc(struct uart *u, char c)
{
	if (!u->present)
		return;
	if (ring_room(&u->tx))
		ring_push(&u->tx, (u8)c);
	while (ring_used(&u->tx) && wait_empty(u))
		uart_out(u, DATA, ring_pull(&u->tx));
}

/* Bytes for which there is no room stay in the chip, and the other end is told to wait. */
static void uart_receive(struct uart *u)
{
	u32 n;

	for (n = 0; n < 2 * FIFO_SIZE && ring_room(&u->rx) && (uart_in(u, LSR) & LSR_DATA); n++)
		ring_push(&u->rx, uart_in(u, DATA));
}

static void uart_transmit(struct uart *u)
{
	u32 i, n;

	for (i = 0; i < MOST_BURSTS && ring_used(&u->tx) && (uart_in(u, LSR) & LSR_THRE); i++)
		for (n = 0; n < u->fifo && ring_used(&u->tx); n++)
			uart_out(u, DATA, ring_pull(&u->tx));
}

/*
 * Chooses which interrupts are on, and whether the other end may send.  The transmitter interrupts
 * whenever the chip is empty, so it is on only while there is something left to send.
 */
static void uart_choose(struct uart *u)
{
	u32 most = u->rx.size / 4 * 3;	/* the other end needs a moment to stop */

	uart_set(u, MCR, &u->mcr, ring_used(&u->rx) < most ? MCR_ON : MCR_ON & ~MCR_RTS);
	if (u->by_irq)
		uart_set(u, IER, &u->ier, (ring_room(&u->rx) ? IER_RX : 0) | (ring_used(&u->tx) ? IER_TX : 0));
}

void uart_poll(struct uart *u)
{
	if (!u->present)
		return;
	uart_receive(u);
	uart_transmit(u);
	uart_choose(u);
}

/* The line is edge triggered: as long as the chip has a reason left, there will be no new edge. */
static void uart_serve(struct uart *u)
{
	u32 n;

	for (n = 0; n < 4 && !(uart_in(u, IIR) & IIR_NONE); n++) {
		uart_in(u, MSR);
		uart_poll(u);
	}
}

static void com1_irq(void) { uart_serve(&com1); }
static void com2_irq(void) { uart_serve(&com2); }

void uart_start_irq(struct uart *u)
{
	if (!u->present)
		return;
	u->by_irq = true;
	irq_register(u->irq, u == &com1 ? com1_irq : com2_irq);
	uart_poll(u);
}

u32 uart_tx_room(const struct uart *u)
{
	return ring_room(&u->tx);
}

void uart_write(struct uart *u, const void *data, u32 len)
{
	if (!u->present)
		return;
	ring_put(&u->tx, data, len);
	uart_transmit(u);
	uart_choose(u);
}

bool uart_tx_idle(const struct uart *u)
{
	return !u->present || (!ring_used(&u->tx) && (uart_in(u, LSR) & LSR_IDLE));
}

u32 uart_find(const struct uart *u, u8 c)
{
	u32 i;

	for (i = u->rx.tail; i != u->rx.head; i++)
		if (u->rx.byte[i & (u->rx.size - 1)] == c)
			return i + 1 - u->rx.tail;
	return 0;
}

bool uart_waiting(const struct uart *u)
{
	return ring_used(&u->rx);
}

int uart_getc(struct uart *u)
{
	u8 c;

	if (!ring_used(&u->rx))
		return -1;
	c = ring_pull(&u->rx);
	if (!(u->mcr & MCR_RTS))
		uart_choose(u);
	return c;
}
