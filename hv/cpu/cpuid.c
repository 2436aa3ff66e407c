/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest kernel is told about the processor: an allow-list.  A feature we do not know is
 * hidden, so that a future processor cannot lead a guest to something that faults at ring 1.  (User
 * programs execute cpuid directly and see the machine's features.)
 */
#include "arch/x86/regs.h"
#include "hv/cpu/cpu.h"

/* Leaf 1 %edx: FPU, TSC, CX8, CMOV, MMX, FXSR, SSE, SSE2.  Not: VME, DE, PSE, MSR, PAE, MCE, APIC,
 * SEP, MTRR, PGE, MCA, PAT. */
#define LEAF1_EDX	(BIT(0) | BIT(4) | BIT(8) | BIT(15) | BIT(23) | BIT(24) | BIT(25) | BIT(26))
/* %ecx: SSE3, PCLMUL, SSSE3, CX16, SSE4.1, SSE4.2, MOVBE, POPCNT, AES, RDRAND.  Not: MONITOR, PCID,
 * XSAVE, OSXSAVE, AVX, TSC deadline.  Bit 31, "there is a hypervisor", is set. */
#define LEAF1_ECX	(BIT(0) | BIT(1) | BIT(9) | BIT(13) | BIT(19) | BIT(20) | BIT(22) | BIT(23) | \
			 BIT(25) | BIT(30))
#define LEAF1_ECX_HYPERVISOR BIT(31)
/* Leaf 7 %ebx: BMI1, BMI2, ERMS, RDSEED, ADX, all of them plain user instructions. */
#define LEAF7_EBX	(BIT(3) | BIT(8) | BIT(9) | BIT(18) | BIT(19))
/* Leaf 80000001 %edx: AMD's copy of the bits of leaf 1.  Not: SYSCALL, NX, 1 GiB pages, RDTSCP,
 * LM. */
#define LEAF81_EDX	LEAF1_EDX

#define LEAF_HV		0x40000000

void guest_cpuid(u32 leaf, u32 subleaf, u32 *a, u32 *b, u32 *c, u32 *d)
{
	u32 max;

	*a = *b = *c = *d = 0;
	cpuid(0, 0, &max, b, c, d);
	if (leaf == 0) {
		*a = MIN(max, 7u);
		return;
	}
	*b = *c = *d = 0;
	if (leaf == LEAF_HV) {
		*a = LEAF_HV;
		*b = 0x676e6952;	/* "Ring" "letR" "ingl" */
		*c = 0x5274656c;
		*d = 0x6c676e69;
		return;
	}
	if (leaf >= 0x80000000) {
		cpuid(0x80000000, 0, &max, b, c, d);
		*b = *c = *d = 0;
		max = MIN(max, 0x80000004u);
		if (leaf > max)
			return;
		cpuid(leaf, 0, a, b, c, d);
		if (leaf == 0x80000000) {
			*a = max;
		} else if (leaf == 0x80000001) {
			*c = 0;
			*d &= LEAF81_EDX;
		}
		return;
	}
	if (leaf > max || leaf > 7)
		return;
	switch (leaf) {
	case 1:
		cpuid(1, 0, a, b, c, d);
		*b &= 0x0000FFFF;	/* one logical processor, APIC 0 */
		*c = (*c & LEAF1_ECX) | LEAF1_ECX_HYPERVISOR;
		*d &= LEAF1_EDX;
		break;
	case 2:			/* caches: harmless to know */
		cpuid(2, 0, a, b, c, d);
		break;
	case 4:
		cpuid(4, subleaf, a, b, c, d);
		*a &= 0x3FFF;		/* one core, so nothing is shared */
		break;
	case 7:
		if (subleaf == 0) {
			cpuid(7, 0, a, b, c, d);
			*a = *c = *d = 0;
			*b &= LEAF7_EBX;
		}
		break;
	}
}
