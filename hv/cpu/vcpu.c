/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A virtual CPU: how it is created, loaded on a processor, and unloaded.  Loading one copies its
 * GDT, its one direct gate and its trap stack into that processor's state page and swaps the FPU.
 * After that, an exit and re-entry of the same guest costs only registers and CR3.
 */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include "arch/x86/cpu.h"
#include "arch/x86/regs.h"
#include "hv/cpu/cpu.h"

/* ---- FPU: swapped eagerly, as a whole, and only between guests ---- */

_Static_assert(sizeof(((struct vcpu *)0)->fpu) == 512 && offsetof(struct vcpu, fpu) % 16 == 0, "what fxsave wants");

static void fpu_fresh(struct vcpu *v)
{
	memset(v->fpu, 0, sizeof(v->fpu));
	if (cpu_has(CPU_FXSR)) {
		*(u16 *)&v->fpu[0] = 0x037F;		/* control word */
		*(u32 *)&v->fpu[24] = 0x1F80;		/* MXCSR */
	} else {
		*(u32 *)&v->fpu[0] = 0xFFFF037F;	/* control */
		*(u32 *)&v->fpu[4] = 0xFFFF0000;	/* status */
		*(u32 *)&v->fpu[8] = 0xFFFFFFFF;	/* tag: all empty */
	}
}

static void fpu_save(struct vcpu *v)
{
	if (cpu_has(CPU_FXSR))
		asm volatile("fxsave %0" : "=m"(v->fpu));
	else
		asm volatile("fnsave %0" : "=m"(v->fpu));
}

static void fpu_restore(struct vcpu *v)
{
	if (!cpu_has(CPU_FXSR)) {
		/* frstor waits, and would raise what the last guest left behind if it was not saved. */
		asm volatile("fnclex; frstor %0" : : "m"(v->fpu));
		return;
	}
	/* AMD's fxrstor (and QEMU's) leaves the addresses of the last x87 instruction as they were
	 * unless an exception is pending, which would show the other guest's.  fninit sets them to
	 * 0. */
	asm volatile("fninit; fxrstor %0" : : "m"(v->fpu));
}

/* ---- control registers ---- */

/* The bits that are the guest's while it runs.  All others in the real registers are ours: WP, NE,
 * PG, PSE, OSFXSR never change. */
#define CR0_GUESTS	(CR0_MP | CR0_EM | CR0_TS | CR0_AM)
#define CR4_GUESTS	CR4_TSD

/* Both registers are slow to write, so only changes are written. */
static void set_control(struct cpu *c, u32 cr0, u32 cr4)
{
	cr0 = (c->cr0 & ~CR0_GUESTS) | (cr0 & CR0_GUESTS);
	cr4 = (c->cr4 & ~CR4_GUESTS) | (cr4 & CR4_GUESTS);
	if (cr0 != c->cr0)
		write_cr0(c->cr0 = cr0);
	if (cr4 != c->cr4)
		write_cr4(c->cr4 = cr4);
}

void vcpu_new_control(struct vcpu *v)
{
	set_control(this_cpu(), v->cr0, v->cr4);
}

/* ---- on and off a processor ---- */

void vcpu_load(struct cpu *c, struct vcpu *v)
{
	u32 *top = frame_ptr(c->guest_table);

	if (c->loaded == v)
		return;
	set_control(c, c->cr0 & ~(CR0_EM | CR0_TS), c->cr4);	/* the FPU is about to be used */
	if (c->loaded)
		fpu_save(c->loaded);
	fpu_restore(v);
	set_control(c, v->cr0, v->cr4);
	hostmap_set_top(c->pages + LP_REGS, v->regs_frame, true);
	top[((c->pages + LP_REGS) >> PAGE_SHIFT) & 1023] =
		hpa_x(hfn_hpa(v->regs_frame)) | PTE_P | PTE_RW | PTE_A | PTE_D;
	/* The Switcher then loads the guest's own, where they differ from 0. */
	asm volatile("movl %0, %%fs; movl %0, %%gs" : : "r"(0));
	descriptors_load(c, v);
	c->loaded = v;
	v->guest->stats.loads++;
}

/* ---- birth and death ---- */

bool vcpu_create(struct guest *g)
{
	struct vcpu *v = memalign(16, sizeof(*v));
	hfn_t frame;

	if (!v)
		return false;
	memset(v, 0, sizeof(*v));
	frame = frame_alloc_zeroed();
	if (hfn_x(frame) == hfn_x(HFN_NONE)) {
		free(v);
		return false;
	}
	v->guest = g;
	v->regs_frame = frame;
	v->page = frame_ptr(frame);
	v->regs = &v->page->regs;
	v->cr0 = CR0_PE | CR0_ET | CR0_NE | CR0_WP;
	v->dr[6] = DR6_FIXED;
	v->dr[7] = DR7_FIXED;
	v->syscall_vec = 0x80;
	fpu_fresh(v);
	segments_reset(v);
	v->regs->cs = GUEST_CS;
	v->regs->ds = v->regs->es = v->regs->ss = v->ss1 = GUEST_DS;
	v->regs->eflags = EFLAGS_IF | EFLAGS_FIXED;
	v->tables_changed = true;
	g->vcpu = v;
	return true;
}

void vcpu_destroy(struct guest *g)
{
	struct vcpu *v = g->vcpu;
	struct cpu *c = this_cpu();

	if (c->loaded == v)
		c->loaded = NULL;	/* its state in the FPU will be overwritten, not saved */
	frame_free(v->regs_frame);
	free(v);
	g->vcpu = NULL;
}
