/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hypervisor's own address space: host virtual == machine address. */
#ifndef X86_HOSTMAP_H
#define X86_HOSTMAP_H

#include "hv/types.h"

struct boot_info;

/* Our page directory.  Static, so that its machine address is a link-time constant: the Switcher
 * loads it into CR3 as an immediate. */
extern u32 hv_pgd[1024];

/* Maps RAM, the low 1 MiB (but page 0) and our image, and turns paging on.  Takes frames for
 * page tables, so mem_init() comes first. */
void hostmap_init(const struct boot_info *bi);
/* Maps frame at va, which is in the top 4 MiB (>= SWITCHER_BASE).  May be repeated for the same va. */
void hostmap_set_top(u32 va, hfn_t frame, bool writable);

#endif
