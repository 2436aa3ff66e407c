/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the rows of the benchmark have in common.
 *
 * A family of rows is one file with a table of them, which ends with an empty one.  A row does its operation n times;
 * the clock runs before it is called and until it returns, or from its begin() to its end().
 */
#ifndef TESTS_BENCH_H
#define TESTS_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define PAGE	4096
#define MIB	(1 << 20)

typedef unsigned long long u64;

struct row {
	const char *name;
	void (*run)(int n);
	int n;			/* operations in a batch */
	int expected_ns;	/* of one operation, not counted: what was asked for */
	int bytes;		/* that one operation moves */
};
extern const struct row calls[], memory[], processes[], ipc[], files[], disks[], network[], console[];

void die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
#define CHECK(x)	do { if (!(x)) die("%s", #x); } while (0)

u64 now(void);			/* ns */
void begin(void);		/* where the row's operations begin, if that is later than its start */
void end(void);			/* and where they end, if that is earlier */
void leave_out(u64 ns);		/* of that time this was something else */

/* Not a power of two apart: their pages would drive each other out of a TLB. */
extern char buffer[2][MIB + 5 * PAGE];
char *map(size_t bytes, int share);	/* fresh memory; share: MAP_PRIVATE or MAP_SHARED */
pid_t start_child(void);
void reap(pid_t child);			/* it must have ended well */
bool kernel_is(const char *variant);
bool in_guest(void);

void say_4k(int n);			/* console.c: a row that the other guest runs, too */
void serve(void) __attribute__((noreturn));	/* network.c: the other end of its rows, for ever */

#endif
