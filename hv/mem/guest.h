/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest and its virtual CPU, as all rooms know them.  They are in this room because a guest is
 * memory first of all.  What the rooms above keep about a guest hangs on a pointer here.
 */
#ifndef HV_MEM_GUEST_H
#define HV_MEM_GUEST_H

#include "arch/x86/desc.h"
#include "drivers/virtio/work.h"
#include "hv/abi.h"
#include "hv/mem/shadow.h"
#include "hv/stats.h"
#include "hv/types.h"
#include "switcher/switcher.h"

#define MAX_GUESTS	16
#define MAX_VDEVS	16
#define GUEST_NAME	16		/* bytes, with the NUL */
#define GUEST_DISKS	6
#define GUEST_NETS	6

struct console;
struct disk;
struct guest;
struct guest_config;
struct virtio_dev;

/* What is at guest-physical addresses that are not RAM. */
struct guest_bus {
	bool (*has)(const struct guest *g, gpa_t a);
	/* One access of 1, 2 or 4 bytes; a read where nothing is gives all ones. */
	u32 (*read)(struct guest *g, gpa_t a, u32 size);
	void (*write)(struct guest *g, gpa_t a, u32 size, u32 value);
};

/* ---- one virtual CPU ---- */
struct vcpu {
	struct guest *guest;
	hfn_t regs_frame;		/* the register page, mapped at LP_REGS while it runs */
	struct regs_page *page;		/* that page; the guest's CR2 is there, too */
	struct vcpu_regs *regs;		/* in it */

	/* Segments and gates, as built by segments.c and traps.c. */
	struct desc gdt[GDT_ENTRIES];	/* what the processor sees */
	struct desc idt[256];		/* approved gates of the guest, in guest terms */
	gva_t idt_base;			/* from lidt; idt_bytes 0: no lidt yet */
	u32 idt_bytes;
	bool tables_changed;		/* gdt or idt differs from what is loaded */
	bool root_changed;		/* cr3, or whether paging is on, differs from what the Switcher knows */
	gva_t gdt_base;			/* from lgdt */
	u32 gdt_limit;
	u16 ss1;			/* stack for traps from ring 3 */
	u32 esp1;
	u16 ring3_cs, ring3_ss;		/* of the last trap from ring 3; see exits.c */

	/* Control registers as the guest sees them. */
	u32 cr0, cr3, cr4, dr[8];

	/* Interrupts. */
	u32 irq_pending;		/* bit n: interrupt n is pending */
	bool irq_on;			/* IF before there is a shared page */
	bool halted;
	bool hold;			/* no interrupt until the instruction at hold_eip is done; see virq.c */
	u32 hold_eip;
	u8 step;			/* what kind of instruction we single-step; 0: none */
	u64 event_ns;			/* clock event deadline, 0: none */

	/* The shared page. */
	bool have_shared;
	bool extended;			/* has Ringlet's own fields */
	gpa_t shared;
	u32 noirq_start, noirq_end, kernel_address, syscall_vec, guest_features;
	u32 next_async;

	u8 fpu[512] __attribute__((aligned(16)));

	/* Scheduling. */
	struct vcpu *run_next;		/* in the CPU's queue */
	bool queued;
	bool next_slice;		/* it waits for its turn, and gets another slice then */
	u64 queued_ns;			/* when it was queued */
	s64 slice_left_ns;		/* below 0: in debt */
	bool devices_wait;		/* its devices have work that waits for this guest's turn */
};

_Static_assert(offsetof(struct vcpu, fpu) % 16 == 0, "fxsave wants it so");

/* ---- a guest ---- */
#define ABSENT_KEPT	8u
struct absent {			/* what it asked for that is not there: the first few numbers */
	u32 number[ABSENT_KEPT], count;
};

enum guest_state {
	GUEST_OFF,		/* has only its configuration */
	GUEST_BUILDING,		/* memory being given out and filled */
	GUEST_RUNNING,		/* or idle, waiting for an interrupt */
	GUEST_PAUSED,
	GUEST_ENDED,		/* marked: nothing of it runs any more, the main loop does the rest */
	GUEST_DYING,		/* memory being taken back */
	GUEST_SHUTOFF,		/* powered off by itself */
	GUEST_CRASHED,		/* killed, or panicked: reason and registers kept */
};

struct guest {
	struct guest_config *config;	/* what it is configured to be */
	const struct guest_config *cfg;	/* the same, or what it is for one life */
	char name[GUEST_NAME];
	u32 id;				/* 1.. : Ctrl-T digit */
	enum guest_state state;
	enum guest_state next_state;	/* the state after GUEST_ENDED and GUEST_DYING */
	bool restart;			/* start again after that */
	u32 hasty;			/* restarts in a row, each before it had run for a while */
	u64 restart_ns;			/* do not restart before this time */
	char reason[160];		/* why it is not running */
	struct vcpu_regs last_regs;	/* when it ended */
	u32 last_cr2, last_cr3;
	bool have_last_regs;

	u32 mem_pages;			/* guest-physical size in frames */
	hfn_t *p2m[1024];		/* leaf pages of 1024 frames each; see p2m.c */
	u32 work_at;			/* how far building or dying has come, in frames */
	u32 load_at;			/* how far loading has come after that, in bytes */

	struct vcpu *vcpu;		/* NULL while off */
	struct shadow shadow;
	struct console *console;	/* lives as long as the configuration does */
	struct disk *disk[GUEST_DISKS];	/* in the order of cfg->disk; these live as long, too */
	const struct guest_bus *bus;	/* NULL: only RAM */
	struct virtio_dev *vdev[MAX_VDEVS];
	u32 vdevs;
	u32 vdevs_due;			/* bit n: vdev[n] is to be polled */
	u64 settle_ns;			/* when they report, at the latest, what they held back; 0: nothing */
	u32 vdev_first;			/* the device to poll first */
	struct work work;		/* of its devices, whoever caused it */
	u32 work_charged;		/* the part of work.done that was charged */
	struct stats stats;
	u64 started_ns;
	u32 starts;			/* how often it was started */
	struct absent absent_ports, absent_msrs;
	bool heard;			/* it has spoken to us, or its silence was told */
};
extern struct guest *guests[MAX_GUESTS];
extern u32 guest_count;

/* ---- guest.c: the list of all guests, and how one ends ---- */
static inline bool guest_alive(const struct guest *g)
{
	return g->state == GUEST_RUNNING;
}
/* Running or paused, so it can be ended. */
static inline bool guest_has_life(const struct guest *g)
{
	return g->state == GUEST_RUNNING || g->state == GUEST_PAUSED;
}
/* There are two ways to die.  guest_kill(): the guest did wrong; it stops, everybody else goes on.
 * panic(): we did wrong.  Killing only marks the guest, so it is allowed anywhere; the first reason
 * is kept. */
void guest_kill(struct guest *g, const char *fmt, ...) PRINTF(2, 3);
/* The guest ended by itself: how is one of SHUTDOWN_*, words are its last words, or "". */
void guest_stopped(struct guest *g, u32 how, const char *words);
/* Sets the mark; the reason is already in g->reason.  From now on nothing of the guest runs. */
void guest_end(struct guest *g, enum guest_state next);
/* How many frames a guest with mem_pages of memory takes in all. */
u32 guest_frames(u32 mem_pages);
/* Frames that are free now, but promised to guests being built or about to restart. */
u32 guests_promised(void);

#endif
