/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hostile.  A device's registers touched by what is no plain move: nothing is guessed, the guest dies.
 *
 * Variant add: killed touched by an instruction that is no plain move
 * Variant push: killed touched by an instruction that is no plain move
 * Variant string: killed touched by an instruction that is no plain move
 * Variant stack: killed touched by an instruction that is no plain move
 * Variant exchange: killed touched by an instruction that is no plain move
 */
#include "virtio.h"

void test_main(void)
{
	u32 dev = vdev_find(VD_CONSOLE);

	if (variant_is("add"))
		asm volatile("addl $1, (%0)" : : "r"(dev) : "memory");
	else if (variant_is("push"))
		asm volatile("pushl (%0); popl %%eax" : : "r"(dev) : "eax", "memory");
	else if (variant_is("string"))
		asm volatile("movsl" : : "S"(dev), "D"(page_a) : "memory");
	else if (variant_is("stack"))
		asm volatile("movl %0, %%esp; pushl $1" : : "r"(dev + 256));
	else
		asm volatile("xchgl %%eax, (%0)" : : "r"(dev) : "eax", "memory");
	test_failure("it is still there");
}
