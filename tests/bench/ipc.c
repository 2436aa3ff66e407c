/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows: processes that wait for each other, two or many. */
#include <linux/futex.h>
#include <sched.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "bench.h"

/* A byte to another process and one back. */
static void trips(int n, int out, int in, int their_in, int their_out)
{
	pid_t child = start_child();
	char c = 0;

	for (int i = 0; i <= n; i++) {	/* the first trip only sees the child started */
		if (child)
			CHECK(write(out, &c, 1) == 1 && read(in, &c, 1) == 1);
		else
			CHECK(read(their_in, &c, 1) == 1 && write(their_out, &c, 1) == 1);
		if (i == 0)
			begin();
	}
	end();
	if (!child)
		_exit(0);
	reap(child);
}

static void pipe_trip(int n)
{
	int there[2], back[2];

	CHECK(!pipe(there) && !pipe(back));
	trips(n, there[1], back[0], there[0], back[1]);
	for (int i = 0; i < 2; i++) {
		close(there[i]);
		close(back[i]);
	}
}

static void unix_trip(int n)
{
	int pair[2];

	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	trips(n, pair[0], pair[0], pair[1], pair[1]);
	close(pair[0]);
	close(pair[1]);
}

static void add(int set, int which, int what)
{
	CHECK(!semop(set, &(struct sembuf){ which, what, 0 }, 1));
}

/* One semaphore says that it is the child's turn, the other that it is ours. */
static void semaphore(int n)
{
	int set = semget(IPC_PRIVATE, 2, 0600);
	pid_t child;

	CHECK(set >= 0);
	child = start_child();
	for (int i = 0; i <= n; i++) {	/* the first trip only sees the child started */
		if (child)
			add(set, 0, 1);
		add(set, !!child, -1);
		if (!child)
			add(set, 1, 1);
		if (i == 0)
			begin();
	}
	end();
	if (!child)
		_exit(0);
	reap(child);
	CHECK(!semctl(set, 0, IPC_RMID));
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

/*
 * Many processes in a ring, as lmbench's lat_ctx has them: each waits for a byte in its pipe, adds up an array of its own
 * and passes the byte on.  One operation is one such step, less what the same step takes in a process that is
 * alone: what is left is the switch to the next process, and what its memory costs after that.
 */
static void __attribute__((noinline)) add_up(const int *array, size_t bytes)
{
	volatile int kept;
	int sum = 0;

#pragma GCC unroll 16
	for (size_t i = 0; i < bytes / sizeof(int); i++)
		sum += array[i];
	kept = sum;
	(void)kept;
}

static int *make_array(size_t bytes)
{
	return memset(map(bytes + PAGE, MAP_PRIVATE), 1, bytes + PAGE);	/* there are none of no bytes */
}

static void put(int fd)
{
	CHECK(write(fd, "", 1) == 1);
}

static void get(int fd)
{
	char c;

	CHECK(read(fd, &c, 1) == 1);
}

/* How long so many rounds take in one process, with all the pipes and arrays. */
static u64 alone(int rounds, int procs, int (*pipes)[2], size_t bytes)
{
	int *arrays[procs];
	u64 began = 0;

	for (int i = 0; i < procs; i++)
		arrays[i] = make_array(bytes);
	for (int round = 0; round <= rounds; round++) {
		for (int i = 0; i < procs; i++) {
			put(pipes[i][1]);
			get(pipes[i][0]);
			add_up(arrays[i], bytes);
		}
		if (round == 0)
			began = now();
	}
	began = now() - began;
	for (int i = 0; i < procs; i++)
		munmap(arrays[i], bytes + PAGE);
	return began;
}

/* One of the ring; the first begins each round, and its clock the second of them. */
static void member(int me, int rounds, int procs, int (*pipes)[2], size_t bytes)
{
	int *array = make_array(bytes), next = pipes[(me + 1) % procs][1];

	for (int round = 0; round <= rounds; round++) {
		if (me == 0)
			put(next);
		get(pipes[me][0]);
		add_up(array, bytes);
		if (me != 0)
			put(next);
		else if (round == 0)
			begin();
	}
	end();
	munmap(array, bytes + PAGE);
}

/* Whoever is woken takes the processor at once, or when the other waits, as it happens.  Let it
 * always be the latter: then each step is one switch, and the rows repeat. */
static void wait_for_turn(bool on)
{
	CHECK(!sched_setscheduler(0, on ? SCHED_BATCH : SCHED_OTHER, &(struct sched_param){ 0 }));
}

static void ring(int n, int procs, size_t bytes)
{
	int pipes[procs][2];
	pid_t child[procs];

	wait_for_turn(true);
	for (int i = 0; i < procs; i++)
		CHECK(!pipe(pipes[i]));
	leave_out(alone(n / procs, procs, pipes, bytes));
	for (int i = 1; i < procs; i++) {
		child[i] = start_child();
		if (!child[i]) {
			member(i, n / procs, procs, pipes, bytes);
			_exit(0);
		}
	}
	member(0, n / procs, procs, pipes, bytes);
	for (int i = 0; i < procs; i++) {
		if (i)
			reap(child[i]);
		close(pipes[i][0]);
		close(pipes[i][1]);
	}
	wait_for_turn(false);
}

#define RING(procs, kib) static void ring_##procs##_##kib(int n) { ring(n, procs, kib * 1024); }
RING(2, 0) RING(2, 16) RING(2, 64)
RING(8, 0) RING(8, 16) RING(8, 64)
RING(16, 0) RING(16, 16) RING(16, 64)
RING(32, 0) RING(32, 16) RING(32, 64)

const struct row ipc[] = {
	{ "pipe",		pipe_trip,	1000,	0, 0 },
	{ "unix",		unix_trip,	1000,	0, 0 },
	{ "semaphore",		semaphore,	1000,	0, 0 },
	{ "context-switch",	context_switch,	2000,	0, 0 },
#define ROW(procs, kib, n) { "switch-" #procs "p-" #kib "k", ring_##procs##_##kib, n, 0, 0 }
	ROW(2, 0, 1600), ROW(2, 16, 960), ROW(2, 64, 640),
	ROW(8, 0, 1600), ROW(8, 16, 960), ROW(8, 64, 640),
	ROW(16, 0, 1600), ROW(16, 16, 960), ROW(16, 64, 640),
	ROW(32, 0, 1600), ROW(32, 16, 960), ROW(32, 64, 640),
	{ 0 },
};
