/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The time, as programs read it: through the C library, which asks the vDSO, and by the raw system call.
 *
 *	clock compare		one between two of the other, for each clock: is it in order?
 *	clock calls		does the library need the kernel?  Under a seccomp filter it would be killed for it
 *	clock watch SECONDS	four processes read in turn, in both ways: does any reading go back behind another's?
 *	clock sleep N		N times a millisecond: the least and the median that it took
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROCESSES 4

typedef long long ns_t;

struct kernel_time { long long sec, nsec; };

static ns_t raw(clockid_t id)
{
	struct kernel_time t;

	syscall(SYS_clock_gettime64, id, &t);
	return t.sec * 1000000000 + t.nsec;
}

static ns_t library(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static ns_t of_day(void)
{
	struct timeval t;

	gettimeofday(&t, NULL);
	return t.tv_sec * 1000000000ll + t.tv_usec * 1000;
}

static int compare(void)
{
	static const clockid_t ids[] = { CLOCK_MONOTONIC, CLOCK_REALTIME, CLOCK_BOOTTIME, CLOCK_MONOTONIC_RAW };
	unsigned i, k, wrong = 0;

	for (i = 0; i < 4; i++)
		for (k = 0; k < 20000; k++) {
			ns_t a = raw(ids[i]), b = library(ids[i]), c = raw(ids[i]);

			if (a > b || b > c) {
				printf("clock %d: %lld, then %lld, then %lld\n", (int)ids[i], a, b, c);
				wrong++;
			}
		}
	for (k = 0; k < 20000; k++) {
		ns_t a = raw(CLOCK_REALTIME), b = of_day(), c = raw(CLOCK_REALTIME);

		if (a / 1000 * 1000 > b || b > c) {
			printf("gettimeofday: %lld, then %lld, then %lld\n", a, b, c);
			wrong++;
		}
	}
	printf("%u of 100000 readings out of order\n", wrong);
	return wrong != 0;
}

/* From now on any system call but the last one kills.  (Strict seccomp takes the counter away, too.) */
static void no_calls(void)
{
	struct sock_filter only_exit[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog filter = { sizeof(only_exit) / sizeof(only_exit[0]), only_exit };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter))
		syscall(SYS_exit, 1);
}

static int calls(void)
{
	int status;

	library(CLOCK_MONOTONIC);
	if (!fork()) {
		int i;

		no_calls();
		for (i = 0; i < 1000; i++) {
			library(CLOCK_MONOTONIC);
			library(CLOCK_REALTIME);
			of_day();
		}
		syscall(SYS_exit, 0);
	}
	wait(&status);
	puts(!status ? "without a system call" : WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS ? "by system calls" : "it failed");
	return 0;
}

struct seen {
	ns_t last, most, readings, back;
};

/* What was there before this reading may not be later than it. */
static void reading(struct seen *s, int by_library)
{
	ns_t before = __atomic_load_n(&s->last, __ATOMIC_SEQ_CST);
	ns_t now = by_library ? library(CLOCK_MONOTONIC) : raw(CLOCK_MONOTONIC);

	__atomic_add_fetch(&s->readings, 1, __ATOMIC_SEQ_CST);
	if (now < before) {
		printf("%lld after %lld\n", now, before);
		__atomic_add_fetch(&s->back, 1, __ATOMIC_SEQ_CST);
	}
	while (before < now && !__atomic_compare_exchange_n(&s->last, &before, now, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		;
}

static int watch(ns_t seconds)
{
	struct seen *s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ns_t end = raw(CLOCK_MONOTONIC) + seconds * 1000000000;
	unsigned i, k;

	for (i = 0; i < PROCESSES; i++)
		if (!fork()) {
			for (k = i; s->last < end; k++) {
				reading(s, k & 1);
				if (k % 64 == 0)
					usleep(k % 1000);
			}
			exit(0);
		}
	for (i = 0; i < PROCESSES; i++)
		wait(NULL);
	printf("%lld of %lld readings went back\n", s->back, s->readings);
	return s->back != 0;
}

static int by_length(const void *a, const void *b)
{
	return (*(const ns_t *)a > *(const ns_t *)b) - (*(const ns_t *)a < *(const ns_t *)b);
}

static int sleeps(unsigned n)
{
	ns_t *took = calloc(n, sizeof(*took));
	unsigned i;

	for (i = 0; i < n; i++) {
		struct timespec t = { 0, 1000000 };
		ns_t from = library(CLOCK_MONOTONIC);

		nanosleep(&t, NULL);
		took[i] = library(CLOCK_MONOTONIC) - from;
	}
	qsort(took, n, sizeof(*took), by_length);
	printf("least %lld us, median %lld us\n", took[0] / 1000, took[n / 2] / 1000);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "compare"))
		return compare();
	if (argc > 1 && !strcmp(argv[1], "calls"))
		return calls();
	if (argc > 2 && !strcmp(argv[1], "watch"))
		return watch(atoi(argv[2]));
	if (argc > 2 && !strcmp(argv[1], "sleep"))
		return sleeps(atoi(argv[2]));
	fputs("usage: clock compare | calls | watch SECONDS | sleep N\n", stderr);
	return 2;
}
