/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The shadows' structures, for shadow.c, audit.c and their tests; see shadow.c. */
#ifndef HV_SHADOW_H
#define HV_SHADOW_H

#include "arch/x86/regs.h"
#include "hv/abi.h"
#include "hv/types.h"
#include "switcher/layout.h"

#define SWITCHER_DIR	(SWITCHER_BASE >> 22)
#define V86_DIR		0		/* where every segment of virtual-8086 mode begins */
#define NO_CR3		1u		/* not page aligned, so never a real one */
/* A table for a 4 MiB entry allows everything; its directory entry says what is really allowed. */
#define LARGE_RIGHTS	(PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D)

#define ROW		16		/* entries that are filled together: GMEM_ROW */
#define ROWS		(1024 / ROW)

struct spt {			/* a frame of the pool, in most cases for one shadow page table */
	hfn_t page;
	gfn_t table;		/* the guest's page table; if large, the first frame of the 4 MiB */
	bool large;
	bool taken;		/* by a root: this is no page table */
	u32 parents;		/* links to it; 0: free */
	u64 generation;		/* shadow.generation when it was last made ready; older: free */
	u32 rows[ROWS / 32];	/* bit n: row n may have entries.  All others are zero. */
	u32 used[ROWS / 32];	/* which of them were used, when it was emptied */
	struct spt *next, **link;	/* in the hash chain, and what points here; NULL: in none */
};

struct shadow_root {
	hfn_t pgd;
	u32 *entries;		/* in pgd; NULL: slot never used */
	struct spt **spt;	/* 1024: the table behind each entry */
	u32 linked[1024 / 32];	/* bit n: spt[n] is not NULL */
	u32 links;		/* how many those are */
	u32 before[1024 / 32];	/* what was linked before it was emptied, or in the root we came from */
	bool emptied;		/* there is something in before */
	u64 generation;		/* shadow.generation when it was last made ready; older: empty */
	u64 kernel_version;	/* shadow.kernel_version when the kernel part was last copied here */
	u32 cr3;		/* the guest's page directory it shadows, or NO_CR3 */
	int asid;		/* its number, or -1 */
	u32 last_used;		/* shadow.clock at the last switch to it */
};

struct shadow {
	struct shadow_root root[RINGLET_ASIDS];
	struct shadow_root kernel;	/* its links are in all roots */
	struct shadow_root *current;
	struct shadow_root *named[RINGLET_ASIDS];
	struct spt *hash[256];
	struct spt *pool;
	u32 pages, max_pages;	/* in use, and all there are */
	u32 hand;		/* where in the pool to look next for a free one */
	u32 roots, max_roots;	/* slots in use, and the bound */
	u64 generation;		/* flushes of everything */
	u64 kernel_version;	/* changes of the kernel's links */
	u32 clock;		/* root switches */
};

/* What is of an older generation is as good as gone. */
static inline bool spt_used(const struct shadow *s, const struct spt *t)
{
	return t->taken || (t->parents && t->generation == s->generation);
}

#endif
