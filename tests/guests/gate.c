/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hostile.  The one gate that leads straight to the guest, the system call's, is made to name every selector there is
 * with every RPL: Ringlet's own code and data, its TSS, ring 3's code, empty slots; as a trap and as an interrupt
 * gate, open to ring 3 or not; set before and after the descriptor it names, by every way to change either.
 * After each step the finished GDT and IDT are read as the processor reads them: what ring 1
 * and ring 3 may use leads to ring 1, or to Ringlet's own entry points.  Then the gate is used, from both rings.
 *
 * Variant gate: SUCCESS
 * Variant lidt: SUCCESS
 * Variant later: SUCCESS
 * Variant tls: SUCCESS
 * Variant lgdt: SUCCESS
 * Variant stack: SUCCESS
 * Variant stack-used: killed double
 * Variant reset: SUCCESS
 * Variant ring0: killed double
 * Variant ring3: killed double
 */
#include "guest.h"

#define STATE 0xFFC02000u
#define TSS (STATE + 32 * 8 + 256 * 8)
#define HV_CS 0x50
#define VECTOR 0x80
#define SPARE 20		/* a slot to play with */

struct entry { u32 lo, hi; };

static u32 dpl_of(u32 hi) { return hi >> 13 & 3; }
static bool is_code(u32 hi) { return (hi & 0x9800) == 0x9800; }	/* present, S, code */

/* Where vector n leads, and in which ring the processor would be there. */
static void look_at_gate(const char *how, u32 arg, u32 n)
{
	struct entry g = { peek(STATE + 256 + n * 8), peek(STATE + 256 + n * 8 + 4) }, d;
	u32 type = g.hi >> 8 & 0x1F, sel = g.lo >> 16, off = (g.lo & 0xFFFF) | (g.hi & 0xFFFF0000);

	if (!(g.hi & 0x8000))
		return;
	if (type == GATE_TASK) {
		EXPECT(n == 8 && dpl_of(g.hi) == 0, "%s %x: task gate at %x", how, arg, n);
		return;
	}
	EXPECT(type == GATE_TRAP || type == GATE_INTERRUPT, "%s %x: gate %x has type %x", how, arg, n, type);
	EXPECT(!(sel & 4) && sel >> 3 < 32, "%s %x: gate %x names %x", how, arg, n, sel);
	d = (struct entry){ peek(STATE + (sel & 0xF8)), peek(STATE + (sel & 0xF8) + 4) };
	EXPECT(is_code(d.hi) && !(d.hi & 0x400), "%s %x: gate %x leads to no code: %x", how, arg, n, d.hi);
	if (dpl_of(d.hi) == 0)
		EXPECT(sel == HV_CS && off >= SWITCHER && off < SWITCHER + PAGE && type == GATE_INTERRUPT && n < 48 &&
		       dpl_of(g.hi) == (n == RINGLET_TRAP), "%s %x: gate %x (DPL %u) leads to ring 0 at %x",
		       how, arg, n, dpl_of(g.hi), off);
	else
		EXPECT(dpl_of(d.hi) == 1 && (sel & 3) == 1 && n == VECTOR && type == GATE_TRAP,
		       "%s %x: gate %x leads to %x in ring %u", how, arg, n, sel, dpl_of(d.hi));
}

static void look(const char *how, u32 arg)
{
	u32 i, hi;

	for (i = 0; i < 256; i++)
		look_at_gate(how, arg, i);
	for (i = 0; i < 32; i++) {
		hi = peek(STATE + i * 8 + 4);
		if (i == 10 || i == 11 || i == 16 || i == 31)
			EXPECT(dpl_of(hi) == 0, "%s %x: Ringlet's slot %u has DPL %u", how, arg, i, dpl_of(hi));
		else
			EXPECT(!hi || ((hi & 0x1000) && dpl_of(hi)), "%s %x: slot %u has %x", how, arg, i, hi);
	}
	/* The stack a direct gate would take is one of ring 1's, or none. */
	hi = peek(TSS + 16) & 0xFFFF;
	if (hi)
		EXPECT((hi & 7) == 1 && dpl_of(peek(STATE + (hi & 0xF8) + 4)) == 1, "%s %x: ss1 is %x", how, arg, hi);
}

/* The handler, wherever it runs, tells its ring. */
u32 ring_seen;
extern u8 handler[];
asm("handler: movl %cs, %eax; movl %eax, %ss:ring_seen; 1: int $0x40; jmp 1b");

static bool hook(struct frame *f)
{
	if (f->vector != 0x40 || (f->cs & 3) != 1)
		return false;
	user_exit(0);		/* the handler, at ring 1, has had its say */
}

static u32 use(u32 x) { asm volatile("int $0x80" : : : "eax", "memory"); return x; }
static u32 back(u32 x) { return x; }

static void try_it(const char *how, u32 arg)
{
	ring_seen = 0xFFFF;
	exec_user(use, 0);
	EXPECT(ring_seen == 0xFFFF || (ring_seen & 3) == 1, "%s %x: the handler ran with CS %x", how, arg, ring_seen);
}

static u32 offset, type, dpl;
static void put(u16 sel) { idt_put(VECTOR, make_gate(sel, offset, type, dpl)); }

static void gates(bool by_lidt)
{
	struct table_reg t = { sizeof(idt) - 1, (u32)idt };
	u32 sel;

	for (type = GATE_INTERRUPT; type <= GATE_TRAP; type++)
		for (dpl = 0; dpl < 4; dpl++)
			for (sel = 0; sel < 32 * 8; sel++) {
				offset = sel & 1 ? (u32)handler : 0xFFC00000 + sel;
				if (by_lidt) {
					idt[VECTOR] = make_gate((u16)sel, offset, type, dpl);
					asm volatile("lidt %0" : : "m"(t));
				} else {
					put((u16)sel);
				}
				look(by_lidt ? "lidt, selector" : "gate, selector", sel);
			}
}

/* The descriptor comes after the gate, and goes again. */
static void later(u32 index, void (*change)(u32 index, u32 lo, u32 hi), const char *how)
{
	u32 t, d;

	type = GATE_TRAP;
	dpl = 3;
	offset = (u32)handler;
	put((u16)(index * 8 + 1));
	for (t = 0; t < 32; t++)
		for (d = 0; d < 4; d++) {
			change(index, 0xFFFF, 0x00CF8000 | d << 13 | t << 8);
			look(how, t << 4 | d);
			if (t == 26 && d < 2) {		/* code: DPL 0 becomes 1 */
				try_it(how, t << 4 | d);
				EXPECT_EQ("the handler's ring", ring_seen & 3, 1);
			}
			change(index, 0, 0);
			look(how, t << 4 | d);
		}
}

static struct entry table[32] __attribute__((aligned(8)));

static void by_tls(u32 index, u32 lo, u32 hi)
{
	u32 i;

	for (i = 0; i < 3; i++)
		table[i] = (struct entry){ index == 6 + i ? lo : 0, index == 6 + i ? hi : 0 };
	hcall(HC_LOAD_TLS, (u32)table, 0, 0);
}

static void by_lgdt(u32 index, u32 lo, u32 hi)
{
	struct table_reg t = { sizeof(table) - 1, (u32)table };

	memset(table, 0, sizeof(table));
	table[KERNEL_CS >> 3] = (struct entry){ 0xFFFF, SEG(10, 1) };
	table[KERNEL_DS >> 3] = (struct entry){ 0xFFFF, SEG(2, 1) };
	table[USER_CS >> 3] = (struct entry){ 0xFFFF, SEG(10, 3) };
	table[USER_DS >> 3] = (struct entry){ 0xFFFF, SEG(2, 3) };
	table[index] = (struct entry){ lo, hi };
	asm volatile("lgdt %0" : : "m"(t));
}

void test_main(void)
{
	u32 i;

	trap_hook = hook;
	exec_user(back, 0);
	look("start", 0);
	if (variant_is("gate") || variant_is("lidt")) {
		gates(variant_is("lidt"));
		type = GATE_TRAP;
		dpl = 3;
		offset = (u32)handler;
		for (i = 0; i < 4; i++) {
			put((u16)(KERNEL_CS & ~3u) | (u16)i);
			try_it("the kernel's, RPL", i);
			EXPECT_EQ("the handler's ring", ring_seen & 3, 1);
			EXPECT(peek(STATE + 256 + VECTOR * 8 + 4), "a gate to the kernel is not direct");
		}
	} else if (variant_is("later")) {
		later(SPARE, gdt_put, "LOAD_GDT_ENTRY");
	} else if (variant_is("tls")) {
		for (i = 6; i <= 8; i++)
			later(i, by_tls, "LOAD_TLS");
	} else if (variant_is("lgdt")) {
		later(SPARE, by_lgdt, "lgdt");
	} else if (variant_is("stack")) {
		/* ss1 names what is no stack of ring 1's: Ringlet's data, code, empty, or changes under its feet. */
		type = GATE_TRAP;
		dpl = 3;
		offset = (u32)handler;
		put(KERNEL_CS);
		for (i = 1; i < 32 * 8; i += 4) {
			hcall(HC_SET_STACK, (i & ~7u) | 1, (u32)trap_stack_top, 2);
			look("SET_STACK", i);
		}
		gdt_put(SPARE, 0xFFFF, SEG(2, 1));
		hcall(HC_SET_STACK, SPARE * 8 + 1, (u32)trap_stack_top, 2);
		look("ss1 good", 0);
		for (i = 0; i < 128; i++) {
			gdt_put(SPARE, 0xFFFF, 0x00CF8000 | (i & 3) << 13 | (i >> 2) << 8);
			look("ss1 changed", i);
		}
	} else if (variant_is("stack-used")) {
		type = GATE_TRAP;
		dpl = 3;
		offset = (u32)handler;
		put(KERNEL_CS);
		hcall(HC_SET_STACK, 11 * 8 + 1, (u32)trap_stack_top, 2);
		try_it("ss1 Ringlet's", 0);
		test_failure("it came back");
	} else if (variant_is("reset")) {
		/* INIT makes another vector the system call's. */
		type = GATE_TRAP;
		dpl = 3;
		offset = (u32)handler;
		idt_put(0xF0, make_gate(HV_CS, offset, type, dpl));
		idt_put(0x30, make_gate(HV_CS, offset, type, dpl));
		idt_put(0x1F, make_gate(KERNEL_CS, offset, type, dpl));
		put(HV_CS);
		shared.kernel_address = 0xC0000000;
		shared.syscall_vec = 0x1F;
		shared.guest_features = RINGLET_F_SYSCALL_IF;
		hcall(HC_INIT, (u32)&shared, RINGLET_MAGIC, 0);
		look("INIT", 0);
	}
	if (variant_is("ring0") || variant_is("ring3")) {
		type = GATE_TRAP;
		dpl = 3;
		offset = (u32)handler;
		put(variant_is("ring0") ? HV_CS : USER_CS);
		try_it(variant(), 0);
		test_failure("it came back");
	}
}
