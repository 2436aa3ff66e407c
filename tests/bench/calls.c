/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows: system calls that do next to nothing, and signals. */
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "bench.h"

#define SOCKETS	100

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

/* How long n signals take to be caught, without their sending. */
static u64 catching(int n)
{
	u64 start = now(), middle;
	pid_t self = getpid();

	signal_self(n);
	middle = now();
	while (n--)
		kill(self, 0);
	return 2 * middle - start - now();
}

/*
 * A page that may not be written to: the handler comes back, and it is tried again.  As in lmbench's lat_sig, what any
 * signal takes to be caught is left out: what is left is the fault, and what makes a signal of it.
 */
static volatile char *shut;
static volatile sig_atomic_t faults_left;

static void on_fault(int sig)
{
	(void)sig;
	if (!--faults_left)
		mprotect((void *)shut, PAGE, PROT_READ | PROT_WRITE);
}

static void protection_fault(int n)
{
	shut = map(PAGE, MAP_PRIVATE);
	*shut = 1;
	faults_left = n;
	leave_out(catching(n));
	begin();
	CHECK(!mprotect((void *)shut, PAGE, n ? PROT_READ : PROT_READ | PROT_WRITE));
	signal(SIGSEGV, on_fault);
	*shut = 2;
	end();
	signal(SIGSEGV, SIG_DFL);
	CHECK(!faults_left);
	munmap((void *)shut, PAGE);
}

static void read_byte(int n)
{
	int fd = open("/dev/zero", O_RDONLY);

	while (n--)
		CHECK(read(fd, buffer[0], 1) == 1);
	close(fd);
}

static void write_byte(int n)
{
	int fd = open("/dev/null", O_WRONLY);

	while (n--)
		CHECK(write(fd, buffer[0], 1) == 1);
	close(fd);
}

/* Sockets that have nothing to say. */
static void select_sockets(int n)
{
	int sockets[SOCKETS], last = 0;
	fd_set all, some;

	FD_ZERO(&all);
	for (int i = 0; i < SOCKETS; i++) {
		CHECK((last = sockets[i] = socket(AF_INET, SOCK_DGRAM, 0)) >= 0);
		FD_SET(last, &all);
	}
	begin();
	while (n--) {
		some = all;
		CHECK(!select(last + 1, &some, NULL, NULL, &(struct timeval){ 0, 0 }));
	}
	end();
	for (int i = 0; i < SOCKETS; i++)
		close(sockets[i]);
}

/* The way the C library takes: the vDSO, if that knows the clock. */
static void get_clock(int n)
{
	struct timespec t;

	while (n--)
		clock_gettime(CLOCK_MONOTONIC, &t);
}

const struct row calls[] = {
	{ "null-call",		null_call,	40000,	0, 0 },
	{ "libc-call",		libc_call,	40000,	0, 0 },
	{ "signal",		signal_self,	3000,	0, 0 },
	{ "protection-fault",	protection_fault, 2000,	0, 0 },
	{ "read-byte",		read_byte,	15000,	0, 0 },
	{ "write-byte",		write_byte,	15000,	0, 0 },
	{ "select-100",		select_sockets,	1000,	0, 0 },
	{ "clock",		get_clock,	40000,	0, 0 },
	{ 0 },
};
