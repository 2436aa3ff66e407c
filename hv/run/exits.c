/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why did the guest exit, and who handles it?  Each path returns a reason, which is counted. */
#include <string.h>
#include "arch/x86/irq.h"
#include "arch/x86/regs.h"
#include "hv/lib/lib.h"
#include "hv/run/run.h"

static enum exit_reason page_fault(struct vcpu *v, u32 error, u32 cr2)
{
	u32 err = error & (PFERR_P | PFERR_W | PFERR_U);
	gpa_t reg;

	switch (shadow_fault(v, gva(cr2), &err, &reg)) {
	case FAULT_GUEST:
		trap_inject_pf(v, cr2, err);
		return EXIT_PF_GUEST;
	case FAULT_MMIO:
		emulate_mmio(v, gva(cr2), reg);
		return EXIT_MMIO;
	case FAULT_FILLED:
	case FAULT_KILLED:
		break;
	}
	return EXIT_PF_FILL;
}

/* We keep the guest's DR6; the real one is always cleared. */
static u32 take_dr6(void)
{
	u32 dr6;

	asm volatile("mov %%dr6, %0" : "=r"(dr6));
	asm volatile("mov %0, %%dr6" : : "r"(DR6_FIXED));
	return dr6 & DR6_CAUSES;
}

/* The guest single-steps itself with EFLAGS.TF, or virq.c does it. */
static void debug_trap(struct vcpu *v, bool ours)
{
	u32 causes = take_dr6();

	if (ours)
		return;
	v->dr[6] |= causes;
	trap_inject(v, VEC_DB, false, 0);
}

static enum exit_reason exit_exception(struct vcpu *v, u32 trap, u32 error, bool stepped)
{
	if (trap == VEC_UD && emulate_ud(v))
		return EXIT_EMULATE;
	if (trap == VEC_DB)
		debug_trap(v, stepped);
	else
		trap_inject(v, trap, (VEC_HAS_ERROR >> trap) & 1, error);
	return EXIT_EXCEPTION;
}

/*
 * The guest exited from virtual-8086 mode, which it entered with an iret in ring 1 or 3: a real
 * processor ignores EFLAGS.VM there, QEMU does not.  The exit becomes a general protection fault
 * from ring 3, with the segments of ring 3's last trap, because those from before the iret are
 * lost.  The machine's interrupts are handled as always.
 */
static enum exit_reason virtual_8086(struct vcpu *v, u32 trap)
{
	struct vcpu_regs *r = v->regs;

	memmove(r, (u8 *)(r + 1) - sizeof(struct v86_regs), sizeof(*r));
	r->eflags &= ~(EFLAGS_VM | EFLAGS_IOPL);
	r->cs = v->ring3_cs;
	r->ss = v->ring3_ss;
	if (v->step)
		virq_stepped(v, trap);
	if (selector_ok_cs(v, r->cs) && selector_ok_ss(v, r->ss, r->cs))
		trap_inject(v, VEC_GP, true, 0);
	else
		guest_kill(v->guest, "entered virtual-8086 mode, at %08x", r->eip);
	if (trap == VEC_DB)
		take_dr6();
	return trap >= IRQ_BASE || trap == VEC_NMI || trap == VEC_MC ? handle_exit(v, trap, 0) : EXIT_EXCEPTION;
}

enum exit_reason handle_exit(struct vcpu *v, u32 trap, u32 cr2)
{
	u32 error = v->regs->error;
	bool stepped;

	if (trap & EXIT_V86)
		return virtual_8086(v, trap & 0xFF);
	stepped = v->step && virq_stepped(v, trap);
	if (trap & SWITCH_FAILED) {
		guest_kill(v->guest, "cannot run at %x:%08x with stack %x:%08x (trap %u)",
			   (v->regs->cs & 0xFFFF), v->regs->eip,
			   (v->regs->ss & 0xFFFF), v->regs->esp,
			   (trap & 0xFF));
		return EXIT_BADENTRY;
	}
	if (trap >= IRQ_BASE) {
		irq_dispatch(trap);
		return EXIT_INTERRUPT;
	}
	switch (trap) {
	case RINGLET_TRAP:
		hypercall(v);
		return EXIT_HYPERCALL;
	case VEC_PF:
		return page_fault(v, error, cr2);
	case VEC_GP:
		return emulate_gp(v, error);
	case VEC_NMI:
		this_cpu()->nmis++;
		return EXIT_NMI;
	case VEC_MC:
		panic("machine check");
	default:
		return exit_exception(v, trap, error, stepped);
	}
}
