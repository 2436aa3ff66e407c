/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's instruction and what it works on: fetched once, decoded from the copy. */
#include "arch/x86/regs.h"
#include "hv/cpu/emulate.h"

u32 *insn_reg(struct vcpu *v, u32 n)
{
	struct vcpu_regs *r = v->regs;
	u32 *const map[8] = { &r->eax, &r->ecx, &r->edx, &r->ebx, &r->esp, &r->ebp, &r->esi, &r->edi };

	return map[n & 7];
}

u32 reg_get(struct vcpu *v, u32 n, u32 size)
{
	if (size == 1 && n >= 4)
		return (*insn_reg(v, n - 4) >> 8) & 0xFF;
	return *insn_reg(v, n) & (size == 4 ? ~0u : size == 2 ? 0xFFFF : 0xFF);
}

void reg_set(struct vcpu *v, u32 n, u32 size, u32 val)
{
	u32 *r = insn_reg(v, size == 1 ? n & 3 : n);
	u32 shift = size == 1 && n >= 4 ? 8 : 0;
	u32 mask = (size == 4 ? ~0u : size == 2 ? 0xFFFFu : 0xFFu) << shift;

	*r = (*r & ~mask) | ((val << shift) & mask);
}

u32 operand_segment_base(const struct vcpu *v, u8 seg)
{
	const struct vcpu_regs *r = v->regs;
	const u32 sel[] = { r->es, r->cs, r->ss, r->ds, r->fs, r->gs };

	return segment_base(v, sel[seg]);
}

gva_t operand_address(struct vcpu *v, const struct insn *i)
{
	u32 a = i->disp;
	u8 seg = i->seg;

	if (i->base != NO_REG)
		a += *insn_reg(v, i->base);
	if (i->index != NO_REG)
		a += *insn_reg(v, i->index) << i->scale;
	if (seg == SEG_NONE)
		seg = i->base == 4 || i->base == 5 ? SEG_SS : SEG_DS;
	return gva(a + operand_segment_base(v, seg));
}

bool operand_read(struct vcpu *v, const struct insn *i, void *dst, u32 len)
{
	u32 err, at;

	if (gva_read(v, operand_address(v, i), dst, len, 0, &err, &at))
		return true;
	trap_inject_pf(v, at, err);
	return false;
}

enum decoded insn_fetch(struct vcpu *v, struct insn *i)
{
	u32 a = segment_base(v, v->regs->cs) + v->regs->eip, n = INSN_MAX, err, at;
	u32 access = cpl(v) == 3 ? ACCESS_USER : 0;
	u8 bytes[INSN_MAX];

	if (!segment_is_32(v, v->regs->cs))
		return NOT_OURS;
	if (gva_read(v, gva(a), bytes, n, access, &err, &at))
		return insn_decode(bytes, n, i) ? DECODED : NOT_OURS;
	n = at - a;		/* less than INSN_MAX bytes are there */
	if (gva_read(v, gva(a), bytes, n, access, &err, &at) && insn_decode(bytes, n, i))
		return DECODED;
	trap_inject_pf(v, a + n, err);
	return FAULTED;
}
