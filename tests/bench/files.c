/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows: a file in memory, written, read and mapped. */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include "bench.h"

#define BIG		(8 * MIB)
#define FAULT_PAGES	256

static int make_file(void)
{
	char name[] = "/tmp/bench-XXXXXX";
	int fd = mkstemp(name);

	CHECK(fd >= 0);
	unlink(name);
	return fd;
}

/* One of BIG bytes, all in the page cache. */
static int big_file(void)
{
	static int fd;

	if (fd)
		return fd;
	fd = make_file();
	for (int at = 0; at < BIG; at += MIB)
		CHECK(pwrite(fd, buffer[0], MIB, at) == MIB);
	return fd;
}

/* A file in memory written anew and read back. */
static void file_bytes(int n, size_t bytes)
{
	int fd = make_file();

	while (n--) {
		CHECK(!ftruncate(fd, 0));
		CHECK(pwrite(fd, buffer[0], bytes, 0) == (ssize_t)bytes);
		CHECK(pread(fd, buffer[1], bytes, 0) == (ssize_t)bytes);
	}
	close(fd);
}

static void file_4k(int n)
{
	file_bytes(n, PAGE);
}

static void file_1m(int n)
{
	file_bytes(n, MIB);
}

static void read_64k(int n)
{
	for (int fd = big_file(); n--; )
		CHECK(pread(fd, buffer[1], 65536, 0) == 65536);
}

static char *map_big(size_t bytes, int protection)
{
	char *p = mmap(NULL, bytes, protection, MAP_SHARED, big_file(), 0);

	CHECK(p != MAP_FAILED);
	return p;
}

/* Mapped, a page of each 16 KiB in its first tenth written to (as lmbench's lat_mmap does), and unmapped. */
static void map_8m(int n)
{
	while (n--) {
		char *p = map_big(BIG, PROT_READ | PROT_WRITE);

		for (int at = 0; at < BIG / 10; at += 16384)
			((volatile char *)p)[at] = 1;
		munmap(p, BIG);
	}
}

/* A page of a mapped file read, in an order that looks like none, and its share of mmap and munmap. */
static void file_fault(int n)
{
	for (; n > 0; n -= FAULT_PAGES) {
		char *p = map_big(FAULT_PAGES * PAGE, PROT_READ);

		for (int i = 0; i < FAULT_PAGES; i++)
			(void)((volatile char *)p)[i * 97 % FAULT_PAGES * PAGE];
		munmap(p, FAULT_PAGES * PAGE);
	}
}

const struct row files[] = {
	{ "file-4k",		file_4k,	1000,	0, 0 },
	{ "file-1m",		file_1m,	10,	0, 0 },
	{ "read-64k",		read_64k,	200,	0, 65536 },
	{ "mmap-8m",		map_8m,		30,	0, 0 },
	{ "file-fault",		file_fault,	16 * FAULT_PAGES, 0, 0 },
	{ 0 },
};
