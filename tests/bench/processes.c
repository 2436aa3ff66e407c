/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows: processes that begin and end, wait for each other, and sleep. */
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "bench.h"

#define NAP_NS		1000000		/* what the timer row sleeps */

/* A byte to another process and one back. */
static void pipe_trip(int n)
{
	int there[2], back[2];
	char c = 0;
	pid_t child;

	CHECK(!pipe(there) && !pipe(back));
	child = start_child();
	for (int i = 0; i <= n; i++) {	/* the first trip only sees the child started */
		if (child)
			CHECK(write(there[1], &c, 1) == 1 && read(back[0], &c, 1) == 1);
		else
			CHECK(read(there[0], &c, 1) == 1 && write(back[1], &c, 1) == 1);
		if (i == 0)
			begin();
	}
	end();
	if (!child)
		_exit(0);
	reap(child);
	for (int i = 0; i < 2; i++) {
		close(there[i]);
		close(back[i]);
	}
}

/*
 * From one process to another with nothing moved: each waits until the shared word
 * says that it is its turn, then gives the turn away.
 */
static void context_switch(int n)
{
	volatile int *turn = (volatile int *)map(PAGE, MAP_SHARED);
	pid_t child;
	int me;

	*turn = 0;
	child = start_child();
	me = !child;
	for (int i = 0; i <= n; i += 2) {	/* the first turn only sees the child started */
		while (*turn != me)
			syscall(SYS_futex, turn, FUTEX_WAIT, !me, NULL);
		*turn = !me;
		syscall(SYS_futex, turn, FUTEX_WAKE, 1);
		if (i == 0)
			begin();
	}
	end();
	if (!child)
		_exit(0);
	reap(child);
	munmap((void *)turn, PAGE);
}

static void fork_exit(int n)
{
	while (n--) {
		pid_t child = start_child();

		if (!child)
			_exit(0);
		reap(child);
	}
}

static void run(int n, char *const argv[])
{
	while (n--) {
		pid_t child = start_child();

		if (!child) {
			execv(argv[0], argv);
			_exit(127);
		}
		reap(child);
	}
}

static void fork_exec(int n)
{
	run(n, (char *[]){ "/proc/self/exe", "-exit", NULL });
}

static void shell(int n)
{
	run(n, (char *[]){ "/bin/sh", "-c", "true", NULL });
}

static void nap(int n)
{
	struct timespec t = { .tv_nsec = NAP_NS };

	while (n--)
		CHECK(!nanosleep(&t, NULL));
}

const struct row processes[] = {
	{ "pipe",		pipe_trip,	1000,	0, 0 },
	{ "context-switch",	context_switch,	2000,	0, 0 },
	{ "fork",		fork_exit,	60,	0, 0 },
	{ "exec",		fork_exec,	30,	0, 0 },
	{ "shell",		shell,		15,	0, 0 },
	{ "timer",		nap,		40,	NAP_NS, 0 },
	{ 0 },
};
