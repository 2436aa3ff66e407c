/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory map, drawn once for C, assembly and the linker.
 *
 * Every address space, the hypervisor's own and each guest's, ends the same way:
 *
 *   0xFFC00000  +-----------------------------+
 *               | Switcher text               | read-only, the same page for every CPU
 *   0xFFC01000  +-----------------------------+  ---- per CPU from here, stride 0x4000
 *               | register page               | read-write: ring-0 stack of the exit path
 *   0xFFC02000  +-----------------------------+
 *               | state page: GDT, IDT, TSS   | read-only while a guest runs
 *   0xFFC03000  +-----------------------------+
 *               | host page                   | mapped in the hypervisor's address space only
 *   0xFFC04000  +-----------------------------+  (hole; next CPU's at +0x4000)
 *
 * Ring 1 counts as supervisor for the MMU, so a guest kernel can read everything that is mapped
 * while it runs.  Besides its own memory that is only the first three pages above, and nothing in
 * them is secret.
 */
#ifndef SWITCHER_LAYOUT_H
#define SWITCHER_LAYOUT_H

#define SWITCHER_BASE		0xFFC00000
#define SWITCHER_TEXT		SWITCHER_BASE
#define LGUEST_PAGES(cpu)	(SWITCHER_BASE + 0x1000 + (cpu) * 0x4000)
#define LP_STRIDE		0x4000
#define LP_REGS			0x0000	/* offsets from LGUEST_PAGES(cpu) */
#define LP_STATE		0x1000
#define LP_HOST			0x2000
#define LP_PAGES		3
#define MAX_CPUS		8

/* Where the hypervisor is linked and loaded: host virtual == physical. */
#define HV_BASE			0x00100000

/* Our own GDT entries, at the places lguest uses. */
#define HV_CS_INDEX		10
#define HV_DS_INDEX		11
#define HV_TSS_INDEX		16
#define HV_DF_TSS_INDEX		31
#define HV_CS			(HV_CS_INDEX * 8)
#define HV_DS			(HV_DS_INDEX * 8)
#define HV_TSS			(HV_TSS_INDEX * 8)
#define GDT_ENTRIES		32

/* Traps that the Switcher may give to the guest by itself, a bit per vector: #DE #BR #UD #NM #PF #MF
 * #XM.  Of these only #PF has an error code. */
#define FAST_TRAPS		((1 << 0) | (1 << 5) | (1 << 6) | (1 << 7) | (1 << 14) | (1 << 16) | (1 << 19))
#define FAST_VECTORS		20

/* Bits in what switch_to_guest() returns, beside the vector. */
#define SWITCH_FAILED		0x1000
#define EXIT_V86		0x2000

#endif
