/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Identifies the processor, and sets the control registers and MSRs that stay as they are from then
 * on.  A Pentium is enough: only CPUID and a time stamp counter are taken for granted.
 */
#include <stdio.h>
#include <string.h>
#include "arch/x86/cpu.h"
#include "arch/x86/regs.h"
#include "hv/lib/lib.h"

#define EXT_SYSCALL_K6	BIT(10)		/* CPUID 0x80000001 %edx; early K6 */
#define EXT_SYSCALL	BIT(11)
#define EXT_NX		BIT(20)
#define EXT_LM		BIT(29)
#define EFER_SCE	0x1
#define INVARIANT_TSC	BIT(8)		/* CPUID 0x80000007 %edx */

struct cpu_info cpu_info;

/* Only a processor with CPUID lets EFLAGS.ID be changed. */
static bool have_cpuid(void)
{
	u32 before, after;

	asm volatile("pushfl; popl %0; movl %0, %1; xorl %2, %1; pushl %1; popfl; pushfl; popl %1; "
		     "pushl %0; popfl"
		     : "=&r"(before), "=&r"(after) : "i"(EFLAGS_ID) : "cc");
	return ((before ^ after) & EFLAGS_ID) != 0;
}

static NORETURN void too_old(const char *what)
{
	hv_log("This processor has no %s: Ringlet needs a Pentium or later.  Stopped.", what);
	for (;;) {
		cli();
		hlt();
	}
}

static void cpu_read_name(struct cpu_info *ci)
{
	u32 i, *w = (u32 *)ci->name;
	char *start;

	if (ci->max_ext < 0x80000004) {
		snprintf(ci->name, sizeof(ci->name), "%s family %u model %u", ci->vendor,
			 ci->family, ci->model);
		return;
	}
	for (i = 0; i < 3; i++, w += 4)
		cpuid(0x80000002 + i, 0, &w[0], &w[1], &w[2], &w[3]);
	for (start = ci->name; *start == ' '; start++)
		;
	memmove(ci->name, start, strlen(start) + 1);
}

/*
 * A processor says so: its counter is "invariant".  QEMU's never does, but makes all its clocks of
 * one: the host's, or the number of instructions.
 */
static bool cpu_tsc_is_steady(const struct cpu_info *ci)
{
	u32 a, b, c, d = 0;

	if (ci->max_ext >= 0x80000007)
		cpuid(0x80000007, 0, &a, &b, &c, &d);
	return d & INVARIANT_TSC || ci->tcg;
}

static bool cpu_is_tcg(void)
{
	u32 a, name[3];

	cpuid(0x40000000, 0, &a, &name[0], &name[1], &name[2]);
	return !memcmp(name, "TCGTCGTCGTCG", sizeof(name));
}

static void cpu_identify(struct cpu_info *ci)
{
	u32 a, b, c, d;

	cpuid(0, 0, &ci->max_leaf, (u32 *)&ci->vendor[0], (u32 *)&ci->vendor[8], (u32 *)&ci->vendor[4]);
	cpuid(1, 0, &a, &b, &ci->features_ecx, &ci->features);
	ci->stepping = a & 0xF;
	ci->model = (a >> 4) & 0xF;
	ci->family = (a >> 8) & 0xF;
	if (ci->family == 6 || ci->family == 15)
		ci->model |= (a >> 12) & 0xF0;
	if (ci->family == 15)
		ci->family += (a >> 20) & 0xFF;
	/* The Pentium Pro reports SEP but does not have it (Intel's own note on CPUID). */
	if (ci->family == 6 && ci->model < 3 && ci->stepping < 3)
		ci->features &= ~CPU_SEP;

	cpuid(0x80000000, 0, &a, &b, &c, &d);
	if (a >= 0x80000001 && a < 0x80010000) {
		ci->max_ext = a;
		cpuid(0x80000001, 0, &a, &b, &c, &ci->ext_edx);
	}
	cpu_read_name(ci);
	ci->tcg = cpu_is_tcg();
	ci->steady_tsc = cpu_tsc_is_steady(ci);
}

/* Fast system calls would enter ring 0, so they are off, whatever the BIOS left. */
static void disable_fast_calls(const struct cpu_info *ci)
{
	if (cpu_has(CPU_MSR | CPU_SEP))
		wrmsr(MSR_SYSENTER_CS, 0);
	if (cpu_has(CPU_MSR) && (ci->ext_edx & (EXT_SYSCALL_K6 | EXT_SYSCALL | EXT_NX | EXT_LM)))
		wrmsr(MSR_EFER, rdmsr(MSR_EFER) & ~(u64)EFER_SCE);
}

void cpu_init(void)
{
	u32 cr4 = 0;

	if (!have_cpuid())
		too_old("CPUID instruction");
	cpu_identify(&cpu_info);
	if (!cpu_has(CPU_TSC))
		too_old("time stamp counter");
	disable_fast_calls(&cpu_info);
	/* Drop breakpoints the BIOS may have left: the Switcher might hit one. */
	asm volatile("mov %0, %%dr7" : : "r"(DR7_NONE));

	/* Caches on, x87 errors as #MF, no x87 emulation, WP to protect our own read-only pages. */
	write_cr0((read_cr0() | CR0_MP | CR0_NE | CR0_WP | CR0_AM) &
		  ~(u32)(CR0_EM | CR0_TS | CR0_CD | CR0_NW));
	if (cpu_has(CPU_PSE))
		cr4 |= CR4_PSE;
	if (cpu_has(CPU_FXSR))
		cr4 |= CR4_OSFXSR;
	if (cpu_has(CPU_SSE))
		cr4 |= CR4_OSXMMEXCPT;
	/* CR4 came with these features; a processor that has none of them may lack CR4 too. */
	if (cr4 || cpu_has(CPU_DE))
		write_cr4(cr4);
}

bool rdrand(u32 *v)
{
	u8 ready = 0;

	if (cpu_info.features_ecx & CPU_RDRAND)
		asm volatile("rdrand %0; setc %1" : "=r"(*v), "=qm"(ready) : : "cc");
	return ready;
}
