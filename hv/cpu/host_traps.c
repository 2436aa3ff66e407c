/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Traps while the hypervisor itself was running: an interrupt line, an NMI, or a bug of ours. */
#include "arch/x86/irq.h"
#include "arch/x86/regs.h"
#include "hv/cpu/cpu.h"
#include "hv/lib/lib.h"

asm(".text; .globl wait_for_interrupt, wait_hlt\n"
    "wait_for_interrupt: sti; wait_hlt: hlt; cli; ret");

__attribute__((regparm(1))) void host_trap(struct host_frame *f)
{
	if (f->trap >= IRQ_BASE && f->trap < IRQ_BASE + IRQ_LINES)
		irq_dispatch(f->trap);
	else if (f->trap == VEC_NMI)
		this_cpu()->nmis++;
	else
		panic_trap(f);
	/* This may be what wait_for_interrupt() was about to wait for, so do not wait. */
	if (f->eip == (uintptr_t)wait_hlt)
		f->eip++;
}
