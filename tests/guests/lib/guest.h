/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a bare guest has: hypercalls, a console, traps as values, ring 3, page tables.
 *
 * A test is one file with `void test_main(void)`.  Its opening comment tells the story and, for
 * the runner, what is to come of it:
 *
 *	Outcome: SUCCESS			it says so itself
 *	Outcome: killed REASON			Ringlet stops it, and says that (a regular expression)
 *	Outcome: SUCCESS or killed REASON	either will do
 *	Outcome: running			it is still there when all others are done
 *	Variant NAME: ...			an outcome of a run with "variant=NAME" on its command line
 *	Icount					on a machine that counts instructions instead of time
 *	No APIC					on a QEMU without a local APIC
 *	Together				the variants run at the same time
 *	Repeat: N				so many runs
 *	Config: KEY = VALUE			a line for its section of ringlet.conf
 *	Logged: WORDS				Ringlet's own log says that of it
 *	Info: WORDS				`info` says that of it when it has ended
 */
#ifndef TESTS_GUEST_H
#define TESTS_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "hv/abi.h"

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define KERNEL_CS	0x61
#define KERNEL_DS	0x69
#define USER_CS		0x73
#define USER_DS		0x7b

#define EFLAGS_TF	0x100
#define EFLAGS_IF	0x200
#define EFLAGS_DF	0x400
#define EFLAGS_IOPL	0x3000
#define EFLAGS_NT	0x4000
#define EFLAGS_AC	0x40000

#define PTE_P		0x001
#define PTE_RW		0x002
#define PTE_US		0x004
#define PTE_A		0x020
#define PTE_D		0x040
#define PTE_PS		0x080

#define VEC_DE 0
#define VEC_DB 1
#define VEC_BP 3
#define VEC_OF 4
#define VEC_BR 5
#define VEC_UD 6
#define VEC_NM 7
#define VEC_TS 10
#define VEC_NP 11
#define VEC_SS 12
#define VEC_GP 13
#define VEC_PF 14

#define SWITCHER	0xFFC00000u
#define PAGE		4096u

/* ---- the verdict: the worst one wins, none at all is an error ---- */
void test_main(void);
void print(const char *fmt, ...);	/* %s %c %u %d %x %08x */
void test_failure(const char *fmt, ...);	/* Ringlet is wrong; goes on */
void test_error(const char *fmt, ...) __attribute__((noreturn));	/* the test is */
void test_skip(const char *why) __attribute__((noreturn));
void test_end(void) __attribute__((noreturn));	/* also when test_main returns */
extern u32 checks;
#define EXPECT(cond, ...) do { checks++; if (!(cond)) test_failure(__VA_ARGS__); } while (0)
#define EXPECT_EQ(what, got, want) do {						\
	u32 g_ = (u32)(got), w_ = (u32)(want);					\
	EXPECT(g_ == w_, "%s: %x, not %x", what, g_, w_); } while (0)

/* ---- hypercalls ---- */
static inline u32 hcall(u32 nr, u32 b, u32 c, u32 d)
{
	u32 ret;

	asm volatile("int $0x1f" : "=a"(ret) : "a"(nr), "b"(b), "c"(c), "d"(d), "S"(0) : "memory");
	return ret;
}
extern volatile struct ringlet_shared shared;	/* in a page of its own */
void shared_init(u32 guest_features);		/* HC_INIT with the whole structure */
/* Puts a call into the asynchronous ring; false: its next slot is not free. */
bool queue(u32 nr, u32 b, u32 c, u32 d);
extern u32 queue_at;				/* that slot, as Ringlet counts */
void irq_on(void);	/* by the shared page if there is one, else sti */
void irq_off(void);
bool irq_is_on(void);
/* Halts until interrupt n has come once more.  Interrupts must be off since what will raise it was
 * asked for, or it may have come before; they are on afterwards. */
void wait_irq(u32 n);
extern volatile u32 irq_count[32];
void timer_ns(u32 ns);

/* ---- where we are ---- */
extern u32 start_regs[6];	/* esp eflags esi cs ds ss, as they were at the first instruction */
u32 ram_bytes(void);
const char *cmdline(void);
/* What KEY=VALUE on the command line gives, until the next call; "" if it is not there. */
const char *option(const char *key);
const char *variant(void);
bool variant_is(const char *name);
static inline u64 rdtsc(void) { u64 v; asm volatile("rdtsc" : "=A"(v)); return v; }
u32 random32(void);
extern u64 random_seed;
void *memset(void *, int, size_t);
void *memcpy(void *, const void *, size_t);

/* ---- traps as values ---- */
struct frame {
	u32 gs, fs, es, ds, edi, esi, ebp, esp_unused, ebx, edx, ecx, eax;
	u32 vector, error, eip, cs, eflags, esp, ss;
};
struct fault {
	int vector;		/* -1: there was none */
	u32 error, cr2, eip, cs, eflags;
};
extern volatile struct fault fault;
/* An instruction, and which fault it got; 1: is it, 2: goes on after it. */
#define TRY(insn, ...) ({							\
	fault.vector = -1;							\
	asm volatile("1: " insn "\n2:\n.pushsection .ex_table,\"a\"\n.long 1b, 2b\n.popsection" \
		     __VA_ARGS__);						\
	fault.vector; })
/* For jumps into the unknown: runs fn, 1 if a fault ended it. */
int guard(void (*fn)(void));
/* Runs fn at ring 3. */
u32 exec_user(u32 (*fn)(u32), u32 arg);
void user_exit(u32 value) __attribute__((noreturn));
/* Looks at each trap first; true: seen to. */
extern bool (*trap_hook)(struct frame *);

struct gate { u32 lo, hi; };
extern struct gate idt[256];
extern u32 stubs[256];
#define GATE_TASK	5
#define GATE_INTERRUPT	14
#define GATE_TRAP	15
struct gate make_gate(u16 sel, u32 offset, u32 type, u32 dpl);
void idt_put(u32 vector, struct gate g);	/* in the table, and by hypercall */
struct table_reg { u16 limit; u32 base; } __attribute__((packed));

#define SEG(type, dpl)	(0x00CF9000u | (dpl) << 13 | (type) << 8)	/* flat, present; type 0..15 */
void gdt_put(u32 index, u32 lo, u32 hi);

/* ---- paging ---- */
void paging_init(void);		/* identity for all RAM, open to ring 3; turns it on */
extern u32 pgd[1024];
u32 *pte_of(u32 va);		/* makes the table if there is none */
void map(u32 va, u32 pa, u32 flags);	/* and flushes it */
static inline void invlpg(u32 va) { asm volatile("invlpg (%0)" : : "r"(va) : "memory"); }
void load_cr3(u32 v);
extern u8 page_a[4096], page_b[4096], page_c[4096];	/* to play with */
static inline u32 peek(u32 va) { return *(volatile u32 *)va; }
static inline void poke(u32 va, u32 v) { *(volatile u32 *)va = v; }
/* -1, or the vector; ring 1. */
int try_read(u32 va);
int try_write(u32 va);
/* The same at ring 3. */
int try_user_read(u32 va);
int try_user_write(u32 va);

extern u8 stack_bottom[], stack_top[], trap_stack[], trap_stack_top[], user_stack_top[], guest_end[];

#endif
