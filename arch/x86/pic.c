/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two 8259s.  Every PC has them, and with the local APIC left as the BIOS set it up (off, or
 * "virtual wire") they reach the processor.  Handlers run with interrupts off.
 */
#include "arch/x86/irq.h"
#include "arch/x86/regs.h"

#define PIC1		0x20		/* command; data is the next port */
#define PIC2		0xA0
#define ICW1_INIT	0x11		/* edge triggered, cascaded, ICW4 follows */
#define ICW4_8086	0x01
#define CASCADE		2		/* the second one's line at the first */
#define OCW3_READ_ISR	0x0B
#define EOI_SPECIFIC	0x60

static u16 mask = 0xFFFF;
static void (*handlers[IRQ_LINES])(void);
u32 irq_spurious, irq_unknown;

static void write_mask(void)
{
	outb(PIC1 + 1, mask & 0xFF);
	outb(PIC2 + 1, mask >> 8);
}

static void init_one(u16 port, u8 vector, u8 cascade)
{
	outb(port, ICW1_INIT);
	outb(port + 1, vector);
	outb(port + 1, cascade);
	outb(port + 1, ICW4_8086);
}

void pic_init(void)
{
	init_one(PIC1, IRQ_BASE, 1 << CASCADE);
	init_one(PIC2, IRQ_BASE + 8, CASCADE);
	mask = 0xFFFF;
	write_mask();
}

void irq_register(u32 irq, void (*handler)(void))
{
	handlers[irq] = handler;
	mask &= ~(1u << irq);
	if (irq >= 8)
		mask &= ~(1u << CASCADE);
	write_mask();
}

/* Each chip also reports line 7 for an interrupt that went away before it was acknowledged. */
static bool pic_spurious(u32 irq)
{
	u16 port = irq < 8 ? PIC1 : PIC2;

	if ((irq & 7) != 7)
		return false;
	outb(port, OCW3_READ_ISR);
	if (inb(port) & 0x80)
		return false;
	if (irq >= 8)
		outb(PIC1, EOI_SPECIFIC | CASCADE);	/* to the first chip it was real */
	return true;
}

void irq_dispatch(u32 vector)
{
	u32 irq = vector - IRQ_BASE;

	if (irq >= IRQ_LINES)
		return;
	if (pic_spurious(irq)) {
		irq_spurious++;
		return;
	}
	if (irq >= 8) {
		outb(PIC2, EOI_SPECIFIC | (irq & 7));
		outb(PIC1, EOI_SPECIFIC | CASCADE);
	} else {
		outb(PIC1, EOI_SPECIFIC | irq);
	}
	if (handlers[irq])
		handlers[irq]();
	else
		irq_unknown++;
}
