/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest interface: what a guest kernel and Ringlet agree on.
 *
 * This one header is the whole agreement.  The hypervisor includes it, the test guests include it,
 * and the guest build copies it into the Linux tree as <asm/ringlet-abi.h>.  It is lguest's
 * interface (its numbers, its shared page) with our own numbers and fields after the old ones.  A
 * kernel that knows only the old part works: it does not pass RINGLET_MAGIC to HC_INIT, and then
 * nothing beyond `syscall_vec` is read or written.
 *
 * docs/hypercalls.md is the reference, with every error.
 */
#ifndef RINGLET_ABI_H
#define RINGLET_ABI_H

/* A hypercall is `int $0x1f` from ring 1: number in %eax, arguments in %ebx, %ecx, %edx, %esi,
 * result in %eax; all other registers are kept. */
#define RINGLET_TRAP		0x1f

/* lguest's numbers. */
#define HC_FLUSH_ASYNC		0	/* run what waits in the ring */
#define HC_INIT			1	/* ebx: gpa of the shared page; ecx: RINGLET_MAGIC or 0 -> version or 0 */
#define HC_SHUTDOWN		2	/* ebx: gpa of a NUL-ended message (0: none); ecx: SHUTDOWN_* */
#define HC_NEW_PGTABLE		4	/* ebx: cr3; ecx: 0, or 1 + address-space number; edx: flush it first */
#define HC_FLUSH_TLB		5	/* ebx: 0 user part of the current root, 1 everything */
#define HC_LOAD_IDT_ENTRY	6	/* ebx: vector; ecx, edx: low and high word of the gate */
#define HC_SET_STACK		7	/* ebx: ss1; ecx: esp1; edx: pages */
#define HC_TS			8	/* ebx: CR0.TS wanted or not */
#define HC_SET_CLOCKEVENT	9	/* ebx: nanoseconds from now, 0 stops; then interrupt 0 */
#define HC_HALT			10	/* enable interrupts and wait for one */
#define HC_SET_PMD		13	/* (PAE only, refused) */
#define HC_SET_PTE		14	/* ebx: root; ecx: gva; edx: entry (a hint) */
#define HC_SET_PGD		15	/* ebx: root; ecx: index (a hint) */
#define HC_LOAD_TLS		16	/* ebx: gpa of three descriptors for GDT entries 6..8 */
#define HC_NOTIFY		17	/* ebx: gpa of a NUL-ended string for the early console */
#define HC_LOAD_GDT_ENTRY	18	/* ebx: index; ecx, edx: low and high word */
#define HC_SEND_INTERRUPTS	19	/* deliver what is pending */

/* Ringlet's own numbers, from version 1. */
#define HC_IRET			20	/* pops %eax, then the iret frame under it may be completed for the guest */
#define HC_CPUID		21	/* ebx: leaf; ecx: subleaf -> eax, ebx, ecx, edx */
#define HC_CONSOLE_WRITE	22	/* ebx: gpa; ecx: bytes (up to 4096) */
#define HC_INVLPG		23	/* ebx: gva; a kernel address is dropped from every root */
#define HC_KICK			24	/* ebx: device; ecx: queue; as a write to the device's QueueNotify */
#define HC_SLEEP		25	/* ebx, ecx: low and high word of when interrupt 0 comes, by the clock in
					 * the shared page, 0: never; then as HC_HALT */
#define HC_REFILL		26	/* ebx: gva; as HC_INVLPG, then what is there now is cached, to be written */
#define HC_FLUSH_RANGE		27	/* ebx: gva; ecx: pages, up to RINGLET_RANGE; as HC_INVLPG for each */
#define HC_MAX			28

#define SHUTDOWN_POWEROFF	1
#define SHUTDOWN_RESTART	2
#define SHUTDOWN_CRASH		3	/* a panic: last words kept, guest marked crashed */
#define SHUTDOWN_HALT		4

#define RINGLET_MAGIC		0x524e474c	/* "RNGL" */
#define RINGLET_VERSION		1

#define RINGLET_IRQS		32	/* interrupt n arrives at vector 0x20 + n */
#define RINGLET_IRQ_TIMER	0
#define RINGLET_IRQ_DEVICE	1	/* device n has interrupt 1 + n */
#define RINGLET_IRQ_SHUTDOWN	30	/* the operator asks the guest to power off */
#define RINGLET_IRQ_REBOOT	31	/* ... or to reboot */
#define RINGLET_FIRST_VECTOR	0x20
#define RINGLET_RING_SIZE	64
#define RINGLET_DEVICES		16	/* at most */
#define RINGLET_RANGE		33
#define RINGLET_ASIDS		64	/* HC_NEW_PGTABLE names roots 1..64 */
#define RINGLET_HOLE		0x400000 /* the top 4 MiB of every address space are not the guest's */

/* The bit of irq_enabled and irq_pending: EFLAGS.IF. */
#define RINGLET_IF		0x200

/* features (offered by us) and guest_features (accepted; set before HC_INIT) */
#define RINGLET_F_SYSCALL_IF	(1 << 0) /* the guest clears irq_enabled as the first instruction of its
					  * system-call gate, so that an interrupt gate may go direct */
#define RINGLET_F_ASID		(1 << 1) /* HC_NEW_PGTABLE takes address-space numbers */
#define RINGLET_F_CLOCK		(1 << 2) /* the clock_* fields are kept */
#define RINGLET_F_TSC		(1 << 3) /* offered where the TSC counts evenly, whatever the processor does:
					  * tsc_khz alone makes the same clock */
#define RINGLET_F_DEVICE_STATUS	(1 << 4) /* device_status says why devices interrupt */
#define RINGLET_F_LINEAR	(1 << 5) /* the guest's page tables and its shared page are found at
					  * kernel_address + gpa, or nothing is mapped there; traps of its
					  * own may then be given to it without an exit */

/* Byte offsets in the shared page, for assembly; each asserted against the struct. */
#define RSH_IRQ_ENABLED		0
#define RSH_BLOCKED		4
#define RSH_CR2			8
#define RSH_IRQ_PENDING		20
#define RSH_DEVICE_STATUS	1440

#ifndef __ASSEMBLER__

/* The asynchronous ring: a slot is free while its status byte is 0xff; the guest fills hcalls[i],
 * then stores 0.  Served in order before any hypercall. */
struct ringlet_async_call {
	unsigned int eax, ebx, ecx, edx, esi;
};

struct ringlet_shared {
	unsigned int irq_enabled;		/* guest: RINGLET_IF or 0 */
	unsigned int blocked_interrupts;	/* guest: a bit masks that interrupt */
	unsigned int cr2;			/* us: address of the last page fault given to the guest */
	unsigned int time_sec, time_nsec;	/* us: wall clock, coarse */
	unsigned int irq_pending;		/* us: RINGLET_IF while an unmasked interrupt waits */
	unsigned char hcall_status[RINGLET_RING_SIZE];
	struct ringlet_async_call hcalls[RINGLET_RING_SIZE];
	/* set by us in HC_INIT */
	unsigned int reserve_mem;		/* bytes at the top of the address space not to use */
	unsigned int tsc_khz;			/* 0: do not use the TSC */
	/* set by the guest before HC_INIT (Linux 3.x layout; 4.x had one word noirq_iret in place
	 * of the first two) */
	unsigned int noirq_start, noirq_end;	/* from "interrupts go on" to the end of the iret */
	unsigned int kernel_address;		/* first kernel address: 0xC0000000 */
	unsigned int syscall_vec;		/* 0x80 */

	/* From here on Ringlet's own: only if HC_INIT had RINGLET_MAGIC. */
	unsigned int version;			/* us */
	unsigned int features;			/* us */
	unsigned int guest_features;		/* guest, before HC_INIT */
	/* Clock: ns = clock_ns + ((rdtsc - clock_tsc) * clock_mult >> 32 << clock_shift),
	 * nanoseconds since Ringlet started.  clock_seq is odd during an update. clock_mult 0: the
	 * TSC is not to be trusted, clock_ns alone is the time. */
	unsigned int clock_seq;
	unsigned int clock_mult, clock_shift;
	unsigned long long clock_tsc __attribute__((aligned(4)));
	unsigned long long clock_ns __attribute__((aligned(4)));
	/* The wall clock when clock_ns was 0. */
	unsigned int wall_sec, wall_nsec;
	/* Beside each device's InterruptStatus register, and independent of it: we add bits; the guest
	 * takes them all and leaves 0. */
	unsigned int device_status[RINGLET_DEVICES];
};

#endif /* !__ASSEMBLER__ */
#endif
