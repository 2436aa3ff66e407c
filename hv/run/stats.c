/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prints the counters, for people and for programs. */
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

static void print_table(const struct guest *g, put_fn put)
{
	const struct stats *s = &g->stats;
	u32 i;

	put("exits                   count      cycles each      longest\n");
	for (i = 0; i < EXIT_MAX; i++)
		if (s->exit_count[i])
			put("  %-16s %10llu %12llu %12llu\n", exit_names[i], (unsigned long long)s->exit_count[i],
			    (unsigned long long)(s->exit_cycles[i] / s->exit_count[i]),
			    (unsigned long long)s->exit_longest[i]);
	put("hypercalls\n");
	for (i = 0; i < HC_MAX; i++)
		if (s->hypercall[i])
			put("  %-16s %10llu\n", call_names[i] ? call_names[i] : "?",
			    (unsigned long long)s->hypercall[i]);
	put("traps given to the guest\n");
	for (i = 0; i < ARRAY_SIZE(s->trap_injected); i++)
		if (s->trap_injected[i])
			put("  %-16u %10llu\n", i, (unsigned long long)s->trap_injected[i]);
	put("counters\n");
	for (i = 0; i < ARRAY_SIZE(counters); i++)
		if (stats_value(s, &counters[i]))
			put("  %-16s %10llu\n", counters[i].name, stats_value(s, &counters[i]));
	put("ran %llu ms, of it devices %llu ms (at most %llu us at a time), waited for its turn %llu ms\n",
	    (unsigned long long)(s->run_ns / 1000000), (unsigned long long)(s->devices_ns / 1000000),
	    (unsigned long long)(s->devices_longest_ns / 1000), (unsigned long long)(s->wait_ns / 1000000));
}

void stats_print(const struct guest *g, bool machine, put_fn put)
{
	if (machine)
		print_machine(g, put);
	else
		print_table(g, put);
}
