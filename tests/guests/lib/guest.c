/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bare guests' common part: see guest.h. */
#include <stdarg.h>
#include "guest.h"

volatile struct ringlet_shared shared __attribute__((aligned(4096)));
static bool have_shared;
volatile u32 irq_count[32];
volatile struct fault fault;
bool (*trap_hook)(struct frame *);
struct gate idt[256] __attribute__((aligned(4096)));
u32 checks;
static u32 failures;
extern u32 guard_esp;
extern u8 guard_out[];
struct extable { u32 at, go; };
extern struct extable ex_table[], ex_table_end[];

/* ---- strings and the console ---- */

void *memset(void *p, int c, size_t n)
{
	u8 *b = p;

	while (n--)
		*b++ = (u8)c;
	return p;
}

void *memcpy(void *to, const void *from, size_t n)
{
	u8 *t = to;
	const u8 *f = from;

	while (n--)
		*t++ = *f++;
	return to;
}

static char line[512];
static u32 used;

static void put(char c)
{
	if (used < sizeof(line))
		line[used++] = c;
}

static void put_number(u32 v, u32 base, u32 width)
{
	char digits[12];
	u32 n = 0;

	do {
		digits[n++] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v);
	while (n < width)
		digits[n++] = '0';
	while (n)
		put(digits[--n]);
}

static void vput(const char *f, va_list ap)
{
	for (; *f; f++) {
		u32 width = 0;

		if (*f != '%') {
			put(*f);
			continue;
		}
		while (f[1] >= '0' && f[1] <= '9')
			width = width * 10 + (u32)(*++f - '0');
		switch (*++f) {
		case 's':
			for (const char *s = va_arg(ap, const char *); *s; s++)
				put(*s);
			break;
		case 'c': put((char)va_arg(ap, int)); break;
		case 'd': {
			int v = va_arg(ap, int);

			if (v < 0)
				put('-');
			put_number(v < 0 ? -(u32)v : (u32)v, 10, width);
			break;
		}
		case 'u': put_number(va_arg(ap, u32), 10, width); break;
		case 'x': put_number(va_arg(ap, u32), 16, width); break;
		default: put(*f);
		}
	}
}

static void flush(void)
{
	hcall(HC_CONSOLE_WRITE, (u32)line, used, 0);
	used = 0;
}

void print(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vput(fmt, ap);
	va_end(ap);
	put('\n');
	flush();
}

static void stop(const char *verdict)
{
	print("Test result: %s", verdict);
	for (;;)
		hcall(HC_SHUTDOWN, 0, SHUTDOWN_POWEROFF, 0);
}

void test_failure(const char *fmt, ...)
{
	va_list ap;

	if (++failures > 20) {
		print("(and so on)");
		stop("FAILURE");
	}
	va_start(ap, fmt);
	vput("Failure: ", ap);
	vput(fmt, ap);
	va_end(ap);
	put('\n');
	flush();
}

void test_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vput("Error: ", ap);
	vput(fmt, ap);
	va_end(ap);
	put('\n');
	flush();
	for (;;)
		stop("ERROR");
}

void test_skip(const char *why)
{
	print("Skip: %s", why);
	for (;;)
		stop("SKIP");
}

void test_end(void)
{
	if (!checks)
		test_error("nothing was checked");
	for (;;)
		stop(failures ? "FAILURE" : "SUCCESS");
}

/* ---- where we are ---- */

u32 ram_bytes(void)
{
	const u8 *boot_params = (const u8 *)0;

	asm("" : "+r"(boot_params));	/* the compiler knows that nothing is at 0 */
	return *(volatile u32 *)(boot_params + 0x2d0) + *(volatile u32 *)(boot_params + 0x2d0 + 8);
}

const char *cmdline(void)
{
	const u8 *boot_params = (const u8 *)0;

	asm("" : "+r"(boot_params));
	return (const char *)*(volatile u32 *)(boot_params + 0x228);
}

const char *option(const char *key)
{
	static char value[32];
	const char *c = cmdline();
	u32 n;

	for (; *c; c++) {
		for (n = 0; key[n] && c[n] == key[n]; n++)
			;
		if (key[n] || c[n] != '=')
			continue;
		c += n + 1;
		for (n = 0; n + 1 < sizeof(value) && c[n] && c[n] != ' '; n++)
			value[n] = c[n];
		value[n] = 0;
		return value;
	}
	return "";
}

const char *variant(void) { return option("variant"); }

bool variant_is(const char *name)
{
	const char *v = variant();

	while (*name && *name == *v)
		name++, v++;
	return *name == *v;
}

u64 random_seed;

u32 random32(void)
{
	random_seed ^= random_seed << 13;
	random_seed ^= random_seed >> 7;
	random_seed ^= random_seed << 17;
	return (u32)(random_seed >> 20);
}

/* ---- interrupts ---- */

void shared_init(u32 guest_features)
{
	u32 version;

	shared.kernel_address = 0xC0000000;
	shared.syscall_vec = 0x80;
	shared.guest_features = guest_features;
	version = hcall(HC_INIT, (u32)&shared, RINGLET_MAGIC, 0);
	if (version != RINGLET_VERSION)
		test_error("HC_INIT gave version %u", version);
	have_shared = true;
}

u32 queue_at;

bool queue(u32 nr, u32 b, u32 c, u32 d)
{
	volatile struct ringlet_async_call *a = &shared.hcalls[queue_at];

	if (shared.hcall_status[queue_at] != 0xFF)
		return false;
	a->eax = nr;
	a->ebx = b;
	a->ecx = c;
	a->edx = d;
	asm volatile("" : : : "memory");
	shared.hcall_status[queue_at] = 0;
	queue_at = (queue_at + 1) % RINGLET_RING_SIZE;
	return true;
}

void irq_on(void)
{
	if (!have_shared) {
		asm volatile("sti" : : : "memory");
		return;
	}
	shared.irq_enabled = RINGLET_IF;
	asm volatile("" : : : "memory");
	if (shared.irq_pending)
		hcall(HC_SEND_INTERRUPTS, 0, 0, 0);
}

void irq_off(void)
{
	if (have_shared)
		shared.irq_enabled = 0;
	else
		asm volatile("cli" : : : "memory");
}

bool irq_is_on(void) { return shared.irq_enabled & RINGLET_IF; }

void timer_ns(u32 ns) { hcall(HC_SET_CLOCKEVENT, ns, 0, 0); }

void wait_irq(u32 n)
{
	u32 was = irq_count[n];

	do {
		hcall(HC_HALT, 0, 0, 0);	/* turns interrupts on */
		irq_off();
	} while (irq_count[n] == was);
	irq_on();
}

/* ---- traps ---- */

static bool fix_up(struct frame *f)
{
	const struct extable *e;

	for (e = ex_table; e < ex_table_end; e++)
		if (e->at == f->eip) {
			f->eip = e->go;
			return true;
		}
	return false;
}

/* Segment registers that a test has spoilt would fault again on the way back. */
static void mend_segments(struct frame *f)
{
	f->ds = f->es = (f->cs & 3) == 3 ? USER_DS : KERNEL_DS;
	f->fs = f->gs = 0;
}

void trap_entry(struct frame *f);
void trap_entry(struct frame *f)
{
	u32 cr2 = 0;

	if (trap_hook && trap_hook(f))
		return;
	if (f->vector == 0x40 && (f->cs & 3) == 3)
		user_exit(f->eax);
	if (f->vector >= 0x20 && f->vector < 0x40) {
		irq_count[f->vector - 0x20]++;
		if (f->eflags & EFLAGS_IF)
			irq_on();
		return;
	}
	if (f->vector == VEC_PF)
		asm volatile("mov %%cr2, %0" : "=r"(cr2));
	fault.error = f->error;
	fault.cr2 = cr2;
	fault.eip = f->eip;
	fault.cs = f->cs;
	fault.eflags = f->eflags;
	fault.vector = (int)f->vector;
	if (fix_up(f)) {
		mend_segments(f);
		return;
	}
	if (guard_esp) {
		asm volatile("movl %0, %%fs; movl %0, %%gs; jmp guard_out" : : "r"(0));
		__builtin_unreachable();
	}
	test_error("trap %u error %x at %x:%08x, cr2 %08x, not expected", f->vector, f->error, f->cs,
		   f->eip, cr2);
}

struct gate make_gate(u16 sel, u32 offset, u32 type, u32 dpl)
{
	return (struct gate){ (u32)sel << 16 | (offset & 0xFFFF),
			      (offset & 0xFFFF0000) | 0x8000 | dpl << 13 | type << 8 };
}

void idt_put(u32 vector, struct gate g)
{
	if (vector < 256)
		idt[vector] = g;
	hcall(HC_LOAD_IDT_ENTRY, vector, g.lo, g.hi);
}

void gdt_put(u32 index, u32 lo, u32 hi)
{
	hcall(HC_LOAD_GDT_ENTRY, index, lo, hi);
}

static void traps_init(void)
{
	struct table_reg t = { sizeof(idt) - 1, (u32)idt };
	u32 i;

	for (i = 0; i < 256; i++)
		idt[i] = make_gate(KERNEL_CS, stubs[i], i >= 0x20 && i < 0x40 ? GATE_INTERRUPT : GATE_TRAP,
				   i == VEC_BP || i == VEC_OF || i == 0x40 || i == 0x80 ? 3 : 0);
	asm volatile("lidt %0" : : "m"(t));
	gdt_put(USER_CS >> 3, 0xFFFF, SEG(10, 3));
	gdt_put(USER_DS >> 3, 0xFFFF, SEG(2, 3));
	hcall(HC_SET_STACK, KERNEL_DS, (u32)trap_stack_top, 2);
}

/* ---- paging ---- */

u32 pgd[1024] __attribute__((aligned(4096)));
static u32 tables[16][1024] __attribute__((aligned(4096)));
static u32 tables_used;
u8 page_a[4096] __attribute__((aligned(4096)));
u8 page_b[4096] __attribute__((aligned(4096)));
u8 page_c[4096] __attribute__((aligned(4096)));

u32 *pte_of(u32 va)
{
	u32 *pde = &pgd[va >> 22];

	if (!(*pde & PTE_P)) {
		if (tables_used == 16)
			test_error("out of page tables");
		*pde = (u32)tables[tables_used++] | PTE_P | PTE_RW | PTE_US;
	}
	return (u32 *)(*pde & ~(PAGE - 1)) + (va >> 12 & 1023);
}

void load_cr3(u32 v)
{
	asm volatile("mov %0, %%cr3" : : "r"(v) : "memory");
}

void map(u32 va, u32 pa, u32 flags)
{
	*pte_of(va) = pa | flags;
	invlpg(va);
}

void paging_init(void)
{
	u32 a, cr0;

	for (a = 0; a < ram_bytes(); a += PAGE)
		*pte_of(a) = a | PTE_P | PTE_RW | PTE_US;
	load_cr3((u32)pgd);
	asm volatile("mov %%cr0, %0" : "=r"(cr0));
	asm volatile("mov %0, %%cr0" : : "r"(cr0 | 0x80000000u) : "memory");
}

int try_read(u32 va) { u32 v; return TRY("movl (%1), %0", : "=r"(v) : "r"(va) : "memory"); }
int try_write(u32 va) { return TRY("movl $0x5A5A5A5A, (%0)", : : "r"(va) : "memory"); }
static u32 user_read(u32 va) { return (u32)try_read(va); }
static u32 user_write(u32 va) { return (u32)try_write(va); }
int try_user_read(u32 va) { return (int)exec_user(user_read, va); }
int try_user_write(u32 va) { return (int)exec_user(user_write, va); }

void guest_start(void);
void guest_start(void)
{
	random_seed = rdtsc() * 2654435761u | 1ull << 50;
	traps_init();
	test_main();
	test_end();
}
