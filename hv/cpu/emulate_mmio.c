/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Moves to and from device registers.  Each one is a page fault. */
#include "hv/cpu/emulate.h"

/* How many bytes move, and in which direction; false: not a plain move. */
static bool mmio_width(const struct insn *i, u32 *size, bool *write)
{
	*size = insn_size(i);
	*write = false;
	switch (i->op) {
	case OP_MOV_TO_RM ... OP_MOV_TO_RM + 1:
	case OP_MOV_TO_ADDRESS ... OP_MOV_TO_ADDRESS + 1:
	case OP_MOV_IMMEDIATE ... OP_MOV_IMMEDIATE + 1:
		*write = true;
		return true;
	case OP_MOV_TO_REG ... OP_MOV_TO_REG + 1:
	case OP_MOV_FROM_ADDRESS ... OP_MOV_FROM_ADDRESS + 1:
		return true;
	case OP_MOVZX_8:
	case OP_MOVSX_8:
		*size = 1;
		return true;
	case OP_MOVZX_16:
	case OP_MOVSX_16:
		*size = 2;
		return true;
	}
	return false;
}

static u32 mmio_source(struct vcpu *v, const struct insn *i, u32 size)
{
	switch (i->op & ~1) {
	case OP_MOV_IMMEDIATE: return i->imm;
	case OP_MOV_TO_ADDRESS: return reg_get(v, REG_EAX, size);
	default: return reg_get(v, i->reg, size);
	}
}

static void mmio_result(struct vcpu *v, const struct insn *i, u32 size, u32 val)
{
	switch (i->op) {
	case OP_MOV_FROM_ADDRESS:
	case OP_MOV_FROM_ADDRESS + 1: reg_set(v, REG_EAX, size, val); return;
	case OP_MOVZX_8: reg_set(v, i->reg, i->op16 ? 2 : 4, (u8)val); return;
	case OP_MOVSX_8: reg_set(v, i->reg, i->op16 ? 2 : 4, (int8_t)val); return;
	case OP_MOVZX_16: reg_set(v, i->reg, 4, (u16)val); return;
	case OP_MOVSX_16: reg_set(v, i->reg, 4, (int16_t)val); return;
	default: reg_set(v, i->reg, size, val);
	}
}

void emulate_mmio(struct vcpu *v, gva_t a, gpa_t reg)
{
	struct guest *g = v->guest;
	struct insn i;
	enum decoded d = insn_fetch(v, &i);
	bool write;
	u32 size;

	if (d == FAULTED)
		return;
	if (d != DECODED || (i.has_modrm && i.mod == 3) || !mmio_width(&i, &size, &write)) {
		guest_kill(g, "device register %08x (at %08x) touched by an instruction that is no plain move, at %08x",
			   gpa_x(reg), gva_x(a), v->regs->eip);
		return;
	}
	if (!operand_allowed(v, &i, size, write))	/* QEMU's processor does not check */
		return;
	if (write)
		g->bus->write(g, reg, size, mmio_source(v, &i, size));
	else
		mmio_result(v, &i, size, g->bus->read(g, reg, size));
	insn_done(v, i.len);
}
