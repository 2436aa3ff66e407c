/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows: a file in memory. */
#include <stdlib.h>
#include <unistd.h>
#include "bench.h"

static int tmpfs_file(void)
{
	static int fd;
	char name[] = "/tmp/bench-XXXXXX";

	if (!fd) {
		CHECK((fd = mkstemp(name)) >= 0);
		unlink(name);
	}
	return fd;
}

/* A file in memory written anew and read back. */
static void file_bytes(int n, size_t bytes)
{
	int fd = tmpfs_file();

	while (n--) {
		CHECK(!ftruncate(fd, 0));
		CHECK(pwrite(fd, buffer[0], bytes, 0) == (ssize_t)bytes);
		CHECK(pread(fd, buffer[1], bytes, 0) == (ssize_t)bytes);
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

const struct row files[] = {
	{ "file-4k",		file_4k,	1000,	0, 0 },
	{ "file-1m",		file_1m,	10,	0, 0 },
	{ 0 },
};
