/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hostile.  A device that writes its ring, or random bytes, over what the guest runs on: its page table, its directory, the page it
 * shares with Ringlet.  The guest may die of it, nobody else; and where its page table says
 * something new, that leads to its own memory.
 *
 * Variant table: SUCCESS
 * Variant random-table: SUCCESS or killed outside its memory
 * Variant directory: SUCCESS or killed outside its memory
 * Variant random-directory: SUCCESS or killed outside its memory
 * Variant shared: SUCCESS or killed no such hypercall
 * Variant random-shared: SUCCESS or killed no such hypercall
 */
#include "virtio.h"

#define WINDOW 0x40000000u

static u8 memory[VQ_MEMORY] __attribute__((aligned(4096)));
static struct vqueue q;

static void open(void)
{
	u32 dev = vdev_find(VD_RNG);

	if (!vdev_open(dev, V_VERSION_1))
		test_error("no entropy");
	vq_open(&q, dev, 0, 256, memory);
}

/* The device's used ring over it. */
static void ring_over(void *place)
{
	u32 i;

	open();
	vset(q.dev, V_READY, 0);
	vset(q.dev, V_USED, (u32)place);
	vset(q.dev, V_READY, 1);
	vdev_go(q.dev);
	for (i = 0; i < 256; i++) {
		vq_desc(&q, i, (u32)page_a, 0x67, D_WRITE, 0);	/* a length that is a page table entry, too */
		vq_offer(&q, i);
	}
	for (i = 0; i < 20; i++)
		vq_kick(&q);
}

/* What it writes into buffers: 2 KiB. */
static void random_over(void *place)
{
	u32 i;

	open();
	vdev_go(q.dev);
	for (i = 0; i < 8; i++) {
		vq_desc(&q, i, (u32)place + 256 * i, 256, D_WRITE, 0);
		vq_offer(&q, i);
	}
	vq_kick(&q);
}

/* Whatever is mapped from there on, in steps: memory of ours, or a fault. */
static void look(u32 step, const u32 *table)
{
	u32 i, seen = 0;

	for (i = 0; i < 512; i++) {
		u32 frame = table[i] & ~(PAGE - 1);

		invlpg(WINDOW + i * step);
		if (try_read(WINDOW + i * step) >= 0)
			continue;
		seen++;
		EXPECT((table[i] & PTE_P) && frame < ram_bytes(), "entry %x leads somewhere", table[i]);
		if (step == PAGE && frame != (u32)table)
			EXPECT_EQ("what is there", peek(WINDOW + i * PAGE), peek(frame));
	}
	print("%u pages can be read", seen);
	if (variant_is("table"))
		EXPECT(seen > 100, "the ring is not in the page table");
}

void test_main(void)
{
	void (*over)(void *place) = variant()[0] == 'r' ? random_over : ring_over;

	if (variant_is("shared") || variant_is("random-shared")) {
		shared_init(0);
		over((void *)&shared);
		EXPECT(*(volatile u32 *)&shared, "the device has written nothing");
		hcall(HC_FLUSH_ASYNC, 0, 0, 0);
		return;
	}
	paging_init();
	map(0xF0000000, 0xF0000000, PTE_P | PTE_RW);
	map(0xF0001000, 0xF0001000, PTE_P | PTE_RW);
	*pte_of(WINDOW) = 0;
	try_read(WINDOW);
	if (variant_is("table") || variant_is("random-table")) {
		over(pte_of(WINDOW));
		look(PAGE, pte_of(WINDOW));
	} else {
		over(&pgd[WINDOW >> 22]);
		look(1 << 22, &pgd[WINDOW >> 22]);
	}
}
