/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest's memory comes zeroed, whoever had it before: this one looks at all of it, fills it, and starts again, until
 * it has had each frame of the machine that a guest can get.
 *
 * Outcome: SUCCESS
 * Config: memory = 96M
 * Repeat: 3
 */
#include "guest.h"

void test_main(void)
{
	u32 *at = (u32 *)guest_end, *end = (u32 *)ram_bytes(), dirty = 0;

	for (; at < end; at++) {
		if (*at && ++dirty < 4)
			print("at %x: %x", (u32)at, *at);
		*at = 0xDEADBEEF;
	}
	EXPECT_EQ("words that are not 0", dirty, 0);
}
