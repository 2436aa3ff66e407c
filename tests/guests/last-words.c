/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Last words that are too long are cut, at 127 characters, and not one later; those that run into
 * the end of memory end there.
 *
 * Variant long: killed [^a]a{127}$
 * Variant edge: killed [^e]edge$
 */
#include "guest.h"

static char words[300];

void test_main(void)
{
	char *edge = (char *)ram_bytes() - 4;

	memset(words, 'a', sizeof(words) - 1);
	memcpy(edge, "edge", 4);
	hcall(HC_SHUTDOWN, (u32)(variant_is("long") ? words : edge), SHUTDOWN_CRASH, 0);
	test_failure("still here");
}
