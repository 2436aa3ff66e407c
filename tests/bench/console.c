/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows: what a console takes; all of it has left when a row ends.  Natively that is the 8250. */
#include <termios.h>
#include <unistd.h>
#include "bench.h"

void say_4k(int n)
{
	static char text[PAGE];

	for (int i = 0; i < PAGE; i++)
		text[i] = i % 64 == 63 ? '\n' : 'x';
	while (n--)
		CHECK(write(1, text, PAGE) == PAGE);
	tcdrain(1);
}

const struct row console[] = {
	{ "console-4k",		say_4k,		8,	0, PAGE },
	{ 0 },
};
