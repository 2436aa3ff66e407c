/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All a unit test needs.  A test is a program: it exits 0, or says what was wrong and
 * exits 1.  Random ones print their seed; `./test_x SEED` runs that one again.
 */
#ifndef TESTS_UNIT_TEST_H
#define TESTS_UNIT_TEST_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "hv/types.h"

static const char *test_case = "";
static u32 test_checks;

#define CHECK(cond, ...) do {						\
	test_checks++;							\
	if (!(cond)) {							\
		printf("FAIL %s: %s:%d: %s", test_case, __FILE__, __LINE__, #cond); \
		printf("\n     " __VA_ARGS__);				\
		printf("\n");						\
		fflush(stdout);						\
		exit(1);						\
	}								\
} while (0)

#define CHECK_EQ(a, b) do {						\
	unsigned long long a_ = (a), b_ = (b);				\
	CHECK(a_ == b_, #a " is %#llx, " #b " is %#llx", a_, b_);	\
} while (0)

#define CHECK_STR(a, b) do {						\
	const char *s_ = (a), *t_ = (b);				\
	CHECK(!strcmp(s_, t_), "\"%s\" is not \"%s\"", s_, t_);		\
} while (0)

#define CHECK_HAS(a, b) do {						\
	const char *s_ = (a), *t_ = (b);				\
	CHECK(strstr(s_, t_), "\"%s\" lacks \"%s\"", s_, t_);		\
} while (0)

#define CASE(name) (test_case = name, printf("     %s\n", name))

static u64 test_seed;

__attribute__((unused))
static u32 rnd(u32 n)		/* 0 .. n-1 */
{
	test_seed ^= test_seed << 13;
	test_seed ^= test_seed >> 7;
	test_seed ^= test_seed << 17;
	return n ? (u32)(test_seed >> 16) % n : 0;
}

__attribute__((unused))
static bool one_in(u32 n) { return rnd(n) == 0; }

__attribute__((unused))
static void seed_from(int argc, char **argv, u64 otherwise)
{
	test_seed = argc > 1 ? strtoull(argv[1], NULL, 0) : otherwise ? otherwise
		  : (u64)time(NULL) * 2654435761u;
	printf("     seed %llu\n", (unsigned long long)test_seed);
	test_seed |= 1ull << 40;
}

__attribute__((unused))
static int passed(void)
{
	printf("ok   %u checks\n", (unsigned)test_checks);
	return 0;
}

#endif
