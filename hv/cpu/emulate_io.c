/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ports.  Nothing is there: reads are all ones, and one write restarts the guest, as a PC's keyboard controller does. */
#include "arch/x86/regs.h"
#include "hv/cpu/emulate.h"
#include "hv/lib/lib.h"

#define STRING_CHUNK	64		/* elements of a rep ins/outs per exit */

static void port_log(struct vcpu *v, u16 port, const char *what)
{
	struct guest *g = v->guest;

	if (told_first(g->logged_ports, &g->logged_port_count, port))
		hv_log("%s: %s port %03x: nothing is there", g->name, what, port);
}

static void port_write(struct vcpu *v, u16 port, u32 val)
{
	if (port == 0x64 && (val & 0xFF) == 0xFE) {	/* the keyboard controller's reset line */
		guest_stopped(v->guest, SHUTDOWN_RESTART, "");
		return;
	}
	port_log(v, port, "write to");
}

void emulate_in_out(struct vcpu *v, const struct insn *i)
{
	u32 size = insn_size(i);
	u16 port = i->op >= OP_IN_DX ? v->regs->edx : i->imm;

	v->guest->stats.emulated_io++;
	if (i->op & 2) {
		port_write(v, port, reg_get(v, 0, size));
	} else {
		port_log(v, port, "read of");
		reg_set(v, 0, size, ~0u);
	}
}

/* One element of ins or outs; false: the guest has got a page fault. */
static bool string_step(struct vcpu *v, const struct insn *i, u32 size)
{
	struct vcpu_regs *r = v->regs;
	bool out = i->op & 2;
	u32 *index = out ? &r->esi : &r->edi, data = ~0u, err, at;
	gva_t a = gva(operand_segment_base(v, !out ? SEG_ES : i->seg == SEG_NONE ? SEG_DS : i->seg) + *index);

	if (!(out ? gva_read(v, a, &data, size, 0, &err, &at)
		  : gva_write(v, a, &data, size, 0, &err, &at))) {
		trap_inject_pf(v, at, err);
		return false;
	}
	if (out)
		port_write(v, r->edx, data);
	else
		port_log(v, r->edx, "read of");
	*index += r->eflags & EFLAGS_DF ? -size : size;
	return true;
}

bool emulate_string_io(struct vcpu *v, const struct insn *i)
{
	u32 size = insn_size(i), n;

	v->guest->stats.emulated_io++;
	if (!i->rep)
		return string_step(v, i, size);
	for (n = 0; n < STRING_CHUNK && v->regs->ecx; n++) {
		if (!string_step(v, i, size) || !guest_alive(v->guest))
			return false;
		v->regs->ecx--;
	}
	return !v->regs->ecx;
}
