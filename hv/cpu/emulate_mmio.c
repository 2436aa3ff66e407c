/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Moves to and from device registers, after the page fault that each of them is. */
#include "hv/cpu/emulate.h"

static bool mmio_move(struct vcpu *v, const struct insn *i, gpa_t reg)
{
	struct guest *g = v->guest;
	u32 size = insn_size(i);

	switch (i->op) {
	case OP_MOV_TO_RM:
	case OP_MOV_TO_RM + 1: g->bus->write(g, reg, size, reg_get(v, i->reg, size)); return true;
	case OP_MOV_TO_REG:
	case OP_MOV_TO_REG + 1: reg_set(v, i->reg, size, g->bus->read(g, reg, size)); return true;
	case OP_MOV_FROM_ADDRESS:
	case OP_MOV_FROM_ADDRESS + 1: reg_set(v, 0, size, g->bus->read(g, reg, size)); return true;
	case OP_MOV_TO_ADDRESS:
	case OP_MOV_TO_ADDRESS + 1: g->bus->write(g, reg, size, reg_get(v, 0, size)); return true;
	case OP_MOV_IMMEDIATE:
	case OP_MOV_IMMEDIATE + 1: g->bus->write(g, reg, size, i->imm); return true;
	case OP_MOVZX_8: reg_set(v, i->reg, i->op16 ? 2 : 4, g->bus->read(g, reg, 1) & 0xFF); return true;
	case OP_MOVZX_16: reg_set(v, i->reg, 4, g->bus->read(g, reg, 2) & 0xFFFF); return true;
	case OP_MOVSX_8: reg_set(v, i->reg, i->op16 ? 2 : 4, (int8_t)g->bus->read(g, reg, 1)); return true;
	case OP_MOVSX_16: reg_set(v, i->reg, 4, (int16_t)g->bus->read(g, reg, 2)); return true;
	}
	return false;
}

void emulate_mmio(struct vcpu *v, gva_t a, gpa_t reg)
{
	struct insn i;
	enum decoded d = insn_fetch(v, &i);

	if (d == FAULTED)
		return;
	if (d != DECODED || (i.has_modrm && i.mod == 3) || !mmio_move(v, &i, reg)) {
		guest_kill(v->guest, "device register %08x (at %08x) touched by an instruction that is no plain move, at %08x",
			   gpa_x(reg), gva_x(a), v->regs->eip);
		return;
	}
	v->regs->eip += i.len;
}
