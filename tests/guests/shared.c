/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hostile.  The shared page where it cannot be (beyond memory, over its end, in Ringlet's range, askew), where it just
 * can, and its fields changed all the time after they have been read: what counts is what they
 * were in HC_INIT.  A lguest kernel, which does not pass the magic, has nothing written
 * beyond its part.
 *
 * Variant beyond: killed the shared page is not in its memory
 * Variant crossing: killed the shared page is not in its memory
 * Variant switcher: killed the shared page is not in its memory
 * Variant askew: killed the shared page is not in its memory
 * Variant end: SUCCESS
 * Variant rewritten: SUCCESS
 * Variant lguest: SUCCESS
 * Variant vectors: SUCCESS
 */
#include "guest.h"

#define SIZE ((sizeof(struct ringlet_shared) + 3) & ~3u)

static bool hook(struct frame *f)
{
	if (f->vector == 0x80)
		f->eax = 0x80;
	return f->vector == 0x80;
}
static u32 user_syscall(u32 x)
{
	asm volatile("int $0x80" : "+a"(x) : : "memory");
	return x;
}

void test_main(void)
{
	u32 end = ram_bytes(), i, v;
	volatile struct ringlet_shared *s;

	if (variant_is("beyond"))
		hcall(HC_INIT, end, RINGLET_MAGIC, 0);
	else if (variant_is("crossing"))
		hcall(HC_INIT, end - SIZE + 4, RINGLET_MAGIC, 0);
	else if (variant_is("switcher"))
		hcall(HC_INIT, 0xFFC01000, RINGLET_MAGIC, 0);
	else if (variant_is("askew"))
		hcall(HC_INIT, (u32)page_a + 2, RINGLET_MAGIC, 0);
	else if (variant_is("end")) {
		s = (volatile struct ringlet_shared *)(end - SIZE);
		s->kernel_address = 0xC0000000;
		v = hcall(HC_INIT, (u32)s, RINGLET_MAGIC, 0);
		EXPECT(v >= 1, "version %u", v);
		EXPECT_EQ("reserved", s->reserve_mem, RINGLET_HOLE);
		return;
	} else if (variant_is("lguest")) {
		s = (volatile struct ringlet_shared *)page_a;
		memset(page_a, 0x77, PAGE);
		s->kernel_address = 0xC0000000;
		s->syscall_vec = 0x80;
		v = hcall(HC_INIT, (u32)s, 0, 0);
		EXPECT_EQ("version for lguest", v, 0);
		for (i = offsetof(struct ringlet_shared, version); i < SIZE; i += 4)
			EXPECT(peek((u32)s + i) == 0x77777777, "byte %u written", i);
		EXPECT_EQ("reserved", s->reserve_mem, RINGLET_HOLE);
		EXPECT_EQ("ring", s->hcall_status[63], 0xFF);
		return;
	} else if (variant_is("vectors")) {
		/* Any system-call vector: none but an ordinary one may lead anywhere directly. */
		static const u32 vec[] = { 2, 8, 14, 13, RINGLET_TRAP, 32, 255, 256, 0x7FFFFFFF, 0xFFFFFFFF };

		shared.kernel_address = 0;
		shared.syscall_vec = vec[rdtsc() / 64 % 10];
		shared.guest_features = RINGLET_F_SYSCALL_IF;
		print("vector %x", shared.syscall_vec);
		hcall(HC_INIT, (u32)&shared, RINGLET_MAGIC, 0);
		for (i = 0; i < 256; i += 3)
			idt_put(i, make_gate(KERNEL_CS, stubs[i], GATE_TRAP, 3));
		/* A page fault must still come with its error code, a hypercall still be one. */
		paging_init();
		EXPECT_EQ("page fault", try_read(0x40000000), VEC_PF);
		EXPECT_EQ("cr2", fault.cr2, 0x40000000);
		EXPECT_EQ("general protection", TRY("movl %0, %%fs", : : "r"(0x1001)), VEC_GP);
		return;
	} else {
		trap_hook = hook;
		paging_init();
		shared_init(0);
		for (i = 0; i < 3000; i++) {
			u32 *words = (u32 *)&shared, n;

			for (n = 0; n < SIZE / 4; n++)
				if (n < 6 || n > 6 + 16 + 320)	/* not the ring: what is in it counts */
					words[n] = i & 1 ? 0xFFFFFFFF : random32();
			shared.irq_enabled = 0;
			hcall(HC_FLUSH_ASYNC, 0, 0, 0);
			hcall(HC_SET_CLOCKEVENT, 1000 * (i & 3), 0, 0);
		}
		/* With its fields as they were, and the trap's handler found. */
		EXPECT_EQ("ud2 with the shared page rewritten", TRY("ud2", : : ), VEC_UD);
		EXPECT_EQ("a system call with the shared page rewritten", exec_user(user_syscall, 0), 0x80);
		return;
	}
	test_failure("HC_INIT came back");
}
