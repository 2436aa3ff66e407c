/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows: what a console takes, and what is typed there.  Natively it is the 8250. */
#include <stdio.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>
#include "bench.h"

#define TURNS	10000000

/* All of it has left when the row ends. */
void say_4k(int n)
{
	static char text[PAGE];

	for (int i = 0; i < PAGE; i++)
		text[i] = i % 64 == 63 ? '\n' : 'x';
	while (n--)
		CHECK(write(1, text, PAGE) == PAGE);
	tcdrain(1);
}

/* How long we count, till *over or that many turns are done; the same code each time, or turns would differ. */
static u64 __attribute__((noipa)) count(volatile int *over, u64 *turns)
{
	u64 began = now(), most = *turns;

	for (*turns = 0; !*over && *turns < most; )
		++*turns;
	return now() - began;
}

static void read_bytes(int n)
{
	char c;

	while (n--)
		CHECK(read(0, &c, 1) == 1);
}

/*
 * A byte typed, and read by a process that waits for it.  Whoever types is slower than we, and begins when he sees
 * what we say; so we count meanwhile, and what is missing in the count is what it took.
 */
static void typed(int n)
{
	volatile int *over = (volatile int *)map(PAGE, MAP_SHARED);
	struct termios was, raw;
	static int asked;
	u64 turns = TURNS, ns_of_turns = count(over, &turns);
	pid_t child;

	CHECK(!tcgetattr(0, &was));
	raw = was;
	cfmakeraw(&raw);
	CHECK(!tcsetattr(0, TCSADRAIN, &raw));
	child = start_child();
	if (!child) {
		read_bytes(n);
		*over = 1;
		_exit(0);
	}
	if (n)
		printf("bench-type %d.%d %d\r\n", getpid(), asked++, n);
	begin();
	turns = ~0ull;
	count(over, &turns);
	end();
	leave_out(turns * ns_of_turns / TURNS);
	reap(child);
	CHECK(!tcsetattr(0, TCSADRAIN, &was));
	munmap((void *)over, PAGE);
}

const struct row console[] = {
	{ "console-4k",		say_4k,		8,	0, PAGE },
	{ "type",		typed,		64,	0, 0 },
	{ 0 },
};
