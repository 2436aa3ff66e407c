/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Emulates what faulted: privileged instructions in ring 1, and software interrupts.  Ring 3 gets
 * the #GP that real hardware would give it.
 */
#include "arch/x86/regs.h"
#include "hv/cpu/emulate.h"

#define CR4_ALLOWED	(CR4_TSD | CR4_DE | CR4_PSE | CR4_PGE | CR4_OSFXSR | CR4_OSXMMEXCPT)
#define MSR_TSC		0x10

void absent_note(struct absent *a, u32 number)
{
	u32 i;

	for (i = 0; i < a->count; i++)
		if (a->number[i] == number)
			return;
	if (a->count < ABSENT_KEPT)
		a->number[a->count++] = number;
}

/* ---- control and debug registers ---- */

static void new_paging_mode(struct vcpu *v)
{
	shadow_flush_all(v->guest);
	shadow_new_root(v, v->cr3, -1, true);
}

static bool write_cr0_reg(struct vcpu *v, u32 val)
{
	u32 changed = v->cr0 ^ val;

	if (!(val & CR0_PE)) {
		guest_kill(v->guest, "left protected mode (cr0 %08x)", val);
		return false;
	}
	v->cr0 = val | CR0_ET;
	vcpu_new_control(v);
	if (changed & CR0_PG)
		new_paging_mode(v);
	return true;
}

static bool mov_to_cr(struct vcpu *v, u32 n, u32 val)
{
	switch (n) {
	case 0:
		return write_cr0_reg(v, val);
	case 2:
		v->page->cr2 = val;
		return true;
	case 3:
		/* On hardware all but global entries are dropped.  We offer no PGE, so all are. */
		shadow_flush_all(v->guest);
		shadow_new_root(v, val, -1, true);
		return true;
	case 4:
		if (val & ~CR4_ALLOWED)
			break;
		if ((v->cr4 ^ val) & (CR4_PSE | CR4_PGE))
			shadow_flush_all(v->guest);
		v->cr4 = val;
		vcpu_new_control(v);
		return true;
	}
	trap_inject(v, VEC_GP, true, 0);
	return false;
}

static u32 read_cr(const struct vcpu *v, u32 n)
{
	switch (n) {
	case 0: return v->cr0;
	case 2: return v->page->cr2;
	case 3: return v->cr3;
	case 4: return v->cr4;
	default: return 0;
	}
}

/* Debug registers only keep their values.  No breakpoint ever hits, and DR7 says so. */
static void mov_to_dr(struct vcpu *v, u32 n, u32 val)
{
	switch (n) {
	case 6: v->dr[6] = DR6_FIXED | (val & DR6_CAUSES); break;
	case 7: v->dr[7] = DR7_FIXED | (val & ~DR7_ENABLES); break;
	default: v->dr[n] = val;
	}
}

static void set_edx_eax(struct vcpu *v, u64 val)
{
	v->regs->eax = val;
	v->regs->edx = val >> 32;
}

static void rdmsr_reg(struct vcpu *v)
{
	if (v->regs->ecx == MSR_TSC) {
		set_edx_eax(v, rdtsc());
		return;
	}
	absent_note(&v->guest->absent_msrs, v->regs->ecx);
	set_edx_eax(v, 0);
}

/* ---- descriptor tables ---- */

static bool load_task_register(struct vcpu *v, u16 sel)
{
	struct desc d;
	u32 stack[2], err, at;	/* esp0, ss0 */

	if ((sel & ~7u) + 7 > v->gdt_limit ||
	    !gva_read(v, gva(gva_x(v->gdt_base) + (sel & ~7u)), &d, sizeof(d), 0, &err, &at) ||
	    !gva_read(v, gva(desc_base(d) + offsetof(struct tss, esp0)), stack, 8, 0, &err, &at)) {
		trap_inject(v, VEC_GP, true, sel & ~3u);
		return false;
	}
	v->esp1 = stack[0];
	v->ss1 = (stack[1] & ~3u) | 1;
	v->tables_changed = true;
	return true;
}

static bool group_6(struct vcpu *v, const struct insn *i, u32 error)
{
	u32 sel;

	if (!operand_get(v, i, 2, &sel))
		return false;
	if (i->reg == 2 && sel < 4)		/* lldt takes only the null selector */
		return true;
	if (i->reg == 3)
		return load_task_register(v, sel);
	trap_inject(v, VEC_GP, true, i->reg == 2 ? sel & ~3u : error);
	return false;
}

static bool load_table(struct vcpu *v, const struct insn *i)
{
	struct table_reg t;

	if (!operand_read(v, i, &t, sizeof(t)))
		return false;
	if (i->reg == 2)
		return gdt_load(v, gva(t.base), t.limit);
	idt_load(v, gva(t.base), t.limit);
	return true;
}

/* lmsw can set PE, but not clear it. */
static bool load_msw(struct vcpu *v, const struct insn *i)
{
	const u32 bits = CR0_MP | CR0_EM | CR0_TS;
	u32 msw;

	return operand_get(v, i, 2, &msw) && write_cr0_reg(v, (v->cr0 & ~bits) | (msw & bits) | CR0_PE);
}

static bool group_7(struct vcpu *v, const struct insn *i, u32 error)
{
	switch (i->reg) {
	case 2:
	case 3:
		if (i->mod == 3)
			break;
		return load_table(v, i);
	case 6:
		return load_msw(v, i);
	case 7:
		if (i->mod == 3)
			break;
		shadow_flush_one(v, operand_linear(v, i));
		return true;
	}
	trap_inject(v, VEC_GP, true, error);
	return false;
}

/* mov to %ss with RPL 0, as boot code does it: at ring 1 it becomes RPL 1.  Neither an interrupt
 * nor a single step comes before the next instruction, which will load %esp. */
static bool mov_to_ss(struct vcpu *v, const struct insn *i, u32 error)
{
	u32 sel;

	if (!operand_get(v, i, 2, &sel))
		return false;
	if (i->reg != SEG_SS || (sel & 3) || !selector_ok_ss(v, sel | 1, v->regs->cs)) {
		trap_inject(v, VEC_GP, true, error);
		return false;
	}
	v->regs->ss = sel | 1;
	v->regs->eip += i->len;
	virq_hold(v);
	return false;
}

/* ---- halting ---- */

static void emulate_halt(struct vcpu *v)
{
	v->guest->stats.halts++;
	v->halted = !(virq_waiting(v) && virq_enabled(v));
}

/* If interrupts were off, one more instruction runs before one can come: `sti; hlt` and `sti; iret`
 * rely on that. */
static bool set_interrupts(struct vcpu *v, const struct insn *i)
{
	bool were_on = virq_enabled(v);

	virq_enable(v, true);
	insn_done(v, i->len);
	if (!were_on)
		virq_hold(v);
	return false;
}

/* ---- dispatch ---- */

/* True: done, step over the instruction.  False: the guest has got a fault, is dead, eip is set
 * already, or the instruction has to run again. */
static bool emulate_privileged(struct vcpu *v, const struct insn *i, u32 error)
{
	switch (i->op) {
	case OP_CLI: virq_enable(v, false); return true;
	case OP_STI: return set_interrupts(v, i);
	case OP_HLT: emulate_halt(v); return true;
	case OP_IN_IMMEDIATE ... OP_OUT_IMMEDIATE + 1:
	case OP_IN_DX ... OP_OUT_DX + 1: emulate_in_out(v, i); return true;
	case OP_INS ... OP_OUTS + 1: return emulate_string_io(v, i);
	case OP_MOV_TO_SEG: return mov_to_ss(v, i, error);
	case OP_GROUP_6: return group_6(v, i, error);
	case OP_GROUP_7: return group_7(v, i, error);
	case OP_CLTS: v->cr0 &= ~CR0_TS; vcpu_new_control(v); return true;
	case OP_INVD:
	case OP_WBINVD: return true;	/* a guest does not get to empty the machine's caches */
	case OP_MOV_FROM_CR: *insn_reg(v, i->rm) = read_cr(v, i->reg); return true;
	case OP_MOV_FROM_DR: *insn_reg(v, i->rm) = v->dr[i->reg]; return true;
	case OP_MOV_TO_CR: return mov_to_cr(v, i->reg, *insn_reg(v, i->rm));
	case OP_MOV_TO_DR: mov_to_dr(v, i->reg, *insn_reg(v, i->rm)); return true;
	case OP_WRMSR: absent_note(&v->guest->absent_msrs, v->regs->ecx); return true;
	case OP_RDTSC: set_edx_eax(v, rdtsc()); return true;	/* traps to us if CR4.TSD is set */
	case OP_RDMSR: rdmsr_reg(v); return true;
	}
	trap_inject(v, VEC_GP, true, error);
	return false;
}

/* `int n` with a vector that the real IDT does not allow: does the guest's own gate allow it? */
static void software_interrupt(struct vcpu *v, u32 vector, u32 error)
{
	struct insn i;
	enum decoded d = insn_fetch(v, &i);
	bool is_int = d == DECODED && ((i.op == OP_INT && i.imm == vector) ||
				       (i.op == OP_INT3 && vector == VEC_BP) ||
				       (i.op == OP_INTO && vector == VEC_OF));

	if (d == FAULTED)
		return;
	if (!is_int || !trap_gate_open(v, vector)) {
		trap_inject(v, VEC_GP, true, error);
		return;
	}
	v->regs->eip += i.len;
	trap_inject(v, vector, false, 0);
}

#define ERROR_EXT	1
#define ERROR_IDT	2

enum exit_reason emulate_gp(struct vcpu *v, u32 error)
{
	enum decoded d = NOT_OURS;
	struct insn i;

	if ((error & (ERROR_IDT | ERROR_EXT)) == ERROR_IDT) {
		software_interrupt(v, (error >> 3) & 0xFF, error);
		return EXIT_SOFTINT;
	}
	if (cpl(v) == 1)
		d = insn_fetch(v, &i);
	if (d == NOT_OURS || (d == DECODED && i.lock))
		trap_inject(v, VEC_GP, true, error);
	if (d != DECODED || i.lock)
		return EXIT_EXCEPTION;
	if (emulate_privileged(v, &i, error))
		insn_done(v, i.len);
	return EXIT_EMULATE;
}
