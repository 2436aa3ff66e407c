/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hostile.  A guest promises that its memory is mapped linearly, so that the Switcher reads its tables
 * and writes frames for it, and then breaks the promise: the mapping leads anywhere, is read-only, has
 * holes, ends right below the Switcher; the stack for traps lies in the Switcher's pages, at the ends of
 * the address space, in its own tables; what the gates name goes away.  Nobody but the guest may be hurt.
 *
 * Repeat: 3
 * Variant liar: SUCCESS or killed kernel panic|double fault|outside its memory
 * Variant segments: SUCCESS or killed double fault
 * Variant high: SUCCESS
 * Variant beyond: SUCCESS
 * Variant outside: killed page table outside its memory
 * Variant stack-switcher: killed double fault: no stack
 * Variant stack-registers: killed double fault: no stack
 * Variant stack-state: killed double fault: no stack
 * Variant stack-edge: killed double fault: no stack
 * Variant stack-zero: killed double fault: no stack
 * Variant stack-top: killed double fault: no stack
 */
#include "guest.h"

#define HOLE	0x40000000u		/* nothing is ever mapped there */

static u32 linear = 0xC0000000;
static u32 any(u32 n) { return random32() % n; }

static void promise(u32 kernel_address)
{
	u32 v;

	linear = kernel_address;
	shared.kernel_address = kernel_address;
	shared.syscall_vec = 0x80;
	shared.guest_features = RINGLET_F_LINEAR;
	if (hcall(HC_INIT, (u32)&shared, RINGLET_MAGIC, 0) != RINGLET_VERSION)
		test_error("no such version");
	for (v = 0; v < 20; v++)
		idt_put(v, make_gate(KERNEL_CS, stubs[v], GATE_INTERRUPT, 0));
}

/* As promised, page by page, so that each can be changed. */
static u32 tables[3][1024] __attribute__((aligned(4096)));
static void map_linear(void)
{
	u32 a;

	for (a = 0; a < ram_bytes() && linear + a < SWITCHER; a += PAGE) {
		tables[a >> 22][(linear + a) >> 12 & 1023] = a | PTE_P | PTE_RW;
		pgd[(linear + a) >> 22] = (u32)tables[a >> 22] | PTE_P | PTE_RW;
	}
	load_cr3((u32)pgd);
}

/* So that it is in the shadows, to be written if it may. */
static void use(u32 a)
{
	u32 pte = *pte_of(linear + a);

	if ((pte & (PTE_P | PTE_RW)) == (PTE_P | PTE_RW))
		asm volatile("lock addl $0, (%0)" : : "r"(linear + a) : "memory", "cc");
	else if (pte & PTE_P)
		peek(linear + a);
}

/* A wrong verdict: its own memory seems not to be there.  Nothing helps but the truth; and if that, too, ends
 * in such faults, nothing. */
static bool repair(struct frame *f)
{
	static u32 depth;
	u32 cr2;

	if (f->vector != VEC_PF)
		return false;
	if (++depth == 8)
		hcall(HC_SHUTDOWN, 0, SHUTDOWN_CRASH, 0);
	asm volatile("mov %%cr2, %0" : "=r"(cr2));
	if (cr2 - HOLE > 1 << 24)
		map_linear();
	depth--;
	return cr2 - HOLE > 1 << 24;
}

static u32 touch(u32 va) { return (u32)try_read(va); }

/* Where the mapping of a page that the Switcher uses leads now. */
static void lie(void)
{
	static void *const targets[] = { page_a, page_b, trap_stack, (void *)&shared, pgd, tables, stubs, idt };
	static void *const pages[] = { (void *)&shared, pgd, tables };
	u32 which = any(3), page = (u32)pages[which] + (which == 2 ? any(3) * PAGE : 0);
	/* What is written in place of the shared page, it can do without. */
	u32 to = (u32)targets[any(which ? 8 : 4)];

	map(linear + page, to & ~(PAGE - 1), any(8) | (any(3) ? PTE_P : 0));
	use(page);
}

static void liar(void)
{
	u32 i, n;

	trap_hook = repair;
	for (i = 0; i < 30000; i++) {
		if (any(3) == 0)
			lie();
		for (n = 0; any(4) == 0 && n < PAGE / 4; n++)
			((u32 *)page_a)[n] = random32();
		if (any(2))
			exec_user(touch, any(2) ? HOLE + any(1 << 22) * 4 : (u32)page_b);
		else
			touch(any(2) ? HOLE + any(1 << 22) * 4 : (u32)page_b);
		shared.irq_enabled = 0;
	}
	checks++;
}

/* The descriptors that handlers and their stack use come and go. */
static void segments(void)
{
	u32 i, index;

	for (i = 0; i < 3000; i++) {
		index = 20 + any(3);
		/* All begin at 0 and are of 32 bits, or the compiler's code could not run on them. */
		gdt_put(index, any(4) ? 0xFFFF : random32() & 0xFFFF,
			any(4) ? SEG(any(2) ? 2 : 10, 1) : (random32() & 0x008FFF00) | 0x00400000);
		idt_put(VEC_PF, make_gate((u16)(any(2) ? KERNEL_CS : index * 8 + any(4)), stubs[VEC_PF], GATE_INTERRUPT, 0));
		if (any(4) == 0)
			hcall(HC_SET_STACK, any(2) ? KERNEL_DS : index * 8 + 1, (u32)trap_stack_top, 2);
		if (any(2))
			exec_user(touch, HOLE);
		else
			touch(HOLE);
	}
	checks++;
}

static void faults_arrive(void)
{
	u32 i, va;

	for (i = 0; i < 1000; i++) {
		va = HOLE + any(1 << 20) * 4;
		use((u32)pgd);
		use((u32)&shared);
		fault.vector = -1;
		EXPECT_EQ("trap", any(2) ? try_user_read(va) : try_read(va), VEC_PF);
		EXPECT_EQ("cr2", shared.cr2, va);
		EXPECT_EQ("error", fault.error & ~4u, 0);
	}
}

static bool entered(struct frame *f)
{
	test_error("the handler of trap %u was entered", f->vector);
}

/* A page table beyond its memory, where linear + gpa wraps round to a page that exists. */
static void outside(void)
{
	memset(page_a, 0, PAGE);
	use((u32)pgd);
	use((u32)&shared);
	peek((u32)page_a);
	poke((u32)trap_stack_top - 8, 0);
	trap_hook = entered;
	pgd[HOLE >> 22] = ((u32)page_a - linear) | PTE_P | PTE_RW | PTE_US;
	exec_user(touch, HOLE);
}

static void stack_at(u32 esp)
{
	map_linear();
	use((u32)pgd);
	use((u32)&shared);
	hcall(HC_SET_STACK, KERNEL_DS, esp, 2);
	trap_hook = entered;
	exec_user(touch, HOLE);
}

void test_main(void)
{
	bool high = variant_is("high"), beyond = variant_is("beyond");

	random_seed ^= rdtsc() << 20;
	print("seed %08x%08x", (u32)(random_seed >> 32), (u32)random_seed);
	paging_init();
	/* "high": the last page of its memory is the last one below the Switcher.  "beyond": it has no room there. */
	promise(high ? SWITCHER - ram_bytes() : beyond ? SWITCHER - (3 << 20) : linear);
	if (variant_is("stack-switcher"))
		stack_at(SWITCHER + 0x800);
	else if (variant_is("stack-registers"))
		stack_at(SWITCHER + 0x1800);
	else if (variant_is("stack-state"))
		stack_at(SWITCHER + 0x2800);
	else if (variant_is("stack-edge"))
		stack_at(SWITCHER + 4);
	else if (variant_is("stack-zero"))
		stack_at(any(6) * 4);
	else if (variant_is("stack-top"))
		stack_at(0xFFFFFFFC);
	map_linear();
	if (variant_is("outside"))
		outside();
	else if (high || beyond)
		faults_arrive();
	else if (variant_is("liar"))
		liar();
	else
		segments();
}
