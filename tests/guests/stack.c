/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hostile.  A trap out of ring 3 or ring 1 with no stack to take it: not mapped, read-only, the Switcher's, no
 * memory, wrapping, or a stack segment that is none; and a system call that goes direct to such a
 * stack.  That is a double fault: the guest dies, and with a reason.
 *
 * Variant unmapped: killed no stack at 4fffffec for trap 6
 * Variant read-only: killed no stack at 40000fec for trap 6
 * Variant switcher: killed no stack at ffc01fdc for trap 6
 * Variant state-page: killed no stack at ffc027ec for trap 6
 * Variant beyond: killed no stack at 40000fec for trap 6
 * Variant wrapping: killed no stack at fffffff4 for trap 6
 * Variant direct-unmapped: killed no stack at 4fffffe8 for trap 14
 * Variant direct-unmapped-late: killed no stack at 40000fe8 for trap 14
 * Variant ring1-esp: killed no stack at 4ffffff4 for trap 6
 * Variant misaligned: SUCCESS
 * Variant ss-ring3: killed the trap stack must be a ring 1 segment
 * Variant ss-null: killed the trap stack must be a ring 1 segment
 * Variant ss-ringlet: killed trap 6 wants code segment 61 and stack segment 59
 */
#include "guest.h"

static u32 user_ud(u32 x) { (void)x; return (u32)TRY("ud2", : : ); }
static u32 user_int80(u32 x) { (void)x; return (u32)TRY("int $0x80", : : : "memory"); }
static bool hook(struct frame *f) { return f->vector == 0x80; }

#define VA 0x40000000u

static void set(u32 esp) { hcall(HC_SET_STACK, KERNEL_DS, esp, 1); }

void test_main(void)
{
	bool direct = false;

	paging_init();
	shared_init(0);
	map(VA, (u32)page_a, 7);
	map(VA + PAGE, (u32)page_b, 7);
	if (variant_is("unmapped")) {
		set(0x50000000);
	} else if (variant_is("read-only")) {
		map(VA, (u32)page_a, 5);
		set(VA + PAGE);
	} else if (variant_is("switcher")) {
		set(0xFFC01FF0);	/* the register page, where Ringlet's own stack is */
	} else if (variant_is("state-page")) {
		set(0xFFC02800);
	} else if (variant_is("beyond")) {
		map(VA, 0x30000000, 7);
		set(VA + PAGE);
	} else if (variant_is("wrapping")) {
		set(8);
		map(0, (u32)page_a, 7);
	} else if (variant_is("direct-unmapped")) {
		set(0x50000000);
		direct = true;
	} else if (variant_is("direct-unmapped-late")) {
		set(VA + PAGE);
		trap_hook = hook;
		exec_user(user_int80, 0);
		map(VA, 0, 0);		/* under its feet */
		direct = true;
	} else if (variant_is("ring1-esp")) {
		asm volatile("movl $0x50000000, %esp; ud2");
	} else if (variant_is("misaligned")) {
		set(VA + PAGE + 0x103);	/* as hardware: it works */
		EXPECT_EQ("trap on a misaligned stack", exec_user(user_ud, 0), VEC_UD);
		set(VA + PAGE + 2);	/* over the edge of two pages */
		EXPECT_EQ("trap on a stack over a page's edge", exec_user(user_ud, 0), VEC_UD);
		trap_hook = hook;
		set(VA + PAGE + 6);
		exec_user(user_int80, 0);
		return;
	} else if (variant_is("ss-ring3")) {
		hcall(HC_SET_STACK, USER_DS, VA + PAGE, 1);
	} else if (variant_is("ss-null")) {
		hcall(HC_SET_STACK, 0, VA + PAGE, 1);
	} else if (variant_is("ss-ringlet")) {
		hcall(HC_SET_STACK, 11 * 8 + 1, VA + PAGE, 1);
	}
	if (direct)
		exec_user(user_int80, 0);
	else
		exec_user(user_ud, 0);
	test_failure("it came back from a trap with no stack");
}
