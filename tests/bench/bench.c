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
 *	bench -not fork		all but these
 *	bench -x		on request, to count exits: see counted()
 *	bench -serve		the other end of the tcp rows: see serve()
 *	bench -now		how long it took to get here: see say_now()
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/futex.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define BATCHES		7
#define PAGE		4096
#define MIB		(1 << 20)
#define NAP_NS		1000000		/* what the timer row sleeps */
#define FAULT_PAGES	256		/* touched between mmap and munmap */
#define DISK_BYTES	(16 * MIB)	/* of the disk; natively it is in the kernel's own memory */
#define DEPTH		16		/* requests at once in the rows that say x16 */
#define PORT		7
#define PEER		"10.77.1.2"	/* what the LAN gives the second guest */

typedef unsigned long long u64;

/* Not a power of two apart: their pages would drive each other out of a TLB. */
static char buffer[2][MIB + 5 * PAGE] __attribute__((aligned(PAGE)));
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

/* Is this kernel the one for Ringlet, or else the one to compare with? */
static bool kernel_is(const char *variant)
{
	struct utsname u;

	CHECK(!uname(&u));
	return strstr(u.release, variant);
}

static bool in_guest(void)
{
	return kernel_is("-ringlet");
}

/* ---- the disk: Ringlet's, or natively the kernel's ramdisk; past the page cache, so that each operation
 * reaches it ---- */

/* It is written to: on a machine that somebody uses there is none. */
static const char *disk_name(void)
{
	errno = EPERM;
	if (!in_guest() && !kernel_is("-native"))
		die("neither Ringlet's kernel nor the one to compare with: no disk here is touched");
	return in_guest() ? "/dev/vda" : "/dev/ram0";
}

/* Written once before: a ramdisk has no pages where nothing was ever written. */
static int disk(void)
{
	static int fd;

	if (fd)
		return fd;
	CHECK((fd = open(disk_name(), O_RDWR | O_DIRECT)) >= 0);
	for (int at = 0; at < DISK_BYTES; at += MIB)
		CHECK(pwrite(fd, buffer[0], MIB, at) == MIB);
	return fd;
}

/* The same places in each run, in an order that looks like none. */
static off_t random_page(void)
{
	static unsigned seed = 1;

	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % (DISK_BYTES / PAGE) * PAGE;
}

static void disk_read_4k(int n)
{
	for (int fd = disk(); n--; )
		CHECK(pread(fd, buffer[1], PAGE, random_page()) == PAGE);
}

static void disk_write_4k(int n)
{
	for (int fd = disk(); n--; )
		CHECK(pwrite(fd, buffer[0], PAGE, random_page()) == PAGE);
}

static void disk_read_1m(int n)
{
	for (int fd = disk(); n--; )
		CHECK(pread(fd, buffer[1], MIB, n % (DISK_BYTES / MIB) * MIB) == MIB);
}

static void disk_write_1m(int n)
{
	for (int fd = disk(); n--; )
		CHECK(pwrite(fd, buffer[0], MIB, n % (DISK_BYTES / MIB) * MIB) == MIB);
}

/* By way of the page cache, and then out of it: what a file system does. */
static void disk_sync_1m(int n)
{
	int fd;

	disk();
	CHECK((fd = open(disk_name(), O_RDWR)) >= 0);
	while (n--) {
		CHECK(pwrite(fd, buffer[0], MIB, n % (DISK_BYTES / MIB) * MIB) == MIB);
		CHECK(!fsync(fd));
	}
	close(fd);
}

/* DEPTH random pages asked for at once, then all waited for. */
static void disk_deep(int n, int opcode)
{
	static aio_context_t context;
	struct iocb request[DEPTH], *requests[DEPTH];
	struct io_event event[DEPTH];
	int fd = disk();

	if (!context)
		CHECK(!syscall(SYS_io_setup, DEPTH, &context));
	for (; n > 0; n -= DEPTH) {
		for (int i = 0; i < DEPTH; i++) {
			requests[i] = &request[i];
			request[i] = (struct iocb){
				.aio_lio_opcode = opcode, .aio_fildes = fd, .aio_nbytes = PAGE,
				.aio_buf = (unsigned long)buffer[1] + i * PAGE, .aio_offset = random_page(),
			};
		}
		CHECK(syscall(SYS_io_submit, context, DEPTH, requests) == DEPTH);
		CHECK(syscall(SYS_io_getevents, context, DEPTH, DEPTH, event, NULL) == DEPTH);
		for (int i = 0; i < DEPTH; i++)
			CHECK(event[i].res == PAGE);
	}
}

static void disk_read_deep(int n)
{
	disk_deep(n, IOCB_CMD_PREAD);
}

static void disk_write_deep(int n)
{
	disk_deep(n, IOCB_CMD_PWRITE);
}

/* ---- what a console takes; all of it has left when a row ends ---- */

static void say_4k(int n)
{
	static char text[PAGE];

	for (int i = 0; i < PAGE; i++)
		text[i] = i % 64 == 63 ? '\n' : 'x';
	while (n--)
		CHECK(write(1, text, PAGE) == PAGE);
	tcdrain(1);
}

/* ---- the network: to the other guest, or natively to a child of ours ---- */

struct order {			/* what the other end is to do, n times */
	enum { ECHO_BYTE, SINK_1M, SAY_4K } what;
	int n;
};

static bool read_all(int fd, void *to, size_t bytes)
{
	return recv(fd, to, bytes, MSG_WAITALL) == (ssize_t)bytes;
}

static bool write_all(int fd, const void *from, size_t bytes)
{
	return send(fd, from, bytes, MSG_NOSIGNAL) == (ssize_t)bytes;
}

static void no_delay(int fd)
{
	CHECK(!setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int)));
}

static void sink(int fd, int n)
{
	for (u64 left = (u64)n * MIB; left; ) {
		ssize_t got = read(fd, buffer[1], sizeof(buffer[1]));

		CHECK(got > 0);
		left -= got;
	}
}

/* Whatever was ordered ends with a byte that says so. */
static void obey(int fd, const struct order *o)
{
	char c = 0;

	switch (o->what) {
	case ECHO_BYTE:
		for (int i = 0; i < o->n; i++)
			CHECK(read_all(fd, &c, 1) && write_all(fd, &c, 1));
		break;
	case SINK_1M:
		sink(fd, o->n);
		break;
	case SAY_4K:
		say_4k(o->n);
	}
	CHECK(write_all(fd, &c, 1));
}

static int listener(void)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	CHECK(!setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int)));
	CHECK(!bind(fd, (struct sockaddr *)&any, sizeof(any)) && !listen(fd, 1));
	return fd;
}

/* One client after the other, for ever. */
static void serve(int listening)
{
	for (;;) {
		struct order o;
		int fd = accept(listening, NULL, NULL);

		CHECK(fd >= 0);
		no_delay(fd);
		while (read_all(fd, &o, sizeof(o)))
			obey(fd, &o);
		close(fd);
	}
}

static void start_server(void)
{
	int fd = listener();

	if (!start_child()) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve(fd);
	}
	close(fd);
}

/* The connection to the other end, which may still be booting, or we may not have an address yet. */
static int peer(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	static int fd;

	if (fd)
		return fd;
	if (!in_guest())
		start_server();
	a.sin_addr.s_addr = inet_addr(in_guest() ? PEER : "127.0.0.1");
	for (int tries = 0; ; tries++) {
		CHECK((fd = socket(AF_INET, SOCK_STREAM, 0)) >= 0);
		if (!connect(fd, (struct sockaddr *)&a, sizeof(a)))
			break;
		if (tries == 200)
			die("no answer from %s", inet_ntoa(a.sin_addr));
		close(fd);
		usleep(50000);
	}
	no_delay(fd);
	return fd;
}

static int order(int what, int n)
{
	struct order o = { what, n };
	int fd = peer();

	begin();
	CHECK(write_all(fd, &o, sizeof(o)));
	return fd;
}

static void obeyed(int fd)
{
	char c;

	CHECK(read_all(fd, &c, 1));
}

/* A byte there and back. */
static void tcp_trip(int n)
{
	int fd = order(ECHO_BYTE, n);
	char c = 0;

	while (n--)
		CHECK(write_all(fd, &c, 1) && read_all(fd, &c, 1));
	obeyed(fd);
}

static void tcp_1m(int n)
{
	int fd = order(SINK_1M, n);

	while (n--)
		CHECK(write_all(fd, buffer[0], MIB));
	obeyed(fd);
}

/* The other guest's console, which nobody looks at. */
static void say_unseen(int n)
{
	obeyed(order(SAY_4K, n));
}

/* ---- the table ---- */

static const struct row {
	const char *name;
	void (*run)(int n);
	int n;			/* operations in a batch */
	int expected_ns;	/* of one operation, not counted: what was asked for */
	int bytes;		/* that one operation moves */
} rows[] = {
	{ "null-call",		null_call,	40000,	0, 0 },
	{ "libc-call",		libc_call,	40000,	0, 0 },
	{ "signal",		signal_self,	3000,	0, 0 },
	{ "read-byte",		read_byte,	15000,	0, 0 },
	{ "write-byte",		write_byte,	15000,	0, 0 },
	{ "page-fault",		page_fault,	8 * FAULT_PAGES, 0, 0 },
	{ "mmap-munmap",	mmap_munmap,	1500,	0, 0 },
	{ "mprotect",		protect,	3000,	0, 0 },
	{ "pipe",		pipe_trip,	1000,	0, 0 },
	{ "context-switch",	context_switch,	2000,	0, 0 },
	{ "fork",		fork_exit,	60,	0, 0 },
	{ "exec",		fork_exec,	30,	0, 0 },
	{ "shell",		shell,		15,	0, 0 },
	{ "memcpy-1m",		copy_1m,	10,	0, 0 },
	{ "file-4k",		file_4k,	1000,	0, 0 },
	{ "file-1m",		file_1m,	10,	0, 0 },
	{ "timer",		nap,		40,	NAP_NS, 0 },
	{ "disk-read-4k",	disk_read_4k,	500,	0, PAGE },
	{ "disk-write-4k",	disk_write_4k,	500,	0, PAGE },
	{ "disk-read-4k-x16",	disk_read_deep,	64 * DEPTH, 0, PAGE },
	{ "disk-write-4k-x16",	disk_write_deep, 64 * DEPTH, 0, PAGE },
	{ "disk-read-1m",	disk_read_1m,	16,	0, MIB },
	{ "disk-write-1m",	disk_write_1m,	16,	0, MIB },
	{ "disk-sync-1m",	disk_sync_1m,	16,	0, MIB },
	{ "tcp-trip",		tcp_trip,	500,	0, 0 },
	{ "tcp-1m",		tcp_1m,		8,	0, MIB },
	{ "console-4k",		say_4k,		8,	0, PAGE },
	{ "console-unseen-4k",	say_unseen,	32,	0, PAGE },
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
	printf("bench %s %.1f %d\n", r->name, ns[BATCHES / 2], r->bytes);
}

static bool named(const struct row *r, char **names)
{
	while (*names)
		if (find(*names++) == r)
			return true;
	return false;
}

/* In the table's order, whatever that of the names. */
static void measure_all(char **names)
{
	bool all = !*names, but = *names && !strcmp(*names, "-not");

	for (const struct row *r = rows; r < rows + ROWS; r++)
		if (all || named(r, names + but) != but)
			measure(r);
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
	if (!strcmp(arg, "-serve"))
		serve(listener());
	prepare();
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
