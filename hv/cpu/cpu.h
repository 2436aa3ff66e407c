/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What it takes to be a processor: our own (its lguest_pages, its traps), and the guest's
 * (segments, traps, interrupts, the instructions that it cannot do itself).
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
	struct vcpu *loaded;		/* whose state is in our pages */
	struct vcpu *running;		/* NULL in between */
	struct vcpu *queue_head, *queue_tail;
	u32 cr0, cr4;			/* as they are in the processor */
	bool resched;			/* leave the running vcpu at the next exit */
	bool low_open;			/* shadow_low_open() when our tables were loaded */
	u32 direct_vector;		/* the one vector in our IDT that leads to a guest; 0: none */
	u64 slice_end_ns;
	u64 accounted_ns;		/* up to here all time is somebody's */
	u64 nmis;
	u64 idle_ns;
};

/* ---- percpu.c ---- */
struct cpu *this_cpu(void);
void percpu_init(void);			/* this CPU's lguest_pages, GDT, IDT, TSS */
struct state_page *cpu_state(struct cpu *c);

/* ---- vcpu.c: a virtual CPU, born, put on a processor, taken off ---- */
bool vcpu_create(struct guest *g);
void vcpu_destroy(struct guest *g);
/* Puts v on c, if another one is there; and its GDT, direct gate and trap stack, if they have
 * changed. */
void vcpu_load(struct cpu *c, struct vcpu *v);
void vcpu_new_control(struct vcpu *v);	/* its CR0 or CR4 has changed, while it runs */

/* ---- descriptors.c: all that is in a real GDT, IDT or TSS ---- */
bool descriptor_reserved(u32 index);	/* a slot of ours */
/* What becomes of a guest's; empty: it is refused. */
struct desc descriptor_approve(u32 index, struct desc d);
void descriptors_init(struct state_page *s, u32 pages);	/* what is ours */
void descriptors_load(struct cpu *c, struct vcpu *v);	/* what is v's */
/* Reads the finished tables as the processor does: NULL, or what in them must not be. */
const char *descriptors_wrong(struct cpu *c);
extern bool check_descriptors;		/* after each load, too, and panics */

/* ---- watchdog.c: an NMI every millisecond, where a guest might turn interrupts off ---- */
void watchdog_init(void);
void watchdog_set(bool on);

/* ---- segments.c ---- */
void segments_reset(struct vcpu *v);
bool gdt_load(struct vcpu *v, gva_t base, u16 limit);	/* lgdt; false: a page fault was injected */
void gdt_set(struct vcpu *v, u32 index, struct desc d);	/* one entry; reserved ones are refused */
/* May the guest's cs or ss hold this selector at this privilege? */
bool selector_ok_cs(const struct vcpu *v, u16 sel);
bool selector_ok_ss(const struct vcpu *v, u16 sel, u16 cs);
u32 segment_base(const struct vcpu *v, u16 sel);	/* 0 for no such segment */
bool segment_is_32(const struct vcpu *v, u16 sel);
/* The bits of %esp that are the stack pointer on this stack. */
static inline u32 stack_mask(const struct vcpu *v, u16 ss) { return segment_is_32(v, ss) ? ~0u : 0xFFFF; }
/* Where len bytes, 1 or more, at offset are; false: null selector, limit or type do not allow it. */
bool segment_at(const struct vcpu *v, u16 sel, u32 offset, u32 len, bool write, gva_t *a);
/* How many of that many bytes of code at offset are within the limit. */
u32 segment_code_bytes(const struct vcpu *v, u16 sel, u32 offset, u32 most);
/* What a guest starts with. */
#define GUEST_CS	0x61
#define GUEST_DS	0x69

/* ---- traps.c: the guest's IDT, and delivering through it ---- */
void idt_load(struct vcpu *v, gva_t base, u16 limit);	/* lidt */
void idt_set(struct vcpu *v, u32 vector, struct desc d);
bool trap_has_gate(struct vcpu *v, u32 vector);
bool trap_gate_open(struct vcpu *v, u32 vector);	/* to an `int n` at the present privilege */
/* Enters the guest's handler as hardware would; a fault on the way is a double fault, which
 * kills. */
void trap_inject(struct vcpu *v, u32 vector, bool has_error, u32 error);
void trap_inject_pf(struct vcpu *v, u32 cr2, u32 error);
/* The guest's gate for the system-call vector if that may lead straight to ring 1, else empty. */
struct desc trap_direct_gate(const struct vcpu *v);

/* ---- virq.c: virtual interrupts ---- */
void virq_raise(struct guest *g, u32 irq);
bool virq_enabled(struct vcpu *v);
void virq_enable(struct vcpu *v, bool on);
/* Before entry: delivers one if it may, and tells the shared page what waits. */
void virq_deliver(struct vcpu *v);
bool virq_waiting(struct vcpu *v);	/* something is pending that is not blocked and has a gate */
/* No interrupt before the instruction at eip is done. */
void virq_hold(struct vcpu *v);
/* After an exit while v->step was set: true if the trap is our step over that instruction. */
bool virq_stepped(struct vcpu *v, u32 trap);
/* Who makes a vcpu run that an interrupt has woken. */
void virq_set_waker(void (*wake)(struct vcpu *v));

/* ---- shared.c: the page a guest shares with us ---- */
bool shared_register(struct vcpu *v, gpa_t a, bool extended);
void shared_update_time(struct vcpu *v);
bool shared_get(struct vcpu *v, u32 offset, u32 *val);
bool shared_put(struct vcpu *v, u32 offset, u32 val);
bool shared_read(struct vcpu *v, u32 offset, void *dst, u32 len);
bool shared_write(struct vcpu *v, u32 offset, const void *src, u32 len);

/* ---- cpuid.c ---- */
void guest_cpuid(u32 leaf, u32 subleaf, u32 *a, u32 *b, u32 *c, u32 *d);

/* ---- emulate.c, emulate_io.c, emulate_old.c, emulate_mmio.c ---- */
enum exit_reason emulate_gp(struct vcpu *v, u32 error);	/* after #GP at ring 1 or 3; what it was */
bool emulate_ud(struct vcpu *v);				/* after #UD; false: it is the guest's own */
void emulate_mmio(struct vcpu *v, gva_t a, gpa_t reg);	/* after a fault on a device register */

#endif
