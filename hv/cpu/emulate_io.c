/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ports.  Nothing is there: reads give all ones, and writes do nothing, except one that restarts
 * the guest, as with a PC's keyboard controller. */
#include "arch/x86/regs.h"
#include "hv/cpu/emulate.h"

#define STRING_CHUNK	64		/* elements of a rep ins or outs per exit */

static void port_write(struct vcpu *v, u16 port, u32 val)
{
	if (port == 0x64 && (val & 0xFF) == 0xFE) {	/* the keyboard controller's reset line */
		guest_stopped(v->guest, SHUTDOWN_RESTART, "");
		return;
	}
	absent_note(&v->guest->absent_ports, port);
}

void emulate_in_out(struct vcpu *v, const struct insn *i)
{
	u32 size = insn_size(i);
	u16 port = i->op >= OP_IN_DX ? v->regs->edx : i->imm;

	v->guest->stats.emulated_io++;
	if (i->op & 2) {
		port_write(v, port, reg_get(v, 0, size));
	} else {
		absent_note(&v->guest->absent_ports, port);
		reg_set(v, 0, size, ~0u);
	}
}

/* One element of ins or outs; false: the guest has got a fault. */
static bool string_step(struct vcpu *v, const struct insn *i, u32 size)
{
	struct vcpu_regs *r = v->regs;
	u32 data = ~0u, step = r->eflags & EFLAGS_DF ? -size : size;

	if ((i->op & ~1) == OP_OUTS) {
		if (!segment_read(v, i->seg == SEG_NONE ? SEG_DS : i->seg, r->esi, &data, size))
			return false;
		port_write(v, r->edx, data);
		r->esi += step;
	} else {
		if (!segment_write(v, SEG_ES, r->edi, &data, size))
			return false;
		absent_note(&v->guest->absent_ports, (u16)r->edx);
		r->edi += step;
	}
	return true;
}

bool emulate_string_io(struct vcpu *v, const struct insn *i)
{
	struct vcpu_regs *r = v->regs;
	u32 n, most = r->eflags & EFLAGS_TF ? 1 : STRING_CHUNK;	/* each element is a single step */

	v->guest->stats.emulated_io++;
	if (!i->rep)
		return string_step(v, i, insn_size(i));
	for (n = 0; n < most && r->ecx; n++) {
		if (!string_step(v, i, insn_size(i)) || !guest_alive(v->guest))
			return false;
		r->ecx--;
	}
	if (r->ecx)
		insn_done(v, 0);
	return !r->ecx;
}
