/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CPUID as the guest's kernel is to see it: what the processor has and the list allows, and the
 * sign of a hypervisor; nothing else, in no leaf.  The list is written down here once more, on
 * purpose.
 *
 * Outcome: SUCCESS
 */
#include "guest.h"

struct leaf { u32 a, b, c, d; };

static struct leaf told(u32 leaf, u32 subleaf)
{
	struct leaf l;

	asm volatile("int $0x1f" : "=a"(l.a), "=b"(l.b), "=c"(l.c), "=d"(l.d)
		     : "a"(HC_CPUID), "b"(leaf), "c"(subleaf) : "memory");
	return l;
}

static struct leaf real(u32 leaf, u32 subleaf)
{
	struct leaf l;

	asm volatile("cpuid" : "=a"(l.a), "=b"(l.b), "=c"(l.c), "=d"(l.d) : "a"(leaf), "c"(subleaf));
	return l;
}

/* FPU TSC CX8 CMOV MMX FXSR SSE SSE2 */
#define EDX_1	(1u << 0 | 1 << 4 | 1 << 8 | 1 << 15 | 1 << 23 | 1 << 24 | 1 << 25 | 1 << 26)
/* SSE3 PCLMUL SSSE3 CX16 SSE4.1 SSE4.2 MOVBE POPCNT AES RDRAND */
#define ECX_1	(1u << 0 | 1 << 1 | 1 << 9 | 1 << 13 | 1 << 19 | 1 << 20 | 1 << 22 | 1 << 23 | 1 << 25 | 1 << 30)
#define HYPERVISOR (1u << 31)
/* BMI1 BMI2 ERMS RDSEED ADX */
#define EBX_7	(1u << 3 | 1 << 8 | 1 << 9 | 1 << 18 | 1 << 19)

static void nothing(u32 leaf, u32 subleaf)
{
	struct leaf t = told(leaf, subleaf);

	EXPECT(!(t.a | t.b | t.c | t.d), "leaf %x.%x says %x %x %x %x", leaf, subleaf, t.a, t.b, t.c, t.d);
}

void test_main(void)
{
	u32 most = real(0, 0).a, most_extended = real(0x80000000, 0).a, i;
	struct leaf t, r;

	t = told(0, 0), r = real(0, 0);
	EXPECT_EQ("leaf 0", t.a, most < 7 ? most : 7);
	EXPECT(t.b == r.b && t.c == r.c && t.d == r.d, "the vendor");
	t = told(1, 0), r = real(1, 0);
	EXPECT_EQ("leaf 1: eax", t.a, r.a);
	EXPECT_EQ("leaf 1: ebx", t.b, r.b & 0xFFFF);
	EXPECT_EQ("leaf 1: ecx", t.c, (r.c & ECX_1) | HYPERVISOR);
	EXPECT_EQ("leaf 1: edx", t.d, r.d & EDX_1);
	if (most >= 7) {
		EXPECT_EQ("leaf 7: ebx", told(7, 0).b, real(7, 0).b & EBX_7);
		EXPECT_EQ("leaf 7: the others", told(7, 0).a | told(7, 0).c | told(7, 0).d, 0);
		nothing(7, 1);
	} else {
		nothing(7, 0);
	}
	for (i = 3; i < 64; i++)
		if (i != 4 && i != 7)
			nothing(i, 0);
	EXPECT_EQ("leaf 40000000", told(0x40000000, 0).b, 0x676e6952);
	nothing(0x40000001, 0);
	if (most_extended >= 0x80000001) {
		EXPECT_EQ("leaf 80000001: edx", told(0x80000001, 0).d, real(0x80000001, 0).d & EDX_1);
		EXPECT_EQ("leaf 80000001: ecx", told(0x80000001, 0).c, 0);
	}
	for (i = 0x80000005; i < 0x80000030; i++)
		nothing(i, 0);
	for (i = 0; i < 1000; i++) {
		u32 leaf = random32() | 64;

		if (leaf != 0x40000000 && leaf - 0x80000000 > 4)
			nothing(leaf, random32());
	}
}
