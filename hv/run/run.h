/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Running guests: their lives, who runs next and for how long, why they exit, and the main loop. */
#ifndef HV_RUN_RUN_H
#define HV_RUN_RUN_H

#include "hv/cpu/cpu.h"
#include "hv/load/config.h"

/* ---- life.c: starting and ending a guest ---- */
/* The guest keeps *config.  NULL: no memory for it. */
struct guest *guest_add(struct guest_config *config);
struct guest *guest_find(const char *name_or_id);
/* If these fail, they return false with the reason in msg: half a sentence, to follow "NAME cannot
 * start: ". */
bool guest_start(struct guest *g, char *msg, u32 len);
/* The same with another configuration, which is copied, until it is off. */
bool guest_start_as(struct guest *g, const struct guest_config *cfg, char *msg, u32 len);
/* Changes the configuration of one that is off; adds one.  Both copy *cfg.  Its disks and cards may
 * not differ from what they were. */
bool guest_configure(struct guest *g, const struct guest_config *cfg, char *msg, u32 len);
struct guest *guest_new(const struct guest_config *cfg, char *msg, u32 len);
bool guest_destroy(struct guest *g, const char *reason);	/* false: nothing to destroy */
bool guest_pause(struct guest *g, char *msg, u32 len);
bool guest_unpause(struct guest *g, char *msg, u32 len);
/* Does one bounded piece of building or tearing down; true: there is more. */
bool guests_work(void);
const char *guest_state_name(const struct guest *g);	/* "running", "idle", "paused", … */
const char *guest_is(const struct guest *g);		/* "is running", "has crashed", … */
/* From now on tell() gets a line about each guest that crashes. */
void guests_on_crash(void (*tell)(const struct guest *g, const char *line));

/* ---- loop.c: the main loop ---- */
struct worker {
	bool (*work)(void);	/* does a bounded piece; true: there is more to do at once */
	bool (*urgent)(void);	/* has it work that should not wait until a slice ends?  may be NULL */
	bool (*settle)(void);	/* called when nobody has anything to do; true: now somebody has; may be NULL */
};
/* Runs guests, and all workers in between.  The table ends with a worker without work(). */
void loop_run(const struct worker *workers) NORETURN;
/* Call after a guest was interrupted by the machine. */
void loop_interrupted(struct cpu *c);

/* ---- sched.c: who runs next ---- */
void sched_init(void);
void sched_admit(struct vcpu *v);	/* a new vcpu, with a whole slice */
bool sched_ready(const struct vcpu *v);	/* it has instructions to execute */
void sched_wake(struct vcpu *v);	/* makes v runnable; harmless if it already is, or may not run */
void sched_remove(struct vcpu *v);
struct vcpu *sched_next(struct cpu *c);	/* takes it off the queue; NULL: none */
/* Time since the last call: each nanosecond is charged to somebody, or idle. */
u64 sched_account(struct cpu *c);
/* It, or its devices, ran for so long.  That comes out of its slice; what goes beyond it comes out
 * of the next one. */
void sched_charge(struct vcpu *v, u64 ns);

/* ---- timer.c: deadlines of guests and slices on one hardware timer ---- */
void timer_init(void);
void timer_set(struct vcpu *v, u64 delta_ns);	/* sets its clock event; 0 stops it */
void timer_set_at(struct vcpu *v, u64 ns);	/* the same, by the clock */
void timer_run(void);			/* raises what is due, if the hardware timer has fired */
void timer_program(u64 now);		/* call when a deadline has come nearer */

/* ---- devices.c: runs guests' devices ---- */
bool devices_work(void);
bool devices_urgent(void);
void devices_turn(struct cpu *c, struct vcpu *v);	/* the work that had to wait for v's turn */
bool devices_settle(void);

/* ---- run.c: a virtual CPU on a processor ---- */
/* Runs v until its slice is over, it halts, or its guest stops running. */
void vcpu_run(struct cpu *c, struct vcpu *v);

/* ---- hcall.c ---- */
/* All hypercalls: number, name, handler. */
#define HYPERCALLS(X)						\
	X(FLUSH_ASYNC,		"flush-async",		nothing)	\
	X(INIT,			"init",			init)		\
	X(SHUTDOWN,		"shutdown",		shutdown)	\
	X(NEW_PGTABLE,		"new-pgtable",		new_pgtable)	\
	X(FLUSH_TLB,		"flush-tlb",		flush_tlb)	\
	X(LOAD_IDT_ENTRY,	"load-idt-entry",	idt_entry)	\
	X(SET_STACK,		"set-stack",		set_stack)	\
	X(TS,			"ts",			ts)		\
	X(SET_CLOCKEVENT,	"set-clockevent",	clockevent)	\
	X(HALT,			"halt",			halt)		\
	X(SET_PMD,		"set-pmd",		no_pae)		\
	X(SET_PTE,		"set-pte",		set_pte)	\
	X(SET_PGD,		"set-pgd",		set_pgd)	\
	X(LOAD_TLS,		"load-tls",		load_tls)	\
	X(NOTIFY,		"notify",		notify)		\
	X(LOAD_GDT_ENTRY,	"load-gdt-entry",	gdt_entry)	\
	X(SEND_INTERRUPTS,	"send-interrupts",	nothing)	/* every entry delivers */ \
	X(IRET,			"iret",			iret)		\
	X(CPUID,		"cpuid",		cpuid)		\
	X(CONSOLE_WRITE,	"console-write",	console_write)	\
	X(INVLPG,		"invlpg",		invlpg)		\
	X(KICK,			"kick",			kick)		\
	X(SLEEP,		"sleep",		sleep)		\
	X(REFILL,		"refill",		refill)		\
	X(FLUSH_RANGE,		"flush-range",		flush_range)
void hypercall(struct vcpu *v);		/* runs the asynchronous calls, then the one in v->regs */

/* ---- exits.c ---- */
/* trap: what switch_to_guest() returned; cr2: read right after.  Returns the reason, for the
 * counters. */
enum exit_reason handle_exit(struct vcpu *v, u32 trap, u32 cr2);

/* ---- stats.c ---- */
#define STATS_SECTIONS	"exits, hypercalls, traps, counters, absent, time"
/* Prints what is counted of g with `put`: tables for people, all or one of them, or with "-m" one
 * "name value" per line.  false: there is no such section. */
bool stats_print(const struct guest *g, const char *section, void (*put)(const char *fmt, ...));

#endif
