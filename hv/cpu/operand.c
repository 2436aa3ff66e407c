/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's instruction and its operands.  The instruction is fetched once and decoded from the
 * copy. */
#include "arch/x86/regs.h"
#include "hv/cpu/emulate.h"

/* ---- registers ---- */

u32 *insn_reg(struct vcpu *v, u32 n)
{
#define AT(reg) offsetof(struct vcpu_regs, reg)
	static const u8 at[8] = { AT(eax), AT(ecx), AT(edx), AT(ebx), AT(esp), AT(ebp), AT(esi), AT(edi) };

	return (u32 *)((u8 *)v->regs + at[n & 7]);
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

/* ---- memory: through a segment, at the guest's own privilege ---- */

static u32 user_access(const struct vcpu *v) { return cpl(v) == 3 ? ACCESS_USER : 0; }

static inline u16 segment_selector(const struct vcpu *v, u8 seg)
{
	const struct vcpu_regs *r = v->regs;

	switch (seg) {
	case SEG_ES: return r->es;
	case SEG_CS: return r->cs;
	case SEG_SS: return r->ss;
	case SEG_DS: return r->ds;
	case SEG_FS: return r->fs;
	default: return r->gs;
	}
}

static bool segment_linear(struct vcpu *v, u8 seg, u32 offset, u32 len, bool write, gva_t *a)
{
	u16 sel = segment_selector(v, seg);

	if (segment_at(v, sel, offset, len, write, a))
		return true;
	trap_inject(v, seg == SEG_SS ? VEC_SS : VEC_GP, true, 0);
	return false;
}

/* Copies to `to` or, if that is NULL, from `from`. */
static bool segment_copy(struct vcpu *v, u8 seg, u32 offset, void *to, const void *from, u32 len)
{
	u32 err, at;
	gva_t a;

	if (!segment_linear(v, seg, offset, len, !to, &a))
		return false;
	if (to ? gva_read(v, a, to, len, user_access(v), &err, &at)
	       : gva_write(v, a, from, len, user_access(v), &err, &at))
		return true;
	trap_inject_pf(v, at, err);
	return false;
}

bool segment_read(struct vcpu *v, u8 seg, u32 offset, void *dst, u32 len)
{
	return segment_copy(v, seg, offset, dst, NULL, len);
}

bool segment_write(struct vcpu *v, u8 seg, u32 offset, const void *src, u32 len)
{
	return segment_copy(v, seg, offset, NULL, src, len);
}

/* ---- the operand named by modrm, or by an address in the instruction ---- */

static inline u32 operand_offset(struct vcpu *v, const struct insn *i)
{
	u32 a = i->disp;

	if (i->base != NO_REG)
		a += *insn_reg(v, i->base);
	if (i->index != NO_REG)
		a += *insn_reg(v, i->index) << i->scale;
	return a;
}

static u8 operand_segment(const struct insn *i)
{
	if (i->seg != SEG_NONE)
		return i->seg;
	return i->base == REG_ESP || i->base == REG_EBP ? SEG_SS : SEG_DS;
}

gva_t operand_linear(struct vcpu *v, const struct insn *i)
{
	return gva(segment_base(v, segment_selector(v, operand_segment(i))) + operand_offset(v, i));
}

bool operand_allowed(struct vcpu *v, const struct insn *i, u32 len, bool write)
{
	gva_t a;

	return segment_linear(v, operand_segment(i), operand_offset(v, i), len, write, &a);
}

bool operand_read(struct vcpu *v, const struct insn *i, void *dst, u32 len)
{
	return segment_read(v, operand_segment(i), operand_offset(v, i), dst, len);
}

bool operand_get(struct vcpu *v, const struct insn *i, u32 size, u32 *val)
{
	*val = i->mod == 3 ? reg_get(v, i->rm, size) : 0;
	return i->mod == 3 || operand_read(v, i, val, size);
}

/* ---- the instruction ---- */

enum decoded insn_fetch(struct vcpu *v, struct insn *i)
{
	u8 bytes[INSN_MAX];
	u32 n, err, at;
	gva_t a;

	n = segment_code(v, INSN_MAX, &a);
	if (!n)
		return NOT_OURS;
	if (gva_read(v, a, bytes, n, user_access(v), &err, &at))
		return insn_decode(bytes, n, i) ? DECODED : NOT_OURS;
	n = at - gva_x(a);		/* only these are present */
	if (gva_read(v, a, bytes, n, user_access(v), &err, &at) && insn_decode(bytes, n, i))
		return DECODED;
	trap_inject_pf(v, gva_x(a) + n, err);
	return FAULTED;
}

void insn_done(struct vcpu *v, u32 len)
{
	v->regs->eip += len;
	if (!(v->regs->eflags & EFLAGS_TF))
		return;
	v->halted = false;
	v->dr[6] |= DR6_BS;
	trap_inject(v, VEC_DB, false, 0);
}
