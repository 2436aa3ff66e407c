/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Instructions this processor is too old for. */
#include "arch/x86/cpu.h"
#include "hv/cpu/emulate.h"

/* The sixteen conditions of jcc, setcc and cmovcc: in each pair the odd one is the opposite. */
static bool emulate_condition(u32 cc, u32 eflags)
{
	bool cf = eflags & 0x001, pf = eflags & 0x004, zf = eflags & 0x040, sf = eflags & 0x080,
	     of = eflags & 0x800;
	const bool even[8] = { of, cf, zf, cf || zf, sf, pf, sf != of, zf || sf != of };

	return even[cc >> 1] != (cc & 1);
}

/*
 * Distributions build for the i686, and cmov is all that keeps most of their programs from running
 * on a Pentium.  Emulated they are slow, but they run.  False: not one of these instructions.
 */
bool emulate_ud(struct vcpu *v)
{
	enum decoded d;
	struct insn i;
	u32 size, val;

	if (cpu_has(CPU_CMOV))
		return false;
	d = insn_fetch(v, &i);
	if (d != DECODED || i.lock)
		return d == FAULTED;
	size = i.op16 ? 2 : 4;
	if ((i.op & ~15) == OP_CMOV) {
		/* As on hardware, memory is read, and may fault, whatever the condition. */
		if (!operand_get(v, &i, size, &val))
			return true;
		if (emulate_condition(i.op & 15, v->regs->eflags))
			reg_set(v, i.reg, size, val);
	} else if (i.op != OP_LONG_NOP) {
		return false;
	}
	insn_done(v, i.len);
	return true;
}
