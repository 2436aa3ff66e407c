/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each kind of exit costs, in instructions there and back: the benchmark's "exit" rows (tests/bench/run), and a
 * test that they can be counted.
 *
 * Each row times one instruction that exits, between two rdtsc, many times; the median counts, less what the same
 * code takes around no instruction at all.  Where no time but instructions are counted, it repeats to the
 * instruction: the few samples into which an interrupt falls do not move a median.
 *
 * We are laid out as Linux is: the timed instructions and their kernel's pages above kernel_address, so that no flush of
 * a program drops them, and programs' tables where a program has its text, its libraries and its stack.
 *
 * Outcome: SUCCESS
 * Icount
 * Config: disk = ram:1M
 */
#include "virtio.h"

#define SAMPLES		101
#define KERNEL		0xC0000000u
#define TEXT		0x08048000u
#define LIBRARY		0xB7D00000u
#define STACK		0xBFFFF000u
#define DENSE		0x10000000u	/* a table full of pages */
#define DEVICE		0xF0000000u
#define VECTOR		0x41		/* a gate for programs that is not the system call's */
#define PRESENT		(PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D)
#define AN_EXIT		100		/* no touch of a page takes so long without one */
#define TOO_LONG	20000

/*
 * u32 NAME(u32 b, u32 c, u32 d, u32 nr): one instruction with these in ebx, ecx, edx and eax, and how long it took.
 * Nothing else touches memory between the two clocks, and the code can run wherever it is mapped.  While it
 * runs edi is when it began, and eax and edx are free for a handler.
 */
asm(	".macro	TIMED name insn:vararg\n"
	"	.balign	64\n"
	"\\name:	pushl	%ebx; pushl %ebp; pushl %esi; pushl %edi\n"
	"	movl	20(%esp), %ebx\n"
	"	movl	24(%esp), %ecx\n"
	"	movl	28(%esp), %esi\n"
	"	movl	32(%esp), %ebp\n"
	"	rdtsc\n"
	"	movl	%eax, %edi\n"
	"	movl	%ebp, %eax\n"
	"	movl	%esi, %edx\n"
	"	\\insn\n"
	"	rdtsc\n"
	"	subl	%edi, %eax\n"
	"	popl	%edi; popl %esi; popl %ebp; popl %ebx\n"
	"	ret\n"
	".endm\n"
	"	.balign	1024\n"		/* in one page, all of them */
	"	TIMED	timed_nothing\n"
	"	TIMED	timed_hcall	int $0x1f\n"
	"	TIMED	timed_cli	cli\n"
	"	TIMED	timed_read	movl (%ebx), %eax\n"
	"	TIMED	timed_write	movl %ecx, (%ebx)\n"
	"	TIMED	timed_ud2	ud2\n"
	"	TIMED	timed_int	int $0x41\n");
typedef u32 timed(u32 b, u32 c, u32 d, u32 nr);
timed timed_nothing, timed_hcall, timed_cli, timed_read, timed_write, timed_ud2, timed_int;

/* The handlers: of a page fault, which puts its page there; of an instruction of two bytes, which skips it; and of int. */
u32 reflected, fix_at, fix_with;
extern u8 fix_fault[], skip_two[], just_return[];
asm(	"fix_fault:	rdtsc\n"
	"	subl	%edi, %eax\n"
	"	movl	%eax, reflected\n"
	"	movl	fix_with, %eax\n"
	"	movl	fix_at, %edx\n"
	"	movl	%eax, (%edx)\n"
	"	addl	$4, %esp\n"
	"	iret\n"
	"skip_two:	addl	$2, (%esp)\n"
	"just_return:	iret\n");

static u32 nothing;	/* what timing takes, without an instruction */
static u32 dirs[2][1024] __attribute__((aligned(4096)));
static u8 queue_memory[VQ_MEMORY] __attribute__((aligned(4096)));

/* Where a kernel has its code. */
static timed *high(timed *t)
{
	return (timed *)((u32)t + KERNEL);
}

static u32 of_user(timed *t, u32 arg)
{
	return exec_user((u32 (*)(u32))(u32)t, arg);
}

static u32 call(u32 nr, u32 b, u32 c, u32 d)
{
	return high(timed_hcall)(b, c, d, nr);
}

static u32 median(u32 *sample, u32 n)
{
	u32 i, k, v;

	for (i = 1; i < n; i++) {
		v = sample[i];
		for (k = i; k && sample[k - 1] > v; k--)
			sample[k] = sample[k - 1];
		sample[k] = v;
	}
	return sample[n / 2];
}

static void say(const char *name, u32 instructions)
{
	EXPECT(instructions > AN_EXIT && instructions < TOO_LONG, "%s: %u instructions", name, instructions);
	print("exit-%s %u", name, instructions);
}

static void row(const char *name, u32 (*once)(void))
{
	u32 sample[SAMPLES], i;

	for (i = 0; i < SAMPLES; i++)
		sample[i] = once() - nothing;
	say(name, median(sample, SAMPLES));
}

/* ---- calls, and an instruction that is emulated ---- */

static u32 hypercall(void) { return call(HC_FLUSH_ASYNC, 0, 0, 0); }
static u32 set_timer(void) { return call(HC_SET_CLOCKEVENT, 2000000000, 0, 0); }
static u32 emulated_cli(void) { return high(timed_cli)(0, 0, 0, 0); }

static u32 drop_user(void)
{
	peek(TEXT);
	return call(HC_INVLPG, TEXT, 0, 0);
}

static u32 drop_kernel(void)
{
	peek(KERNEL + (u32)page_a);
	return call(HC_INVLPG, KERNEL + (u32)page_a, 0, 0);
}

/* ---- address spaces ---- */

static u32 in_use;

static void touch_program(void)
{
	peek(TEXT);
	peek(LIBRARY);
	peek(STACK);
}

static u32 to_other(u32 flush)
{
	in_use ^= 1;
	return call(HC_NEW_PGTABLE, (u32)dirs[in_use], 1 + in_use, flush);
}

static u32 switch_space(void)
{
	return to_other(false);
}

/* To one whose program was running. */
static u32 switch_and_flush(void)
{
	touch_program();
	to_other(false);
	touch_program();
	return to_other(true);
}

/* ---- page faults ---- */

/* Nothing else is in this table but the program's first page, far from it. */
#define ALONE	(TEXT + 512 * PAGE)

static u32 fill_alone(void)
{
	u32 took;

	*pte_of(ALONE) = (u32)page_a | PRESENT;
	took = high(timed_read)(ALONE, 0, 0, 0);
	map(ALONE, 0, 0);
	return took;
}

static u32 own_fault(void)
{
	u32 took;

	fix_at = (u32)pte_of(ALONE);
	fix_with = (u32)page_a | PRESENT;
	took = of_user(timed_read, ALONE);
	EXPECT_EQ("the page that the handler put there", *pte_of(ALONE) & ~(PAGE - 1), (u32)page_a);
	map(ALONE, 0, 0);
	return took;
}

static u32 own_fault_reflected(void)
{
	own_fault();
	return reflected;
}

/* Ringlet remembers what was used of a table that it drops; of this one it shall know nothing. */
static void forget_dense(void)
{
	u32 i, n;

	for (n = 0; n < 4; n++) {
		hcall(HC_SET_PGD, (u32)dirs[in_use], DENSE >> 22, 0);
		for (i = 1; i < 1024; i++)
			*pte_of(DENSE + i * PAGE) = 0;
		peek(DENSE);
	}
	hcall(HC_SET_PGD, (u32)dirs[in_use], DENSE >> 22, 0);
	for (i = 0; i < 1024; i++)
		*pte_of(DENSE + i * PAGE) = i * PAGE | PRESENT;
}

/* A program walks over 4 MiB that it has, none of which is filled. */
static void fill_dense(void)
{
	u32 per_page[9], per_exit[9], walk, page, took, all, exits;

	for (walk = 0; walk < 9; walk++) {
		forget_dense();
		for (page = all = exits = 0; page < 1024; page++) {
			took = high(timed_read)(DENSE + page * PAGE, 0, 0, 0) - nothing;
			all += took;
			exits += took > AN_EXIT;
		}
		EXPECT(exits, "a walk over 4 MiB took no exit");
		per_page[walk] = all / 1024;
		per_exit[walk] = exits ? all / exits : 0;
	}
	say("fill-dense", median(per_exit, 9));
	print("exit-fill-dense-page %u", median(per_page, 9));
}

/* ---- traps of a program that its kernel gets, and returns from ---- */

static u32 exception(void) { return of_user(timed_ud2, 0); }
static u32 soft_int(void) { return of_user(timed_int, 0); }

/* ---- a device ---- */

static u32 kick(void) { return high(timed_write)(DEVICE + V_NOTIFY, 0, 0, 0); }
static u32 read_register(void) { return high(timed_read)(DEVICE + V_INT_STATUS, 0, 0, 0); }

static void open_device(void)
{
	static struct vqueue q;
	u32 dev = vdev_find(VD_BLK);

	if (!vdev_open(dev, V_VERSION_1))
		test_error("the disk refuses");
	vq_open(&q, dev, 0, 64, queue_memory);
	vdev_go(dev);
	*pte_of(DEVICE) = dev | PTE_P | PTE_RW;
}

static void make_spaces(void)
{
	u32 a, i;

	for (a = 0x400000; a < (u32)guest_end; a += PAGE)
		*pte_of(KERNEL + a) = a | PTE_P | PTE_RW | PTE_A | PTE_D;
	for (i = 0; i < 1024; i++)
		*pte_of(DENSE + i * PAGE) = i * PAGE | PRESENT;
	*pte_of(TEXT) = *pte_of(LIBRARY) = *pte_of(STACK) = (u32)page_b | PRESENT;
	memcpy(dirs[0], pgd, PAGE);
	memcpy(dirs[1], pgd, PAGE);
}

static void gate(u32 vector, const u8 *handler)
{
	idt_put(vector, make_gate(KERNEL_CS, (u32)handler, GATE_INTERRUPT, vector == VEC_PF ? 0 : 3));
}

void test_main(void)
{
	u32 sample[SAMPLES], i;

	open_device();		/* its registers are mapped below */
	paging_init();
	shared_init(RINGLET_F_ASID);
	make_spaces();
	to_other(false);
	touch_program();
	for (i = 0; i < SAMPLES; i++)
		sample[i] = high(timed_nothing)(0, 0, 0, 0);
	nothing = median(sample, SAMPLES);

	row("hypercall", hypercall);
	row("timer", set_timer);
	hcall(HC_SET_CLOCKEVENT, 0, 0, 0);
	row("cli", emulated_cli);
	row("invlpg", drop_user);
	row("invlpg-kernel", drop_kernel);
	row("space", switch_space);
	row("space-flush", switch_and_flush);
	touch_program();
	row("fill-alone", fill_alone);
	fill_dense();
	gate(VEC_PF, fix_fault);
	row("fault", own_fault);
	row("fault-reflected", own_fault_reflected);
	idt_put(VEC_PF, make_gate(KERNEL_CS, stubs[VEC_PF], GATE_TRAP, 0));
	gate(VEC_UD, skip_two);
	row("exception", exception);
	gate(VECTOR, just_return);
	row("int", soft_int);
	row("register", read_register);
	row("kick", kick);
}
