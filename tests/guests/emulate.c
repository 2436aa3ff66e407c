/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Privileged instructions: at ring 1 they are carried out for the guest's own virtual CPU, at ring 3 each is the
 * general protection fault that hardware would give.  No port and no MSR of the machine can be
 * reached; unknown ones read as nothing and kill nobody.
 *
 * Outcome: SUCCESS
 */
#include "guest.h"

#define LIST(X)									\
	X("cli") X("sti") X("hlt") X("clts") X("wbinvd") X("invd")		\
	X("mov %%cr0, %%eax") X("mov %%cr2, %%eax") X("mov %%cr3, %%eax")	\
	X("mov %%eax, %%cr2") X("mov %%db0, %%eax") X("mov %%eax, %%db0")	\
	X("mov %%db7, %%eax") X("rdmsr") X("wrmsr") X("invlpg 0")		\
	X("lgdt table") X("lidt table") X("lldt %%cx") X("ltr %%cx") X("lmsw %%cx") \
	X("inb $0x60, %%al") X("outb %%al, $0x80") X("inl %%dx, %%eax") X("outw %%ax, %%dx") \
	X("insb") X("outsl") X("rep insb") X("rep outsw")

struct table_reg table __attribute__((used));
static u8 buffer[64];

static u32 at_ring3(u32 n)
{
	u32 i = 0, got = 0;

	/* Number n of the list. */
#define X(text) if (i++ == n)							\
	got = (u32)TRY(text, : : "a"(0), "c"(0), "d"(0x3F8), "S"(buffer), "D"(buffer) : "memory");
	LIST(X)
#undef X
	return got;
}

static const char *const names[] = {
#define X(text) text,
	LIST(X)
#undef X
};
#define COUNT (sizeof(names) / sizeof(names[0]))

static u32 in(u32 port, u32 size)
{
	u32 v = 0;

	switch (size) {
	case 1: asm volatile("inb %%dx, %%al" : "+a"(v) : "d"(port)); break;
	case 2: asm volatile("inw %%dx, %%ax" : "+a"(v) : "d"(port)); break;
	case 4: asm volatile("inl %%dx, %%eax" : "+a"(v) : "d"(port)); break;
	}
	return v;
}

static void ports(void)
{
	static const u16 port[] = { 0x20, 0x21, 0x40, 0x43, 0x60, 0x61, 0x70, 0x71, 0x92, 0xA1, 0x3F8, 0x3FD,
				    0x1F7, 0xCF8, 0xCFC, 0x604, 0xB004, 0xFFFF };
	u32 i, n;

	for (i = 0; i < sizeof(port) / 2; i++) {
		EXPECT(in(port[i], 1) == 0xFF, "port %x reads %x", port[i], in(port[i], 1));
		EXPECT(in(port[i], 2) == 0xFFFF, "port %x", port[i]);
		EXPECT(in(port[i], 4) == 0xFFFFFFFF, "port %x", port[i]);
		/* None of this may stop the machine, or be seen by anybody. */
		asm volatile("outb %%al, %%dx" : : "a"(0x20), "d"(port[i]));
		asm volatile("outl %%eax, %%dx" : : "a"(0x06060606), "d"(port[i]));
	}
	asm volatile("outb %%al, %%dx" : : "a"(6), "d"(0xCF9));
	asm volatile("outw %%ax, %%dx" : : "a"(0x2000), "d"(0x604));
	asm volatile("outb %%al, %%dx" : : "a"(1), "d"(0x92));

	/* Strings: as many as ecx says, in the direction of DF, 0 is none. */
	for (n = 0; n < 200; n += 7) {
		static u8 to[256];
		u8 *edi = to + 8;
		u32 ecx = n;

		memset(to, 0, sizeof(to));
		asm volatile("cld; rep insb" : "+D"(edi), "+c"(ecx) : "d"(0x60) : "memory");
		EXPECT_EQ("rep insb: ecx", ecx, 0);
		EXPECT_EQ("rep insb: edi", edi, to + 8 + n);
		for (i = 0; i < 256; i++)
			EXPECT(to[i] == (i >= 8 && i < 8 + n ? 0xFF : 0), "rep insb %u: byte %u", n, i);
		edi = to + 240;
		ecx = n;
		asm volatile("std; rep insb; cld" : "+D"(edi), "+c"(ecx) : "d"(0x60) : "memory");
		EXPECT_EQ("backwards: edi", edi, to + 240 - n);
	}
}

static void registers(void)
{
	u32 v, w, eax, edx;

	asm volatile("mov %1, %%cr2; mov %%cr2, %0" : "=r"(v) : "r"(0x12345678));
	EXPECT_EQ("cr2", v, 0x12345678);
	asm volatile("mov %%cr0, %0" : "=r"(v));
	EXPECT_EQ("cr0: PE, and no paging yet", v & 0x80000001, 1);
	asm volatile("mov %0, %%cr0" : : "r"(v | 8));
	asm volatile("mov %%cr0, %0" : "=r"(w));
	EXPECT(w & 8, "CR0.TS is not set");
	EXPECT_EQ("FPU with TS", TRY("fnop", : : ), VEC_NM);
	asm volatile("clts");
	asm volatile("mov %%cr0, %0" : "=r"(w));
	EXPECT(!(w & 8), "CR0.TS is not clear");
	EXPECT_EQ("FPU without TS", TRY("fnop", : : ), -1);
	asm volatile("lmsw %0" : : "r"((u16)9));
	EXPECT_EQ("FPU after lmsw", TRY("fnop", : : ), VEC_NM);
	asm volatile("lmsw %0" : : "r"((u16)0));
	asm volatile("mov %%cr0, %0" : "=r"(w));
	EXPECT(w & 1, "lmsw has cleared PE");
	hcall(HC_TS, 1, 0, 0);
	EXPECT_EQ("FPU after HC_TS", TRY("fnop", : : ), VEC_NM);
	hcall(HC_TS, 0, 0, 0);
	EXPECT_EQ("FPU after HC_TS 0", TRY("fnop", : : ), -1);

	EXPECT_EQ("CR4.PAE", TRY("mov %0, %%cr4", : : "r"(0x20)), VEC_GP);
	EXPECT_EQ("CR4.VMXE", TRY("mov %0, %%cr4", : : "r"(0x2000)), VEC_GP);
	EXPECT_EQ("CR4.PSE", TRY("mov %0, %%cr4", : : "r"(0x10)), -1);
	asm volatile("mov %%cr4, %0" : "=r"(w));
	EXPECT_EQ("cr4", w, 0x10);
	asm volatile("mov %0, %%cr4" : : "r"(0));

	for (v = 0; v < 3000; v++) {
		u32 msr = v < 1024 ? v : v < 2048 ? 0xC0000000 + v - 1024 : random32();

		if (msr == 0x10)
			continue;
		eax = edx = 0x55555555;
		w = (u32)TRY("rdmsr", : "+a"(eax), "+d"(edx) : "c"(msr));
		EXPECT((int)w == VEC_GP || (!eax && !edx), "MSR %x reads %x:%x", msr, edx, eax);
		TRY("wrmsr", : : "a"(~0u), "d"(~0u), "c"(msr));
	}
	/* SYSENTER and SYSCALL were not switched on by that. */
	EXPECT(TRY("sysenter", : : : "memory") == VEC_GP || fault.vector == VEC_UD, "sysenter: %d", fault.vector);
	EXPECT(TRY("syscall", : : : "ecx", "memory") == VEC_UD, "syscall: %d", fault.vector);
}

void test_main(void)
{
	u32 i;

	for (i = 0; i < COUNT; i++)
		EXPECT(exec_user(at_ring3, i) == VEC_GP, "%s at ring 3: trap %d", names[i], fault.vector);
	registers();
	ports();
	EXPECT_EQ("lock before a privileged instruction", TRY(".byte 0xF0; cli", : : ) == VEC_UD ||
		  fault.vector == VEC_GP, 1);
}
