/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which processor this is and what it can do. */
#ifndef X86_CPU_H
#define X86_CPU_H

#include "hv/types.h"

/* Bits of CPUID leaf 1, %edx. */
#define CPU_FPU		BIT(0)
#define CPU_DE		BIT(2)
#define CPU_PSE		BIT(3)
#define CPU_TSC		BIT(4)
#define CPU_MSR		BIT(5)
#define CPU_CX8		BIT(8)
#define CPU_APIC	BIT(9)
#define CPU_SEP		BIT(11)
#define CPU_PGE		BIT(13)
#define CPU_CMOV	BIT(15)
#define CPU_MMX		BIT(23)
#define CPU_FXSR	BIT(24)
#define CPU_SSE		BIT(25)
#define CPU_SSE2	BIT(26)
/* Bits of CPUID leaf 1, %ecx. */
#define CPU_RDRAND	BIT(30)

struct cpu_info {
	char vendor[13];
	char name[49];		/* the brand string, or one made up from the family */
	u32 family, model, stepping;
	u32 max_leaf, max_ext;	/* highest CPUID leaves; max_ext 0: no extended ones */
	u32 features;		/* CPU_* */
	u32 features_ecx;	/* leaf 1 */
	u32 ext_edx;		/* leaf 0x80000001; 0 if there is none */
	bool tcg;		/* it is QEMU's own (TCG) */
	bool steady_tsc;	/* its time stamp counter counts evenly, whatever the processor does */
};
extern struct cpu_info cpu_info;

static inline bool cpu_has(u32 bits) { return (cpu_info.features & bits) == bits; }

/* Fills in cpu_info, and sets CR0 and CR4.  On a processor that is too old (no CPUID or no TSC) it
 * says so and stops for good. */
void cpu_init(void);
/* A random number from the processor; false: it has no such instruction, or no number is ready
 * yet. */
bool rdrand(u32 *v);

#endif
