/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Carries out what faulted: privileged instructions of ring 1, software interrupts, and moves to
 * and from device registers.  Fetches the instruction once, decodes the copy, acts on that.  Ring 3
 * gets the #GP real hardware would give it.
 */
#include <string.h>
#include "arch/x86/cpu.h"
#include "arch/x86/regs.h"
#include "hv/cpu/cpu.h"
#include "hv/cpu/decode.h"
#include "hv/lib/lib.h"

#define CR4_ALLOWED	(CR4_TSD | CR4_DE | CR4_PSE | CR4_PGE | CR4_OSFXSR | CR4_OSXMMEXCPT)
#define DR7_ENABLES	0xFF
#define MSR_TSC		0x10
#define STRING_CHUNK	64		/* elements of a rep ins/outs per exit */

static u32 cpl(const struct vcpu *v) { return v->regs->cs & 3; }

/* ---- operands ---- */

static u32 *reg32(struct vcpu *v, u32 n)
{
	struct vcpu_regs *r = v->regs;
	u32 *const map[8] = { &r->eax, &r->ecx, &r->edx, &r->ebx, &r->esp, &r->ebp, &r->esi, &r->edi };

	return map[n & 7];
}

static u32 get_reg(struct vcpu *v, u32 n, u32 size)
{
	if (size == 1 && n >= 4)
		return (*reg32(v, n - 4) >> 8) & 0xFF;
	return *reg32(v, n) & (size == 4 ? ~0u : size == 2 ? 0xFFFF : 0xFF);
}

static void set_reg(struct vcpu *v, u32 n, u32 size, u32 val)
{
	u32 *r = reg32(v, size == 1 ? n & 3 : n);
	u32 shift = size == 1 && n >= 4 ? 8 : 0;
	u32 mask = (size == 4 ? ~0u : size == 2 ? 0xFFFFu : 0xFFu) << shift;

	*r = (*r & ~mask) | ((val << shift) & mask);
}

static u32 seg_base(const struct vcpu *v, u8 seg)
{
	const struct vcpu_regs *r = v->regs;
	const u32 sel[] = { r->es, r->cs, r->ss, r->ds, r->fs, r->gs };

	return segment_base(v, sel[seg]);
}

static gva_t emulate_effective(struct vcpu *v, const struct insn *i)
{
	u32 a = i->disp;
	u8 seg = i->seg;

	if (i->base != NO_REG)
		a += *reg32(v, i->base);
	if (i->index != NO_REG)
		a += *reg32(v, i->index) << i->scale;
	if (seg == SEG_NONE)
		seg = i->base == 4 || i->base == 5 ? SEG_SS : SEG_DS;
	return gva(a + seg_base(v, seg));
}

/* Reads a memory operand; on failure the guest has got its page fault. */
static bool read_operand(struct vcpu *v, const struct insn *i, void *dst, u32 len)
{
	u32 err, at;

	if (gva_read(v, emulate_effective(v, i), dst, len, 0, &err, &at))
		return true;
	trap_inject_pf(v, at, err);
	return false;
}

enum decoded { DECODED, NOT_OURS, FAULTED };

/* The instruction at eip.  FAULTED: it ends in a page that is not there, and the guest has got its
 * page fault, as from a processor that fetches all of an instruction before it looks at
 * privilege. */
static enum decoded decode_at_eip(struct vcpu *v, struct insn *i)
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

/* True the first time a number is seen (the first 8 are remembered), so that a guest cannot flood
 * the log. */
static bool first_time(u32 *list, u32 *count, u32 number)
{
	u32 i;

	for (i = 0; i < *count; i++)
		if (list[i] == number)
			return false;
	if (*count == 8)
		return false;
	list[(*count)++] = number;
	return true;
}

/* ---- ports ---- */

static void port_log(struct vcpu *v, u16 port, const char *what)
{
	struct guest *g = v->guest;

	if (first_time(g->logged_ports, &g->logged_port_count, port))
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

static void in_out(struct vcpu *v, const struct insn *i)
{
	u32 size = !(i->op & 1) ? 1 : i->op16 ? 2 : 4;
	u16 port = i->op >= 0xEC ? v->regs->edx : i->imm;

	v->guest->stats.emulated_io++;
	if (i->op & 2) {
		port_write(v, port, get_reg(v, 0, size));
	} else {
		port_log(v, port, "read of");
		set_reg(v, 0, size, ~0u);
	}
}

/* One element of ins or outs; false: the guest has got a page fault. */
static bool string_step(struct vcpu *v, const struct insn *i, u32 size)
{
	struct vcpu_regs *r = v->regs;
	bool out = i->op & 2;
	u32 *index = out ? &r->esi : &r->edi, data = ~0u, err, at;
	gva_t a = gva(seg_base(v, !out ? SEG_ES : i->seg == SEG_NONE ? SEG_DS : i->seg) + *index);

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

/* True when the instruction is finished; else eip stays on it. */
static bool string_io(struct vcpu *v, const struct insn *i)
{
	u32 size = !(i->op & 1) ? 1 : i->op16 ? 2 : 4, n;

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
	v->ts = val & CR0_TS;
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
		v->cr2 = val;
		return true;
	case 3:
		/* All but global entries go on hardware; we offer no PGE, so all go. */
		shadow_flush_all(v->guest);
		shadow_new_root(v, val, -1, true);
		return true;
	case 4:
		if (val & ~CR4_ALLOWED)
			break;
		if ((v->cr4 ^ val) & (CR4_PSE | CR4_PGE))
			shadow_flush_all(v->guest);
		v->cr4 = val;
		return true;
	}
	trap_inject(v, VEC_GP, true, 0);
	return false;
}

static u32 read_cr(const struct vcpu *v, u32 n)
{
	switch (n) {
	case 0: return (v->cr0 & ~CR0_TS) | (v->ts ? CR0_TS : 0);
	case 2: return v->cr2;
	case 3: return v->cr3;
	case 4: return v->cr4;
	default: return 0;
	}
}

/* Debug registers are a memory: no breakpoint ever fires, and DR7 says so. */
static void mov_to_dr(struct vcpu *v, u32 n, u32 val)
{
	v->dr[n] = n == 7 ? (val & ~DR7_ENABLES) | 0x400 : val;
}

static void log_msr(struct vcpu *v, const char *what)
{
	struct guest *g = v->guest;

	if (first_time(g->logged_msrs, &g->logged_msr_count, v->regs->ecx))
		hv_log("%s: %s MSR %08x: nothing is there", g->name, what, v->regs->ecx);
}

static void rdmsr_reg(struct vcpu *v)
{
	u64 val = 0;

	if (v->regs->ecx == MSR_TSC)
		val = rdtsc();
	else
		log_msr(v, "read of");
	v->regs->eax = val;
	v->regs->edx = val >> 32;
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

static bool group_0f00(struct vcpu *v, const struct insn *i, u32 error)
{
	u16 sel = 0;

	if (i->mod == 3)
		sel = get_reg(v, i->rm, 2);
	else if (!read_operand(v, i, &sel, 2))
		return false;
	if (i->reg == 2 && sel < 4)		/* lldt: the null one, or none at all */
		return true;
	if (i->reg == 3)
		return load_task_register(v, sel);
	trap_inject(v, VEC_GP, true, i->reg == 2 ? sel & ~3u : error);
	return false;
}

static bool group_0f01(struct vcpu *v, const struct insn *i, u32 error)
{
	struct table_reg t;
	u16 msw = 0;

	switch (i->reg) {
	case 2:
	case 3:
		if (i->mod == 3)
			break;
		if (!read_operand(v, i, &t, sizeof(t)))
			return false;
		if (i->reg == 2)
			return gdt_load(v, gva(t.base), t.limit);
		idt_load(v, gva(t.base), t.limit);
		return true;
	case 6:
		if (i->mod == 3)
			msw = get_reg(v, i->rm, 2);
		else if (!read_operand(v, i, &msw, 2))
			return false;
		return write_cr0_reg(v, (read_cr(v, 0) & ~(CR0_MP | CR0_EM | CR0_TS)) |
					(msw & (CR0_MP | CR0_EM | CR0_TS)) | CR0_PE);
	case 7:
		if (i->mod == 3)
			break;
		shadow_flush_one(v, emulate_effective(v, i));
		return true;
	}
	trap_inject(v, VEC_GP, true, error);
	return false;
}

/* mov to %ss with RPL 0, as boot code does it: at ring 1 that is RPL 1. */
static bool mov_to_ss(struct vcpu *v, const struct insn *i, u32 error)
{
	u16 sel = 0;

	if (i->mod == 3)
		sel = get_reg(v, i->rm, 2);
	else if (!read_operand(v, i, &sel, 2))
		return false;
	if (i->reg == SEG_SS && !(sel & 3) && selector_ok_ss(v, sel | 1, v->regs->cs)) {
		v->regs->ss = sel | 1;
		return true;
	}
	trap_inject(v, VEC_GP, true, error);
	return false;
}

/* ---- halting ---- */

static void emulate_halt(struct vcpu *v)
{
	v->guest->stats.halts++;
	v->halted = !(virq_waiting(v) && virq_enabled(v));
}

/* `sti; hlt` lets no interrupt in between; as two exits it would, so it is one. */
static void set_interrupts(struct vcpu *v, struct insn *i)
{
	u8 next = 0;
	u32 err, at;

	virq_enable(v, true);
	if (gva_read(v, gva(segment_base(v, v->regs->cs) + v->regs->eip + i->len), &next, 1, 0, &err, &at) &&
	    next == 0xF4) {
		i->len++;
		emulate_halt(v);
	}
}

/* ---- the table of all ---- */

/* True: done, step over it.  False: the guest has got a fault, is dead, or shall come again. */
static bool emulate_privileged(struct vcpu *v, struct insn *i, u32 error)
{
	switch (i->op) {
	case 0xFA: virq_enable(v, false); return true;
	case 0xFB: set_interrupts(v, i); return true;
	case 0xF4: emulate_halt(v); return true;
	case 0xE4 ... 0xE7:
	case 0xEC ... 0xEF: in_out(v, i); return true;
	case 0x6C ... 0x6F: return string_io(v, i);
	case 0x8E: return mov_to_ss(v, i, error);
	case 0x0F00: return group_0f00(v, i, error);
	case 0x0F01: return group_0f01(v, i, error);
	case 0x0F06: v->ts = false; v->cr0 &= ~CR0_TS; return true;
	case 0x0F08:
	case 0x0F09: return true;	/* caches are not ours to empty for a guest */
	case 0x0F20: *reg32(v, i->rm) = read_cr(v, i->reg); return true;
	case 0x0F21: *reg32(v, i->rm) = v->dr[i->reg]; return true;
	case 0x0F22: return mov_to_cr(v, i->reg, *reg32(v, i->rm));
	case 0x0F23: mov_to_dr(v, i->reg, *reg32(v, i->rm)); return true;
	case 0x0F30: log_msr(v, "write to"); return true;
	case 0x0F32: rdmsr_reg(v); return true;
	}
	trap_inject(v, VEC_GP, true, error);
	return false;
}

/* `int n` on a vector that is not open in the real IDT: does the guest's own gate allow it? */
static void software_interrupt(struct vcpu *v, u32 vector, u32 error)
{
	struct insn i;
	enum decoded d = decode_at_eip(v, &i);
	bool is_int = d == DECODED && ((i.op == 0xCD && i.imm == vector) ||
				       (i.op == 0xCC && vector == VEC_BP) ||
				       (i.op == 0xCE && vector == VEC_OF));

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
	if (cpl(v) != 3)
		d = decode_at_eip(v, &i);
	if (d == NOT_OURS || (d == DECODED && i.lock))
		trap_inject(v, VEC_GP, true, error);
	if (d != DECODED || i.lock)
		return EXIT_EXCEPTION;
	if (emulate_privileged(v, &i, error))
		v->regs->eip += i.len;
	return EXIT_EMULATE;
}

/* ---- what this processor is too old for ---- */

/* The sixteen conditions of jcc, setcc and cmovcc: pairs, the odd one the opposite. */
static bool emulate_condition(u32 cc, u32 eflags)
{
	bool cf = eflags & 0x001, pf = eflags & 0x004, zf = eflags & 0x040, sf = eflags & 0x080,
	     of = eflags & 0x800;
	const bool even[8] = { of, cf, zf, cf || zf, sf, pf, sf != of, zf || sf != of };

	return even[cc >> 1] != (cc & 1);
}

/*
 * Distributions build for the i686: cmov is all that keeps most of their programs from a Pentium.
 * Slow, but they run.  False: not one of these.
 */
bool emulate_ud(struct vcpu *v)
{
	u32 access = cpl(v) == 3 ? ACCESS_USER : 0, size, val, err, at;
	enum decoded d;
	struct insn i;

	if (cpu_has(CPU_CMOV))
		return false;
	d = decode_at_eip(v, &i);
	if (d != DECODED || i.lock)
		return d == FAULTED;
	size = i.op16 ? 2 : 4;
	if (i.op >= 0x0F40 && i.op <= 0x0F4F) {
		val = i.mod == 3 ? get_reg(v, i.rm, size) : 0;
		/* Like hardware: memory is read, and may fault, whatever the condition. */
		if (i.mod != 3 && !gva_read(v, emulate_effective(v, &i), &val, size, access, &err, &at)) {
			trap_inject_pf(v, at, err);
			return true;
		}
		if (emulate_condition(i.op & 15, v->regs->eflags))
			set_reg(v, i.reg, size, val);
	} else if (i.op != 0x0F1F) {
		return false;
	}
	v->regs->eip += i.len;
	return true;
}

/* ---- device registers ---- */

static bool mmio_move(struct vcpu *v, const struct insn *i, gpa_t reg)
{
	struct guest *g = v->guest;
	u32 size = !(i->op & 1) ? 1 : i->op16 ? 2 : 4;

	switch (i->op) {
	case 0x88:
	case 0x89: g->bus->write(g, reg, size, get_reg(v, i->reg, size)); return true;
	case 0x8A:
	case 0x8B: set_reg(v, i->reg, size, g->bus->read(g, reg, size)); return true;
	case 0xA0:
	case 0xA1: set_reg(v, 0, size, g->bus->read(g, reg, size)); return true;
	case 0xA2:
	case 0xA3: g->bus->write(g, reg, size, get_reg(v, 0, size)); return true;
	case 0xC6:
	case 0xC7: g->bus->write(g, reg, size, i->imm); return true;
	case 0x0FB6: set_reg(v, i->reg, i->op16 ? 2 : 4, g->bus->read(g, reg, 1) & 0xFF); return true;
	case 0x0FB7: set_reg(v, i->reg, 4, g->bus->read(g, reg, 2) & 0xFFFF); return true;
	case 0x0FBE: set_reg(v, i->reg, i->op16 ? 2 : 4, (int8_t)g->bus->read(g, reg, 1)); return true;
	case 0x0FBF: set_reg(v, i->reg, 4, (int16_t)g->bus->read(g, reg, 2)); return true;
	}
	return false;
}

void emulate_mmio(struct vcpu *v, gva_t a, gpa_t reg)
{
	struct insn i;
	enum decoded d = decode_at_eip(v, &i);

	if (d == FAULTED)
		return;
	if (d != DECODED || (i.has_modrm && i.mod == 3) || !mmio_move(v, &i, reg)) {
		guest_kill(v->guest, "device register %08x (at %08x) touched by an instruction that is no plain move, at %08x",
			   gpa_x(reg), gva_x(a), v->regs->eip);
		return;
	}
	v->regs->eip += i.len;
}
