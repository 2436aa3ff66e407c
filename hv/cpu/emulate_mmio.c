/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Moves to and from device registers, after the page fault that each of them is. */
#include "hv/cpu/emulate.h"

static bool mmio_move(struct vcpu *v, const struct insn *i, gpa_t reg)
{
	struct guest *g = v->guest;
	u32 size = !(i->op & 1) ? 1 : i->op16 ? 2 : 4;

	switch (i->op) {
	case 0x88:
	case 0x89: g->bus->write(g, reg, size, reg_get(v, i->reg, size)); return true;
	case 0x8A:
	case 0x8B: reg_set(v, i->reg, size, g->bus->read(g, reg, size)); return true;
	case 0xA0:
	case 0xA1: reg_set(v, 0, size, g->bus->read(g, reg, size)); return true;
	case 0xA2:
	case 0xA3: g->bus->write(g, reg, size, reg_get(v, 0, size)); return true;
	case 0xC6:
	case 0xC7: g->bus->write(g, reg, size, i->imm); return true;
	case 0x0FB6: reg_set(v, i->reg, i->op16 ? 2 : 4, g->bus->read(g, reg, 1) & 0xFF); return true;
	case 0x0FB7: reg_set(v, i->reg, 4, g->bus->read(g, reg, 2) & 0xFFFF); return true;
	case 0x0FBE: reg_set(v, i->reg, i->op16 ? 2 : 4, (int8_t)g->bus->read(g, reg, 1)); return true;
	case 0x0FBF: reg_set(v, i->reg, 4, (int16_t)g->bus->read(g, reg, 2)); return true;
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
