/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Traps into the guest, beside a processor that pushes word by word: gates come and go in memory,
 * through lidt and one by one, and pages of the IDT and of the stack vanish and turn read-only.
 */
#include "tests/unit/vcpu.h"

bool virq_enabled(struct vcpu *who) { return who->irq_on; }
void virq_enable(struct vcpu *who, bool on) { who->irq_on = on; }

/* ---- as the manual says ---- */

struct gate { bool usable, turns_off; u32 offset, sel, dpl; };

static struct gate read_gate(const u8 *b)
{
	u32 type = b[5] & 0x1F;

	return (struct gate){
		.usable = (b[5] & 0x80) && (type == 14 || type == 15), .turns_off = type == 14, .dpl = b[5] >> 5 & 3,
		.offset = b[0] | b[1] << 8 | b[6] << 16 | (u32)b[7] << 24,
		.sel = (b[2] | b[3] << 8) / 4 * 4 + 1,		/* ring 0 to the guest */
	};
}

static u32 idt_at, idt_len;		/* by lidt */
static u8 known[256][8];		/* the gates as they were given last */

static bool gate_in_memory(u32 vec)
{
	u32 a = idt_at + vec * 8;

	if (vec * 8 + 8 > idt_len || reach(a, 8, PTE_P) != a + 8)
		return false;
	memcpy(known[vec], memory + a, 8);
	return true;
}

/* One without a gate that we knew of is looked for. */
static struct gate the_gate(u32 vec)
{
	if (!read_gate(known[vec]).usable)
		gate_in_memory(vec);
	return read_gate(known[vec]);
}

static u8 pushed[MEMORY];		/* memory, as it is to be */

static bool push(struct vcpu_regs *r, u32 word)
{
	const struct kind *k = kind_of(r->ss);
	u32 a;

	r->esp = k->big ? r->esp - 4 : (r->esp & 0xFFFF0000) | ((r->esp - 4) & 0xFFFF);
	a = k->base + (k->big ? r->esp : r->esp & 0xFFFF);
	if (reach(a, 4, PTE_P | PTE_RW) != a + 4)
		return false;
	memcpy(pushed + a, &word, 4);
	return true;
}

/* What r becomes; else why the guest dies. */
static const char *take_trap(struct vcpu_regs *r, u32 vec, bool has_error, u32 error, bool *irq_on)
{
	struct vcpu_regs was = *r;
	struct gate to = the_gate(vec);
	bool outer = (was.cs & 3) == 3, ok = true;

	if (!to.usable)
		return "no handler";
	if (outer) {
		r->ss = v.ss1;
		r->esp = v.esp1;
	}
	r->ss &= 0xFFFF;
	if (!is_code(to.sel, 1) || !is_stack(r->ss, 1))
		return "wants code segment";
	if (outer)
		ok = push(r, was.ss & 0xFFFF) && push(r, was.esp);
	ok = ok && push(r, *irq_on ? was.eflags | 0x200 : was.eflags & ~0x200u) && push(r, was.cs & 0xFFFF) && push(r, was.eip);
	if (has_error)
		ok = ok && push(r, error);
	if (!ok)
		return "no stack";
	*irq_on = *irq_on && !to.turns_off;
	r->eip = to.offset;
	r->cs = to.sel;
	r->eflags = was.eflags & ~(0x100u | 0x4000u | 0x10000u | 0x20000u);
	return "";
}

/* ---- what happens ---- */

static u32 taken, deadly;

static u32 a_vector(void) { return one_in(2) ? rnd(256) : 12 + rnd(4); }

static struct desc a_gate(void)
{
	static const u16 good[] = { 0x60, 0x61, 0x63, 0xB9 };
	u32 type = one_in(8) ? rnd(32) : 14 + rnd(2);
	struct desc d = gate_desc(one_in(6) ? any_selector() : good[rnd(4)], a_word(), type, rnd(4));

	if (one_in(10))
		d.hi &= ~DESC_P;
	return d;
}

static u32 a_stack(u32 sel)
{
	const struct kind *k = kind_of(sel);
	u32 sp = 64 + rnd(0xE000), high = a_word() & 0xFFFF0000;

	if (one_in(4))		/* at the edge of a page */
		sp = ((sp + k->base) & PAGE_MASK) + rnd(24) - k->base;
	return k->big ? sp : high | (sp & 0xFFFF);
}

static void any_trap(void)
{
	static const u16 stacks[] = { 0x69, 0x91, 0x99 };
	u32 vec = a_vector(), error = a_word(), cr2 = a_word(), count, old_cr2 = shared.cr2;
	bool has_error = rnd(2), page_fault = one_in(4), irq_on;
	struct vcpu_regs want;
	const char *why;
	bool ring3;

	any_registers();
	regs.cs = (a_word() & 0xFFFF0000) | (one_in(8) ? 0xAA : one_in(2) ? 0x73 : 0x61);
	ring3 = (regs.cs & 3) == 3;
	regs.ss = (a_word() & 0xFFFF0000) | (ring3 ? 0x7B : one_in(8) ? any_selector() : stacks[rnd(3)]);
	regs.esp = a_stack(regs.ss & 0xFFFF);
	v.ss1 = one_in(8) ? any_selector() : stacks[rnd(3)];
	v.esp1 = a_stack(v.ss1);
	v.ring3_cs = v.ring3_ss = 0;
	v.have_shared = rnd(2);
	irq_on = v.irq_on = rnd(2);
	if (page_fault)
		vec = VEC_PF;
	count = vec < 32 ? g.stats.trap_injected[vec] : 0;
	memcpy(pushed, memory, sizeof(pushed));
	want = regs;
	why = take_trap(&want, vec, has_error || page_fault, error, &irq_on);

	if (page_fault)
		trap_inject_pf(&v, cr2, error);
	else
		trap_inject(&v, vec, has_error, error);
	if (page_fault) {
		CHECK_EQ(page.cr2, cr2);
		CHECK_EQ(shared.cr2, v.have_shared ? cr2 : old_cr2);
	}
	if (*why) {
		CHECK_HAS(killed, why);
		deadly++;
		g.state = GUEST_RUNNING;
		*killed = 0;
		return;
	}
	CHECK(!*killed, "%s", killed);
	CHECK(regs.eip == want.eip && (regs.cs & 0xFFFF) == want.cs && regs.esp == want.esp && (regs.ss & 0xFFFF) == want.ss,
	      "at %x:%08x, stack %x:%08x, and not %x:%08x, %x:%08x", regs.cs, regs.eip, regs.ss, regs.esp, want.cs, want.eip,
	      want.ss, want.esp);
	CHECK_EQ(regs.eflags, want.eflags);
	CHECK_EQ(v.irq_on, irq_on);
	CHECK(!memcmp(memory, pushed, sizeof(memory)), "the frame");
	want.cs = regs.cs, want.ss = regs.ss;
	CHECK(!memcmp(&regs, &want, sizeof(regs)), "another register");
	CHECK(v.ring3_cs == (ring3 ? 0x73 : 0) && v.ring3_ss == (ring3 ? 0x7B : 0), "where ring 3 was: %x, %x", v.ring3_cs, v.ring3_ss);
	if (vec < ARRAY_SIZE(g.stats.trap_injected))
		CHECK_EQ(g.stats.trap_injected[vec], count + 1);
	taken++;
}

static void new_idt(void)
{
	u32 i;

	idt_at = one_in(4) ? MEMORY - rnd(2100) : rnd(MEMORY - 2048);
	idt_len = one_in(2) ? 2048 : 1 + rnd(2100);
	for (i = 0; i < 256; i++) {
		struct desc d = a_gate();

		if (idt_at + i * 8 + 8 <= MEMORY)
			memcpy(memory + idt_at + i * 8, &d, 8);
	}
	v.tables_changed = false;
	idt_load(&v, gva(idt_at), (u16)(idt_len - 1));
	CHECK(v.tables_changed, "the gate that is loaded may be another now");
	memset(known, 0, sizeof(known));
	for (i = 0; i < 256; i++)
		gate_in_memory(i);
}

static void check_open(void)
{
	u32 vec = a_vector(), ring = 1 + rnd(3);
	struct gate to = the_gate(vec);

	regs.cs = (a_word() & ~3u) | ring;
	CHECK(trap_has_gate(&v, vec) == to.usable, "vector %u", vec);
	/* In the guest's eyes ring 1 is ring 0. */
	CHECK_EQ(trap_gate_open(&v, vec), to.usable && (ring == 1 ? 0 : ring) <= to.dpl);
}

static void check_direct(void)
{
	struct gate to;
	struct desc d;
	bool may, low_open = one_in(4);

	v.syscall_vec = one_in(4) ? rnd(300) : one_in(2) ? 46 + rnd(4) : 250 + rnd(10);
	v.guest_features = rnd(8);
	low[0] = low_open ? PTE_US : 0;
	to = v.syscall_vec < 256 ? read_gate(known[v.syscall_vec]) : (struct gate){ 0 };
	d = trap_direct_gate(&v);
	may = v.syscall_vec >= 48 && v.syscall_vec < 256 && to.usable && !low_open && (!to.turns_off || (v.guest_features & RINGLET_F_SYSCALL_IF));
	CHECK(gate_type(d) ? may && gate_offset(d) == to.offset && gate_selector(d) == to.sel : !may, "vector %u straight to ring 1: %x",
	      v.syscall_vec, d.hi);
}

static void something(void)
{
	u32 vec = a_vector();
	struct desc d = a_gate();

	switch (rnd(16)) {
	case 0:
		if (one_in(20))
			new_idt();
		break;
	case 1:
		if (one_in(8))
			vec = 256 + rnd(1000);
		v.tables_changed = false;
		idt_set(&v, vec, d);
		if (vec < 256) {
			memcpy(known[vec], &d, 8);
			CHECK(v.tables_changed, "the gate that is loaded may be this one");
		}
		break;
	case 2:
		if (vec * 8 + 8 <= idt_len && idt_at + vec * 8 + 8 <= MEMORY)
			memcpy(memory + idt_at + vec * 8, &d, 8);
		break;
	case 3:
		rights[rnd(PAGES)] = one_in(3) ? rnd(8) : ALL;
		break;
	case 4:
		check_direct();
		break;
	case 5:
		check_open();
		break;
	default:
		any_trap();
	}
}

int main(int argc, char **argv)
{
	u32 i;

	seed_from(argc, argv, 0);
	vcpu_born();
	CASE("before lidt");
	regs.cs = GUEST_CS;
	trap_inject(&v, VEC_GP, true, 0);
	CHECK_HAS(killed, "no handler for trap 13");
	*killed = 0;
	CASE("whatever happens");
	for (i = 0; i < 30000; i++)
		something();
	CHECK(taken > 3000 && deadly > 1000, "%u taken, %u deadly: that is no test", taken, deadly);
	return passed();
}
