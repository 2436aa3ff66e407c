/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the Switcher is allowed to do: for guests with anything in their tables, every word of struct
 * fast is judged by what it leads to, not by how it was made.  And the judge of our own, fast_wrong(),
 * must see each word that is spoilt.
 */
#include "tests/unit/vcpu.h"

static struct cpu cpu;
static u32 quick, walks;
bool shadow_low_shut;

bool virq_enabled(struct vcpu *who) { (void)who; return true; }
void virq_enable(struct vcpu *who, bool on) { (void)who; (void)on; }

static u32 any_kernel_address(void)
{
	static const u32 usual[] = { 0xC0000000, 0xC0000000, 0xC0000000, 0x80000000, SWITCHER_BASE - MEMORY,
				     SWITCHER_BASE - MEMORY / 2, SWITCHER_BASE, 0xFFFFF000, 0xC0000800, 0 };

	return usual[rnd(ARRAY_SIZE(usual))];
}

static struct desc any_gate(void)
{
	static const u16 good[] = { 0x61, 0x61, 0x61, 0xB9, 0x73, 0xD1, 0x69, 0xA9 };

	return gate_desc(good[rnd(8)], a_word(), one_in(6) ? GATE_TRAP : GATE_INTERRUPT, rnd(4));
}

static void any_vcpu(void)
{
	u32 i;

	vcpu_born();
	g.mem_pages = PAGES;
	v.have_shared = !one_in(8);
	v.guest_features = one_in(8) ? a_word() & ~RINGLET_F_LINEAR : RINGLET_F_LINEAR;
	v.kernel_address = any_kernel_address();
	v.shared = gpa(one_in(4) ? MEMORY - rnd(2 * sizeof(struct ringlet_shared)) : rnd(MEMORY / 4) * 4);
	v.cr0 = CR0_PE | (one_in(6) ? 0 : CR0_PG);
	v.cr3 = one_in(6) ? a_word() : rnd(PAGES + 2) * PAGE_SIZE | rnd(32);
	v.ss1 = one_in(3) ? any_selector() : 0x69;
	v.esp1 = a_word();
	for (i = 0; i < 256; i++)
		v.idt[i] = one_in(4) ? any_gate() : one_in(6) ? (struct desc){ 0 } : gate_desc(0x61, a_word(), GATE_INTERRUPT, 0);
	cpu_info.features = one_in(4) ? 0 : ~0u;
	fast_off = one_in(16);
}

/* Every word, by what the processor or the Switcher would do with it. */
static void judge(void)
{
	const struct fast *f = &state.fast;
	u32 i, any = 0, end = f->linear + f->bytes;

	for (i = 0; i < FAST_VECTORS; i++) {
		if (!f->handler[i])
			continue;
		any++;
		CHECK(FAST_TRAPS >> i & 1, "vector %u", i);
		CHECK(i != VEC_UD || cpu_has(CPU_CMOV), "an instruction that C would emulate");
		CHECK_EQ(f->handler[i], gate_offset(v.idt[i]));
		CHECK_EQ(gate_type(v.idt[i]), GATE_INTERRUPT);
		CHECK_EQ(gate_selector(v.idt[i]), f->cs);
	}
	if (!any && !f->pgd)
		return;
	quick++;
	CHECK(!fast_off && v.have_shared && (v.guest_features & RINGLET_F_LINEAR), "nothing was promised, or all is off");
	CHECK(is_code(f->cs, 1) && kind_of(f->cs)->base == 0 && kind_of(f->cs)->limit == ~0u, "code %x", f->cs);
	CHECK(is_stack(f->ss, 1) && kind_of(f->ss)->base == 0 && kind_of(f->ss)->limit == ~0u && kind_of(f->ss)->big,
	      "stack %x", f->ss);
	CHECK_EQ(f->ss, state.tss.ss1);
	CHECK_EQ(f->linear, v.kernel_address);
	CHECK(f->bytes <= MEMORY && !(f->bytes % PAGE_SIZE) && end > f->linear && end <= SWITCHER_BASE, "%x bytes at %x",
	      f->bytes, f->linear);
	CHECK(f->bytes == MEMORY || SWITCHER_BASE - end < PAGE_SIZE, "it could be more: %x bytes", f->bytes);
	CHECK_EQ(f->irq_enabled, v.kernel_address + gpa_x(v.shared));
	CHECK_EQ(f->cr2, v.kernel_address + gpa_x(v.shared) + 8);
	CHECK(f->irq_enabled + sizeof(struct ringlet_shared) <= end, "the shared page at %x", f->irq_enabled);
	if (!f->pgd)
		return;
	walks++;
	CHECK(v.cr0 & CR0_PG, "a walk without paging");
	CHECK_EQ(f->pgd, v.kernel_address + (v.cr3 & PTE_FRAME));
	CHECK((v.cr3 & PTE_FRAME) < f->bytes, "a directory at %x", f->pgd);
}

/* What is promised and usual must be quick, or the tests above judge nothing. */
static void usual(void)
{
	u32 i;

	vcpu_born();
	g.mem_pages = PAGES;
	v.have_shared = true;
	v.guest_features = RINGLET_F_LINEAR;
	v.kernel_address = 0xC0000000;
	v.shared = gpa(0x3000);
	v.cr0 = CR0_PE | CR0_PG;
	v.cr3 = 0x5000;
	v.ss1 = 0x69;
	for (i = 0; i < FAST_VECTORS; i++)
		v.idt[i] = gate_desc(0x61, 0xC0001000 + i, GATE_INTERRUPT, 0);
	cpu_info.features = ~0u;
	fast_off = false;
	descriptors_load(&cpu, &v);
	for (i = 0; i < FAST_VECTORS; i++)
		CHECK_EQ(state.fast.handler[i], FAST_TRAPS >> i & 1 ? 0xC0001000 + i : 0);
	CHECK_EQ(state.fast.pgd, 0xC0005000);
	v.cr3 = 0x7000;
	fast_root(&v, &state);
	CHECK_EQ(state.fast.pgd, 0xC0007000);
	v.cr0 = CR0_PE;
	fast_root(&v, &state);
	CHECK_EQ(state.fast.pgd, 0);
	v.cr0 = CR0_PE | CR0_PG;
	fast_root(&v, &state);
	CHECK(!fast_wrong(&state), "%s", fast_wrong(&state));
	v.gdt[0x69 >> 3].hi &= ~DESC_DB;	/* a stack of 16 bits, though it is flat */
	descriptors_load(&cpu, &v);
	CHECK(!state.fast.handler[VEC_PF] && !state.fast.pgd, "its stack pointer would be %%sp");
	v.gdt[0x69 >> 3].hi |= DESC_DB;
	descriptors_load(&cpu, &v);
}

/* Each word that matters, spoilt. */
static void spoilt(void)
{
	struct fast good, *f = &state.fast;

	usual();
	good = *f;
#define SPOIL(words, ...) do {								\
		*f = good;								\
		__VA_ARGS__;								\
		CHECK(fast_wrong(&state), words);					\
	} while (0)
	SPOIL("code of ring 3", f->cs = 0x73);
	SPOIL("code of ring 3 by another name", f->cs = 0x71);
	SPOIL("our own code", f->cs = HV_CS | 1);
	SPOIL("code that is data", f->cs = 0x69);
	SPOIL("code with a base", f->cs = 0xB9);
	SPOIL("another stack", f->ss = 0x61);
	SPOIL("our own stack", f->ss = state.tss.ss1 = HV_DS | 1);
	SPOIL("a stack of ring 3", f->ss = state.tss.ss1 = 0x7B);
	SPOIL("a read-only stack", f->ss = state.tss.ss1 = 0xA1);
	state.tss.ss1 = 0x69;
	SPOIL("memory beyond the Switcher", f->linear = f->pgd = f->irq_enabled = f->cr2 = SWITCHER_BASE - MEMORY / 2);
	SPOIL("memory that wraps", f->linear = f->pgd = f->irq_enabled = f->cr2 = 0u - PAGE_SIZE);
	SPOIL("a directory outside", f->pgd = f->linear + f->bytes);
	SPOIL("a directory below", f->pgd = f->linear - PAGE_SIZE);
	SPOIL("irq_enabled outside", f->irq_enabled = SWITCHER_BASE + 0x1000);
	SPOIL("cr2 outside", f->cr2 = SWITCHER_BASE + 0x2000);
	*f = good;
}

int main(int argc, char **argv)
{
	u32 i;

	seed_from(argc, argv, 0);
	descriptors_init(&state, LGUEST_PAGES(0));
	CASE("a usual guest");
	usual();
	CASE("words that are spoilt");
	spoilt();
	CASE("guests of every kind");
	for (i = 0; i < 60000; i++) {
		any_vcpu();
		descriptors_load(&cpu, &v);
		judge();
		CHECK(!fast_wrong(&state), "%s", fast_wrong(&state));
	}
	CHECK(quick > 5000 && walks > 2000, "%u quick, %u with a directory: that is no test", quick, walks);
	return passed();
}
