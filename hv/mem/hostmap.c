/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hypervisor's own address space.  All RAM is mapped at its machine address, so that a frame's
 * address is a pointer.  What is not RAM is not mapped, so that a wild pointer faults instead of
 * reaching a device.  We use 4 MiB pages where the processor has them and RAM fills them.  The
 * first 4 MiB are always mapped page by page: page 0 (NULL) and the stack's guard page are left
 * out, and our own text and constants are read-only.
 */
#include "arch/x86/cpu.h"
#include "arch/x86/regs.h"
#include "hv/boot_info.h"
#include "hv/lib/lib.h"
#include "hv/mem/mem.h"

#define SLOT_SIZE	0x400000u	/* what one directory entry covers */
#define FIRST_MIB	0x100000u
#define ENTRY		(PTE_P | PTE_RW | PTE_A | PTE_D)

extern u8 hv_start[], hv_readonly_end[], hv_end[], stack_guard[];

u32 hv_pgd[1024] __attribute__((aligned(4096)));
static u32 low_table[1024] __attribute__((aligned(4096)));
static u32 top_table[1024] __attribute__((aligned(4096)));

/* The end of the RAM region that contains a, or 0. */
static u32 ram_until(const struct boot_info *bi, u32 a)
{
	u32 i;

	for (i = 0; i < bi->regions; i++)
		if (a >= bi->ram[i].start && a < bi->ram[i].end)
			return bi->ram[i].end;
	return 0;
}

static void map_low(const struct boot_info *bi)
{
	u32 a;

	for (a = PAGE_SIZE; a < SLOT_SIZE; a += PAGE_SIZE) {
		bool image = a >= (u32)hv_start && a < (u32)hv_end;

		if (a == (u32)stack_guard || !(a < FIRST_MIB || image || ram_until(bi, a)))
			continue;
		low_table[a >> PAGE_SHIFT] = a | ENTRY;
		if (image && a < (u32)hv_readonly_end)
			low_table[a >> PAGE_SHIFT] &= ~(u32)(PTE_RW | PTE_D);
	}
	hv_pgd[0] = (u32)low_table | PTE_P | PTE_RW | PTE_A;
}

static void map_page(u32 a)
{
	u32 *pde = &hv_pgd[a / SLOT_SIZE];

	if (!*pde) {
		hfn_t f = frame_alloc_zeroed();

		if (hfn_x(f) == hfn_x(HFN_NONE))
			panic("no memory for the hypervisor's own page tables");
		*pde = hpa_x(hfn_hpa(f)) | PTE_P | PTE_RW | PTE_A;
	}
	((u32 *)(*pde & PTE_FRAME))[(a >> PAGE_SHIFT) & 1023] = a | ENTRY;
}

static void map_ram(u32 start, u32 end)
{
	u32 a = start;

	while (a < end) {
		if (cpu_has(CPU_PSE) && a % SLOT_SIZE == 0 && end - a >= SLOT_SIZE) {
			hv_pgd[a / SLOT_SIZE] = a | ENTRY | PTE_PS;
			a += SLOT_SIZE;
		} else {
			map_page(a);
			a += PAGE_SIZE;
		}
	}
}

void hostmap_init(const struct boot_info *bi)
{
	u32 i;

	map_low(bi);
	for (i = 0; i < bi->regions; i++)
		map_ram(MAX(bi->ram[i].start, SLOT_SIZE), MIN(bi->ram[i].end, SWITCHER_BASE));
	hv_pgd[SWITCHER_BASE / SLOT_SIZE] = (u32)top_table | PTE_P | PTE_RW | PTE_A;
	write_cr3((u32)hv_pgd);
	write_cr0(read_cr0() | CR0_PG);
}

void hostmap_device(u32 a)
{
	map_page(a);
}

void hostmap_set_top(u32 va, hfn_t frame, bool writable)
{
	top_table[(va >> PAGE_SHIFT) & 1023] = hpa_x(hfn_hpa(frame)) | PTE_P | PTE_A |
					       (writable ? PTE_RW | PTE_D : 0);
	invlpg((const void *)va);
}
