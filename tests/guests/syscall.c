/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The system-call vector may lead straight from ring 3 to ring 1.  Through a trap gate always;
 * through an interrupt gate if the guest has promised to turn its interrupts off by
 * itself, else Ringlet does it on the way.  Whichever way it goes the handler finds the same.
 *
 * Variant plain: SUCCESS
 * Variant feature: SUCCESS
 */
#include "guest.h"

static struct frame last;
static u32 hits, enabled_at_entry;

static bool hook(struct frame *f)
{
	if (f->vector != 0x80)
		return false;
	last = *f;
	hits++;
	enabled_at_entry = shared.irq_enabled;
	f->eax = f->ebx + 1;
	f->edx = 0x12345678;
	irq_on();
	return true;
}

/* With the feature the first instruction of an interrupt gate's handler is this one. */
void handler(void);
asm(".globl handler\nhandler: movl $0, shared\n pushl $0\n pushl $0x80\n jmp *0f\n"
    ".data\n0: .long trap_common\n.text");

static u32 call(u32 arg)
{
	u32 ret, edx;

	asm volatile("int $0x80" : "=a"(ret), "=d"(edx) : "a"(20), "b"(arg), "c"(3) : "memory");
	return edx == 0x12345678 ? ret : 0;
}

static void one(const char *what, u32 type, u32 entry)
{
	u32 i, n = hits;

	idt_put(0x80, make_gate(KERNEL_CS, entry, type, 3));
	irq_on();
	for (i = 0; i < 200; i++)
		EXPECT_EQ(what, exec_user(call, i), i + 1);
	EXPECT_EQ(what, hits - n, 200);
	EXPECT_EQ("cs in the frame", last.cs & 0xFFFF, USER_CS);
	EXPECT_EQ("ss in the frame", last.ss & 0xFFFF, USER_DS);
	EXPECT_EQ("ecx", last.ecx, 3);
	EXPECT(last.eflags & EFLAGS_IF, "%s: IF is off in the frame", what);
	EXPECT_EQ("interrupts on in the handler", enabled_at_entry, type == GATE_TRAP ? RINGLET_IF : 0);
	EXPECT((u32)__builtin_frame_address(0) < (u32)stack_top, "stack");
}

static u32 try_int80(u32 x) { (void)x; return (u32)TRY("int $0x80", : : : "memory"); }

void test_main(void)
{
	bool feature = variant_is("feature");

	shared_init(feature ? RINGLET_F_SYSCALL_IF : 0);
	trap_hook = hook;
	one("trap gate", GATE_TRAP, stubs[0x80]);
	one("interrupt gate", GATE_INTERRUPT, feature ? (u32)handler : stubs[0x80]);
	/* From ring 1 by the same vector: no stack change. */
	irq_on();
	EXPECT_EQ("from ring 1", call(5), 6);
	EXPECT_EQ("cs in the frame", last.cs & 0xFFFF, KERNEL_CS);
	/* A gate that is closed to ring 3. */
	idt_put(0x80, make_gate(KERNEL_CS, stubs[0x80], GATE_TRAP, 1));
	EXPECT_EQ("DPL 1 from ring 3", exec_user(try_int80, 0), VEC_GP);
	EXPECT_EQ("error code", fault.error, 0x80 * 8 + 2);
	idt_put(0x80, (struct gate){ 0, 0 });
	trap_hook = 0;
	EXPECT(exec_user(try_int80, 0) == VEC_GP || fault.vector == VEC_NP, "no gate: trap %d", fault.vector);
}
