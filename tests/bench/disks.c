/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rows: the disk, Ringlet's, or natively the kernel's ramdisk; past the page cache, so that each operation
 * reaches it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "bench.h"

#define DISK_BYTES	(16 * MIB)	/* of the disk; natively it is in the kernel's own memory */
#define DEPTH		16		/* requests at once in the rows that say x16 */

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

const struct row disks[] = {
	{ "disk-read-4k",	disk_read_4k,	500,	0, PAGE },
	{ "disk-write-4k",	disk_write_4k,	500,	0, PAGE },
	{ "disk-read-4k-x16",	disk_read_deep,	64 * DEPTH, 0, PAGE },
	{ "disk-write-4k-x16",	disk_write_deep, 64 * DEPTH, 0, PAGE },
	{ "disk-read-1m",	disk_read_1m,	16,	0, MIB },
	{ "disk-write-1m",	disk_write_1m,	16,	0, MIB },
	{ "disk-sync-1m",	disk_sync_1m,	16,	0, MIB },
	{ 0 },
};
