/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ring of asynchronous calls: served in order before the next call, a full round at most, each
 * slot given back; calls that return registers change none; a slot that queues itself again
 * while it is served ends in the next round, not in an endless one.
 *
 * Outcome: SUCCESS
 */
#include "guest.h"

static void put(u32 nr, u32 b, u32 c, u32 d)
{
	EXPECT(queue(nr, b, c, d), "slot %u is not free", queue_at);
}

static char text[3 * RINGLET_RING_SIZE];

void test_main(void)
{
	u32 i, ebx = 7, eax;

	shared_init(0);
	for (i = 0; i < RINGLET_RING_SIZE; i++)
		EXPECT_EQ("free at first", shared.hcall_status[i], 0xFF);
	/* In order: the console shows it. The runner does not look, but a person may. */
	for (i = 0; i < sizeof(text); i++)
		text[i] = (char)('a' + i % 26);
	for (i = 0; i < RINGLET_RING_SIZE; i++)
		put(HC_CONSOLE_WRITE, (u32)text + i, 1, 0);
	hcall(HC_FLUSH_ASYNC, 0, 0, 0);
	for (i = 0; i < RINGLET_RING_SIZE; i++)
		EXPECT_EQ("all served, a full ring", shared.hcall_status[i], 0xFF);
	print("");
	/* The last of many wins. */
	for (i = 0; i < 20; i++)
		put(HC_SET_CLOCKEVENT, i % 2 ? 0 : 1000000, 0, 0);
	put(HC_SET_CLOCKEVENT, 2000000, 0, 0);
	wait_irq(0);
	EXPECT_EQ("one timer interrupt", irq_count[0], 1);
	/* Neither CPUID nor INIT may return into the registers of the call that made the exit. */
	put(HC_CPUID, 0, 0, 0);
	asm volatile("int $0x1f" : "=a"(eax), "+b"(ebx) : "a"(HC_FLUSH_ASYNC), "c"(8), "d"(9) : "memory");
	EXPECT_EQ("ebx", ebx, 7);
	EXPECT_EQ("served", shared.hcall_status[(queue_at + 63) % 64], 0xFF);
	/* Slots out of turn wait. */
	shared.hcalls[(queue_at + 5) % 64].eax = HC_FLUSH_ASYNC;
	shared.hcall_status[(queue_at + 5) % 64] = 0;
	hcall(HC_FLUSH_ASYNC, 0, 0, 0);
	EXPECT_EQ("out of turn", shared.hcall_status[(queue_at + 5) % 64], 0);
	for (i = 0; i < 5; i++)
		put(HC_FLUSH_ASYNC, 0, 0, 0);
	hcall(HC_FLUSH_ASYNC, 0, 0, 0);
	EXPECT_EQ("now it is", shared.hcall_status[queue_at], 0xFF);
	queue_at = (queue_at + 1) % 64;
	/* All values of the status byte but 0xff mean "to do". */
	for (i = 0; i < 300; i++) {
		shared.hcalls[queue_at].eax = HC_FLUSH_ASYNC;
		shared.hcall_status[queue_at] = (u8)(i % 255);
		hcall(HC_FLUSH_ASYNC, 0, 0, 0);
		EXPECT_EQ("served", shared.hcall_status[queue_at], 0xFF);
		queue_at = (queue_at + 1) % 64;
	}
}
