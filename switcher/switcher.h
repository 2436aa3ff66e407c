/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the Switcher shares with C: the register frame, the state page, and its two entry points. */
#ifndef SWITCHER_SWITCHER_H
#define SWITCHER_SWITCHER_H

#include "arch/x86/desc.h"
#include "hv/types.h"
#include "switcher/layout.h"

/* At the very end of the register page; the exit path pushes it from the top down, eight of them with
 * one pushal.  `slack` makes room for the frame of a fault in the final iret and for what the Switcher
 * pushes then, so that they overwrite nothing. */
struct vcpu_regs {
	u32 gs, fs, ds, es;
	u32 edi, esi, ebp, esp_unused, ebx, edx, ecx, eax;
	u32 slack[4];
	u32 trap, error;
	u32 eip, cs, eflags, esp, ss;
};
_Static_assert(sizeof(struct vcpu_regs) == 92, "register frame");

/* The frame of an exit from virtual-8086 mode, which ends at the same address as the other. */
struct v86_regs {
	struct vcpu_regs regs;	/* ds, es, fs and gs in it are null; the real ones are below */
	u32 es, ds, fs, gs;
};

struct regs_page {
	u32 nmis;		/* NMIs that hit the Switcher itself: it counts them, C collects them */
	u32 nulled;		/* stale selectors that were replaced by 0 on the way in */
	u32 fast[FAST_VECTORS];	/* traps that it gave to the guest by itself */
	u32 cr2;		/* the guest's CR2: the address of the last page fault it was given */
	u8 stack[4096 - 12 - FAST_VECTORS * 4 - sizeof(struct vcpu_regs)];
	struct vcpu_regs regs;
};
_Static_assert(sizeof(struct regs_page) == 4096, "register page");

/* What the Switcher may do by itself for the guest that is loaded; hv/cpu/fast.c fills it in.  All
 * addresses are linear and below SWITCHER_BASE. */
struct fast {
	u32 handler[FAST_VECTORS];	/* where a trap goes, through an interrupt gate; 0: C delivers it */
	u32 cs, ss;			/* flat segments of ring 1: every handler's code, and its stack */
	u32 linear, bytes;		/* where the guest has its memory, and how much of it, in whole pages */
	u32 pgd;			/* its page directory, within that; 0: C looks */
	u32 irq_enabled, cr2;		/* these words of the shared page */
};

struct state_page {
	struct desc gdt[GDT_ENTRIES];
	struct desc idt[256];
	struct tss tss;
	struct fast fast;
};
_Static_assert(sizeof(struct state_page) <= 4096, "state page");

/* Never mapped while a guest runs. */
struct host_page {
	u32 host_esp;		/* saved by switch_to_guest() */
	struct tss df_tss;	/* the double-fault task's */
};

/* Loads the guest's registers from LP_REGS of `pages` and enters the guest on page directory cr3.
 * Returns the trap number when it exits, with its registers stored back; or SWITCH_FAILED | vector
 * if the final iret faulted (registers unchanged); or EXIT_V86 | vector, with a struct v86_regs at
 * the end of the register page. */
u32 switch_to_guest(u32 pages, u32 cr3) __attribute__((regparm(2)));

/* Only these vectors can reach us: the exceptions, with the hypercall among them, and the 16
 * interrupt lines.  All others are absent from the IDT, so `int n` gives #GP. */
#define SWITCHER_VECTORS 48
extern const u32 switcher_stubs[SWITCHER_VECTORS];	/* entry address for each */
extern const u8 switcher_load[];	/* where the page is in the image; a machine address */

/* What the stubs pass to C for a trap in the hypervisor itself. */
struct host_frame {
	u32 es, ds;
	u32 edi, esi, ebp, esp_unused, ebx, edx, ecx, eax;
	u32 trap, error, eip, cs, eflags;
};
void host_trap(struct host_frame *f) __attribute__((regparm(1)));

#endif
