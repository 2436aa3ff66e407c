/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hostile.  Leave the guest (by a hypercall, a fault, an interrupt) with segment registers that cannot be loaded
 * again: null, descriptors emptied behind their back, made smaller, expand-down, 16-bit, not present.
 * Data segments: the guest gets a fault or the null selector.  Code and stack: the
 * guest dies.  Ringlet's own reload of them must kill nobody else.
 *
 * Variant data: SUCCESS
 * Variant cs-gone: killed cannot run at 61:
 * Variant ss-gone: killed cannot run at 61:
 * Variant ss-code: killed cannot run at 61:
 * Variant ss-expand: SUCCESS or killed cannot run at 61:
 * Variant cs-limit: SUCCESS or killed cannot run at 61:
 * Variant lgdt-empty: SUCCESS
 */
#include "guest.h"

#define FREE 20		/* a slot to play with */
#define SEL (FREE * 8 + 1)

static void leave(void) { hcall(HC_FLUSH_ASYNC, 0, 0, 0); }

static void data_segments(void)
{
	/* type and flags: writable data, read-only, expand-down, 16-bit, byte limits, code, not present */
	static const u32 hi[] = { 0x00CFB300, 0x00CFB100, 0x00CFB700, 0x000FB300, 0x0040B300, 0x00CFBB00, 0x00CF3300,
				  0xFFCFB3FF };
	u32 i, j, k, v;

	for (i = 0; i < sizeof(hi) / 4; i++)
		for (j = 0; j < 3; j++)
			for (k = 0; k < 4; k++) {
				gdt_put(FREE, 0xFFFF, SEG(2, 1));
				switch (k) {
				case 0: asm volatile("movl %0, %%fs" : : "r"(SEL)); break;
				case 1: asm volatile("movl %0, %%gs" : : "r"(SEL)); break;
				case 2: asm volatile("movl %0, %%es" : : "r"(SEL)); break;
				case 3: asm volatile("movl %0, %%fs; movl %0, %%gs; movl %0, %%es" : : "r"(SEL)); break;
				}
				/* Under its feet. */
				gdt_put(FREE, j ? 0xFFFF : 0, j == 2 ? 0 : hi[i]);
				leave();
				leave();
				v = (u32)TRY("movl %%fs:0x1000, %%eax", : : : "eax");
				EXPECT((int)v == -1 || v == VEC_GP || v == VEC_PF, "fs %x: trap %d", hi[i], v);
				v = (u32)TRY("movl %%es:0x1000, %%eax", : : : "eax");
				EXPECT((int)v == -1 || v == VEC_GP || v == VEC_PF, "es %x: trap %d", hi[i], v);
				asm volatile("movl %0, %%fs; movl %0, %%gs; movl %1, %%es" : : "r"(0), "r"(KERNEL_DS));
			}
	/* ds too: what C needs is asked of %ss meanwhile. */
	gdt_put(FREE, 0xFFFF, SEG(2, 1));
	asm volatile("movl %1, %%ds; int $0x1f; movl %%ds, %0; movl %2, %%ds" : "=&D"(v) : "S"(SEL), "r"(KERNEL_DS),
		     "a"(HC_LOAD_GDT_ENTRY), "b"(FREE), "c"(0), "d"(0) : "memory");
	EXPECT_EQ("ds, its descriptor emptied", v & 0xFFFF, 0);
	/* es, when ds is null already: the Switcher has to count that without it. */
	gdt_put(FREE, 0xFFFF, SEG(2, 1));
	asm volatile("movl %1, %%es; xorl %%edi, %%edi; movl %%edi, %%ds; int $0x1f; movl %%es, %0\n"
		     "movl %%ss, %%esi; movl %%esi, %%ds; movl %%esi, %%es" : "=&D"(v), "+S"((u32){ SEL })
		     : "a"(HC_LOAD_GDT_ENTRY), "b"(FREE), "c"(0), "d"(0) : "memory");
	EXPECT_EQ("es, its descriptor emptied, beside a null ds", v & 0xFFFF, 0);
	for (i = 0; i < 4; i++) {
		asm volatile("movl %2, %%ds; movl %2, %%es; int $0x1f; int $0x1f; movl %%ds, %0; movl %%es, %1\n"
			     "movl %3, %%ds; movl %3, %%es"
			     : "=&S"(v), "=&D"(j) : "b"(i), "d"(KERNEL_DS), "a"(HC_FLUSH_ASYNC) : "memory");
		EXPECT((v & 0xFFFC) == 0 && (j & 0xFFFC) == 0, "null selectors %x: ds %x, es %x", i, v, j);
	}
}

void test_main(void)
{
	u32 v;

	if (variant_is("data")) {
		data_segments();
		return;
	}
	if (variant_is("lgdt-empty")) {
		/* Linux does it: a table without the segments in use. They stay. */
		static u64 empty[32];
		struct table_reg t = { sizeof(empty) - 1, (u32)empty };
		u32 ds = SEL, es = SEL + 8, ss = SEL + 16;

		/* Each has a descriptor of its own, so each has to be asked. */
		gdt_put(FREE, 0xFFFF, SEG(2, 1));
		gdt_put(FREE + 1, 0xFFFF, SEG(2, 1));
		gdt_put(FREE + 2, 0xFFFF, SEG(2, 1));
		asm volatile("movl %0, %%ds; movl %1, %%es; movl %2, %%ss; lgdt (%3)\n"
			     "int $0x1f; int $0x1f; movl %%ds, %0; movl %%es, %1; movl %%ss, %2"
			     : "+S"(ds), "+D"(es), "+b"(ss) : "c"(&t), "a"(HC_FLUSH_ASYNC), "m"(t) : "memory");
		EXPECT_EQ("ds", ds & 0xFFFF, SEL);
		EXPECT_EQ("es", es & 0xFFFF, SEL + 8);
		EXPECT_EQ("ss", ss & 0xFFFF, SEL + 16);
		EXPECT_EQ("memory", try_read(0x1000), -1);
		return;
	}
	gdt_put(FREE, 0xFFFF, SEG(2, 1));
	if (variant_is("cs-gone")) {
		gdt_put(KERNEL_CS >> 3, 0, 0);
		leave();
	} else if (variant_is("ss-gone")) {
		asm volatile("movl %0, %%ss" : : "r"(SEL));
		gdt_put(FREE, 0, 0);
		leave();
	} else if (variant_is("ss-code")) {
		asm volatile("movl %0, %%ss" : : "r"(SEL));
		gdt_put(FREE, 0xFFFF, SEG(10, 1));
		leave();
	} else if (variant_is("ss-expand")) {
		asm volatile("movl %0, %%ss" : : "r"(SEL));
		gdt_put(FREE, 0xFFFF, SEG(6, 1));	/* expand-down with the limit at the top: nothing is in it */
		leave();
		asm volatile("movl %%ss, %0; movl %1, %%ss" : "=&r"(v) : "r"(KERNEL_DS));
		EXPECT_EQ("ss, where nobody looks at limits", v & 0xFFFF, SEL);
		return;
	} else if (variant_is("cs-limit")) {
		gdt_put(KERNEL_CS >> 3, 0, SEG(10, 1) & ~0x008F0000u);
		leave();
		asm volatile("movl %%cs, %0" : "=r"(v));
		EXPECT_EQ("cs, where nobody looks at limits", v & 0xFFFF, KERNEL_CS);
		return;
	}
	test_failure("still running without %s", variant());
}
