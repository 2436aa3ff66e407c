/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hostile.  An interrupt that finds the guest between noirq_start and noirq_end finds its iret done for it.  What is
 * done there is no more than what the processor does for ring 1: a frame with a selector of Ringlet's, or one that
 * ring 1 may not have, is left to the guest's own iret, which faults; and flags that are not the guest's stay away.
 *
 * Outcome: SUCCESS
 */
#include "guest.h"

#define EFLAGS_VM 0x20000
#define EFLAGS_AC_ID 0x240000

static u32 interrupts;
u32 frame[5] __attribute__((used)), words __attribute__((used)), saved_esp __attribute__((used)),
    real_flags __attribute__((used)), back __attribute__((used));
extern u8 window_start[], window_end[], arrived[];

static bool hook(struct frame *f)
{
	if (f->vector == RINGLET_FIRST_VECTOR)
		interrupts++;
	return false;
}

/* To `arrived` by the frame, and there back by the stack that was. */
void through_window(void);
asm(".globl through_window, window_start, window_end, arrived\n"
    "through_window: pushal; movl %esp, saved_esp; movl words, %ecx\n"
    "1: pushl frame-4(,%ecx,4); loop 1b\n"
    "movl $0x200, shared; movl $0, %eax\n"
    "window_start: int $0x1f; iret; window_end: ud2\n"
    "arrived: movl saved_esp, %esp; movl $1, back; pushfl; popl real_flags; popal; ret\n");

/* Interrupts off, and one that waits. */
static void have_one(void)
{
	u32 i;

	irq_off();
	interrupts = back = real_flags = 0;
	timer_ns(300000);
	for (i = 0; i < 1000000 && !shared.irq_pending; i++)
		hcall(HC_FLUSH_ASYNC, 0, 0, 0);
	if (!shared.irq_pending)
		test_error("no timer");
}

static void go(u32 cs, u32 eflags, u32 ss)
{
	have_one();
	frame[0] = (u32)arrived;
	frame[1] = cs;
	frame[2] = eflags;
	frame[3] = (u32)user_stack_top;
	frame[4] = ss;
	words = (cs & 3) == 1 ? 3 : 5;
	guard(through_window);
	irq_on();
	hcall(HC_FLUSH_ASYNC, 0, 0, 0);
}

static void comes(const char *what, u32 eflags, u32 kept)
{
	go(KERNEL_CS, eflags, 0);
	EXPECT(back == 1, "%s: it did not arrive", what);
	EXPECT_EQ(what, real_flags & ~0xCD5u, kept | EFLAGS_IF | 2);
	EXPECT_EQ(what, interrupts, 1);
}

static void refused(const char *what, u32 cs, u32 ss)
{
	go(cs, EFLAGS_IF | 2, ss);
	EXPECT(!back, "%s: it arrived", what);
	EXPECT(fault.vector == VEC_GP || fault.vector == VEC_NP || fault.vector == VEC_SS, "%s: trap %d", what, fault.vector);
	EXPECT_EQ(what, fault.cs, KERNEL_CS);
	EXPECT_EQ(what, interrupts, 1);
}

static void all(void)
{
	u32 i;

	comes("as it should be", EFLAGS_IF | 2, 0);
	comes("IF is off", 2, 0);
	comes("IOPL", EFLAGS_IOPL | 2, 0);
	comes("VIF and VIP", 0x180000 | 2, 0);
	comes("AC and ID", EFLAGS_AC_ID | 2, EFLAGS_AC_ID);
	for (i = 0; i < 4; i++) {
		refused("Ringlet's cs", 0x50 | i, USER_DS);
		refused("Ringlet's ds", 0x58 | i, USER_DS);
		refused("the TSS", 0x80 | i, USER_DS);
		refused("the other TSS", 0xF8 | i, USER_DS);
		refused("an empty one", 0x28 | i, USER_DS);
		refused("LDT", 0x64 | i, USER_DS);
	}
	refused("null", 0, USER_DS);
	refused("data", KERNEL_DS, USER_DS);
	refused("cs of ring 3 with RPL 2", (USER_CS & ~3) | 2, USER_DS);
	refused("cs of ring 1 with RPL 0", KERNEL_CS & ~3, USER_DS);
	refused("cs of ring 1 with RPL 3", KERNEL_CS | 3, USER_DS);
	refused("cs of ring 3 with RPL 1", (USER_CS & ~3) | 1, USER_DS);
	refused("ss of Ringlet", USER_CS, 0x5B);
	refused("ss of ring 1", USER_CS, KERNEL_DS);
	refused("ss of ring 3 with RPL 0", USER_CS, USER_DS & ~3);
	refused("ss is code", USER_CS, USER_CS);
	refused("ss is null", USER_CS, 3);
}

void test_main(void)
{
	shared.noirq_start = (u32)window_start;
	shared.noirq_end = (u32)window_end;
	shared_init(0);
	trap_hook = hook;
	all();
	/* And where none comes in at once, as to a system call's first instruction: so the frame is what runs. */
	idt_put(0x80, make_gate(KERNEL_CS, (u32)arrived, GATE_INTERRUPT, 3));
	all();
}
