/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why did the guest come out, and who sees to it.  Each way ends in a reason, which is counted. */
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

/* The guest's DR6 is kept by us, the real one always cleared. */
static u32 take_dr6(void)
{
	u32 dr6;

	asm volatile("mov %%dr6, %0" : "=r"(dr6));
	asm volatile("mov %0, %%dr6" : : "r"(DR6_FIXED));
	return dr6 & DR6_CAUSES;
}

/* The guest steps itself with EFLAGS.TF, or virq.c did. */
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

enum exit_reason handle_exit(struct vcpu *v, u32 trap, u32 cr2)
{
	u32 error = v->regs->error;
	bool stepped = v->step && virq_stepped(v, trap);

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
