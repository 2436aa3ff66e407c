/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows: memory that a process gets, loses and copies. */
#include <string.h>
#include <sys/mman.h>
#include "bench.h"

#define FAULT_PAGES	256	/* touched between mmap and munmap */

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

static void copy_1m(int n)
{
	while (n--) {
		memcpy(buffer[1], buffer[0], MIB);
		asm volatile("" : : "r" (buffer[1]) : "memory");
	}
}

const struct row memory[] = {
	{ "page-fault",		page_fault,	8 * FAULT_PAGES, 0, 0 },
	{ "mmap-munmap",	mmap_munmap,	1500,	0, 0 },
	{ "mprotect",		protect,	3000,	0, 0 },
	{ "memcpy-1m",		copy_1m,	10,	0, 0 },
	{ 0 },
};
