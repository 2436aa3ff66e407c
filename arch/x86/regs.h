/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The processor's registers: names for their bits, and the instruction that accesses each. */
#ifndef X86_REGS_H
#define X86_REGS_H

#define EFLAGS_CF	0x00000001
#define EFLAGS_FIXED	0x00000002	/* bit 1 is always set */
#define EFLAGS_TF	0x00000100
#define EFLAGS_IF	0x00000200
#define EFLAGS_DF	0x00000400
#define EFLAGS_IOPL	0x00003000
#define EFLAGS_NT	0x00004000
#define EFLAGS_RF	0x00010000
#define EFLAGS_VM	0x00020000
#define EFLAGS_AC	0x00040000
#define EFLAGS_VIF	0x00080000
#define EFLAGS_VIP	0x00100000
#define EFLAGS_ID	0x00200000

#define CR0_PE		0x00000001
#define CR0_MP		0x00000002
#define CR0_EM		0x00000004
#define CR0_TS		0x00000008
#define CR0_ET		0x00000010
#define CR0_NE		0x00000020
#define CR0_WP		0x00010000
#define CR0_AM		0x00040000
#define CR0_NW		0x20000000
#define CR0_CD		0x40000000
#define CR0_PG		0x80000000

#define DR7_NONE	0x400		/* no breakpoint is on */

#define CR4_TSD		0x0004
#define CR4_DE		0x0008
#define CR4_PSE		0x0010
#define CR4_PAE		0x0020
#define CR4_PGE		0x0080
#define CR4_OSFXSR	0x0200
#define CR4_OSXMMEXCPT	0x0400

#define DR6_FIXED	0xFFFF0FF0	/* always set */
#define DR6_BS		0x4000		/* a single step */
#define DR6_CAUSES	0xE00F		/* BT, BS, BD, B0..B3 */
#define DR7_FIXED	0x400
#define DR7_ENABLES	0xFF

#define VEC_DE		0
#define VEC_DB		1
#define VEC_NMI		2
#define VEC_BP		3
#define VEC_OF		4
#define VEC_BR		5
#define VEC_UD		6
#define VEC_NM		7
#define VEC_DF		8
#define VEC_TS		10
#define VEC_NP		11
#define VEC_SS		12
#define VEC_GP		13
#define VEC_PF		14
#define VEC_MF		16
#define VEC_AC		17
#define VEC_MC		18
#define VEC_XM		19
#define VEC_EXCEPTIONS	32	/* 0..31 are the processor's */
/* Exceptions that push an error code, one bit per vector. */
#define VEC_HAS_ERROR	((1 << VEC_DF) | (1 << VEC_TS) | (1 << VEC_NP) | (1 << VEC_SS) | \
			 (1 << VEC_GP) | (1 << VEC_PF) | (1 << VEC_AC))

#define PFERR_P		0x01
#define PFERR_W		0x02
#define PFERR_U		0x04

#define PTE_P		0x001
#define PTE_RW		0x002
#define PTE_US		0x004
#define PTE_PWT		0x008
#define PTE_PCD		0x010
#define PTE_A		0x020
#define PTE_D		0x040
#define PTE_PS		0x080	/* in a directory entry: a 4 MiB page */
#define PTE_G		0x100
#define PTE_FRAME	0xFFFFF000

#define MSR_SYSENTER_CS	0x174
#define MSR_EFER	0xC0000080

#ifndef __ASSEMBLER__
#include "hv/types.h"

#define CR_ACCESSORS(n)									\
	static inline u32 read_cr##n(void)						\
	{ u32 v; asm volatile("mov %%cr" #n ", %0" : "=r"(v) : : "memory"); return v; }	\
	static inline void write_cr##n(u32 v)						\
	{ asm volatile("mov %0, %%cr" #n : : "r"(v) : "memory"); }
CR_ACCESSORS(0)
CR_ACCESSORS(2)
CR_ACCESSORS(3)
CR_ACCESSORS(4)

static inline void clts(void) { asm volatile("clts"); }
static inline void cli(void) { asm volatile("cli" : : : "memory"); }
static inline void sti(void) { asm volatile("sti" : : : "memory"); }
static inline void hlt(void) { asm volatile("hlt" : : : "memory"); }
/* Enables interrupts and waits for one, with no gap in between; returns with interrupts off.  An
 * NMI between sti and hlt would open a gap, because its iret ends sti's interrupt shadow; in that
 * case host_trap() skips the hlt. */
void wait_for_interrupt(void);
/* Takes the interrupts that are pending, and returns with interrupts off again. */
static inline void take_interrupts(void) { asm volatile("sti; nop; cli" : : : "memory"); }
extern const u8 wait_hlt[];		/* that hlt, which is one byte long */
static inline void invlpg(const void *va) { asm volatile("invlpg (%0)" : : "r"(va) : "memory"); }

static inline u8 inb(u16 port) { u8 v; asm volatile("inb %1, %0" : "=a"(v) : "Nd"(port)); return v; }
static inline void outb(u16 port, u8 v) { asm volatile("outb %0, %1" : : "a"(v), "Nd"(port)); }
static inline void outw(u16 port, u16 v) { asm volatile("outw %0, %1" : : "a"(v), "Nd"(port)); }

static inline u64 rdtsc(void) { u64 v; asm volatile("rdtsc" : "=A"(v)); return v; }
static inline u64 rdmsr(u32 msr) { u64 v; asm volatile("rdmsr" : "=A"(v) : "c"(msr)); return v; }
static inline void wrmsr(u32 msr, u64 v) { asm volatile("wrmsr" : : "A"(v), "c"(msr)); }

static inline void cpuid(u32 leaf, u32 subleaf, u32 *a, u32 *b, u32 *c, u32 *d)
{
	asm volatile("cpuid" : "=a"(*a), "=b"(*b), "=c"(*c), "=d"(*d)
			     : "a"(leaf), "c"(subleaf));
}
#endif
#endif
