/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processors: our own (its lguest_pages, its traps), and the guest's (segments, traps, interrupts,
 * the instructions it cannot execute itself).
 */
#ifndef HV_CPU_CPU_H
#define HV_CPU_CPU_H

#include "hv/mem/mem.h"

/* ---- one processor ---- */
struct cpu {
	u32 id;
	u32 pages;			/* virtual address of its lguest_pages */
	hfn_t state_frame;		/* its state page: GDT, IDT, TSS */
	hfn_t guest_table;		/* page table for the top 4 MiB while a guest runs */
	struct vcpu *loaded;		/* the vcpu whose state is in our pages */
	struct vcpu *running;		/* NULL outside vcpu_run() */
	struct vcpu *queue_head, *queue_tail;
	u32 cr0, cr4;			/* as they are in the real processor */
	bool resched;			/* leave the running vcpu at the next exit */
	bool low_open;			/* what shadow_low_open() was when our tables were loaded */
	u32 direct_vector;		/* the one vector in our IDT that leads to a guest; 0: none */
	u64 slice_end_ns;
	u64 accounted_ns;		/* all time up to here is accounted for */
	u64 nmis;
	u64 idle_ns;
};

/* ---- percpu.c ---- */
struct cpu *this_cpu(void);
void percpu_init(void);			/* this CPU's lguest_pages, GDT, IDT, TSS */
struct state_page *cpu_state(struct cpu *c);

/* ---- vcpu.c: how a virtual CPU is created, loaded on a processor, unloaded ---- */
bool vcpu_create(struct guest *g);
void vcpu_destroy(struct guest *g);
/* Loads v on c, unless it is loaded already. */
void vcpu_load(struct cpu *c, struct vcpu *v);
void vcpu_new_control(struct vcpu *v);	/* call when the CR0 or CR4 of the running vcpu has changed */

/* ---- descriptors.c: everything that is in a real GDT, IDT or TSS ---- */
bool descriptor_reserved(u32 index);	/* one of our own slots */
/* What becomes of a descriptor that a guest asks for; empty: it is refused. */
struct desc descriptor_approve(u32 index, struct desc d);
void descriptors_init(struct state_page *s, u32 pages);	/* our own entries */
void descriptors_load(struct cpu *c, struct vcpu *v);	/* the entries that depend on v */
/* Reads the finished tables as the processor does.  NULL, or what is wrong in them. */
const char *descriptors_wrong(struct cpu *c);
extern bool check_descriptors;		/* check after each load, and panic */

/* ---- fast.c: what the Switcher may do without C ---- */
extern bool fast_off;			/* nothing; set before the first guest is loaded */
void fast_load(struct vcpu *v, struct state_page *s);	/* after the tables of v have been built there */
void fast_root(const struct vcpu *v, struct state_page *s);	/* call when its CR3 or CR0.PG has changed */
const char *fast_wrong(const struct state_page *s);	/* NULL, or what is wrong there */

/* ---- watchdog.c: an NMI every millisecond, while a guest might be able to turn interrupts off ---- */
void watchdog_init(void);
void watchdog_set(bool on);

/* ---- segments.c ---- */
void segments_reset(struct vcpu *v);
bool gdt_load(struct vcpu *v, gva_t base, u16 limit);	/* lgdt; false: a page fault was injected */
void gdt_set(struct vcpu *v, u32 index, struct desc d);	/* one entry; reserved ones are refused */
/* May the guest's cs or ss hold this selector at this privilege? */
bool selector_ok_cs(const struct vcpu *v, u16 sel);
bool selector_ok_ss(const struct vcpu *v, u16 sel, u16 cs);
u32 segment_base(const struct vcpu *v, u16 sel);	/* 0 if there is no such segment */
/* Returns the base of this stack, and in *mask the bits of %esp that are its stack pointer. */
u32 segment_stack(const struct vcpu *v, u16 ss, u32 *mask);
/* The address of len bytes (1 or more) at offset; false: a null selector, or the limit or type does
 * not allow it. */
bool segment_at(const struct vcpu *v, u16 sel, u32 offset, u32 len, bool write, gva_t *a);
/* How many bytes of code at %cs:%eip are within the limit, at most `most`, and where they are; 0: none, or
 * it is no 32-bit code. */
u32 segment_code(const struct vcpu *v, u32 most, gva_t *a);
/* What a guest starts with. */
#define GUEST_CS	0x61
#define GUEST_DS	0x69

/* ---- traps.c: the guest's IDT, and delivery through it ---- */
void idt_load(struct vcpu *v, gva_t base, u16 limit);	/* lidt */
void idt_set(struct vcpu *v, u32 vector, struct desc d);
bool trap_has_gate(struct vcpu *v, u32 vector);
bool trap_gate_open(struct vcpu *v, u32 vector);	/* to an `int n` at the current privilege */
/* Enters the guest's handler as hardware would.  A fault on the way is a double fault, which kills
 * the guest. */
void trap_inject(struct vcpu *v, u32 vector, bool has_error, u32 error);
void trap_inject_pf(struct vcpu *v, u32 cr2, u32 error);
/* The guest's gate for the system-call vector if it may lead straight to ring 1, otherwise
 * empty. */
struct desc trap_direct_gate(const struct vcpu *v);

/* ---- virq.c: virtual interrupts ---- */
void virq_raise(struct guest *g, u32 irq);
bool virq_enabled(struct vcpu *v);
void virq_enable(struct vcpu *v, bool on);
/* Before entry: delivers an interrupt if one may come, and updates irq_pending in the shared
 * page. */
void virq_deliver(struct vcpu *v);
bool virq_waiting(struct vcpu *v);	/* an interrupt is pending, not blocked, and has a gate */
/* Lets no interrupt come before the instruction at eip is done. */
void virq_hold(struct vcpu *v);
/* After an exit while v->step was set: true if the trap is our single step over that
 * instruction. */
bool virq_stepped(struct vcpu *v, u32 trap);
/* Sets the function that makes a vcpu runnable when an interrupt wakes it. */
void virq_set_waker(void (*wake)(struct vcpu *v));

/* ---- shared.c: the page a guest shares with us ---- */
bool shared_register(struct vcpu *v, gpa_t a, bool extended);
void shared_update_time(struct vcpu *v);
/* Tells why that device is about to interrupt, if the guest wants it told there. */
void shared_device_status(struct vcpu *v, u32 device, u32 why);
bool shared_get(struct vcpu *v, u32 offset, u32 *val);
bool shared_put(struct vcpu *v, u32 offset, u32 val);
bool shared_read(struct vcpu *v, u32 offset, void *dst, u32 len);
bool shared_write(struct vcpu *v, u32 offset, const void *src, u32 len);

/* ---- cpuid.c ---- */
void guest_cpuid(u32 leaf, u32 subleaf, u32 *a, u32 *b, u32 *c, u32 *d);

/* ---- emulate.c, emulate_io.c, emulate_old.c, emulate_mmio.c ---- */
enum exit_reason emulate_gp(struct vcpu *v, u32 error);	/* after #GP at ring 1 or 3; returns what it was */
bool emulate_ud(struct vcpu *v);				/* after #UD; false: the guest has to get it */
void emulate_mmio(struct vcpu *v, gva_t a, gpa_t reg);	/* after a fault on a device register */

#endif
