/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The witness: runs beside all others and says "beat N" twenty times a second, checking
 * its own memory and registers each time.  Whatever the others do, it must go on.
 *
 * Outcome: running
 */
#include "guest.h"

static u32 pattern[65536];

void test_main(void)
{
	u32 n, i;

	shared_init(0);
	for (i = 0; i < 65536; i++)
		pattern[i] = i * 2654435761u;
	for (n = 0;; n++) {
		irq_off();
		timer_ns(50000000);
		wait_irq(RINGLET_IRQ_TIMER);
		for (i = 0; i < 65536; i++)
			if (pattern[i] != i * 2654435761u)
				test_error("somebody wrote my memory at %x", (u32)&pattern[i]);
		print("beat %u", n);
	}
}
