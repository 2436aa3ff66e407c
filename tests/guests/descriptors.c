/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hostile.  Every descriptor that could lead out of ring 1, by every way there is: DPL 0, system segments, call, task
 * and interrupt gates, in each slot, reserved and far out of range, by LOAD_GDT_ENTRY, LOAD_TLS and lgdt.
 * What the processor then really has is looked at in the state page itself: nothing
 * but code and data of ring 1 to 3, and Ringlet's own four.
 *
 * Outcome: SUCCESS
 */
#include "guest.h"

static struct { u32 lo, hi; } table[64] __attribute__((aligned(8)));

static u32 real_gdt(void)
{
	struct table_reg t;

	asm volatile("sgdt %0" : "=m"(t));
	return t.base;
}

static bool ours(u32 i) { return i == 10 || i == 11 || i == 16 || i == 31; }

static void look(const char *how, u32 n)
{
	u32 i, gdt = real_gdt();
	static u32 was[64];
	static bool have;

	for (i = 0; i < 32; i++) {
		u32 lo = peek(gdt + i * 8), hi = peek(gdt + i * 8 + 4);

		if (ours(i)) {	/* the TSS may be busy or not, else they never change */
			if (have)
				EXPECT(was[2 * i] == lo && !((was[2 * i + 1] ^ hi) & ~0x200u),
				       "%s %x: slot %u has changed to %x:%x", how, n, i, hi, lo);
			was[2 * i] = lo;
			was[2 * i + 1] = hi;
			continue;
		}
		if (!hi)
			continue;
		EXPECT(i, "%s %x: something is in slot 0", how, n);
		EXPECT(hi & 0x1000, "%s %x: system descriptor %x:%x in slot %u", how, n, hi, lo, i);
		EXPECT(hi & 0x6000, "%s %x: DPL 0, %x:%x in slot %u", how, n, hi, lo, i);
		EXPECT((hi & 0xC00) != 0xC00, "%s %x: conforming code %x in slot %u", how, n, hi, i);
	}
	have = true;
}

void test_main(void)
{
	u32 type, dpl, i, n;
	struct table_reg t = { sizeof(table) - 1, (u32)table };

	if ((start_regs[3] & 3) != 1)
		test_error("not at ring 1");
	look("start", 0);
	for (type = 0; type < 32; type++)
		for (dpl = 0; dpl < 4; dpl++) {
			u32 hi = 0x00CF8000 | dpl << 13 | type << 8, lo = 0x0000FFFF;

			for (i = 0; i < 32; i++) {
				if (i == 12 || i == 13 || i == 14 || i == 15)
					continue;	/* we run on these */
				gdt_put(i, lo, hi);
			}
			look("LOAD_GDT_ENTRY, type", type);
			for (i = 0; i < 3; i++)
				table[i].lo = lo, table[i].hi = hi;
			hcall(HC_LOAD_TLS, (u32)table, 0, 0);
			look("LOAD_TLS, type", type);
			for (i = 0; i < 64; i++)
				table[i].lo = lo, table[i].hi = hi;
			table[12].lo = table[13].lo = table[14].lo = table[15].lo = 0xFFFF;
			table[12].hi = SEG(10, 1);
			table[13].hi = SEG(2, 1);
			table[14].hi = SEG(10, 3);
			table[15].hi = SEG(2, 3);
			asm volatile("lgdt %0" : : "m"(t));
			look("lgdt, type", type);
			/* Far jumps, calls and loads by each selector: a fault, or ring 1. */
			for (i = 1; i < 32; i++) {
				for (n = 0; n < 4; n++) {
					u32 sel = i * 8 + n, cs;

					if (TRY("movl %0, %%fs", : : "r"(sel)) == -1)
						EXPECT(!ours(i), "selector %x of Ringlet's was loaded", sel);
					TRY("movl %0, %%gs", : : "r"(0));
					TRY("movl %0, %%fs", : : "r"(0));
					asm volatile("movl %%cs, %0" : "=r"(cs));
					EXPECT_EQ("ring", cs & 3, 1);
				}
			}
		}
	/* Indexes far out. */
	static const u32 far[] = { 32, 33, 63, 64, 255, 256, 0x1FFF, 0x2000, 0x10000, 0x1FFFFFFF, 0x20000000,
				   0x2000000A, 0x80000000, 0xFFFFFFF0, 0xFFFFFFFF };
	for (i = 0; i < sizeof(far) / 4; i++) {
		gdt_put(far[i], 0xFFFF, 0x00CF9B00);
		look("index", far[i]);
	}
	for (n = 0; n < 3000; n++) {
		i = random32() % 40;
		if (i < 12 || i > 15)
			gdt_put(i, random32(), random32());
	}
	look("random", 0);
}
