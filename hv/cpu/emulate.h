/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the emulation share: the instruction and its operands. */
#ifndef HV_CPU_EMULATE_H
#define HV_CPU_EMULATE_H

#include "hv/cpu/cpu.h"
#include "hv/cpu/decode.h"

/* ---- operand.c ---- */
static inline u32 cpl(const struct vcpu *v) { return v->regs->cs & 3; }
u32 *insn_reg(struct vcpu *v, u32 n);			/* one of the eight 32-bit registers */
u32 reg_get(struct vcpu *v, u32 n, u32 size);		/* size 1: al cl dl bl ah ch dh bh */
void reg_set(struct vcpu *v, u32 n, u32 size, u32 val);
/* Access memory through a segment (SEG_*), obeying its limit and type, and through the guest's page
 * tables.  False: the fault was injected into the guest. */
bool segment_read(struct vcpu *v, u8 seg, u32 offset, void *dst, u32 len);
bool segment_write(struct vcpu *v, u8 seg, u32 offset, const void *src, u32 len);
/* The memory operand. */
bool operand_read(struct vcpu *v, const struct insn *i, void *dst, u32 len);
bool operand_allowed(struct vcpu *v, const struct insn *i, u32 len, bool write);	/* checks only the segment */
gva_t operand_linear(struct vcpu *v, const struct insn *i);	/* its address, without any check */
/* The memory or register operand, whichever it is. */
bool operand_get(struct vcpu *v, const struct insn *i, u32 size, u32 *val);
/* Fetches and decodes the instruction at eip.  FAULTED: it ends in a page that is not present, and
 * the page fault was injected, as by a processor that fetches a whole instruction before it checks
 * privilege. */
enum decoded { DECODED, NOT_OURS, FAULTED };
enum decoded insn_fetch(struct vcpu *v, struct insn *i);
/* The instruction is done and len bytes long (0: only some elements of a repeated one are done).
 * Goes on to the next one, or with EFLAGS.TF injects #DB. */
void insn_done(struct vcpu *v, u32 len);

/* ---- emulate.c ---- */
void absent_note(struct absent *a, u32 number);	/* the guest asked for it; `stats` tells */

/* ---- emulate_io.c ---- */
void emulate_in_out(struct vcpu *v, const struct insn *i);
/* True if the instruction is finished; otherwise eip stays on it. */
bool emulate_string_io(struct vcpu *v, const struct insn *i);

#endif
