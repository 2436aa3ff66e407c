/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Segments bind what is carried out for the guest, too: limits, upward and downward, of bytes and
 * of pages, 16 bits and 32; null selectors; what may be read and what written.  #SS for the stack
 * segment, #GP for the others, both with the error code 0, and nothing of the instruction is done.
 * (QEMU itself looks at no limit and lets null selectors pass, so that there only what Ringlet does
 * is seen; in Bochs it is all the same.)
 *
 * Outcome: SUCCESS
 */
#include "virtio.h"

#define SLOT	20
#define SEL	(SLOT * 8 + 1)
#define WRITABLE	2	/* types of segments */
#define READ_ONLY	0
#define DOWN		6
#define CODE_ONLY	8
#define CODE		10
#define SMALL_16	0x00000000u	/* flags of the high word */
#define BIG		0x00400000u
#define PAGES		0x00800000u

static u8 memory[2 * PAGE] __attribute__((aligned(4096)));

static void segment(u32 base, u32 limit, u32 type, u32 flags)
{
	gdt_put(SLOT, base << 16 | (limit & 0xFFFF), (base & 0xFF000000) | (base >> 16 & 0xFF) | (limit & 0xF0000) |
		0x9000 | 1 << 13 | type << 8 | flags);
}

/* Each loads the segment register it needs, tries one instruction, and mends. */
static int lldt_fs(u32 at)
{
	u32 sel = SEL;

	return TRY("lldt %%fs:(%0)", : : "r"(at), "r"(sel));
}

static int outs_fs(u32 at, u32 size)
{
	switch (size) {
	case 1: return TRY("outsb %%fs:(%%esi), %%dx", : "+S"(at) : "d"(0x80));
	case 2: return TRY("outsw %%fs:(%%esi), %%dx", : "+S"(at) : "d"(0x80));
	default: return TRY("outsl %%fs:(%%esi), %%dx", : "+S"(at) : "d"(0x80));
	}
}

static int ins_es(u32 sel, u32 at, u32 size)
{
	int got;

	asm volatile("movl %0, %%es" : : "r"(sel));
	got = size == 1 ? TRY("insb", : "+D"(at) : "d"(0x60) : "memory")
	    : size == 2 ? TRY("insw", : "+D"(at) : "d"(0x60) : "memory")
			: TRY("insl", : "+D"(at) : "d"(0x60) : "memory");
	asm volatile("movl %0, %%es" : : "r"(KERNEL_DS));
	return got;
}

static void load_fs(u32 sel) { asm volatile("movl %0, %%fs" : : "r"(sel)); }

static void expect(const char *what, u32 at, u32 size, int got, int want)
{
	EXPECT(got == want, "%s at %x, %u bytes: trap %d, not %d", what, at, size, got, want);
	if (want >= 0)
		EXPECT_EQ("error code", fault.error, 0);
}

struct place { u32 at, size; int want; };

/* Reads by fs and writes by es at each place of a segment that is loaded there. */
static void places(const char *what, const struct place *p, u32 n, bool writable)
{
	u32 i;

	for (i = 0; i < n; i++) {
		u32 at = p[i].at;

		memset(memory, 0, sizeof(memory));	/* lldt takes the null selector only */
		load_fs(SEL);
		if (p[i].size == 2)
			expect(what, at, 2, lldt_fs(at), p[i].want);
		load_fs(SEL);
		expect(what, at, p[i].size, outs_fs(at, p[i].size), p[i].want);
		load_fs(0);
		if (writable)
			expect(what, at, p[i].size, ins_es(SEL, at, p[i].size), p[i].want);
	}
}
#define PLACES(what, writable, ...) do {					\
	static const struct place p_[] = { __VA_ARGS__ };			\
	places(what, p_, sizeof(p_) / sizeof(p_[0]), writable); } while (0)

static void limits(void)
{
	u32 base = (u32)memory;

	segment(base, 0xFFF, WRITABLE, BIG);
	PLACES("a limit of bytes", true, { 0, 4, -1 }, { 0xFFC, 4, -1 }, { 0xFFD, 4, VEC_GP }, { 0xFFE, 2, -1 },
	       { 0xFFF, 2, VEC_GP }, { 0xFFF, 1, -1 }, { 0x1000, 1, VEC_GP }, { 0xFFFFFFFF, 2, VEC_GP }, { 0xFFFFFFFF, 1, VEC_GP });
	segment(base, 0, WRITABLE, BIG | PAGES);
	PLACES("a limit of pages", true, { 0, 4, -1 }, { 0xFFC, 4, -1 }, { 0xFFE, 4, VEC_GP }, { 0x1000, 1, VEC_GP });
	segment(base, 0, WRITABLE, BIG);
	PLACES("one byte", true, { 0, 1, -1 }, { 0, 2, VEC_GP }, { 1, 1, VEC_GP });
	segment(base - 0x1000, 0xFFF, DOWN, BIG);
	PLACES("expand down", true, { 0x1000, 4, -1 }, { 0x1FFC, 4, -1 }, { 0xFFF, 1, VEC_GP }, { 0xFFF, 2, VEC_GP }, { 0, 1, VEC_GP });
	segment(base - 0xF000, 0xEFFF, DOWN, SMALL_16);
	PLACES("expand down, 16 bits", true, { 0xF000, 4, -1 }, { 0xFFFC, 4, -1 }, { 0xFFFD, 4, VEC_GP }, { 0xFFFF, 1, -1 },
	       { 0xFFFF, 2, VEC_GP }, { 0x10000, 1, VEC_GP }, { 0xEFFF, 1, VEC_GP });
	segment(base, 0xFFF, WRITABLE, SMALL_16);
	PLACES("16 bits", true, { 0xFFE, 2, -1 }, { 0xFFF, 2, VEC_GP });

	segment(base, 0xFFF, READ_ONLY, BIG);
	PLACES("read only", false, { 0, 4, -1 }, { 0xFFD, 4, VEC_GP });
	expect("ins to what is read only", 0, 1, ins_es(SEL, 0, 1), VEC_GP);
	segment(base, 0xFFF, CODE, BIG);
	PLACES("code", false, { 0, 4, -1 }, { 0xFFD, 4, VEC_GP });
	expect("ins to code", 0, 1, ins_es(SEL, 0, 1), VEC_GP);
}

static void null_selectors(void)
{
	u32 n;

	for (n = 0; n < 4; n++) {
		load_fs(n);
		expect("lldt by a null selector", (u32)memory, 2, lldt_fs((u32)memory), VEC_GP);
		load_fs(n);
		expect("outs by a null selector", (u32)memory, 1, outs_fs((u32)memory, 1), VEC_GP);
		expect("ins by a null selector", (u32)memory, 1, ins_es(n, (u32)memory, 1), VEC_GP);
	}
	load_fs(0);
}

/* Nothing is done: no register has moved, a repetition stops where it is. */
static void what_is_left(void)
{
	u32 edi = 0xFF8, ecx = 20, got;

	segment((u32)memory, 0xFFF, WRITABLE, BIG);
	memset(memory, 0, PAGE);
	asm volatile("movl %0, %%es" : : "r"(SEL));
	got = TRY("rep insb", : "+D"(edi), "+c"(ecx) : "d"(0x60) : "memory");
	asm volatile("movl %0, %%es" : : "r"(KERNEL_DS));
	EXPECT_EQ("rep insb across the limit", got, VEC_GP);
	EXPECT_EQ("edi", edi, 0x1000);
	EXPECT_EQ("ecx", ecx, 12);
	EXPECT(memory[0xFF8] == 0xFF && memory[0xFFF] == 0xFF, "what was inside is not written");
}

/* lgdt, lidt and lmsw read their operands through segments, too. */
static void tables(void)
{
	struct table_reg *t = (void *)(memory + PAGE - 6);
	u32 cr0;

	*t = (struct table_reg){ sizeof(idt) - 1, (u32)idt };
	segment((u32)memory, 0xFFF, WRITABLE, BIG);
	load_fs(SEL);
	expect("lidt", 0xFFA, 6, TRY("lidt %%fs:(%0)", : : "r"(0xFFA)), -1);
	expect("lidt", 0xFFB, 6, TRY("lidt %%fs:(%0)", : : "r"(0xFFB)), VEC_GP);
	load_fs(SEL);
	expect("lgdt", 0xFFB, 6, TRY("lgdt %%fs:(%0)", : : "r"(0xFFB)), VEC_GP);
	load_fs(SEL);
	memory[0xFFF] = 8;
	expect("lmsw", 0xFFF, 2, TRY("lmsw %%fs:(%0)", : : "r"(0xFFF)), VEC_GP);
	asm volatile("mov %%cr0, %0" : "=r"(cr0));
	EXPECT_EQ("TS after an lmsw that failed", cr0 & 8, 0);
	load_fs(SEL);
	expect("mov to ss", 0xFFF, 2, TRY("movw %%fs:(%0), %%ss", : : "r"(0xFFF)), VEC_GP);
	load_fs(0);
}

/* int by_ebp(u32 at): an lldt through (%ebp), which is the stack segment's. */
int by_ebp(u32 at);
asm("by_ebp: pushl %ebp\n movl 8(%esp), %ebp\n 1: lldt (%ebp)\n 2: popl %ebp\n ret\n"
    ".pushsection .ex_table,\"a\"\n .long 1b, 2b\n .popsection");

/* A stack segment's limit is #SS, by %ebp and by an override. */
static void stack(void)
{
	u32 limit = ((u32)guest_end >> 12) + 1, at = (limit + 1) << 12;
	int got[4];

	gdt_put(SLOT, limit & 0xFFFF, SEG(WRITABLE, 1) & ~0xF0000u);
	asm volatile("movl %0, %%ss" : : "r"(SEL));
	fault.vector = -1;
	by_ebp(at);
	got[0] = fault.vector;
	got[1] = TRY("lldt %%ss:(%0)", : : "r"(at));
	EXPECT_EQ("error code", fault.error, 0);
	got[2] = TRY("outsb %%ss:(%%esi), %%dx", : "+S"(at) : "d"(0x80));
	at--;
	got[3] = TRY("outsb %%ss:(%%esi), %%dx", : "+S"(at) : "d"(0x80));
	asm volatile("movl %0, %%ss" : : "r"(KERNEL_DS));
	EXPECT_EQ("by ebp", got[0], VEC_SS);
	EXPECT_EQ("by an override", got[1], VEC_SS);
	EXPECT_EQ("outs", got[2], VEC_SS);
	EXPECT_EQ("outs within the limit", got[3], -1);
}

/* A device's registers through a segment that ends there. */
static void devices(void)
{
	u32 dev = vdev_find(VD_CONSOLE), v = 0;

	segment(dev, 3, WRITABLE, BIG);
	load_fs(SEL);
	EXPECT_EQ("a register", TRY("movl %%fs:(%1), %0", : "=r"(v) : "r"(0)), -1);
	EXPECT_EQ("its value", v, 0x74726976);
	EXPECT_EQ("behind the limit", TRY("movl %%fs:(%1), %0", : "=r"(v) : "r"(4)), VEC_GP);
	load_fs(SEL);
	EXPECT_EQ("across the limit", TRY("movl %%fs:(%1), %0", : "=r"(v) : "r"(1)), VEC_GP);
	segment(dev, 0xFFF, READ_ONLY, BIG);
	load_fs(SEL);
	EXPECT_EQ("written through a read-only segment", TRY("movl %0, %%fs:(%1)", : : "r"(0), "r"(V_STATUS)), VEC_GP);
	load_fs(SEL);
	EXPECT_EQ("by an absolute address", TRY("movl %%fs:0, %%eax", : : : "eax"), -1);
	load_fs(0);
	EXPECT_EQ("by a null selector", TRY("movl %%fs:(%1), %0", : "=r"(v) : "r"(dev)), VEC_GP);
}

/* Code: what lies behind the limit is not carried out, and %cs is read only where it may be. */
static bool back_out(struct frame *f)
{
	if ((f->cs & 0xFFFF) != SEL)
		return false;
	fault.vector = (int)f->vector;
	f->eip = 0;		/* an lret */
	return true;
}

static int far_call(u32 at)
{
	struct { u32 offset; u16 sel; } __attribute__((packed)) to = { at, SEL };

	fault.vector = -1;
	trap_hook = back_out;
	asm volatile("lcall *%0" : : "m"(to), "S"(0), "d"(0x80) : "eax", "memory");
	trap_hook = 0;
	return fault.vector;
}

static void code(void)
{
	static const u8 mov_cr[] = { 0x0F, 0x20, 0xD8, 0xCB };		/* mov %cr3, %eax; lret */
	static const u8 outs_cs[] = { 0x2E, 0x6E, 0xCB };		/* outsb %cs:(%esi), %dx; lret */
	u32 n;

	memory[0] = 0xCB;
	segment((u32)memory, 0xFFF, CODE, BIG);
	for (n = 1; n < 3; n++) {
		memcpy(memory + PAGE - n, mov_cr, 4);
		EXPECT_EQ("mov %cr3 across the limit", far_call(PAGE - n), VEC_GP);
	}
	memcpy(memory + 16, mov_cr, 4);
	EXPECT_EQ("mov %cr3 within it", far_call(16), -1);
	memcpy(memory + 32, outs_cs, sizeof(outs_cs));
	EXPECT_EQ("outs from code", far_call(32), -1);
	segment((u32)memory, 0xFFF, CODE_ONLY, BIG);
	EXPECT_EQ("outs from code that may not be read", far_call(32), VEC_GP);
}

/* cmov, where it is carried out for the guest (or, in Bochs, by a processor that looks). */
static void cmov(void)
{
	u32 eax = 1, ebx, ecx, edx, v = 7;

	asm volatile("cpuid" : "+a"(eax), "=b"(ebx), "=c"(ecx), "=d"(edx));
	if ((edx & 1 << 15) && !variant_is("strict"))
		return;
	memset(memory, 0xEE, sizeof(memory));
	segment((u32)memory, 0xFFF, READ_ONLY, BIG);
	load_fs(SEL);
	expect("cmov", 0xFFC, 4, TRY("cmpl %0, %0; cmovel %%fs:(%1), %0", : "+r"(v) : "r"(0xFFC) : "cc"), -1);
	EXPECT_EQ("cmov", v, 0xEEEEEEEE);
	asm volatile("cmpl %0, %0" : : "r"(v) : "cc");
	expect("cmov", 0xFFD, 4, TRY("cmovnel %%fs:(%1), %0", : "+r"(v) : "r"(0xFFD) : "cc"), VEC_GP);
	load_fs(0);
	expect("cmov by a null selector", 0, 4, TRY("cmovnel %%fs:(%1), %0", : "+r"(v) : "r"(memory) : "cc"), VEC_GP);
}

void test_main(void)
{
	limits();
	null_selectors();
	what_is_left();
	tables();
	stack();
	devices();
	cmov();
	code();
}
