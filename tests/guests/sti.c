/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * After `sti`, and after a `mov %ss` that is carried out for the guest, one more instruction is
 * done before an interrupt comes in, and nothing of how that is done can be seen.
 *
 * Outcome: SUCCESS
 */
#include "guest.h"

static u32 interrupts, eip, eflags, traps, faults, flags, after __attribute__((used));
static u32 skip;			/* bytes to go on behind, where an interrupt finds us */

static bool hook(struct frame *f)
{
	switch (f->vector) {
	case VEC_DB:
		traps++;
		return true;
	case VEC_UD:
		faults++;
		flags = f->eflags;
		f->eip += 2;
		return true;
	case 0x80:
		flags = f->eflags;
		return true;
	case RINGLET_FIRST_VECTOR + RINGLET_IRQ_TIMER:
		interrupts++;
		eip = f->eip;
		eflags = f->eflags;
		f->eip += skip;
		return false;
	}
	return false;
}

/* Interrupts off, and one that waits. */
static void have_one(void)
{
	u32 i;

	interrupts = traps = faults = eflags = flags = skip = 0;
	asm volatile("cli" : : : "memory");
	timer_ns(1000000);
	for (i = 0; i < 1000000 && !shared.irq_pending; i++)
		hcall(HC_FLUSH_ASYNC, 0, 0, 0);
	if (!shared.irq_pending)
		test_error("no timer");
}

/* sti and some instructions: the interrupt finds us at label 77. */
#define AFTER_STI(insns, ...) asm volatile("movl $77f, after; sti\n" insns __VA_ARGS__)

static void judge(const char *what)
{
	EXPECT(interrupts == 1, "%s: %u interrupts", what, interrupts);
	EXPECT(eip == after, "%s: the interrupt came at %x, not %x", what, eip, after);
	EXPECT(!traps, "%s: %u debug traps", what, traps);
	EXPECT(!((eflags | flags) & EFLAGS_TF), "%s: TF is to be seen", what);
	asm volatile("cli" : : : "memory");
}

static void in_ring_1(void)
{
	u32 v = 0;

	have_one();
	AFTER_STI("nop; 77: nop", : : : "memory");
	judge("nop");
	have_one();
	AFTER_STI("nop; 77: nop", : : : "memory");
	judge("nop, again");
	have_one();
	AFTER_STI("sti; 77: nop", : : : "memory");
	judge("sti");
	have_one();
	AFTER_STI("inb $0x60, %%al; 77: nop", : : : "eax", "memory");
	judge("an instruction that is carried out");
	have_one();
	AFTER_STI("movl %%cr0, %%eax; 77: nop", : : : "eax", "memory");
	judge("mov %cr0");
	have_one();
	AFTER_STI("hlt; 77: nop", : : : "memory");
	judge("hlt");
	have_one();
	AFTER_STI("pushfl; 77: popl %0", : "=r"(v) : : "memory");
	judge("pushf");
	EXPECT(!(v & EFLAGS_TF), "pushf shows TF");
	have_one();
	AFTER_STI("pushfw; 77: popw %w0", : "+r"(v) : : "memory");
	judge("pushfw");
	EXPECT(!(v & EFLAGS_TF), "pushfw shows TF");
	have_one();
	AFTER_STI(".byte 0x3E; pushfl; 77: popl %0", : "=r"(v) : : "memory");
	judge("pushf with a prefix");
	EXPECT(!(v & EFLAGS_TF), "pushf with a prefix shows TF");
	have_one();
	AFTER_STI("addb %%al, (%%esp); 77: nop; nop; nop", : : "a"(0) : "memory", "cc");
	judge("opcode 0");
	have_one();
	asm volatile("pushfl; movl $77f, after; sti; popfl; 77: nop" : : : "memory", "cc");
	judge("popf");
	have_one();
	asm volatile("pushfl; pushl %%cs; pushl $77f; movl $77f, after; sti; iret; 77: nop" : : : "memory", "cc");
	judge("iret");
	have_one();
	asm volatile("pushl $77f; movl $77f, after; sti; ret; 77: nop" : : : "memory", "cc");
	judge("ret");
	have_one();
	skip = 2;
	AFTER_STI("77: jmp 77b", : : : "memory");
	judge("a jump to itself");
	have_one();
	AFTER_STI("int $0x1f; 77: nop", : : "a"(HC_FLUSH_ASYNC) : "memory");
	judge("a hypercall");
}

static void with_faults(void)
{
	u32 v;

	/* One that has to be tried twice: its page is not in the shadow. */
	map(0x40000000, (u32)page_a, PTE_P | PTE_RW);
	have_one();
	invlpg(0x40000000);
	AFTER_STI("movl 0x40000000, %0; 77: nop", : "=r"(v) : : "memory");
	judge("a hidden page fault");
	/* A fault of the guest's ends it: the interrupt comes in its handler. */
	have_one();
	after = stubs[VEC_UD];
	asm volatile("sti; ud2" : : : "memory");
	judge("ud2");
	EXPECT_EQ("faults", faults, 1);
	have_one();
	asm volatile("sti; int $0x80; nop" : : : "memory");
	hcall(HC_FLUSH_ASYNC, 0, 0, 0);		/* a call that goes straight to the handler is no occasion */
	EXPECT_EQ("int $0x80: interrupts", interrupts, 1);
	EXPECT_EQ("int $0x80: debug traps", traps, 0);
	EXPECT_EQ("int $0x80: TF", (flags | eflags) & EFLAGS_TF, 0);
}

static void none(void)
{
	/* sti; cli: not even a gap. */
	have_one();
	asm volatile("sti; cli" : : : "memory");
	hcall(HC_SEND_INTERRUPTS, 0, 0, 0);
	EXPECT_EQ("interrupts between sti and cli", interrupts, 0);
	AFTER_STI("nop; 77: nop", : : : "memory");
	judge("but later");
}

static void stack_switch(void)
{
	u32 v;

	/* On, but blocked until the very moment. */
	have_one();
	shared.blocked_interrupts = 1;
	asm volatile("sti; nop; nop" : : : "memory");
	EXPECT_EQ("a blocked one", interrupts, 0);
	asm volatile("movl $77f, after; movl $0, %c1(%2); movl %0, %%ss; nop; 77: nop"
		     : : "r"(KERNEL_DS & ~3), "i"(RSH_BLOCKED), "r"(&shared) : "memory");
	judge("mov to ss");

	/* What needs nobody's help: the step would come one instruction later. */
	have_one();
	asm volatile("sti; movl %1, %%ss; pushfl; popl %0" : "=r"(v) : "r"(KERNEL_DS) : "memory");
	EXPECT(!(v & EFLAGS_TF), "pushf behind mov to ss shows TF");
	hcall(HC_FLUSH_ASYNC, 0, 0, 0);
	EXPECT_EQ("mov to ss: interrupts", interrupts, 1);
	EXPECT_EQ("mov to ss: debug traps", traps, 0);
	have_one();
	asm volatile("pushl %%ss; sti; popl %%ss; pushfl; popl %0" : "=r"(v) : : "memory");
	EXPECT(!(v & EFLAGS_TF), "pushf behind pop to ss shows TF");
	hcall(HC_FLUSH_ASYNC, 0, 0, 0);
	have_one();
	asm volatile("pushl %%ss; pushl %%esp; sti; lss (%%esp), %%esp; pushfl; popl %0; addl $4, %%esp" : "=r"(v) : : "memory");
	EXPECT(!(v & EFLAGS_TF), "pushf behind lss shows TF");
	hcall(HC_FLUSH_ASYNC, 0, 0, 0);
	have_one();
	asm volatile("sti; movl %0, %%ss; int $0x80; nop" : : "r"(KERNEL_DS) : "memory");
	EXPECT(!(flags & EFLAGS_TF), "int behind mov to ss shows TF");
	hcall(HC_FLUSH_ASYNC, 0, 0, 0);
	have_one();
	asm volatile("sti; .byte 0x3E; int $0x80; nop" : : : "memory");
	EXPECT(!(flags & EFLAGS_TF), "int with a prefix shows TF");
	hcall(HC_FLUSH_ASYNC, 0, 0, 0);
	EXPECT_EQ("debug traps", traps, 0);
}

/* Where 16 bits of %esp are the stack pointer, the flag is taken away there, and the interrupt's frame comes there. */
u32 flat_esp __attribute__((used));
extern u8 small_irq[];
static void small_stack(void)
{
	u32 high = 0x12340000, base = (u32)page_a, i;
	struct gate old = idt[RINGLET_FIRST_VECTOR];
	volatile u32 *top = (u32 *)(page_a + 0x800);

	gdt_put(5, base << 16 | 0xFFFF, 0x00009300 | 1 << 13 | (base >> 16 & 0xFF) | (base & 0xFF000000));
	map(base + high, (u32)page_b, PTE_P | PTE_RW);
	memset(page_b, 0xFF, PAGE);
	have_one();
	idt_put(RINGLET_FIRST_VECTOR, make_gate(KERNEL_CS, (u32)small_irq, GATE_INTERRUPT, 0));
	asm volatile("movl $77f, after; movl %%esp, flat_esp; pushl %0; pushl %1; lss (%%esp), %%esp; sti; pushfl; 77: jmp 77b\n"
		     "small_irq: movl %2, %%ss; movl flat_esp, %%esp"
		     : : "r"(5 << 3 | 1), "r"(high | 0x800), "r"(KERNEL_DS) : "memory", "cc");
	idt_put(RINGLET_FIRST_VECTOR, old);
	EXPECT(!(top[-1] & EFLAGS_TF), "pushf on a 16-bit stack shows TF");
	EXPECT(top[-4] == after && top[-3] == KERNEL_CS, "the frame on a 16-bit stack: %x %x", top[-4], top[-3]);
	for (i = 0; i < PAGE; i++)
		EXPECT(page_b[i] == 0xFF, "byte %x was written", i);
	asm volatile("cli" : : : "memory");
}

void test_main(void)
{
	shared_init(0);
	paging_init();
	trap_hook = hook;
	in_ring_1();
	with_faults();
	none();
	stack_switch();
	small_stack();
}
