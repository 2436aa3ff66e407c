/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Last words that are too long are cut, at 127 characters, and not one later; those that run into
 * the end of memory end there.  What is no text in them is shown as "?".
 *
 * Variant long: killed [^a]a{127}$
 * Variant edge: killed [^e]edge$
 * Variant plain: killed [^x]x\?y z\?$
 */
#include "guest.h"

static char words[300];

void test_main(void)
{
	char *edge = (char *)ram_bytes() - 4;

	memset(words, 'a', sizeof(words) - 1);
	memcpy(edge, "edge", 4);
	if (variant_is("plain"))
		memcpy(words, "x\1y\nz\177", 7);
	hcall(HC_SHUTDOWN, (u32)(variant_is("edge") ? edge : words), SHUTDOWN_CRASH, 0);
	test_failure("still here");
}
