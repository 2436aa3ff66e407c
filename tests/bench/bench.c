/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The benchmark: what one operation of the kernel costs.
 *
 * The same static 32-bit program runs on the bare machine and in a guest, and `run` divides one by the other.  So
 * nothing here adapts itself to the machine: each row has a fixed number of operations, done once to warm up and then
 * in BATCHES timed batches, of which the median counts (not the best: the timer ticks that fall into a batch are
 * part of what a guest costs).  The rows are in the other files, a family in each.
 *
 *	bench			every row
 *	bench null-call fork	these rows
 *	bench -not fork		all but these
 *	bench -x		on request, to count exits: see counted()
 *	bench -list		the rows' names
 *	bench -serve		the other end of the tcp rows: see network.c
 *	bench -now		how long it took to get here: see say_now()
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "bench.h"

#define BATCHES		7

static const struct row *const families[] = { calls, memory, processes, ipc, files, disks, network, console };
#define FAMILIES	(sizeof(families) / sizeof(families[0]))

char buffer[2][MIB + 5 * PAGE] __attribute__((aligned(PAGE)));

void die(const char *fmt, ...)
{
	va_list ap;

	printf("bench-error ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf(": %s\n", strerror(errno));
	exit(1);
}

u64 now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/*
 * The machine's own counter, which no kernel stands in front of: by it `run`
 * sees whether a guest's nanoseconds are as long as the machine's.
 */
static u64 ticks(void)
{
	return __builtin_ia32_rdtsc();
}

/* The clock starts before a row and stops after it; a row with set-up of its own moves that. */
static u64 began, ended, left_out;

void begin(void)
{
	ended = 0;
	began = now();
}

void end(void)
{
	if (!ended)
		ended = now();
}

void leave_out(u64 ns)
{
	left_out = ns;
}

char *map(size_t bytes, int share)
{
	char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, share | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

void reap(pid_t child)
{
	int status;

	CHECK(waitpid(child, &status, 0) == child);
	if (status)
		die("a child ended with status %#x", status);
}

pid_t start_child(void)
{
	pid_t child = fork();

	CHECK(child >= 0);
	return child;
}

/* Is this kernel the one for Ringlet, or else the one to compare with? */
bool kernel_is(const char *variant)
{
	struct utsname u;

	CHECK(!uname(&u));
	return strstr(u.release, variant);
}

bool in_guest(void)
{
	return kernel_is("-ringlet");
}

static const struct row *find(const char *name)
{
	for (unsigned i = 0; i < FAMILIES; i++)
		for (const struct row *r = families[i]; r->name; r++)
			if (!strcmp(r->name, name))
				return r;
	errno = ENOENT;
	die("row %s", name);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void measure(const struct row *r)
{
	double ns[BATCHES];

	r->run(r->n);
	for (int i = 0; i < BATCHES; i++) {
		left_out = 0;
		begin();
		r->run(r->n);
		end();
		ns[i] = ((double)(ended - began) - left_out) / r->n - r->expected_ns;
	}
	qsort(ns, BATCHES, sizeof(ns[0]), by_value);
	printf("bench %s %.1f %d\n", r->name, ns[BATCHES / 2], r->bytes);
}

static bool named(const struct row *r, char **names)
{
	while (*names)
		if (find(*names++) == r)
			return true;
	return false;
}

/* In the tables' order, whatever that of the names. */
static void measure_all(char **names)
{
	bool all = !*names, but = *names && !strcmp(*names, "-not");

	for (unsigned i = 0; i < FAMILIES; i++)
		for (const struct row *r = families[i]; r->name; r++)
			if (all || named(r, names + but) != but)
				measure(r);
}

static void list(void)
{
	for (unsigned i = 0; i < FAMILIES; i++)
		for (const struct row *r = families[i]; r->name; r++)
			puts(r->name);
}

/*
 * Counting exits: for each line "NAME N" a short warm-up, then "ready NAME N"; at the next
 * (empty) line exactly N operations, then "done NAME N".  Whoever drives us reads
 * the hypervisor's counters at both moments, and subtracts what "NAME 0" costs: the
 * row's own set-up, and the driving.
 */
static void counted(void)
{
	char line[80], name[40];
	int n;

	while (fgets(line, sizeof(line), stdin) && sscanf(line, "%39s %d", name, &n) == 2) {
		const struct row *r = find(name);

		r->run(n / 10);
		printf("ready %s %d\n", name, n);
		if (!fgets(line, sizeof(line), stdin))
			break;
		r->run(n);
		printf("done %s %d\n", name, n);
	}
}

/*
 * One line on the console by way of the kernel's log, so that it has two clocks in it: the
 * log's own (since the kernel looked at its first clock; CLOCK_MONOTONIC is too coarse so
 * early) and the machine's since its reset.
 */
static void say_now(void)
{
	char line[40];
	int log, n;

	CHECK((log = open("/dev/kmsg", O_WRONLY)) >= 0);
	n = snprintf(line, sizeof(line), "<3>bench: now %llu\n", ticks());
	CHECK(write(log, line, n) == n);
}

int main(int argc, char **argv)
{
	const char *arg = argc > 1 ? argv[1] : "";
	u64 start_ns = now(), start_ticks = ticks();

	if (!strcmp(arg, "-exit"))
		return 0;
	setlinebuf(stdout);
	if (!strcmp(arg, "-now")) {
		say_now();
		return 0;
	}
	if (!strcmp(arg, "-list")) {
		list();
		return 0;
	}
	if (!strcmp(arg, "-serve"))
		serve();
	prctl(PR_SET_TIMERSLACK, 1);
	memset(buffer, 1, sizeof(buffer));
	if (!strcmp(arg, "-x")) {
		counted();
		return 0;
	}

	printf("bench-begin\n");
	measure_all(argv + 1);
	printf("bench-clock %llu %llu\n", now() - start_ns, ticks() - start_ticks);
	printf("bench-end\n");
	return 0;
}
