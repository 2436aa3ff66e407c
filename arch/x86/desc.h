/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Segment descriptors, gates and the TSS.  Always built from named fields, never patched. */
#ifndef X86_DESC_H
#define X86_DESC_H

#include "hv/types.h"

struct desc {			/* 8 bytes of GDT or IDT */
	u32 lo, hi;
};
_Static_assert(sizeof(struct desc) == 8, "descriptor");

/* Fields of the high word of a segment descriptor. */
#define DESC_ACCESSED	0x00000100
#define DESC_RW		0x00000200	/* data: writable; code: readable */
#define DESC_EC		0x00000400	/* data: expand-down; code: conforming */
#define DESC_CODE	0x00000800
#define DESC_S		0x00001000	/* code or data, not a system descriptor */
#define DESC_DPL_SHIFT	13
#define DESC_DPL	0x00006000
#define DESC_P		0x00008000
#define DESC_LIMIT_HI	0x000F0000
#define DESC_DB		0x00400000	/* 32 bit */
#define DESC_G		0x00800000	/* limit in pages */
#define DESC_BASE_MID	0x000000FF
#define DESC_BASE_HI	0xFF000000

#define DESC_TYPE_TSS	(0x9 << 8)	/* available 32-bit TSS */
#define DESC_TSS_BUSY	(0x2 << 8)
#define GATE_TASK	0x5
#define GATE_INTERRUPT	0xE
#define GATE_TRAP	0xF

#define SEL_INDEX(sel)	((sel) >> 3)
#define SEL_RPL(sel)	((sel) & 3)
#define SEL_TI		4

/* These build the layout only; hv/cpu/descriptors.c decides what may be in a real table. */
static inline struct desc seg_desc(u32 base, u32 limit20, u32 hi_flags)
{
	return (struct desc){
		.lo = (base << 16) | (limit20 & 0xFFFF),
		.hi = (base & DESC_BASE_HI) | ((base >> 16) & DESC_BASE_MID) |
		      (limit20 & DESC_LIMIT_HI) | hi_flags,
	};
}
static inline u32 desc_base(struct desc d)
{
	return (d.lo >> 16) | ((d.hi & DESC_BASE_MID) << 16) | (d.hi & DESC_BASE_HI);
}
/* The highest offset in the segment; if it expands down, the last offset below it. */
static inline u32 desc_limit(struct desc d)
{
	u32 limit = (d.lo & 0xFFFF) | (d.hi & DESC_LIMIT_HI);

	return d.hi & DESC_G ? limit << 12 | 0xFFF : limit;
}
static inline u32 desc_dpl(struct desc d) { return (d.hi & DESC_DPL) >> DESC_DPL_SHIFT; }

/* From 0 to the end of the address space. */
static inline bool desc_is_flat(struct desc d)
{
	u32 all = DESC_BASE_HI | DESC_BASE_MID | DESC_LIMIT_HI | DESC_G | DESC_P | DESC_S | DESC_EC;

	return d.lo == 0xFFFF && (d.hi & all) == (DESC_LIMIT_HI | DESC_G | DESC_P | DESC_S);
}
/* ... and writable data. */
static inline bool desc_is_flat_data(struct desc d)
{
	return desc_is_flat(d) && (d.hi & (DESC_CODE | DESC_RW)) == DESC_RW;
}
static inline bool desc_is_code(struct desc d)
{
	return (d.hi & (DESC_S | DESC_CODE)) == (DESC_S | DESC_CODE);
}

static inline struct desc gate_desc(u16 sel, u32 offset, u32 type, u32 dpl)
{
	return (struct desc){
		.lo = ((u32)sel << 16) | (offset & 0xFFFF),
		.hi = (offset & 0xFFFF0000) | DESC_P | (dpl << DESC_DPL_SHIFT) | (type << 8),
	};
}
static inline u32 gate_offset(struct desc d) { return (d.lo & 0xFFFF) | (d.hi & 0xFFFF0000); }
static inline u16 gate_selector(struct desc d) { return d.lo >> 16; }
static inline u32 gate_type(struct desc d) { return (d.hi >> 8) & 0x1F; }	/* S bit included: 0 in a gate */

struct tss {
	u32 back_link, esp0, ss0, esp1, ss1, esp2, ss2, cr3, eip, eflags;
	u32 eax, ecx, edx, ebx, esp, ebp, esi, edi;
	u32 es, cs, ss, ds, fs, gs, ldt;
	u16 trap, iomap;
};
_Static_assert(sizeof(struct tss) == 104, "TSS");
_Static_assert(__builtin_offsetof(struct tss, esp0) == 4 && __builtin_offsetof(struct tss, esp1) == 12 &&
	       __builtin_offsetof(struct tss, iomap) == 102, "TSS");

struct table_reg {		/* operand of lgdt and lidt */
	u16 limit;
	u32 base;
} __attribute__((packed));
_Static_assert(sizeof(struct table_reg) == 6, "operand of lgdt");

#endif
