/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the emulation share: the instruction, and its operands. */
#ifndef HV_CPU_EMULATE_H
#define HV_CPU_EMULATE_H

#include "hv/cpu/cpu.h"
#include "hv/cpu/decode.h"

/* ---- operand.c ---- */
static inline u32 cpl(const struct vcpu *v) { return v->regs->cs & 3; }
u32 *insn_reg(struct vcpu *v, u32 n);			/* one of the eight, 32 bits */
u32 reg_get(struct vcpu *v, u32 n, u32 size);		/* size 1: al cl dl bl ah ch dh bh */
void reg_set(struct vcpu *v, u32 n, u32 size, u32 val);
u32 operand_segment_base(const struct vcpu *v, u8 seg);
gva_t operand_address(struct vcpu *v, const struct insn *i);
/* Reads a memory operand; on failure the guest has got its page fault. */
bool operand_read(struct vcpu *v, const struct insn *i, void *dst, u32 len);
/* The instruction at eip.  FAULTED: it ends in a page that is not there, and the guest has got its page
 * fault, as from a processor that fetches all of an instruction before it looks at privilege. */
enum decoded { DECODED, NOT_OURS, FAULTED };
enum decoded insn_fetch(struct vcpu *v, struct insn *i);

/* ---- emulate.c ---- */
/* True the first time a number is seen (the first 8 are remembered), so that a guest cannot flood the log. */
bool told_first(u32 *list, u32 *count, u32 number);

/* ---- emulate_io.c ---- */
void emulate_in_out(struct vcpu *v, const struct insn *i);
/* True when the instruction is finished; else eip stays on it. */
bool emulate_string_io(struct vcpu *v, const struct insn *i);

#endif
