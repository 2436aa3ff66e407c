/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Single steps with EFLAGS.TF.  An instruction that is carried out for the guest is a step like any
 * other: the #DB comes right behind it, and DR6 says why.  A string instruction is a step for each
 * element; `hlt` ends at once; `mov %ss` puts the step off by one instruction; `int n` is no step,
 * nor is a hypercall.  A #DB that is none (the instruction icebp, which QEMU does not know: only in
 * Bochs, as variant "strict") finds nothing left in DR6.
 *
 * Outcome: SUCCESS
 */
#include "virtio.h"

#define MOST 8
#define DR6_BS 0x4000

static u32 steps, at[MOST], dr6[MOST];
static u32 before __attribute__((used)), after __attribute__((used)), ints;
struct table_reg idtr __attribute__((used));

static bool hook(struct frame *f)
{
	if (f->vector == 0x80) {
		EXPECT(f->eflags & EFLAGS_TF, "int n: TF is not in its frame");
		ints++;
		return true;
	}
	if (f->vector != VEC_DB)
		return false;
	if (steps < MOST) {
		at[steps] = f->eip;
		asm volatile("mov %%db6, %0" : "=r"(dr6[steps]));
		asm volatile("mov %0, %%db6" : : "r"(0));
	}
	/* On until the second step behind it. */
	if (++steps >= MOST || f->eip >= after + 2)
		f->eflags &= ~EFLAGS_TF;
	return true;
}

/* Steps over one instruction and two nops behind it. */
#define STEP(insn, ...) do {							\
	steps = 0;								\
	asm volatile("movl $76f, before; movl $77f, after\n pushfl; orl $0x100, (%%esp); popfl\n" \
		     "76: " insn "\n77: nop\n nop\n nop\n" __VA_ARGS__);	\
} while (0)

static void judge(const char *what, u32 repeats)
{
	u32 i;

	EXPECT(steps == repeats + 2, "%s: %u steps, not %u", what, steps, repeats + 2);
	for (i = 0; i < repeats; i++)
		EXPECT_EQ(what, at[i], i + 1 < repeats ? before : after);
	EXPECT_EQ(what, at[repeats], after + 1);
	for (i = 0; i < steps && i < MOST; i++)
		EXPECT(dr6[i] & DR6_BS, "%s: DR6 is %x in step %u", what, dr6[i], i);
}

#define ONE(insn, ...) do { STEP(insn, __VA_ARGS__); judge(insn, 1); } while (0)

void test_main(void)
{
	static u8 buffer[16];
	u32 dev = vdev_find(VD_CONSOLE), esp, edi, ecx;

	trap_hook = hook;
	asm volatile("sidt %0" : "=m"(idtr));
	idtr = (struct table_reg){ sizeof(idt) - 1, (u32)idt };
	asm volatile("mov %0, %%db6" : : "r"(0));

	ONE("nop", : : : "memory", "cc");
	ONE("cli", : : : "memory", "cc");
	ONE("sti", : : : "memory", "cc");
	ONE("clts", : : : "memory", "cc");
	ONE("wbinvd", : : : "memory", "cc");
	ONE("inb $0x60, %%al", : : : "eax", "memory", "cc");
	ONE("outb %%al, $0x80", : : : "memory", "cc");
	ONE("mov %%cr0, %%eax", : : : "eax", "memory", "cc");
	ONE("mov %%eax, %%cr2", : : : "memory", "cc");
	ONE("mov %%db0, %%eax", : : : "eax", "memory", "cc");
	ONE("rdmsr", : : "c"(0x10) : "eax", "edx", "memory", "cc");
	ONE("invlpg 0x1000", : : : "memory", "cc");
	ONE("lidt idtr", : : : "memory", "cc");
	ONE("lldt %%ax", : : "a"(0) : "memory", "cc");
	ONE("hlt", : : : "memory", "cc");
	ONE("movl (%0), %%eax", : : "r"(dev) : "eax", "memory", "cc");
	ONE("movl %%eax, 0x70(%0)", : : "r"(dev), "a"(0) : "memory", "cc");

	edi = (u32)buffer;
	ONE("insb", : "+D"(edi) : "d"(0x60) : "memory", "cc");
	edi = (u32)buffer, ecx = 3;
	STEP("rep insb", : "+D"(edi), "+c"(ecx) : "d"(0x60) : "memory", "cc");
	judge("rep insb", 3);
	EXPECT_EQ("rep insb: ecx", ecx, 0);
	EXPECT_EQ("rep insb: edi", edi, buffer + 3);
	ecx = 0;
	STEP("rep outsb", : "+c"(ecx) : "d"(0x80), "S"(buffer) : "memory", "cc");
	judge("rep outsb of nothing", 1);

	/* None behind these: the first is behind the nop. */
	STEP("mov %%eax, %%ss", : : "a"(KERNEL_DS & ~3) : "memory", "cc");
	judge("mov to ss, RPL 0", 0);
	STEP("mov %%eax, %%ss", : : "a"(KERNEL_DS) : "memory", "cc");
	judge("mov to ss", 0);
	STEP("int $0x80", : : : "memory", "cc");
	judge("int n", 0);
	EXPECT_EQ("int n", ints, 1);
	STEP("int $0x1f", : : "a"(HC_FLUSH_ASYNC) : "memory", "cc");
	judge("a hypercall", 0);

	if (variant_is("strict")) {
		steps = 0;
		asm volatile(".byte 0xF1" : : : "memory", "cc");
		EXPECT_EQ("icebp: traps", steps, 1);
		EXPECT_EQ("icebp: DR6", dr6[0] & 0xE00F, 0);
	}
	asm volatile("movl %%esp, %0" : "=r"(esp));
	EXPECT(esp < (u32)stack_top, "stack");
}
