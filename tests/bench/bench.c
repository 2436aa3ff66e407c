/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The benchmark: what one operation of the kernel costs.
 *
 * The same static 32-bit program runs on the bare machine and in a guest, and
 * run.py divides one by the other.  So nothing here adapts itself to the
 * machine: each row has a fixed number of operations, done once to warm up and
 * then in BATCHES timed batches, of which the median counts (not the best: the timer
 * ticks that fall into a batch are part of what a guest costs).
 *
 *	bench			every row
 *	bench null-call fork	these rows
 *	bench -x		on request, to count exits: see counted()
 *	bench -now		how long it took to get here: see say_now()
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BATCHES		7
#define PAGE		4096
#define MIB		(1 << 20)
#define NAP_NS		1000000		/* what the timer row sleeps */
#define FAULT_PAGES	256		/* touched between mmap and munmap */

typedef unsigned long long u64;

/* Not a power of two apart: their pages would drive each other out of a TLB. */
static char buffer[2][MIB + 5 * PAGE];
static int dev_zero, dev_null, tmpfs_file;

static void die(const char *fmt, ...)
{
	va_list ap;

	printf("bench-error ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf(": %s\n", strerror(errno));
	exit(1);
}

#define CHECK(x)	do { if (!(x)) die("%s", #x); } while (0)

static u64 now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/*
 * The machine's own counter, which no kernel stands in front of: by it run.py
 * sees whether a guest's nanoseconds are as long as the machine's.
 */
static u64 ticks(void)
{
	return __builtin_ia32_rdtsc();
}

/* The clock starts before a row and stops after it; a row with set-up of its own moves that. */
static u64 began, ended;

static void begin(void)
{
	ended = 0;
	began = now();
}

static void end(void)
{
	if (!ended)
		ended = now();
}

/* ---- the rows: each does its operation n times ---- */

static void null_call(int n)
{
	while (n--) {
		int ret;

		asm volatile("int $0x80" : "=a" (ret) : "0" (SYS_getppid) : "memory");
	}
}

/* The way the C library takes: the vDSO's sysenter where there is one. */
static void libc_call(int n)
{
	while (n--)
		syscall(SYS_getppid);
}

static volatile sig_atomic_t signals;

static void on_signal(int sig)
{
	(void)sig;
	signals++;
}

static void signal_self(int n)
{
	int want = n;
	pid_t self = getpid();

	signals = 0;
	signal(SIGUSR1, on_signal);
	while (n--)
		kill(self, SIGUSR1);
	CHECK(signals == want);
}

static void read_byte(int n)
{
	while (n--)
		CHECK(read(dev_zero, buffer[0], 1) == 1);
}

static void write_byte(int n)
{
	while (n--)
		CHECK(write(dev_null, buffer[0], 1) == 1);
}

static char *map(size_t bytes, int share)
{
	char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, share | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

/* A fresh page touched, and its share of the munmap that gives it back. */
static void page_fault(int n)
{
	for (; n > 0; n -= FAULT_PAGES) {
		char *p = map(FAULT_PAGES * PAGE, MAP_PRIVATE);

		for (int i = 0; i < FAULT_PAGES; i++)
			((volatile char *)p)[i * PAGE] = 1;
		munmap(p, FAULT_PAGES * PAGE);
	}
}

/* One page, mapped, touched and unmapped. */
static void mmap_munmap(int n)
{
	while (n--) {
		char *p = map(PAGE, MAP_PRIVATE);

		*(volatile char *)p = 1;
		munmap(p, PAGE);
	}
}

/* A touched page made read-only and writable again is two operations. */
static void protect(int n)
{
	char *p = map(PAGE, MAP_PRIVATE);

	for (; n > 0; n -= 2) {
		*(volatile char *)p = 1;
		CHECK(!mprotect(p, PAGE, PROT_READ));
		CHECK(!mprotect(p, PAGE, PROT_READ | PROT_WRITE));
	}
	munmap(p, PAGE);
}

static void reap(pid_t child)
{
	int status;

	CHECK(waitpid(child, &status, 0) == child);
	if (status)
		die("a child ended with status %#x", status);
}

static pid_t start_child(void)
{
	pid_t child = fork();

	CHECK(child >= 0);
	return child;
}

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

static void copy_1m(int n)
{
	while (n--) {
		memcpy(buffer[1], buffer[0], MIB);
		asm volatile("" : : "r" (buffer[1]) : "memory");
	}
}

/* A file in memory written anew and read back. */
static void file_bytes(int n, size_t bytes)
{
	while (n--) {
		CHECK(!ftruncate(tmpfs_file, 0));
		CHECK(pwrite(tmpfs_file, buffer[0], bytes, 0) == (ssize_t)bytes);
		CHECK(pread(tmpfs_file, buffer[1], bytes, 0) == (ssize_t)bytes);
	}
}

static void file_4k(int n)
{
	file_bytes(n, PAGE);
}

static void file_1m(int n)
{
	file_bytes(n, MIB);
}

static void nap(int n)
{
	struct timespec t = { .tv_nsec = NAP_NS };

	while (n--)
		CHECK(!nanosleep(&t, NULL));
}

/* ---- the table ---- */

static const struct row {
	const char *name;
	void (*run)(int n);
	int n;			/* operations in a batch */
	int expected_ns;	/* of one operation, not counted: what was asked for */
} rows[] = {
	{ "null-call",		null_call,	40000,	0 },
	{ "libc-call",		libc_call,	40000,	0 },
	{ "signal",		signal_self,	3000,	0 },
	{ "read-byte",		read_byte,	15000,	0 },
	{ "write-byte",		write_byte,	15000,	0 },
	{ "page-fault",		page_fault,	8 * FAULT_PAGES, 0 },
	{ "mmap-munmap",	mmap_munmap,	1500,	0 },
	{ "mprotect",		protect,	3000,	0 },
	{ "pipe",		pipe_trip,	1000,	0 },
	{ "context-switch",	context_switch,	2000,	0 },
	{ "fork",		fork_exit,	60,	0 },
	{ "exec",		fork_exec,	30,	0 },
	{ "shell",		shell,		15,	0 },
	{ "memcpy-1m",		copy_1m,	10,	0 },
	{ "file-4k",		file_4k,	1000,	0 },
	{ "file-1m",		file_1m,	10,	0 },
	{ "timer",		nap,		40,	NAP_NS },
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static const struct row *find(const char *name)
{
	for (unsigned i = 0; i < ROWS; i++)
		if (!strcmp(rows[i].name, name))
			return &rows[i];
	errno = ENOENT;
	die("row %s", name);
	return NULL;
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
		begin();
		r->run(r->n);
		end();
		ns[i] = (double)(ended - began) / r->n - r->expected_ns;
	}
	qsort(ns, BATCHES, sizeof(ns[0]), by_value);
	printf("bench %s %.1f %d\n", r->name, ns[BATCHES / 2], r->n);
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

static void prepare(void)
{
	char name[] = "/tmp/bench-XXXXXX";

	prctl(PR_SET_TIMERSLACK, 1);
	memset(buffer, 1, sizeof(buffer));
	CHECK((dev_zero = open("/dev/zero", O_RDONLY)) >= 0);
	CHECK((dev_null = open("/dev/null", O_WRONLY)) >= 0);
	mkdir("/tmp", 01777);
	CHECK((tmpfs_file = mkstemp(name)) >= 0);
	unlink(name);
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
	prepare();
	if (!strcmp(arg, "-x")) {
		counted();
		return 0;
	}

	printf("bench-begin\n");
	for (int i = 1; i < argc; i++)
		measure(find(argv[i]));
	for (unsigned i = 0; argc == 1 && i < ROWS; i++)
		measure(&rows[i]);
	printf("bench-clock %llu %llu\n", now() - start_ns, ticks() - start_ticks);
	printf("bench-end\n");
	return 0;
}
