/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hostile.  The top 4 MiB: every page of it read, written and run from ring 1 and ring 3, with the guest's own tables
 * trying to map something there.  Of the three pages that are mapped ring 1 can read all, write one (its
 * own registers, on which nothing depends), ring 3 none.  In them there is no pointer into
 * Ringlet's image but the one documented constant, no frame number, nobody else's data.
 *
 * Variant pages: SUCCESS
 * Variant text: SUCCESS or killed outside its memory|double fault: no stack
 * Repeat: 4
 */
#include "guest.h"

#define TEXT 0xFFC00000u
#define REGS 0xFFC01000u
#define STATE 0xFFC02000u

static u32 target __attribute__((used));
/* With all registers 0 and a stack of zeroes: where that leads is page 0, which is full of int3. */
static void run_it(void)
{
	memset(page_c, 0, PAGE);
	asm volatile("movl %0, %%esp; xorl %%eax, %%eax; xorl %%ebx, %%ebx; xorl %%ecx, %%ecx; xorl %%edx, %%edx\n"
		     "xorl %%esi, %%esi; xorl %%edi, %%edi; xorl %%ebp, %%ebp; jmp *target"
		     : : "r"(page_c + PAGE / 2) : "memory");
}
static u32 user_run(u32 a) { ((void (*)(void))a)(); return 0; }
static void run_user(void) { exec_user(user_run, target); }

static void leave(void) { hcall(HC_FLUSH_ASYNC, 0, 0, 0); }

static void run_text(void)
{
	u32 i, cs, flags;

	/* Running Switcher text at ring 1, from anywhere in it: faults, or the guest's end.  From the middle of an
	 * instruction %esp may come to lie near 0, and then the frame of the next fault has no place. */
	for (i = random32() % 0x80; i < 0x400; i += 1 + random32() % 32) {
		u8 *low = (u8 *)0;

		asm("" : "+r"(low));
		memset(low, 0xCC, PAGE);
		target = TEXT + i;
		EXPECT(guard(run_it) == 1, "text from %x came back", target);
		asm volatile("cld; mov %%cs, %0; pushfl; popl %1" : "=r"(cs), "=r"(flags));
		EXPECT_EQ("ring, after its text", cs & 3, 1);
		EXPECT_EQ("IOPL, after its text", flags & EFLAGS_IOPL, 0);
	}
}

static u32 hex_number(const char **c)
{
	u32 v = 0, digit;

	for (;; ++*c) {
		if (**c >= '0' && **c <= '9')
			digit = (u32)(**c - '0');
		else if (**c >= 'a' && **c <= 'f')
			digit = (u32)(**c - 'a' + 10);
		else
			return v;
		v = v << 4 | digit;
	}
}

/* The runner tells where Ringlet's image lies: image=START-END. */
static u32 image_start, image_end;
static void find_image(void)
{
	const char *c = cmdline();

	while (*c && *c != '=')
		c++;
	c += *c == '=';
	image_start = hex_number(&c);
	c += *c == '-';
	image_end = hex_number(&c);
	if (image_start < PAGE || image_end < image_start + PAGE)
		test_error("where is Ringlet's image? %s", cmdline());
}

static u32 like_pointers(u32 from, u32 to, u32 but)
{
	u32 a, v, odd = 0;

	for (a = from; a < to; a += 4) {
		v = peek(a);
		/* Its own trap stack's top is there too, and its direct gate. */
		if (v < image_start || v >= image_end || v == (u32)trap_stack_top || a == but)
			continue;
		print("at %x: %x", a, v);
		odd++;
	}
	return odd;
}

void test_main(void)
{
	u32 a, i, n;

	if (variant_is("text")) {
		run_text();
		return;
	}
	find_image();
	paging_init();
	/* The guest's own tables have something there, in every entry; a large page too. */
	for (i = 0; i < 1024; i++)
		*pte_of(SWITCHER + i * PAGE) = (u32)page_a | 7;
	load_cr3((u32)pgd);
	for (a = SWITCHER; a; a += PAGE) {
		bool there = a <= STATE;

		EXPECT(try_read(a) == (there ? -1 : VEC_PF), "ring 1 reads %x: trap %d", a, fault.vector);
		EXPECT(try_write(a) == (a == REGS ? -1 : VEC_PF), "ring 1 writes %x: trap %d", a, fault.vector);
		EXPECT(try_user_read(a) == VEC_PF, "ring 3 reads %x: trap %d", a, fault.vector);
		EXPECT(try_user_write(a) == VEC_PF, "ring 3 writes %x: trap %d", a, fault.vector);
		target = a;
		EXPECT(guard(run_user) == 1, "ring 3 runs %x", a);
		EXPECT(fault.vector == VEC_PF, "ring 3 runs %x: trap %d", a, fault.vector);
	}
	EXPECT_EQ("page_a untouched", peek((u32)page_a), 0);
	pgd[1023] = 7 | PTE_PS;
	load_cr3((u32)pgd);
	EXPECT_EQ("a large page there", try_user_read(SWITCHER), VEC_PF);
	EXPECT_EQ("a large page there", try_read(0xFFFFF000), VEC_PF);

	/* What is in the two data pages, after the hypervisor has just been there. */
	leave();
	/* The guest's own registers are at the end of theirs. */
	EXPECT_EQ("words like pointers into Ringlet's image, in the register page", like_pointers(REGS, REGS + PAGE - 84, 0), 0);
	EXPECT_EQ("words like pointers into Ringlet's image, in the state page",
		  like_pointers(STATE, STATE + PAGE, STATE + 256 + 0x80 * 8 + 4), 0);
	/* Every gate in the IDT leads to the Switcher's text, or (one) to the guest. */
	for (i = 0, n = 0; i < 256; i++) {
		u32 lo = peek(STATE + 256 + i * 8), hi = peek(STATE + 256 + i * 8 + 4);
		u32 off = (lo & 0xFFFF) | (hi & 0xFFFF0000);
		/* The ring is that of the descriptor which the gate names, whatever RPL it names it with. */
		u32 ring = peek(STATE + (lo >> 16 & 0xF8) + 4) >> 13 & 3;

		if (!(hi & 0x8000) || (hi >> 8 & 0x1F) == GATE_TASK)
			continue;
		if (ring == 0)
			EXPECT(off >= TEXT && off < TEXT + PAGE && lo >> 16 == 0x50, "vector %x leads to %x:%x",
			       i, lo >> 16, off);
		else
			EXPECT_EQ("the ring of a direct gate", ring, 1);
		n += ring != 0;
	}
	EXPECT(n <= 1, "%u direct gates", n);

	/* The register page full of rubbish, again and again: nothing of it is believed. */
	for (n = 0; n < 200; n++) {
		for (a = REGS; a < REGS + PAGE; a += 4)
			poke(a, n & 1 ? random32() : 0xFFFFFFFF);
		leave();
	}
	EXPECT_EQ("still at ring 1", try_user_read(STATE), VEC_PF);
}
