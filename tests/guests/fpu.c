/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two guests with their own numbers in the FPU, switched between all the time: neither ever
 * sees the other's, not at its first use either (x87 registers, control and status word,
 * last instruction; SSE registers and MXCSR where there are any).
 *
 * Variant a: SUCCESS
 * Variant b: SUCCESS
 * Together
 */
#include "guest.h"

static u32 image[27 + 8], mine[8][4], xmm[4];
static bool sse;

static void x87_save(void) { asm volatile("fnsave %0" : "=m"(image) : : "memory"); }

static void fill(u32 tag)
{
	u32 i;

	asm volatile("fninit; fldcw %0" : : "m"(*(u16 *)&(u16){ tag & 1 ? 0x0F7F : 0x077F }));
	for (i = 0; i < 8; i++) {
		mine[i][0] = tag * 0x01010101 + i;
		asm volatile("fildl %0" : : "m"(mine[i][0]));
	}
	for (i = 0; i < 4; i++)
		xmm[i] = tag * 0x11111111 + i;
	if (sse)
		asm volatile("movups %0, %%xmm3; movups %0, %%xmm7" : : "m"(xmm));
}

static void look(u32 tag, u32 round)
{
	u32 out[4], v, i;
	u16 cw;

	asm volatile("fnstcw %0" : "=m"(cw));
	EXPECT(cw == (tag & 1 ? 0x0F7F : 0x077F), "round %u: control word %x", round, cw);
	for (i = 8; i-- > 0;) {
		asm volatile("fistpl %0" : "=m"(v));
		EXPECT(v == mine[i][0], "round %u: st%u is %x, not %x", round, i, v, mine[i][0]);
	}
	if (!sse)
		return;
	for (v = 3; v <= 7; v += 4) {
		if (v == 3)
			asm volatile("movups %%xmm3, %0" : "=m"(out));
		else
			asm volatile("movups %%xmm7, %0" : "=m"(out));
		for (i = 0; i < 4; i++)
			EXPECT(out[i] == xmm[i], "round %u: xmm%u is %x, not %x", round, v, out[i], xmm[i]);
	}
}

void guest_start(void);

void test_main(void)
{
	u32 tag = variant_is("a") ? 0x21 : 0x42, round, i, mxcsr = 0x1F80;
	u64 until;

	/* The very first look: fresh, whoever ran before. */
	x87_save();
	EXPECT_EQ("first control word", image[0] & 0xFFFF, 0x037F);
	EXPECT_EQ("first status word", image[1] & 0xFFFF, 0);
	EXPECT_EQ("first tag word", image[2] & 0xFFFF, 0xFFFF);
	/* Some processors (and QEMU) load these with the rest only while an exception is pending: they must be neither the
	 * other guest's nor Ringlet's. */
	EXPECT_EQ("first address of an instruction", image[3], 0);
	EXPECT_EQ("first address of an operand", image[5], 0);
	for (i = 7; i < 27; i++)
		EXPECT(!image[i], "word %u of the first state is %x", i, image[i]);
	sse = TRY("stmxcsr %0", : "=m"(mxcsr)) == -1;
	EXPECT_EQ("first mxcsr", mxcsr, 0x1F80);
	if (sse) {
		u32 out[4];

		asm volatile("movups %%xmm5, %0" : "=m"(out));
		EXPECT(!(out[0] | out[1] | out[2] | out[3]), "first xmm5 is not zero");
		if (tag & 1)
			TRY("ldmxcsr %0", : : "m"(*(u32 *)&(u32){ 0x5F80 }));
	}
	shared_init(0);
	for (round = 0; round < 60; round++) {
		fill(tag);
		/* Half the rounds sleep, half run until their time slice is over. */
		if (round & 1) {
			irq_off();
			timer_ns(1000000);
			wait_irq(0);
		} else {
			until = rdtsc() + 30000000;
			while (rdtsc() < until)
				;
		}
		look(tag, round);
	}
	if (sse) {
		asm volatile("stmxcsr %0" : "=m"(mxcsr));
		EXPECT_EQ("mxcsr", mxcsr & 0xFFC0, tag & 1 ? 0x5F80 : 0x1F80);
	}
	/* A pending exception stays the guest's own. */
	asm volatile("fninit; fldcw %0; fldz; fld1; fdivp; fnclex" : : "m"(*(u16 *)&(u16){ 0x037B }));
}
