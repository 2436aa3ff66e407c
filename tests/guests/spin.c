/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hostile, or just stuck: guests that never give the processor back.  The others get their turn all the same, and
 * the monitor takes them away.
 *
 * Variant loop: running
 * Variant cli-loop: running
 * Variant cli-hlt: running
 * Variant exits: running
 * Variant console: running
 * Variant faults: running
 * Variant timer: running
 */
#include "guest.h"

void test_main(void)
{
	static const char noise[] = "noise noise noise noise noise noise noise noise noise noise\n";

	hcall(HC_FLUSH_ASYNC, 0, 0, 0);		/* a guest that has not spoken yet is listened for */
	if (variant_is("cli-loop"))
		asm volatile("cli");
	if (variant_is("cli-hlt"))
		asm volatile("cli; hlt");
	if (variant_is("loop") || variant_is("cli-loop") || variant_is("cli-hlt"))
		for (;;)
			;
	if (variant_is("exits"))
		for (;;)
			hcall(HC_FLUSH_ASYNC, 0, 0, 0);
	if (variant_is("console"))
		for (;;)
			hcall(HC_CONSOLE_WRITE, (u32)noise, sizeof(noise) - 1, 0);
	if (variant_is("faults")) {
		paging_init();
		for (;;)
			try_read(0x40000000);
	}
	if (variant_is("timer")) {
		shared_init(0);
		irq_on();
		for (;;)
			timer_ns(1);
	}
}
