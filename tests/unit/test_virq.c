/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtual interrupts.  First a processor that knows EFLAGS.TF as the manual has it carries out what
 * is held, of every kind: whoever compares it with one that was let alone finds no difference.
 * Then anything pending in any state, beside the rules; the iret that is done for the guest beside
 * a processor's.
 */
#include "hv/cpu/decode.h"
#include "tests/unit/vcpu.h"

static u32 gates;		/* bit n: interrupt n has one */
static int injected = -1;	/* the vector */
static u32 injections;
static u32 wakes;

struct desc trap_direct_gate(const struct vcpu *who) { (void)who; return (struct desc){ 0 }; }
void trap_inject_pf(struct vcpu *who, u32 cr2, u32 error) { (void)who; (void)cr2; (void)error; CHECK(0, "a fault"); }
bool trap_has_gate(struct vcpu *who, u32 vector) { (void)who; return vector >= 32 && vector < 64 && (gates & BIT(vector - 32)); }

void trap_inject(struct vcpu *who, u32 vector, bool has_error, u32 error)
{
	(void)who, (void)error;
	CHECK(!has_error && !(who->step && (regs.eflags & EFLAGS_TF)), "an interrupt in the middle of a step");
	injected = (int)vector;
	injections++;
}

static void woken(struct vcpu *who)
{
	CHECK(!who->halted, "woken, but halted");
	wakes++;
}

/* ---- a processor ---- */

static u32 stack_at(void)
{
	const struct kind *k = kind_of(regs.ss & 0xFFFF);

	return k->base + (k->big ? regs.esp : regs.esp & 0xFFFF);
}

static void move_stack(s32 by)
{
	regs.esp = kind_of(regs.ss & 0xFFFF)->big ? regs.esp + by : (regs.esp & 0xFFFF0000) | ((regs.esp + by) & 0xFFFF);
}

static void push(u32 x, u32 size)
{
	move_stack(-(s32)size);
	memcpy(memory + stack_at(), &x, size);
}

static u32 pop(u32 size)
{
	u32 x = 0;

	memcpy(&x, memory + stack_at(), size);
	move_stack((s32)size);
	return x;
}

enum what { PLAIN, PUSHF, POPF, IRET, INT, ICEBP, POP_SS, LOAD_SS };

static const struct { enum what what; u8 len; u8 bytes[7]; } insns[] = {
	{ PLAIN, 1, { 0x90 } }, { PLAIN, 1, { 0xF4 } }, { PLAIN, 2, { 0x8E, 0xD8 } }, { PLAIN, 3, { 0x0F, 0xB4, 0x00 } },
	{ PLAIN, 4, { 0x65, 0x66, 0x8B, 0x00 } }, { PLAIN, 2, { 0x0F, 0xA2 } }, { PLAIN, 2, { 0xEB, 0x00 } },
	{ PUSHF, 1, { 0x9C } }, { PUSHF, 2, { 0x66, 0x9C } }, { PUSHF, 4, { 0x2E, 0xF3, 0x66, 0x9C } },
	{ POPF, 1, { 0x9D } }, { POPF, 2, { 0x66, 0x9D } }, { POPF, 3, { 0x64, 0xF2, 0x9D } },
	{ IRET, 1, { 0xCF } }, { IRET, 2, { 0x36, 0xCF } },
	{ INT, 2, { 0xCD, 0x80 } }, { INT, 1, { 0xCC } }, { INT, 1, { 0xCE } }, { INT, 3, { 0x3E, 0xCD, 0x30 } },
	{ ICEBP, 1, { 0xF1 } },
	{ POP_SS, 1, { 0x17 } }, { LOAD_SS, 2, { 0x8E, 0xD0 } }, { LOAD_SS, 3, { 0x67, 0x8E, 0x17 } }, { LOAD_SS, 3, { 0x0F, 0xB2, 0x20 } },
	{ LOAD_SS, 4, { 0x26, 0x0F, 0xB2, 0x20 } },
};
#define HANDLER 0x9000u

/* One instruction, and the one that a load of %ss takes with it, a pushf.  The trap by which it
 * comes out; 0x20 when only the clock does. */
static u32 execute(u32 n)
{
	bool tf = regs.eflags & EFLAGS_TF, half = memchr(insns[n].bytes, 0x66, insns[n].len);
	u32 mask = half ? 0xFFFF : ~0u;

	regs.eip += insns[n].len;
	switch (insns[n].what) {
	case PLAIN:
		break;
	case PUSHF:
		push(regs.eflags, half ? 2 : 4);
		break;
	case POPF:
		regs.eflags = (regs.eflags & ~mask) | (pop(half ? 2 : 4) & mask);
		break;
	case IRET:
		regs.eip = pop(4);
		regs.cs = pop(4);
		regs.eflags = pop(4);
		break;
	case INT:
	case ICEBP:
		push(regs.eflags, 4);
		push(regs.cs, 4);
		push(regs.eip, 4);
		regs.eflags &= ~EFLAGS_TF;
		regs.eip = HANDLER;
		return 0x20;
	case POP_SS:
		pop(4);
		/* fall through */
	case LOAD_SS:
		push(regs.eflags, 4);
		regs.eip++;
	}
	return tf ? VEC_DB : 0x20;
}

/* ---- what is held ---- */

#define CODE 0x5000u

static void set_the_scene(u32 n)
{
	u32 i;

	vcpu_born();
	for (i = 0; i < MEMORY; i++)
		memory[i] = (u8)rnd(256);
	any_registers();
	regs.cs = 0x61;
	regs.ss = one_in(2) ? 0x69 : 0x91;
	regs.esp = (0x8000 + rnd(64)) | (regs.ss == 0x91 ? a_word() & 0xFFFF0000 : 0);
	regs.eip = CODE - rnd(20);
	regs.eflags &= ~EFLAGS_TF;
	if (insns[n].what == IRET) {
		u32 frame[3] = { HANDLER, 0x61, a_word() & ~(EFLAGS_VM | EFLAGS_NT) };

		memcpy(memory + stack_at(), frame, 12);
	}
	memcpy(memory + regs.eip, insns[n].bytes, insns[n].len);
	v.have_shared = rnd(2);
	v.irq_on = true;
	memset(&shared, 0, sizeof(shared));
	shared.irq_enabled = RINGLET_IF;
	gates = ~0u;
	v.irq_pending = 1 + rnd(100);
	injected = -1;
	virq_hold(&v);
}

/* It comes out; what it was entered with is left, as the main loop does. */
static bool come_out(u32 trap)
{
	return v.step && virq_stepped(&v, trap);
}

static void held_once(u32 n)
{
	static u8 memory0[MEMORY], memory1[MEMORY];
	struct vcpu_regs regs0, regs1;
	u32 trap, tries = rnd(3);
	bool own_step;
	int first;

	set_the_scene(n);
	first = 32 + __builtin_ctz(v.irq_pending);
	own_step = one_in(6);
	if (own_step)
		regs.eflags |= EFLAGS_TF;
	memcpy(memory0, memory, MEMORY);
	regs0 = regs;
	execute(n);		/* let alone */
	memcpy(memory1, memory, MEMORY);
	regs1 = regs;
	memcpy(memory, memory0, MEMORY);
	regs = regs0;

	for (;; tries--) {
		virq_deliver(&v);
		CHECK(injected < 0, "it came in before the instruction");
		CHECK(!v.have_shared || shared.irq_pending == RINGLET_IF, "it still waits");
		CHECK(!own_step || !v.step, "a step in the guest's own");
		if (!tries)
			break;
		/* It faults, or the clock was faster. */
		CHECK(!come_out(one_in(2) ? VEC_PF : 0x20), "that was no step");
		CHECK(!memcmp(&regs, &regs0, sizeof(regs)), "a fault sees flags %x, not %x", regs.eflags, regs0.eflags);
	}
	trap = execute(n);
	CHECK_EQ(come_out(trap), trap == VEC_DB && !own_step);
	CHECK(!memcmp(&regs, &regs1, sizeof(regs)), "insn %u: flags %08x and not %08x, eip %x", n, regs.eflags, regs1.eflags, regs.eip);
	CHECK(!memcmp(memory, memory1, MEMORY), "insn %u: something is else in memory", n);
	CHECK_EQ(v.step, 0);
	virq_deliver(&v);
	CHECK(injected == first, "insn %u: %d came in behind it, and not %d", n, injected, first);
	CHECK(!memcmp(&regs, &regs1, sizeof(regs)), "insn %u: something changed on the way in", n);
}

/* Code that cannot be read is not stepped over: it faults. */
static void held_unreadable(void)
{
	u32 keep = 1 + rnd(4);

	set_the_scene(0);
	regs.eip = 5 * PAGE_SIZE - keep;
	memcpy(memory + regs.eip, "\x66\x66\x66\x66", keep);
	rights[5] = 0;
	virq_hold(&v);
	virq_deliver(&v);
	CHECK(injected < 0 && !(regs.eflags & EFLAGS_TF) && !v.step, "a step into what is not there");
	rights[5] = ALL;
	memset(memory + regs.eip, 0x66, 20);
	virq_deliver(&v);
	CHECK(injected < 0 && !(regs.eflags & EFLAGS_TF) && !v.step, "no instruction is that long");
}

/* ---- anything ---- */

static u32 came_in, windows, waited;

/* What it may change; what must not become set.  The real EFLAGS.IF is nobody's here. */
#define BY_IRET		(0xDD5u | EFLAGS_AC | EFLAGS_ID)
#define NOT_BY_IRET	(EFLAGS_IOPL | EFLAGS_NT | EFLAGS_RF | EFLAGS_VM | EFLAGS_VIF | EFLAGS_VIP)

/* As a processor of ring 1 would; false: it would fault, or do what nobody does. */
static bool iret(struct vcpu_regs *r)
{
	const struct kind *k = kind_of(r->ss & 0xFFFF);
	u32 at = k->base + (k->big ? r->esp : r->esp & 0xFFFF), f[5];

	if (reach(at, 12, PTE_P) != at + 12)
		return false;
	memcpy(f, memory + at, 12);
	if (!(f[1] & 3) || !is_code(f[1] & 0xFFFF, f[1] & 3) || (f[2] & EFLAGS_VM))
		return false;
	if ((f[1] & 3) != 1) {
		if (reach(at, 20, PTE_P) != at + 20)
			return false;
		memcpy(f, memory + at, 20);
		if (!is_stack(f[4] & 0xFFFF, f[1] & 3))
			return false;
		r->esp = f[3];
		r->ss = f[4] & 0xFFFF;
	} else {
		r->esp = k->big ? r->esp + 12 : (r->esp & 0xFFFF0000) | ((r->esp + 12) & 0xFFFF);
	}
	r->eip = f[0];
	r->cs = f[1] & 0xFFFF;
	r->eflags = f[2];
	return true;
}

static u32 a_place(void) { return CODE + rnd(8); }

static void any_state(void)
{
	static const u16 codes[] = { 0x61, 0x61, 0x73, 0xAA, 0xB9 }, stacks[] = { 0x69, 0x99, 0x91 };
	u32 frame[5] = { a_place(), one_in(6) ? any_selector() : codes[rnd(5)], a_word(), 0x6000 + rnd(99), one_in(3) ? any_selector() : 0x7B };

	vcpu_born();
	memset(memory, 0x90, sizeof(memory));
	any_registers();
	regs.cs = one_in(4) ? 0x73 : 0x61;
	regs.ss = regs.cs == 0x73 ? 0x7B : stacks[rnd(3)];
	regs.esp = (regs.ss == 0x91 ? a_word() & 0xFFFF0000 : 0) | (one_in(3) ? 0x8000 - rnd(30) - kind_of(regs.ss)->base : 0x4100 + rnd(100));
	regs.eip = a_place();
	if (one_in(2))
		frame[2] &= ~EFLAGS_VM;
	memcpy(memory + stack_at(), frame, 20);
	if (one_in(3))
		rights[rnd(10)] = rnd(8);
	rights[CODE / PAGE_SIZE] |= PTE_P;
	rights[CODE / PAGE_SIZE + 1] |= PTE_P;	/* the base of 0xB9 is a page */
	v.noirq_start = a_place();
	v.noirq_end = v.noirq_start + rnd(6);
	v.syscall_vec = one_in(8) ? 256 + rnd(9) : 0x80;
	v.idt[0x80] = gate_desc(0x61, a_place(), 14 + rnd(2), 3);
	v.have_shared = !one_in(4);
	v.irq_on = rnd(2);
	memset(&shared, 0, sizeof(shared));
	shared.irq_enabled = one_in(3) ? 0 : RINGLET_IF | (one_in(3) ? a_word() : 0);
	shared.blocked_interrupts = one_in(3) ? a_word() & a_word() : 0;
	shared.irq_pending = a_word();
	gates = one_in(3) ? a_word() | a_word() : ~0u;
	v.irq_pending = one_in(6) ? 0 : a_word() & a_word() & a_word();
	v.hold = one_in(4);
	v.hold_eip = a_place();
	injected = -1;
}

static bool interrupts(void) { return v.have_shared ? shared.irq_enabled & RINGLET_IF : v.irq_on; }

static void deliver_any(void)
{
	struct vcpu_regs want;
	u32 pending, ready, windows0;
	bool on, window = false, held, may;
	int irq = -1;

	any_state();
	want = regs;
	pending = v.irq_pending;
	ready = pending & gates & (v.have_shared ? ~shared.blocked_interrupts : ~0u);
	on = interrupts();
	may = ready;
	if (may && (regs.cs & 3) == 1 && regs.eip >= v.noirq_start && regs.eip < v.noirq_end)
		on = may = window = iret(&want);
	held = v.hold && want.eip == v.hold_eip;
	if (may && on && !held && !(v.syscall_vec == 0x80 && want.eip == gate_offset(v.idt[0x80]) && gate_type(v.idt[0x80]) == 14))
		irq = __builtin_ctz(ready);
	windows0 = shared.irq_pending;

	virq_deliver(&v);
	CHECK_EQ((u32)injected, irq < 0 ? -1u : 32u + (u32)irq);
	CHECK_EQ(v.irq_pending, irq < 0 ? pending : pending & ~BIT(irq));
	CHECK_EQ(g.stats.irq_injected, irq >= 0);
	CHECK_EQ(g.stats.irq_window, window);
	CHECK(!window || interrupts(), "iret with interrupts off");
	if (may && on && held)		/* the code is readable nops */
		want.eflags |= EFLAGS_TF;
	if (window) {
		CHECK(!(regs.eflags & NOT_BY_IRET), "flags %08x by iret", regs.eflags);
		want.eflags = (want.eflags & BY_IRET) | (regs.eflags & ~BY_IRET);
	}
	CHECK(!memcmp(&regs, &want, sizeof(regs)), "at %x:%x, stack %x:%x, flags %x, and not %x:%x, %x:%x, %x", regs.cs, regs.eip, regs.ss,
	      regs.esp, regs.eflags, want.cs, want.eip, want.ss, want.esp, want.eflags);
	if (irq >= 0)
		ready &= ~BIT(irq);
	if (v.have_shared)
		CHECK_EQ(shared.irq_pending, !pending ? windows0 : ready ? RINGLET_IF : 0);
	came_in += irq >= 0;
	windows += window;
	waited += ready && irq < 0;
}

static void raise_any(void)
{
	u32 irq = one_in(8) ? a_word() : rnd(40), pending, old = wakes;
	bool halted, ready;

	any_state();
	pending = v.irq_pending;
	halted = v.halted = rnd(2);
	if (irq < 32)
		pending |= BIT(irq);
	ready = pending & gates & (v.have_shared ? ~shared.blocked_interrupts : ~0u);
	CHECK_EQ(virq_waiting(&v), (v.irq_pending & gates & (v.have_shared ? ~shared.blocked_interrupts : ~0u)) != 0);
	virq_raise(&g, irq);
	CHECK_EQ(v.irq_pending, pending);
	CHECK_EQ(g.stats.irq_raised, irq < 32);
	CHECK_EQ(wakes - old, irq < 32 && halted && ready && interrupts());
	CHECK_EQ(v.halted, halted && wakes == old);
	CHECK_EQ(injected, -1);
	/* The guest's switch, wherever it is. */
	virq_enable(&v, halted);
	CHECK(virq_enabled(&v) == halted && (!v.have_shared || shared.irq_enabled == (halted ? RINGLET_IF : 0)), "the switch");
	g.vcpu = NULL;
	virq_raise(&g, 1);
}

int main(int argc, char **argv)
{
	u32 i;

	seed_from(argc, argv, 0);
	virq_set_waker(woken);
	CASE("held");
	for (i = 0; i < 4000; i++)
		held_once(i % ARRAY_SIZE(insns));
	for (i = 0; i < 100; i++)
		held_unreadable();
	CASE("raised");
	for (i = 0; i < 10000; i++)
		raise_any();
	CASE("delivered");
	for (i = 0; i < 30000; i++)
		deliver_any();
	CHECK(came_in > 3000 && windows > 500 && waited > 3000, "%u came in, %u in a window, %u waited: that is no test", came_in, windows,
	      waited);
	return passed();
}
