/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The counters: one structure per guest, always on.  `stats` in the monitor, its machine-readable
 * form and `make bench` all read this and nothing else.
 */
#ifndef HV_STATS_H
#define HV_STATS_H

#include "hv/abi.h"
#include "hv/types.h"

/* Why the guest exited.  They are printed in this order. */
#define EXIT_REASONS(X)							\
	X(INTERRUPT,	"interrupt")	/* the machine's, not the guest's */	\
	X(HYPERCALL,	"hypercall")						\
	X(PF_FILL,	"pf-fill")	/* page fault of the shadow's, now filled */	\
	X(PF_GUEST,	"pf-guest")	/* page fault passed on to the guest */	\
	X(MMIO,		"mmio")		/* page fault on a device register */	\
	X(SOFTINT,	"soft-int")	/* int n that came as #GP */		\
	X(EMULATE,	"emulate")	/* a privileged instruction, emulated */ \
	X(EXCEPTION,	"exception")	/* any other trap, passed on to the guest */ \
	X(NMI,		"nmi")							\
	X(BADENTRY,	"bad-entry")	/* the final iret faulted: guest killed */

enum exit_reason {
#define X(id, name) EXIT_##id,
	EXIT_REASONS(X)
#undef X
	EXIT_MAX
};
extern const char *const exit_names[EXIT_MAX];

/* Single counters: field, name. */
#define STAT_COUNTERS(X)						\
	X(switches,		"world-switches")			\
	X(loads,		"vcpu-loads")	/* another guest had run before */ \
	X(fast_traps,		"traps-without-exit") /* by the Switcher's count, where the guest can write */ \
	X(irq_raised,		"irqs-raised")				\
	X(irq_injected,		"irqs-injected")			\
	X(irq_window,		"irqs-in-iret-window") /* iret completed for the guest */ \
	X(async_calls,		"async-calls")				\
	X(shadow_fills,		"shadow-fills")				\
	X(shadow_prefills,	"shadow-prefills")			\
	X(shadow_tables,	"shadow-tables")  /* page tables made */	\
	X(shadow_evictions,	"shadow-evictions")			\
	X(root_switches,	"root-switches")				\
	X(root_evictions,	"root-evictions")				\
	X(flush_user,		"flush-user")				\
	X(flush_all,		"flush-all")				\
	X(flush_one,		"flush-one")				\
	X(seg_nulled,		"segments-nulled") /* stale selector at entry */ \
	X(halts,		"halts")				\
	X(slices,		"slices-used-up")				\
	X(vdev_kicks,		"device-kicks")				\
	X(vdev_irqs,		"device-irqs")				\
	X(disk_requests,	"disk-requests")			\
	X(disk_read,		"disk-bytes-read")			\
	X(disk_written,		"disk-bytes-written")			\
	X(net_sent,		"net-packets-sent")			\
	X(net_sent_bytes,	"net-bytes-sent")			\
	X(net_received,		"net-packets-received")			\
	X(net_received_bytes,	"net-bytes-received")			\
	X(net_dropped,		"net-packets-dropped")	/* packets for this guest */ \
	X(entropy,		"entropy-bytes")			\
	X(console_out,		"console-bytes-out")			\
	X(console_in,		"console-bytes-in")

struct stats {
	u64 exit_count[EXIT_MAX];
	u64 exit_cycles[EXIT_MAX];	/* TSC ticks, from exit to the end of its handling */
	u64 exit_longest[EXIT_MAX];	/* TSC ticks, the longest one */
	u64 trap_injected[32];
	u64 hypercall[HC_MAX];
	u64 emulated_io;		/* how many of EXIT_EMULATE were in and out */
	u64 guest_cycles;		/* TSC ticks spent inside the guest */
	u64 run_ns;			/* all time spent on it: guest, exits and devices together */
	u64 devices_ns;			/* the devices' part of run_ns */
	u64 devices_longest_ns;		/* the longest piece of their work */
	u64 wait_ns;			/* ready to run, but another guest ran */
#define X(field, name) u64 field;
	STAT_COUNTERS(X)
#undef X
};

#endif
