/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hypercalls: what each does and with which of its arguments, and what kills; direct and from the asynchronous ring, where
 * nothing has a result.  And the ring: each call once, in order, from a slot that is read once and may be anything a moment
 * later, for so long and no longer.
 */
#define MACHINE_FRAMES 16
#define MACHINE_GUESTS
#include "tests/unit/machine.h"
#include "arch/x86/regs.h"
#include "hv/dev/dev.h"
#include "hv/lib/lib.h"
#include "hv/run/run.h"

#define PAGES	4u
#define BYTES	(PAGES * PAGE_SIZE)
#define LONGEST	100000u		/* cycles in which calls of the ring are begun */

static struct guest g;
static struct vcpu v;
static struct vcpu_regs regs;

/* What it did, in words. */
static char did[1000];

static void note(const char *fmt, ...)
{
	u32 n = strlen(did);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(did + n, sizeof(did) - n, fmt, ap);
	va_end(ap);
}

/* ---- the rooms below ---- */

static u64 tsc;
static u32 cost, gates[1000], gate_count, said, longest_print;
static bool waiting, refuse_page, stack_there, refill;
static struct ringlet_shared page;

u64 fake_rdtsc(void) { return tsc; }

void guest_kill(struct guest *x, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	note("killed: ");
	vsnprintf(did + strlen(did), 200, fmt, ap);
	va_end(ap);
	x->state = GUEST_ENDED;
}

void guest_stopped(struct guest *x, u32 how, const char *words)
{
	note("stopped %u '%s'", how, words);
	x->state = GUEST_ENDED;
}

void plain_text(char *s)
{
	for (; *s; s++)
		if ((*s < ' ' && *s != '\n') || *s > '~')
			*s = '?';
}

bool shared_register(struct vcpu *w, gpa_t a, bool extended)
{
	note("page %x %u", gpa_x(a), extended);
	w->have_shared = !refuse_page;
	return !refuse_page;
}

bool shared_get(struct vcpu *w, u32 offset, u32 *val)
{
	(void)w;
	CHECK(!(offset & 3) && offset >= offsetof(struct ringlet_shared, hcall_status) &&
	      offset < offsetof(struct ringlet_shared, hcalls), "the word at %u is no status", offset);
	memcpy(val, (u8 *)&page + offset, 4);
	return true;
}

/* What was read has changed a moment later. */
bool shared_read(struct vcpu *w, u32 offset, void *dst, u32 len)
{
	(void)w;
	CHECK(offset <= sizeof(page) && len <= sizeof(page) - offset, "%u bytes at %u", len, offset);
	CHECK(offset >= offsetof(struct ringlet_shared, hcall_status) && offset + len <= offsetof(struct ringlet_shared, reserve_mem),
	      "%u bytes at %u are not the ring's", len, offset);
	memcpy(dst, (u8 *)&page + offset, len);
	if (len > 1)
		memset((u8 *)&page + offset, 0xEE, len);
	return true;
}

bool shared_write(struct vcpu *w, u32 offset, const void *src, u32 len)
{
	(void)w;
	CHECK(len == 1 && offset >= RSH_IRQ_PENDING + 4 && offset < RSH_IRQ_PENDING + 4 + RINGLET_RING_SIZE, "%u bytes at %u", len, offset);
	memcpy((u8 *)&page + offset, src, len);
	return true;
}

void shadow_new_root(struct vcpu *w, u32 cr3, int asid, bool flush) { note("root %x %d %u pg %u", cr3, asid, flush, !!(w->cr0 & CR0_PG)); }
void shadow_flush_user(struct vcpu *w) { (void)w; note("flush user"); }
void shadow_flush_all(struct guest *x) { (void)x; note("flush all "); }
void shadow_flush_one(struct vcpu *w, gva_t a) { (void)w; note("flush one %x", gva_x(a)); }
void shadow_flush_everywhere(struct guest *x, gva_t a) { (void)x; note("flush everywhere %x", gva_x(a)); }
void shadow_flush_directory(struct guest *x, u32 cr3, u32 dir) { (void)x; note("flush directory %x %x", cr3, dir); }
void idt_set(struct vcpu *w, u32 vector, struct desc d) { (void)w; note("gate %x %x %x", vector, d.lo, d.hi); }
void vcpu_new_control(struct vcpu *w) { note("ts %u", !!(w->cr0 & CR0_TS)); }
void timer_set(struct vcpu *w, u64 ns) { (void)w; note("timer %llx", (unsigned long long)ns); }
void timer_set_at(struct vcpu *w, u64 ns) { (void)w; note("timer at %llx ", (unsigned long long)ns); }
enum fault_result shadow_fault(struct vcpu *w, gva_t a, u32 *error, gpa_t *reg)
{
	(void)w;
	(void)reg;
	note(" fill %x for %x", gva_x(a), *error);
	return FAULT_GUEST;
}
bool vdev_kick(struct guest *x, u32 n, u32 queue)
{
	(void)x;
	note("kick %x %x", n, queue);
	return n < 3;
}
void virq_enable(struct vcpu *w, bool on) { (void)w; note("interrupts %u", on); }
bool virq_waiting(struct vcpu *w) { (void)w; return waiting; }
u32 segment_base(const struct vcpu *w, u16 sel) { (void)w; return sel << 8; }

bool gva_read(struct vcpu *w, gva_t a, void *dst, u32 len, u32 access, u32 *err, u32 *at)
{
	(void)w;
	note("pop %x", gva_x(a));
	CHECK(len == 4 && !access, "not as a kernel's pop");
	*err = *at = 0;
	memcpy(dst, &(u32){ 0x12345678 }, 4);
	return stack_there;
}

void guest_cpuid(u32 leaf, u32 subleaf, u32 *a, u32 *b, u32 *c, u32 *d)
{
	*a = leaf + 1;
	*b = subleaf + 2;
	*c = 3;
	*d = 4;
}

/* Slots with calls of the one kind that is counted, numbered from first on. */
static void ring_fill(u32 from, u32 n, u32 first)
{
	u32 i;

	for (i = 0; i < n; i++) {
		u32 slot = (from + i) % RINGLET_RING_SIZE;

		page.hcalls[slot] = (struct ringlet_async_call){ HC_LOAD_GDT_ENTRY, first + i, 0, 0, 0 };
		page.hcall_status[slot] = (u8)(rnd(2) ? 0 : rnd(255));		/* all but 0xff say so */
	}
}

/* That call. */
void gdt_set(struct vcpu *w, u32 index, struct desc d)
{
	(void)w;
	tsc += cost;
	if (gate_count < ARRAY_SIZE(gates))
		gates[gate_count++] = index;
	if (refill)
		ring_fill(0, RINGLET_RING_SIZE, 0);
	else if (strlen(did) < 500)
		note("gdt %x %x %x ", index, d.lo, d.hi);
}

static char printed[5000];

void console_print(struct guest *x, const char *text, u32 len)
{
	u32 n = said % PAGE_SIZE;

	(void)x;
	longest_print = MAX(longest_print, len);
	CHECK(n + len < sizeof(printed), "%u bytes at once", len);
	memcpy(printed + n, text, len);
	printed[n + len] = 0;
	said += len;
	tsc += cost;
}

bool console_too_far(const struct guest *x) { (void)x; return said > 4096; }

/* ---- calls ---- */

static u8 memory[BYTES];

static void born(void)
{
	v = (struct vcpu){ .guest = &g, .regs = &regs, .cr0 = CR0_PG };
	g.vcpu = &v;
	g.state = GUEST_RUNNING;
	memset(&g.stats, 0, sizeof(g.stats));
	regs = (struct vcpu_regs){ .eax = 0xAAAA, .ebx = 0xBBBB, .ecx = 0xCCCC, .edx = 0xDDDD, .esi = 0x5151, .esp = 0x10, .ss = 0x69,
				   .eip = 0xC0001002 };
	memset(page.hcall_status, 0xFF, sizeof(page.hcall_status));
	did[0] = printed[0] = 0;
	cost = said = gate_count = 0;
	waiting = refuse_page = refill = false;
	stack_there = true;
}

/* Direct, or alone in the ring and then made to run by a call that does nothing. */
static void call(bool direct, u32 nr, u32 b, u32 c, u32 d)
{
	u32 i = rnd(RINGLET_RING_SIZE);

	if (direct) {
		regs.eax = nr;
		regs.ebx = b;
		regs.ecx = c;
		regs.edx = d;
	} else {
		v.have_shared = true;
		v.next_async = i;
		page.hcalls[i] = (struct ringlet_async_call){ nr, b, c, d, 0 };
		page.hcall_status[i] = 0;
		regs.eax = HC_FLUSH_ASYNC;
	}
	hypercall(&v);
	CHECK_EQ(g.stats.async_calls, !direct);
	CHECK(direct || v.next_async == (i + 1) % RINGLET_RING_SIZE, "the next slot is %u", v.next_async);
	CHECK(direct || page.hcall_status[i] == 0xFF, "the slot is not free");
}

#define BOTH "*"	/* direct or not, it is the same */

static void each_call(void)
{
	static const struct { u32 nr, b, c, d; const char *effect; } t[] = {
		{ HC_FLUSH_ASYNC, 1, 2, 3, "" }, { HC_SEND_INTERRUPTS, 1, 2, 3, "" },
		{ HC_SHUTDOWN, 0, 0, 0, "killed: hypercall 2 (0, 0, 0): no such way to shut down" },
		{ HC_SHUTDOWN, 0, 5, 0, "killed: hypercall 2 (0, 5, 0): no such way to shut down" },
		{ HC_SHUTDOWN, 0, ~0u, 0, "killed: hypercall 2 (0, ffffffff, 0): no such way to shut down" },
		{ HC_SHUTDOWN, 0, 1, 0, "stopped 1 ''" }, { HC_SHUTDOWN, 0x800, 4, 0, "stopped 4 'two lines?'" },
		{ HC_SHUTDOWN, BYTES - 3, 2, 0, "stopped 2 'end'" }, { HC_SHUTDOWN, BYTES, 3, 0, "stopped 3 ''" },
		{ HC_SHUTDOWN, ~0u, 3, 0, "stopped 3 ''" },
		{ HC_NEW_PGTABLE, 0x5000, 0, 0, "root 5000 -1 0 pg 1" }, { HC_NEW_PGTABLE, 0x5000, 64, 9, "root 5000 63 1 pg 1" },
		{ HC_NEW_PGTABLE, 0x5000, 1, 0, "root 5000 0 0 pg 1" },
		{ HC_NEW_PGTABLE, 0x5000, 65, 0, "killed: hypercall 4 (5000, 41, 0): no such address-space number" },
		{ HC_NEW_PGTABLE, 0x5000, ~0u, 0, "killed: hypercall 4 (5000, ffffffff, 0): no such address-space number" },
		{ HC_FLUSH_TLB, 0, 1, 1, "flush user" }, { HC_FLUSH_TLB, 1, 0, 0, "flush all " }, { HC_FLUSH_TLB, 256, 0, 0, "flush all " },
		{ HC_LOAD_IDT_ENTRY, 0x80, 0x610000, 0xEE00, "gate 80 610000 ee00" }, { HC_LOAD_IDT_ENTRY, ~0u, 1, 2, "gate ffffffff 1 2" },
		{ HC_TS, 1, 0, 0, "ts 1" }, { HC_TS, 0x100, 0, 0, "ts 1" }, { HC_TS, 0, 1, 1, "ts 0" },
		{ HC_SET_CLOCKEVENT, 0xFFFFFFFF, 1, 1, "timer ffffffff" }, { HC_SET_CLOCKEVENT, 0, 1, 1, "timer 0" },
		{ HC_HALT, 0, 0, 0, "interrupts 1" },
		{ HC_SET_PMD, 1, 2, 3, "killed: hypercall 13 (1, 2, 3): PAE is not offered" },
		{ HC_SET_PTE, 0x5000, 0xC0000123, 3, "flush everywhere c0000123" },
		{ HC_SET_PGD, 0x5000, 0x3FF, 3, "flush directory 5000 3ff" },
		{ HC_INVLPG, 0xC0000123, 0, 0, "flush one c0000123" },
		{ HC_SLEEP, 0x89ABCDEF, 0x1234567, 3, "timer at 123456789abcdef interrupts 1" },
		{ HC_SLEEP, 0, 0, 3, "timer at 0 interrupts 1" },
		{ HC_REFILL, 0xB0000123, 2, 3, "flush one b0000123 fill b0000123 for 6" },
		{ HC_FLUSH_RANGE, 0x5000, 0, 3, "" }, { HC_FLUSH_RANGE, 0x5123, 1, 3, "flush one 5123" },
		{ HC_FLUSH_RANGE, 0xFFFFF000, 3, 3, "flush one fffff000flush one 0flush one 1000" },
		{ HC_FLUSH_RANGE, 0x5000, 34, 3, "killed: hypercall 27 (5000, 22, 3): too many pages" },
		{ HC_FLUSH_RANGE, 0x5000, ~0u, 3, "killed: hypercall 27 (5000, ffffffff, 3): too many pages" },
		{ HC_LOAD_TLS, 0x900, 0, 0, "gdt 6 11111111 22222222 gdt 7 33333333 44444444 gdt 8 55555555 66666666 " },
		{ HC_LOAD_TLS, BYTES - 23, 0, 0, "killed: hypercall 16 (3fe9, 0, 0): descriptors outside its memory" },
		{ HC_LOAD_TLS, BYTES - 24, 0, 0, "gdt 6 0 0 gdt 7 0 0 gdt 8 0 646e6500 " },
		{ HC_LOAD_GDT_ENTRY, 3, 4, 5, "gdt 3 4 5 " },
		{ HC_SET_STACK, 0x68, 1, 1, "killed: hypercall 7 (68, 1, 1): the trap stack must be a ring 1 segment" },
		{ HC_SET_STACK, 0x6A, 1, 1, "killed: hypercall 7 (6a, 1, 1): the trap stack must be a ring 1 segment" },
		{ HC_SET_STACK, 0x6B, 1, 1, "killed: hypercall 7 (6b, 1, 1): the trap stack must be a ring 1 segment" },
		{ HC_CONSOLE_WRITE, 0, 4097, 0, "killed: hypercall 22 (0, 1001, 0): too long for the console" },
		{ HC_CONSOLE_WRITE, BYTES - 100, 101, 0, "killed: hypercall 22 (3f9c, 65, 0): text outside its memory" },
		{ HC_CONSOLE_WRITE, ~0u, 2, 0, "killed: hypercall 22 (ffffffff, 2, 0): text outside its memory" },
		{ 3, 0, 0, 0, "killed: hypercall 3 (0, 0, 0): no such hypercall" }, { 5 + 6, 0, 0, 0, "killed: hypercall 11 (0, 0, 0): no such hypercall" },
		{ 12, 0, 0, 0, "killed: hypercall 12 (0, 0, 0): no such hypercall" }, { 28, 0, 0, 0, "killed: hypercall 28 (0, 0, 0): no such hypercall" },
		{ ~0u, 0, 0, 0, "killed: hypercall 4294967295 (0, 0, 0): no such hypercall" },
		{ 0x80000001, 0, 0, 0, "killed: hypercall 2147483649 (0, 0, 0): no such hypercall" },
	};
	u32 i, direct;

	for (i = 0; i < ARRAY_SIZE(t); i++)
		for (direct = 0; direct < 2; direct++) {
			struct vcpu_regs was;

			born();
			was = regs;
			was.eax = direct ? t[i].nr : HC_FLUSH_ASYNC;
			if (direct)
				was.ebx = t[i].b, was.ecx = t[i].c, was.edx = t[i].d;
			call(direct, t[i].nr, t[i].b, t[i].c, t[i].d);
			CHECK_STR(did, t[i].effect);
			CHECK(!memcmp(&was, &regs, sizeof(was)), "%u changed registers", t[i].nr);
			CHECK_EQ(guest_alive(&g), !strstr(did, "killed") && !strstr(did, "stopped"));
			if (t[i].nr < HC_MAX && !strstr(did, "no such hyper"))
				CHECK_EQ(g.stats.hypercall[t[i].nr], 1 + (!direct && !t[i].nr));
		}
}

static void kicks(void)
{
	born();
	call(true, HC_KICK, 2, 0xFFFF, 0);
	CHECK_STR(did, "kick 2 ffff");
	born();
	call(true, HC_KICK, 3, 0, 0);
	CHECK_STR(did, "kick 3 0killed: hypercall 24 (3, 0, 0): no such device");
	born();
	call(false, HC_KICK, 1, 0, 0);
	CHECK_STR(did, "killed: hypercall 24 (1, 0, 0): a kick cannot wait in the ring");
	/* After anything of the ring it is made again, and then by itself. */
	born();
	v.have_shared = true;
	ring_fill(v.next_async, 1, 5);
	regs.eax = HC_KICK;
	regs.ebx = 1;
	regs.ecx = 0;
	hypercall(&v);
	CHECK_STR(did, "gdt 5 0 0 ");
	CHECK_EQ(regs.eip, 0xC0001000);
	did[0] = 0;
	hypercall(&v);
	CHECK_STR(did, "kick 1 0");
	CHECK_EQ(regs.eip, 0xC0001000);
}

/* What is not told by a line. */
static void results(void)
{
	static const u32 ours[] = { RINGLET_MAGIC, 0, RINGLET_MAGIC + 1 };
	u32 i, n;

	for (i = 0; i < 3; i++) {
		born();
		call(true, HC_INIT, 0x1234, ours[i], 0);
		CHECK_STR(did, i ? "page 1234 0" : "page 1234 1");
		CHECK_EQ(regs.eax, !i);
		did[0] = 0;
		call(true, HC_INIT, 0x1234, ours[i], 0);
		CHECK_HAS(did, "killed: hypercall 1 (1234");
		CHECK_HAS(did, "there already");
	}
	born();
	refuse_page = true;
	call(true, HC_INIT, 0x1234, 0, 0);
	CHECK_HAS(did, "not in its memory");
	born();
	v.cr0 = 0;
	call(true, HC_NEW_PGTABLE, 0x5000, 0, 0);
	CHECK_STR(did, "flush all root 5000 -1 0 pg 1");
	for (n = 0; n < 2; n++) {
		born();
		waiting = n;
		call(true, HC_HALT, 0, 0, 0);
		CHECK_EQ(v.halted, !n);
		CHECK_EQ(g.stats.halts, 1);
		born();
		call(n, HC_SET_STACK, 0x69, 0xC0009000, 2);
		CHECK(v.ss1 == 0x69 && v.esp1 == 0xC0009000 && v.tables_changed && !did[0], "the stack: %s", did);
		born();
		call(n, HC_CPUID, 7, 8, 0);
		CHECK(n ? regs.eax == 8 && regs.ebx == 10 && regs.ecx == 3 && regs.edx == 4
			: regs.eax == HC_FLUSH_ASYNC && regs.ebx == 0xBBBB && regs.ecx == 0xCCCC && regs.edx == 0xDDDD, "cpuid");
		born();
		call(n, HC_IRET, 0, 0, 0);
		if (n) {
			CHECK_STR(did, "pop 6910");
			CHECK(regs.eax == 0x12345678 && regs.esp == 0x14, "iret");
		} else {
			CHECK_HAS(did, "killed: hypercall 20");
			CHECK_EQ(regs.esp, 0x10);
		}
	}
	for (n = 0; n < 4; n++) {
		born();
		waiting = n & 1;
		call(n & 2, HC_SLEEP, 1, 2, 0);
		CHECK_EQ(v.halted, !waiting);
		CHECK_EQ(g.stats.halts, 1);
	}
	born();
	call(true, HC_FLUSH_RANGE, 0, 33, 0);
	CHECK(guest_alive(&g) && strstr(did, "flush one 20000"), "33 pages: %s", did);
	born();
	stack_there = false;
	call(true, HC_IRET, 0, 0, 0);
	CHECK_HAS(did, "no stack to return from");
	CHECK_EQ(regs.esp, 0x10);
}

static void text(void)
{
	u32 i, len;

	for (i = 0; i < 2; i++) {
		born();			/* no NUL for a long time */
		call(i, HC_NOTIFY, 0x1000, 0, 0);
		CHECK(said == 255 && strlen(printed) == 255 && !memcmp(printed, memory + 0x1000, 255), "%u bytes", said);
		born();
		call(i, HC_NOTIFY, BYTES - 3, 0, 0);
		CHECK_STR(printed, "end");
		born();
		call(i, HC_SHUTDOWN, 0x1000, 1, 0);
		CHECK_EQ(strlen(did), strlen("stopped 1 ''") + 127);
		for (len = 0; len <= 4096; len += len < 3 || len > 4090 ? 1 : rnd(MIN(600u, 4095 - len)) + 1) {
			u32 at = rnd(BYTES - len + 1);

			born();
			longest_print = 0;
			call(i, HC_CONSOLE_WRITE, at, len, 0);
			CHECK(said == len && !did[0], "%u of %u: %s", said, len, did);
			CHECK(len == 4096 || !memcmp(printed, memory + at, len), "what was said of %u", len);
		}
	}
}

/* ---- the ring ---- */

/* Calls until what was wanted is done; returns how many exits that took. */
static u32 until_done(void)
{
	u32 exits = 0, done;
	bool again;

	do {
		u32 before = gate_count;
		u64 from = tsc;

		CHECK_EQ(regs.eip, 0xC0001002);
		CHECK(exits++ < 100, "no end");
		did[0] = 0;
		hypercall(&v);
		done = gate_count - before;
		CHECK(tsc - from <= LONGEST + 2 * cost, "%u calls, %llu cycles in one exit", done, (unsigned long long)(tsc - from));
		again = regs.eip != 0xC0001002;
		CHECK(!again || (done && regs.eip == 0xC0001000), "it comes back at %x after %u calls", regs.eip, done);
		regs.eip = 0xC0001002;
	} while (again && guest_alive(&g));
	return exits;
}

static void ring_order(void)
{
	u32 rounds, i, n, beyond;

	born();
	v.have_shared = true;
	for (rounds = 0; rounds < 3000; rounds++) {
		u32 from = v.next_async, exits;

		memset(page.hcall_status, 0xFF, sizeof(page.hcall_status));
		n = rnd(3) ? rnd(RINGLET_RING_SIZE + 1) : rnd(4);
		ring_fill(from, n, 1000);
		beyond = n + 2 <= RINGLET_RING_SIZE ? 1 + rnd(RINGLET_RING_SIZE - n - 1) : 0;	/* behind a hole: not yet its turn */
		if (beyond)
			ring_fill(from + n + beyond, 1, 5000);
		cost = rnd(3) ? rnd(100) : rnd(3 * LONGEST);
		regs.eax = HC_LOAD_GDT_ENTRY;
		regs.ebx = 9999;
		gate_count = 0;
		exits = until_done();
		CHECK(exits == 1 || n * (u64)cost > LONGEST, "%u exits for %u calls of %u", exits, n, cost);
		CHECK(gate_count == n + 1 && gates[n] == 9999, "%u calls of %u", gate_count, n);
		for (i = 0; i < n; i++)
			CHECK(gates[i] == 1000 + i, "the %u th was %u", i, gates[i]);
		for (i = 0; i < RINGLET_RING_SIZE; i++)
			CHECK((page.hcall_status[i] == 0xFF) == !(beyond && i == (from + n + beyond) % RINGLET_RING_SIZE), "slot %u", i);
		CHECK_EQ(v.next_async, (from + n) % RINGLET_RING_SIZE);
	}
}

/* Dead in the middle: nothing of it goes on, not even the call that was made. */
static void ring_death(void)
{
	static const u32 ends[] = { HC_SHUTDOWN, 3, HC_INIT, HC_IRET, HC_SET_PMD };
	u32 i, k;

	for (i = 0; i < ARRAY_SIZE(ends); i++)
		for (k = 0; k < RINGLET_RING_SIZE; k++) {
			born();
			v.have_shared = true;
			v.next_async = rnd(RINGLET_RING_SIZE);
			ring_fill(v.next_async, RINGLET_RING_SIZE, 0);
			page.hcalls[(v.next_async + k) % RINGLET_RING_SIZE] = (struct ringlet_async_call){ ends[i], 0, 1, 0, 0 };
			regs.eax = HC_LOAD_GDT_ENTRY;
			until_done();
			CHECK(!guest_alive(&g) && gate_count == k, "%u calls, %s", gate_count, did);
		}
	born();				/* without a page there is no ring */
	ring_fill(0, 5, 0);
	regs.eax = HC_FLUSH_ASYNC;
	until_done();
	CHECK_EQ(gate_count, 0);
}

/* Slots that are always full: one round, though they cost nothing. */
static void ring_endless(void)
{
	born();
	v.have_shared = refill = true;
	ring_fill(0, RINGLET_RING_SIZE, 0);
	regs.eax = HC_FLUSH_ASYNC;
	hypercall(&v);
	CHECK(gate_count && gate_count <= RINGLET_RING_SIZE, "%u calls", gate_count);
}

/* Who has said too much waits until it is shown. */
static void ring_console(void)
{
	u32 i, total = 0, exits = 0;

	born();
	v.have_shared = true;
	for (i = 0; i < RINGLET_RING_SIZE; i++) {
		page.hcalls[i] = (struct ringlet_async_call){ HC_CONSOLE_WRITE, 0, 4000, 0, 0 };
		page.hcall_status[i] = 0;
	}
	regs.eax = HC_LOAD_GDT_ENTRY;
	while (!gate_count) {
		CHECK(exits++ < 1000, "no end");
		hypercall(&v);
		CHECK(said <= 4096 + 4096, "%u bytes in one exit", said);
		if (!gate_count)
			CHECK_EQ(regs.eip, 0xC0001000);
		regs.eip = 0xC0001002;
		if (rnd(2)) {			/* else it tries in vain */
			total += said;
			said = 0;
		}
	}
	CHECK_EQ(total + said, RINGLET_RING_SIZE * 4000);
}

int main(int argc, char **argv)
{
	u32 i;

	seed_from(argc, argv, 0);
	g.mem_pages = PAGES;
	for (i = 0; i < PAGES; i++)
		CHECK(p2m_set(&g, gfn(i), frame_alloc()), "memory");
	for (i = 0; i < BYTES; i++)
		memory[i] = (u8)('a' + i % 23);
	memset(memory + BYTES - 64, 0, 61);
	memcpy(memory + BYTES - 3, "end", 3);
	memcpy(memory + 0x800, "two\nlines\x7F", 11);
	for (i = 0; i < 6; i++)
		memset(memory + 0x900 + 4 * i, 0x11 * ((int)i + 1), 4);
	CHECK(gmem_write(&g, gpa(0), memory, BYTES), "memory");
	CASE("each call");
	each_call();
	CASE("results");
	results();
	kicks();
	CASE("text");
	text();
	CASE("the ring: order");
	ring_order();
	CASE("the ring: death");
	ring_death();
	CASE("the ring: no end");
	ring_endless();
	CASE("the ring: text");
	ring_console();
	return passed();
}
