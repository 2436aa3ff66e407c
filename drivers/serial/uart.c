/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * COM1.  Two rings between the wire and everybody else: what is typed is taken from the
 * chip at once, so that no byte is lost while a guest runs; what is written leaves in bursts of a FIFO
 * whenever the chip says it is empty, so that nobody waits for 115200 baud.
 */
#include "arch/x86/irq.h"
#include "arch/x86/regs.h"
#include "drivers/serial/uart.h"

#define COM1		0x3F8
#define UART_DATA	(COM1 + 0)	/* divisor low while LCR_DLAB */
#define UART_IER	(COM1 + 1)	/* divisor high while LCR_DLAB */
#define UART_IIR	(COM1 + 2)	/* read */
#define UART_FCR	(COM1 + 2)	/* write */
#define UART_LCR	(COM1 + 3)
#define UART_MCR	(COM1 + 4)
#define UART_LSR	(COM1 + 5)
#define UART_MSR	(COM1 + 6)

#define IER_RX		0x01
#define IER_TX		0x02
#define IIR_NONE	0x01
#define IIR_FIFO	0xC0
#define FCR_ENABLE	0xC7		/* on, both cleared, rx trigger at 14 */
#define LCR_8N1		0x03
#define LCR_DLAB	0x80
#define MCR_ON		0x0B		/* DTR, RTS, and OUT2, which lets the interrupt through */
#define LSR_DATA	0x01
#define LSR_OVERRUN	0x02
#define LSR_THRE	0x20
#define DIVISOR_115200	1
#define FIFO_SIZE	16

#define RING		8192		/* a power of two */
/* 115200 baud send a byte in 87 us; a port takes about 1 us. Ten times as long, then it is stalled. */
#define MAX_POLLS	10000

struct ring {
	u8 byte[RING];
	u32 head, tail;			/* free-running: written, read */
};

static struct ring rx, tx;
static bool present, by_irq, stalled;
static u32 fifo = 1;
u32 uart_rx_lost, uart_tx_lost;

/* An absent chip reads as 0xff or as the last byte on the bus; none of these keeps four bits apart. */
static bool probe(void)
{
	u8 zero, ones;

	outb(UART_IER, 0);
	zero = inb(UART_IER) & 0x0F;
	outb(UART_IER, 0x0F);
	ones = inb(UART_IER) & 0x0F;
	outb(UART_IER, 0);
	return zero == 0 && ones == 0x0F;
}

void uart_init(void)
{
	u32 i;

	present = probe();
	if (!present)
		return;
	outb(UART_LCR, LCR_DLAB);
	outb(UART_DATA, DIVISOR_115200);
	outb(UART_IER, 0);
	outb(UART_LCR, LCR_8N1);
	outb(UART_FCR, FCR_ENABLE);
	if ((inb(UART_IIR) & IIR_FIFO) == IIR_FIFO)
		fifo = FIFO_SIZE;
	outb(UART_MCR, MCR_ON);
	for (i = 0; i < FIFO_SIZE && (inb(UART_LSR) & LSR_DATA); i++)
		inb(UART_DATA);
	inb(UART_MSR);
}

bool uart_present(void)
{
	return present;
}

/*
 * The chip may be stalled for long: a virtual one whose other end is not read.  One wait is enough to know;
 * until it moves again nobody else waits, and what is written stays in the ring.
 */
static bool wait_empty(void)
{
	u32 i, polls = stalled ? 1 : MAX_POLLS;

	stalled = false;
	for (i = 0; i < polls; i++)
		if (inb(UART_LSR) & LSR_THRE)
			return true;
	stalled = true;
	return false;
}

void uart_putc(char c)
{
	if (!present)
		return;
	if (uart_tx_room())
		tx.byte[tx.head++ % RING] = (u8)c;
	else
		uart_tx_lost++;
	while (tx.tail != tx.head && wait_empty())
		outb(UART_DATA, tx.byte[tx.tail++ % RING]);
}

static void receive(void)
{
	u8 lsr;
	u32 n;

	for (n = 0; n < 2 * FIFO_SIZE && ((lsr = inb(UART_LSR)) & LSR_DATA); n++) {
		u8 c = inb(UART_DATA);

		if (lsr & LSR_OVERRUN)
			uart_rx_lost++;
		if (rx.head - rx.tail == RING)
			uart_rx_lost++;
		else
			rx.byte[rx.head++ % RING] = c;
	}
}

static void transmit(void)
{
	u32 n;

	if (tx.tail != tx.head && (inb(UART_LSR) & LSR_THRE))
		for (n = 0; n < fifo && tx.tail != tx.head; n++)
			outb(UART_DATA, tx.byte[tx.tail++ % RING]);
	/* Enabling the interrupt while the chip is empty raises it, so it is on only while
	 * there is something left to send. */
	if (by_irq)
		outb(UART_IER, IER_RX | (tx.tail != tx.head ? IER_TX : 0));
}

void uart_poll(void)
{
	if (!present)
		return;
	receive();
	transmit();
}

/* The line is edge triggered: as long as the chip has a reason left, there is no new edge. */
static void uart_irq(void)
{
	u32 n;

	for (n = 0; n < 4 && !(inb(UART_IIR) & IIR_NONE); n++) {
		inb(UART_MSR);
		uart_poll();
	}
}

void uart_start_irq(void)
{
	if (!present)
		return;
	by_irq = true;
	irq_register(IRQ_COM1, uart_irq);
	uart_poll();
}

u32 uart_tx_room(void)
{
	return RING - (tx.head - tx.tail);
}

void uart_write(const void *data, u32 len)
{
	const u8 *p = data;
	u32 i;

	if (!present)
		return;
	for (i = 0; i < len && tx.head - tx.tail < RING; i++)
		tx.byte[tx.head++ % RING] = p[i];
	uart_tx_lost += len - i;
	transmit();
}

bool uart_waiting(void)
{
	return rx.tail != rx.head;
}

int uart_getc(void)
{
	if (rx.tail == rx.head)
		return -1;
	return rx.byte[rx.tail++ % RING];
}
