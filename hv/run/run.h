/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guests at work: their lives, who is next and for how long, why they came out, and the main
 * loop. */
#ifndef HV_RUN_RUN_H
#define HV_RUN_RUN_H

#include "hv/cpu/cpu.h"
#include "hv/load/config.h"

/* ---- life.c: starting and ending a guest ---- */
struct guest *guest_add(const struct guest_config *cfg);
struct guest *guest_find(const char *name_or_id);
/* On failure these return false with the reason in msg: half a sentence, to go after "NAME cannot
 * start: ". */
bool guest_start(struct guest *g, char *msg, u32 len);
bool guest_destroy(struct guest *g, const char *reason);	/* false: nothing to destroy */
bool guest_pause(struct guest *g, char *msg, u32 len);
bool guest_unpause(struct guest *g, char *msg, u32 len);
/* Does one bounded piece of building or tearing down; true: there is more. */
bool guests_work(void);
const char *guest_state_name(const struct guest *g);	/* "running", "idle", "paused", … */

/* ---- loop.c: the main loop ---- */
struct worker {
	bool (*work)(void);	/* a bounded piece; true: there is more at once */
	bool (*urgent)(void);	/* has it something that shall not wait until a slice ends?  may be NULL */
	bool (*settle)(void);	/* nobody has anything to do: true if that gave somebody some; may be NULL */
};
/* Runs guests, and between two of them each worker; the table ends with one without work. */
void loop_run(const struct worker *workers) NORETURN;
/* After an interrupt of the machine's, wherever it came. */
void loop_interrupted(struct cpu *c);

/* ---- sched.c: who is next ---- */
void sched_init(void);
void sched_admit(struct vcpu *v);	/* a new one, with a whole slice */
bool sched_ready(const struct vcpu *v);	/* it has something to execute */
void sched_wake(struct vcpu *v);	/* runnable now; harmless if it already is, or may not run */
void sched_remove(struct vcpu *v);
struct vcpu *sched_next(struct cpu *c);	/* taken off the queue; NULL: nobody */
/* Time since this was called last: each nanosecond is somebody's, or idle. */
u64 sched_account(struct cpu *c);
/* It ran for so long, or its devices worked: that comes out of its slice, and what is beyond it out
 * of the next. */
void sched_charge(struct vcpu *v, u64 ns);

/* ---- timer.c: deadlines of guests and slices on one hardware timer ---- */
void timer_init(void);
void timer_set(struct vcpu *v, u64 delta_ns);	/* its clock event; 0 stops it */
void timer_run(void);			/* if the hardware timer fired: raises what is due */
void timer_program(void);		/* after a deadline came nearer */

/* ---- devices.c: guests' devices at work ---- */
bool devices_work(void);
bool devices_urgent(void);
void devices_turn(struct cpu *c, struct vcpu *v);	/* what had to wait for it */
bool devices_settle(void);

/* ---- run.c: a virtual CPU on a processor ---- */
/* Runs v until its slice is over, it halts, or its guest stops running. */
void vcpu_run(struct cpu *c, struct vcpu *v);

/* ---- hcall.c ---- */
/* All there are: number, name, who carries it out. */
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
	X(INVLPG,		"invlpg",		invlpg)
void hypercall(struct vcpu *v);		/* the one in v->regs, after the asynchronous ones */

/* ---- exits.c ---- */
/* trap: as switch_to_guest returned it; cr2: read right after.  Returns what it was, for the
 * counters. */
enum exit_reason handle_exit(struct vcpu *v, u32 trap, u32 cr2);

/* ---- stats.c ---- */
/* Prints g's counters by `put`: a table for people, or, if machine, one "name value" a line. */
void stats_print(const struct guest *g, bool machine, void (*put)(const char *fmt, ...));

#endif
