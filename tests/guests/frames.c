/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hostile.  Page tables that name what is not the guest's: frames beyond its memory, Ringlet's own, the device
 * window, tables and directories outside; high and reserved bits; wild CR3.  The last frame is the guest's, the
 * next one is not. The guest dies when it uses one, and nobody's memory is touched.
 *
 * Variant last: SUCCESS
 * Variant beyond: killed maps [0-9a-f]+ to frame [0-9a-f]+, outside its memory
 * Variant ringlet: killed maps [0-9a-f]+ to frame [0-9a-f]+, outside its memory
 * Variant vga: SUCCESS or killed maps [0-9a-f]+ to frame [0-9a-f]+, outside its memory
 * Variant high: killed maps [0-9a-f]+ to frame [0-9a-f]+, outside its memory
 * Variant mmio-empty: killed maps [0-9a-f]+ to frame [0-9a-f]+, outside its memory
 * Variant pde-beyond: killed page table outside its memory, for address
 * Variant pde-mmio: killed page table outside its memory, for address
 * Variant large-beyond: killed maps [0-9a-f]+ to frame [0-9a-f]+, outside its memory
 * Variant large-part: killed maps [0-9a-f]+ to frame [0-9a-f]+, outside its memory
 * Variant cr3-beyond: killed page directory \(cr3\) outside its memory
 * Variant cr3-ringlet: killed page directory \(cr3\) outside its memory
 * Variant cr3-mmio: killed page directory \(cr3\) outside its memory
 * Variant cr3-top: killed page directory \(cr3\) outside its memory
 * Variant hcall-cr3: killed page directory \(cr3\) outside its memory
 * Variant linear-beyond: killed maps [0-9a-f]+ to frame [0-9a-f]+, outside its memory
 * Variant unused: SUCCESS
 */
#include "guest.h"

#define VA 0x40000000u

static u32 user_write(u32 va) { poke(va, 1); return 0; }

void test_main(void)
{
	u32 end = ram_bytes(), i;

	if (variant_is("linear-beyond")) {
		poke(end, 1);
		test_failure("wrote beyond its memory");
		return;
	}
	paging_init();
	map(VA, (u32)page_a, 7);
	if (variant_is("last")) {
		map(VA, end - PAGE, 7);
		poke(VA + PAGE - 4, 4711);
		EXPECT_EQ("the last word", peek(end - 4), 4711);
		/* PWT, PCD, the three free bits: no matter. */
		for (i = 0; i < 32; i++) {
			map(VA, (u32)page_a, 7 | (i & 3) << 3 | (i >> 2) << 9);
			EXPECT_EQ("odd bits", try_write(VA), -1);
		}
		return;
	} else if (variant_is("unused")) {
		/* Not used, not punished. */
		map(VA, end, 7);
		map(VA + PAGE, 0xFFFFF000, 7);
		map(VA + 2 * PAGE, (u32)page_a, 7);
		EXPECT_EQ("the one between", try_write(VA + 2 * PAGE), -1);
		*pte_of(VA) = *pte_of(VA + PAGE) = 0;
		EXPECT_EQ("gone", try_write(VA), VEC_PF);
		return;
	} else if (variant_is("beyond")) {
		map(VA, end, 7);
	} else if (variant_is("ringlet")) {
		/* Where Ringlet is in the machine, guest-physically: that is the guest itself. Where it is not: beyond. */
		map(VA, 0x0FF00000, 7);
	} else if (variant_is("vga")) {
		map(VA, 0xB8000, 7);		/* its own RAM, not the screen */
		poke(VA, 0x4F4F4F4F);
		EXPECT_EQ("plain memory", peek(0xB8000), 0x4F4F4F4F);
		return;
	} else if (variant_is("high")) {
		map(VA, 0xFFC02000, 7);
	} else if (variant_is("mmio-empty")) {
		map(VA, 0xF00FF000, 7);
	} else if (variant_is("pde-beyond")) {
		pgd[VA >> 22] = end | 7;
	} else if (variant_is("pde-mmio")) {
		pgd[VA >> 22] = 0xF0000000 | 7;
	} else if (variant_is("large-beyond")) {
		pgd[VA >> 22] = 0x10000000 | 7 | PTE_PS;
	} else if (variant_is("large-part")) {
		pgd[VA >> 22] = 0xFFC00000 | 7 | PTE_PS;
	} else if (variant_is("cr3-beyond")) {
		load_cr3(end);
	} else if (variant_is("cr3-ringlet")) {
		load_cr3(0x0FF00000);
	} else if (variant_is("cr3-mmio")) {
		load_cr3(0xF0000000);
	} else if (variant_is("cr3-top")) {
		load_cr3(0xFFFFF000);
	} else if (variant_is("hcall-cr3")) {
		hcall(HC_NEW_PGTABLE, 0x7FFFF000, 1, 0);
	}
	load_cr3((u32)pgd);
	if (variant_is("pde-beyond"))
		exec_user(user_write, VA);
	poke(VA, 1);
	test_failure("touched a frame that is not its own");
}
