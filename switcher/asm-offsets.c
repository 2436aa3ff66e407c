/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The offsets in C structures that the Switcher needs, so that none is typed in by hand.  This file
 * is compiled to assembly, and the Makefile turns the "->NAME value" lines into asm-offsets.h. */
#include <stddef.h>
#include "switcher/switcher.h"

#define EMIT(name, value) asm volatile("\n->" #name " %c0" : : "i"(value))
#define REG(name, field) EMIT(R_##name, offsetof(struct vcpu_regs, field))
/* From the start of the CPU's pages. */
#define FAST(name, field) EMIT(FAST_##name, LP_STATE + offsetof(struct state_page, fast.field))

void asm_offsets(void);
void asm_offsets(void)
{
	REG(GS, gs); REG(FS, fs); REG(DS, ds); REG(ES, es);
	REG(EDI, edi); REG(SLACK, slack); REG(TRAP, trap); REG(EIP, eip);
	FAST(HANDLER, handler); FAST(CS, cs); FAST(SS, ss);
	FAST(LINEAR, linear); FAST(BYTES, bytes); FAST(PGD, pgd);
	FAST(IRQ_ENABLED, irq_enabled); FAST(CR2, cr2);
	EMIT(FAST_ESP1, LP_STATE + offsetof(struct state_page, tss.esp1));
	EMIT(R_SLACK_SIZE, sizeof(((struct vcpu_regs *)0)->slack));
	EMIT(REGS_OFFSET, offsetof(struct regs_page, regs));
	EMIT(REGS_NMIS, offsetof(struct regs_page, nmis));
	EMIT(REGS_NULLED, offsetof(struct regs_page, nulled));
	EMIT(REGS_FAST, offsetof(struct regs_page, fast));
	EMIT(REGS_CR2, offsetof(struct regs_page, cr2));
	EMIT(HOST_ESP, offsetof(struct host_page, host_esp));
}
