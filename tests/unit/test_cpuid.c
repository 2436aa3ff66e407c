/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest is told of the processor, on processors that can do all there is, nothing, or anything: never more than the
 * machine has, never a bit that is not in the list below of what works in ring 1 and 3 without us.
 */
#include "hv/cpu/cpu.h"
#include "tests/unit/test.h"

#define HYPERVISOR BIT(31)

/* User instructions that need no help of the kernel's but what OSFXSR is; by the manuals' names. */
static const struct { u32 leaf; char reg; u8 bit; const char *name; } harmless[] = {
	{ 1, 'd', 0, "FPU" }, { 1, 'd', 4, "TSC" }, { 1, 'd', 8, "CX8" }, { 1, 'd', 15, "CMOV" },
	{ 1, 'd', 19, "CLFSH" }, { 1, 'd', 23, "MMX" }, { 1, 'd', 24, "FXSR" }, { 1, 'd', 25, "SSE" },
	{ 1, 'd', 26, "SSE2" }, { 1, 'c', 0, "SSE3" }, { 1, 'c', 1, "PCLMULQDQ" }, { 1, 'c', 9, "SSSE3" },
	{ 1, 'c', 13, "CMPXCHG16B" }, { 1, 'c', 19, "SSE4.1" }, { 1, 'c', 20, "SSE4.2" }, { 1, 'c', 22, "MOVBE" },
	{ 1, 'c', 23, "POPCNT" }, { 1, 'c', 25, "AESNI" }, { 1, 'c', 30, "RDRAND" }, { 1, 'c', 31, "hypervisor" },
	{ 7, 'b', 3, "BMI1" }, { 7, 'b', 8, "BMI2" }, { 7, 'b', 9, "ERMS" }, { 7, 'b', 18, "RDSEED" }, { 7, 'b', 19, "ADX" },
	{ 7, 'b', 29, "SHA" },
	{ 0x80000001, 'd', 0, "FPU" }, { 0x80000001, 'd', 4, "TSC" }, { 0x80000001, 'd', 8, "CX8" },
	{ 0x80000001, 'd', 15, "CMOV" }, { 0x80000001, 'd', 23, "MMX" }, { 0x80000001, 'd', 24, "FXSR" },
	{ 0x80000001, 'd', 25, "FFXSR or reserved" }, { 0x80000001, 'd', 26, "reserved" },
};

/* Without FPU, TSC, CX8, CMOV, MMX, FXSR, SSE, SSE2 programs of today do not run. */
#define WANTED 0x07808111u

static enum { ALL, NOTHING, ANY } machine;
static u32 most, most_extended;

/* The same answer for the same question. */
static u32 word(u32 leaf, u32 subleaf, u32 reg)
{
	u32 x = (leaf * 2654435761u ^ subleaf * 40503u ^ reg * 97u) + (u32)test_seed;

	return machine == ALL ? ~0u : machine == NOTHING ? 0 : (x ^ x >> 15) * 2246822519u;
}

void fake_cpuid(u32 leaf, u32 subleaf, u32 *a, u32 *b, u32 *c, u32 *d)
{
	*a = leaf == 0 ? most : leaf == 0x80000000 ? most_extended : word(leaf, subleaf, 0);
	*b = word(leaf, subleaf, 1);
	*c = word(leaf, subleaf, 2);
	*d = word(leaf, subleaf, 3);
}

static u32 allowed(u32 leaf, char reg)
{
	u32 i, bits = 0;

	for (i = 0; i < ARRAY_SIZE(harmless); i++)
		if (harmless[i].leaf == leaf && harmless[i].reg == reg)
			bits |= BIT(harmless[i].bit);
	return bits;
}

static void features(u32 leaf)
{
	u32 a, b, c, d;
	bool there = leaf & 0x80000000 ? leaf <= most_extended : leaf <= most;

	guest_cpuid(leaf, 0, &a, &b, &c, &d);
	if (!there) {
		CHECK(!(a | b | c | d), "leaf %#x, which the machine does not have: %x %x %x %x", leaf, a, b, c, d);
		return;
	}
	if (leaf == 1) {
		CHECK(!(b >> 16), "APIC and processors: %#x", b);
		CHECK(c & HYPERVISOR, "no hypervisor bit");
	}
	if (leaf != 1)
		CHECK(!(b & ~(allowed(leaf, 'b') & word(leaf, 0, 1))) || leaf == 0x80000001, "leaf %#x ebx %#x", leaf, b);
	CHECK(!(c & ~((allowed(leaf, 'c') & word(leaf, 0, 2)) | (leaf == 1 ? HYPERVISOR : 0))), "leaf %#x ecx %#x", leaf, c);
	CHECK(!(d & ~(allowed(leaf, 'd') & word(leaf, 0, 3))), "leaf %#x edx %#x", leaf, d);
	if (leaf == 1)
		CHECK((d & WANTED) == (word(1, 0, 3) & WANTED), "kept from it: %#x", word(1, 0, 3) & WANTED & ~d);
}

static void unknown(u32 leaf)
{
	u32 a, b, c, d;

	guest_cpuid(leaf, rnd(4), &a, &b, &c, &d);
	CHECK(!(a | b | c | d), "leaf %#x: %x %x %x %x", leaf, a, b, c, d);
}

static void one_machine(void)
{
	static const u32 none[] = { 3, 5, 6, 8, 9, 0xA, 0xB, 0xD, 0x14, 0x1F, 0x40000001, 0x40000010, 0x7FFFFFFF,
				    0x80000005, 0x80000007, 0x80000008, 0x8000000A, 0xC0000001, 0xFFFFFFFF };
	u32 a, b, c, d, i;
	char name[13] = "";

	guest_cpuid(0, 0, &a, &b, &c, &d);
	CHECK(a <= most && a <= 7, "highest leaf %u of %u", a, most);
	CHECK(b == word(0, 0, 1) && c == word(0, 0, 2) && d == word(0, 0, 3), "not the machine's vendor");
	guest_cpuid(0x80000000, 0, &a, &b, &c, &d);
	CHECK(a <= 0x80000004 && (a <= most_extended || !a), "highest extended leaf %#x of %#x", a, most_extended);
	guest_cpuid(0x40000000, 0, &a, &b, &c, &d);
	memcpy(name, &b, 4);
	memcpy(name + 4, &c, 4);
	memcpy(name + 8, &d, 4);
	CHECK_STR(name, "RingletRingl");
	features(1);
	features(7);
	features(0x80000001);
	guest_cpuid(7, 1, &a, &b, &c, &d);
	CHECK(!(a | b | c | d), "leaf 7, 1");
	guest_cpuid(4, 1, &a, &b, &c, &d);
	CHECK(!(a >> 14), "caches are shared: %#x", a);
	for (i = 0; i < ARRAY_SIZE(none); i++)
		unknown(none[i]);
	for (i = 0; i < 100; i++)
		unknown(8 + rnd(0x3FFFFFF0));
}

int main(int argc, char **argv)
{
	u32 i;

	seed_from(argc, argv, 0);
	CASE("a machine that can do all there ever will be");
	machine = ALL;
	most = 0xFF;
	most_extended = 0x800000FF;
	one_machine();
	CASE("one that can do nothing");
	machine = NOTHING;
	most = 1;
	most_extended = 0;
	one_machine();
	CASE("any");
	machine = ANY;
	for (i = 0; i < 2000; i++) {
		most = rnd(2) ? 7 + rnd(30) : 1 + rnd(8);
		most_extended = rnd(2) ? 0x80000000 + rnd(10) : rnd(1000);
		rnd(0);
		one_machine();
	}
	return passed();
}
