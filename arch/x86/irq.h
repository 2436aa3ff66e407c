/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine's interrupt lines, through two 8259s at vectors 0x20..0x2f. */
#ifndef X86_IRQ_H
#define X86_IRQ_H

#include "hv/types.h"

#define IRQ_BASE	0x20
#define IRQ_LINES	16
#define IRQ_PIT		0
#define IRQ_KEYBOARD	1
#define IRQ_COM2	3
#define IRQ_COM1	4

void pic_init(void);				/* remaps the vectors and masks every line */
void irq_register(u32 irq, void (*handler)(void));	/* and unmasks it */
/* Called for each hardware interrupt, no matter who was running: acknowledges it and calls the
 * handler.  Spurious and unknown interrupts are counted and ignored. */
void irq_dispatch(u32 vector);

#endif
