/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Conditional moves, at ring 1 and ring 3: on a processor that lacks them they are done for it.  The instructions that all
 * processors have say what the condition is.  The operand is read, and may fault, whatever it is.
 *
 * Outcome: SUCCESS
 */
#include "guest.h"

struct outcome { u32 set, moved, moved16, loaded; };

#define ONE(cc)										\
static void cc_##cc(u32 flags, struct outcome *o)					\
{											\
	u32 set = 0, moved = 1, moved16 = 0x11111111, loaded = 1, two = 0x22222222;	\
	asm volatile("pushl %5; popfl; set" #cc " %b0; cmov" #cc " %6, %1; cmov" #cc "w %w6, %w2; cmov" #cc " %4, %3" \
		     : "+&a"(set), "+&r"(moved), "+&r"(moved16), "+&r"(loaded)		\
		     : "m"(two), "m"(flags), "r"(two) : "cc", "memory");		\
	*o = (struct outcome){ set, moved, moved16, loaded };				\
}
#define ALL(X) X(o) X(no) X(b) X(ae) X(e) X(ne) X(be) X(a) X(s) X(ns) X(p) X(np) X(l) X(ge) X(le) X(g)
ALL(ONE)
#define NAME(cc) cc_##cc,
static void (*const all[])(u32, struct outcome *) = { ALL(NAME) };

static void compare(const char *where)
{
	static const u32 bits[] = { 0x001, 0x004, 0x040, 0x080, 0x800 };
	struct outcome o;
	u32 i, n, b, flags;

	for (i = 0; i < 16; i++)
		for (n = 0; n < 32; n++) {
			for (b = 0, flags = 0x202; b < 5; b++)
				flags |= n >> b & 1 ? bits[b] : 0;
			all[i](flags, &o);
			EXPECT(o.moved == (o.set ? 0x22222222 : 1) && o.loaded == o.moved, "%s: condition %u, flags %x: %x %x",
			       where, i, flags, o.moved, o.loaded);
			EXPECT_EQ("16 bits", o.moved16, o.set ? 0x11112222 : 0x11111111);
		}
}

static u32 at_ring3(u32 x) { compare("ring 3"); return x; }

void test_main(void)
{
	u32 gone = 0x40000000;

	paging_init();
	compare("ring 1");
	exec_user(at_ring3, 0);
	EXPECT_EQ("no operand, and no move", TRY("xorl %%eax, %%eax; 1: cmovne (%0), %%eax", : : "r"(gone) : "eax", "cc"), VEC_PF);
}
