/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows: processes and threads that begin and end, and sleep. */
#include <pthread.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include "bench.h"

#define NAP_NS		1000000		/* what the timer row sleeps */
#define BIG		(4 * MIB)

static void fork_exit(int n)
{
	while (n--) {
		pid_t child = start_child();

		if (!child)
			_exit(0);
		reap(child);
	}
}

static void touch(volatile char *p, size_t bytes)
{
	for (size_t i = 0; i < bytes; i += PAGE)
		p[i] = 1;
}

/* A process with BIG bytes of its own, and its child, each write to all of their pages after the fork. */
static void fork_big(int n)
{
	char *p = map(BIG, MAP_PRIVATE);

	touch(p, BIG);
	begin();
	while (n--) {
		pid_t child = start_child();

		touch(p, BIG);
		if (!child)
			_exit(0);
		reap(child);
	}
	end();
	munmap(p, BIG);
}

static void *nothing(void *arg)
{
	return arg;
}

static void thread(int n)
{
	pthread_t t;

	while (n--)
		CHECK(!pthread_create(&t, NULL, nothing, NULL) && !pthread_join(t, NULL));
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
	{ "fork",		fork_exit,	60,	0, 0 },
	{ "fork-4m",		fork_big,	4,	0, 0 },
	{ "exec",		fork_exec,	30,	0, 0 },
	{ "shell",		shell,		15,	0, 0 },
	{ "thread",		thread,		300,	0, 0 },
	{ "timer",		nap,		40,	NAP_NS, 0 },
	{ 0 },
};
