/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The shadows' structures, for shadow.c, audit.c and their tests; see shadow.c. */
#ifndef HV_SHADOW_H
#define HV_SHADOW_H

#include "arch/x86/regs.h"
#include "hv/abi.h"
#include "hv/types.h"
#include "switcher/layout.h"

#define SHADOW_ROOTS	RINGLET_ASIDS	/* at most this many at once, numbered or not */
#define SWITCHER_DIR	(SWITCHER_BASE >> 22)
#define V86_DIR		0		/* where every segment of virtual-8086 mode begins */
#define NO_CR3		1u		/* not page aligned, so never a real one */
/* A table for a 4 MiB entry allows everything; its directory entry says what is really allowed. */
#define LARGE_RIGHTS	(PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D)

struct spt {			/* one shadow page table */
	hfn_t page;
	gfn_t table;		/* the guest's page table; if large, the first frame of the 4 MiB */
	bool large;
	bool user;		/* a link to it is or was below the kernel */
	u32 parents;		/* links to it */
	struct spt *next, **link;	/* in the hash chain, and what points here; or in the free list */
};

struct shadow_root {
	hfn_t pgd;
	u32 *entries;		/* in pgd; NULL: slot never used */
	struct spt **spt;	/* 1024: the table behind each entry */
	u32 links;		/* how many of spt are not NULL */
	u32 cr3;		/* the guest's page directory it shadows, or NO_CR3 */
	u32 last_used;		/* shadow.clock at the last switch to it */
};

struct shadow {
	struct shadow_root root[SHADOW_ROOTS];
	struct shadow_root *current;
	struct spt *hash[256];
	struct spt *pool, *free;
	u32 pages, max_pages;	/* tables in use, and the bound */
	hfn_t root_frames[2 * SHADOW_ROOTS];
	u32 root_frames_left;
	u32 clock;		/* root switches */
};

#endif
