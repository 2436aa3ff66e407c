/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows: system calls that do next to nothing, and a signal. */
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "bench.h"

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

const struct row calls[] = {
	{ "null-call",		null_call,	40000,	0, 0 },
	{ "libc-call",		libc_call,	40000,	0, 0 },
	{ "signal",		signal_self,	3000,	0, 0 },
	{ "read-byte",		read_byte,	15000,	0, 0 },
	{ "write-byte",		write_byte,	15000,	0, 0 },
	{ 0 },
};
