/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The counters as they are printed: every one is there under its own name, for a guest that has done nothing, too. */
#include <stdarg.h>
#include "hv/run/run.h"
#include "tests/unit/test.h"

static struct guest g = { .name = "one" };
static char said[20000];

static void put(const char *fmt, ...)
{
	u32 n = (u32)strlen(said);
	va_list ap;

	va_start(ap, fmt);
	n += (u32)vsnprintf(said + n, sizeof(said) - n, fmt, ap);
	va_end(ap);
	CHECK(n < sizeof(said), "too much");
}

static const char *print(const char *section)
{
	*said = 0;
	CHECK_EQ(stats_print(&g, section, put), strcmp(section, "x") != 0);
	CHECK(!strstr(said, "(null)"), "%s", said);
	return said;
}

int main(void)
{
	u64 *word = (u64 *)&g.stats;
	u32 i;

	CASE("nothing yet");
	print("");
	print("exits");
	CHECK_STR(print("x"), "");
	CHECK_HAS(print("-m"), "begin stats one\nexit.interrupt.count 0\n");
	CHECK(!strstr(said, "trap."), "no trap was given to it");
	CASE("each its own");
	for (i = 0; i < sizeof(g.stats) / sizeof(u64); i++)
		word[i] = 1000000 + i;
	memset(g.stats.trap_injected, 0, sizeof(g.stats.trap_injected));
	g.stats.trap_injected[14] = 7;
	g.stats.exit_count[EXIT_HYPERCALL] = 20;
	g.stats.exit_cycles[EXIT_HYPERCALL] = 4000;
	g.stats.exit_longest[EXIT_HYPERCALL] = 999;
	g.stats.hypercall[HC_HALT] = 33;
	g.stats.halts = 34;
	g.stats.run_ns = 5000000;
	print("-m");
	CHECK_HAS(said, "exit.hypercall.count 20\nlongest.hypercall 999\nexit.hypercall.cycles 4000\n");
	CHECK_HAS(said, "hypercall.halt 33\n");
	CHECK_HAS(said, "trap.14 7\n");
	CHECK(!strstr(said, "trap.13"), "a trap that never was");
	CHECK_HAS(said, "\nhalts 34\n");
	CHECK_HAS(said, "\nrun-ns 5000000\n");
	CHECK(!strstr(print(""), "begin stats"), "what is for programs is only for them");
	CHECK_HAS(said, "\n  hypercall                      20          200          999\n");
	CHECK_HAS(said, "\n  halt                           33\n");
	CHECK_HAS(said, "\n  14                              7\n");
	CHECK_HAS(said, "\n  halts                          34\n");
	CHECK_HAS(said, "\n  ran                             5 ms\n");
	CHECK(!strstr(print("traps"), "halts"), "a section alone");
	return passed();
}
