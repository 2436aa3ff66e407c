/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prints the counters, for people and for programs. */
#include <string.h>
#include "hv/run/run.h"

const char *const exit_names[EXIT_MAX] = {
#define X(id, name) [EXIT_##id] = name,
	EXIT_REASONS(X)
#undef X
};

static const char *const call_names[HC_MAX] = {
#define X(id, name, handler) [HC_##id] = name,
	HYPERCALLS(X)
#undef X
};

struct counter {
	const char *name;
	u32 offset;
};

static const struct counter counters[] = {
#define X(field, name) { name, offsetof(struct stats, field) },
	STAT_COUNTERS(X)
#undef X
};

static unsigned long long stats_value(const struct stats *s, const struct counter *c)
{
	return *(const u64 *)((const u8 *)s + c->offset);
}

typedef void (*put_fn)(const char *fmt, ...);

/* Every line for programs is "name value"; a name never changes its meaning. */
static void print_machine(const struct guest *g, put_fn put)
{
	const struct stats *s = &g->stats;
	u32 i;

	put("begin stats %s\n", g->name);
	for (i = 0; i < EXIT_MAX; i++) {
		put("exit.%s.count %llu\n", exit_names[i], (unsigned long long)s->exit_count[i]);
		put("longest.%s %llu\n", exit_names[i], (unsigned long long)s->exit_longest[i]);
		put("exit.%s.cycles %llu\n", exit_names[i], (unsigned long long)s->exit_cycles[i]);
	}
	for (i = 0; i < HC_MAX; i++)
		if (call_names[i])
			put("hypercall.%s %llu\n", call_names[i], (unsigned long long)s->hypercall[i]);
	for (i = 0; i < ARRAY_SIZE(s->trap_injected); i++)
		if (s->trap_injected[i])
			put("trap.%u %llu\n", i, (unsigned long long)s->trap_injected[i]);
	for (i = 0; i < ARRAY_SIZE(counters); i++)
		put("%s %llu\n", counters[i].name, stats_value(s, &counters[i]));
	put("emulated-io %llu\n", (unsigned long long)s->emulated_io);
	put("guest-cycles %llu\n", (unsigned long long)s->guest_cycles);
	put("longest.devices %llu\n", (unsigned long long)s->devices_longest_ns);
	put("run-ns %llu\nwait-ns %llu\ndevices-ns %llu\n", (unsigned long long)s->run_ns,
	    (unsigned long long)s->wait_ns, (unsigned long long)s->devices_ns);
	put("end stats\n");
}

/* ---- for people ---- */

static void print_exits(const struct guest *g, put_fn put)
{
	const struct stats *s = &g->stats;
	u32 i;

	put("%-22s %12s %12s %12s\n", "exits", "count", "cycles each", "longest");
	for (i = 0; i < EXIT_MAX; i++)
		if (s->exit_count[i])
			put("  %-20s %12llu %12llu %12llu\n", exit_names[i], (unsigned long long)s->exit_count[i],
			    (unsigned long long)(s->exit_cycles[i] / s->exit_count[i]),
			    (unsigned long long)s->exit_longest[i]);
}

static void print_hypercalls(const struct guest *g, put_fn put)
{
	u32 i;

	put("hypercalls\n");
	for (i = 0; i < HC_MAX; i++)
		if (g->stats.hypercall[i])
			put("  %-20s %12llu\n", call_names[i] ? call_names[i] : "?",
			    (unsigned long long)g->stats.hypercall[i]);
}

static void print_traps(const struct guest *g, put_fn put)
{
	u32 i;

	put("traps given to the guest\n");
	for (i = 0; i < ARRAY_SIZE(g->stats.trap_injected); i++)
		if (g->stats.trap_injected[i])
			put("  %-20u %12llu\n", i, (unsigned long long)g->stats.trap_injected[i]);
}

static void print_counters(const struct guest *g, put_fn put)
{
	u32 i;

	put("counters\n");
	for (i = 0; i < ARRAY_SIZE(counters); i++)
		if (stats_value(&g->stats, &counters[i]))
			put("  %-20s %12llu\n", counters[i].name, stats_value(&g->stats, &counters[i]));
}

static void print_absent_ones(const char *what, u32 digits, const struct absent *a, put_fn put)
{
	u32 i;

	put("  %-20s", what);
	for (i = 0; i < a->count; i++)
		put(" %0*x", (int)digits, a->number[i]);
	put(a->count == ABSENT_KEPT ? " ...\n" : a->count ? "\n" : " none\n");
}

static void print_absent(const struct guest *g, put_fn put)
{
	put("asked for, but not there\n");
	print_absent_ones("ports", 3, &g->absent_ports, put);
	print_absent_ones("MSRs", 8, &g->absent_msrs, put);
}

static void print_time(const struct guest *g, put_fn put)
{
	const struct stats *s = &g->stats;

	put("time\n");
	put("  %-20s %12llu ms\n", "ran", (unsigned long long)(s->run_ns / 1000000));
	put("  %-20s %12llu ms, at most %llu us at a time\n", "of it, its devices",
	    (unsigned long long)(s->devices_ns / 1000000), (unsigned long long)(s->devices_longest_ns / 1000));
	put("  %-20s %12llu ms\n", "waited for its turn", (unsigned long long)(s->wait_ns / 1000000));
}

static const struct section {
	const char *name;
	void (*print)(const struct guest *g, put_fn put);
} sections[] = {
	{ "exits", print_exits }, { "hypercalls", print_hypercalls }, { "traps", print_traps },
	{ "counters", print_counters }, { "absent", print_absent }, { "time", print_time },
	{ "-m", print_machine },
};

bool stats_print(const struct guest *g, const char *section, put_fn put)
{
	bool known = false;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(sections); i++) {
		if (*section ? strcmp(sections[i].name, section) : sections[i].print == print_machine)
			continue;
		sections[i].print(g, put);
		known = true;
	}
	return known;
}
