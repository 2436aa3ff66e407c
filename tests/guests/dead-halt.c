/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `cli; hlt` is for good: an interrupt that comes does not wake it.
 *
 * Variant instruction: running
 * Variant shared: running
 */
#include "guest.h"

void test_main(void)
{
	if (variant_is("shared"))
		shared_init(0);
	irq_off();
	timer_ns(1000000);
	asm volatile("hlt" : : : "memory");
	test_failure("awake after cli; hlt");
}
